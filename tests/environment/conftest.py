"""A project whose variables are fetched, with everything real but the network beyond this machine."""

import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from prefect_lens.environment.approval import Answer
from prefect_lens.environment.provider import ProviderError, Secret
from prefect_lens.environment.resolving import Place, Resolved, Vault
from prefect_lens.index.settings import read_settings
from prefect_lens.model import EnvironmentKind, Interpreter, Trouble


class Project:
    """A folder, what fetches its variables, and who is asked."""

    cure = "agree", True

    def __init__(self, folder: Path, state: Path, python: str | None = None) -> None:
        self.folder = folder
        self.environ = dict(os.environ)
        self.state = state
        self.asked: list[str] = []
        self.answer: str | None = "given by hand"
        self.since: float | None = None
        interpreter = Interpreter(python, "the test", EnvironmentKind.PIP) if python else None
        self.place = Place(folder, ".", interpreter, self)
        self.vault = Vault(self.environ, state)
        self.said: list[str] = []
        self.wanted: list[str] = []
        self.says = Answer.NO

    async def secret(self, what: str) -> Secret | None:
        self.asked.append(what)
        return Secret(self.answer, self.since) if self.answer is not None else None

    async def allows(self, deeds) -> Answer:
        self.wanted.append(" · ".join(deed.sentence for deed in deeds))
        return self.says

    def environment(self, variables: str, head: str = ""):
        text = f"[tool.prefect-lens.environment]\n{head}\n[tool.prefect-lens.environment.variables]\n{variables}\n"
        settings, _ = read_settings("pyproject.toml", text)
        assert settings.environment is not None
        assert not settings.environment.mistakes
        return settings.environment

    async def resolve(self, variables: str, head: str = "", *, allow: bool = True) -> Resolved | tuple[Trouble, ...]:
        environment = self.environment(variables, head)
        names = [name for name, _ in environment.variables]
        if allow:
            with suppress(ProviderError):  # it is told below
                self.vault.approvals.give(self.folder, self.vault.missing(self.folder, environment, names))
        return await self.vault.resolve(self.place, environment, names, self.said.append)

    async def values(self, variables: str, head: str = "") -> dict[str, str]:
        found = await self.resolve(variables, head)
        assert isinstance(found, Resolved), found
        return dict(found.values)

    async def trouble(self, variables: str) -> Trouble:
        found = await self.resolve(variables)
        assert not isinstance(found, Resolved)
        [trouble] = found
        assert trouble.code == "PL913"
        return trouble


@pytest.fixture
def project(tmp_path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder, tmp_path / "state")


@pytest.fixture
def program(project):
    """Write a program and return how a configuration names it."""

    def write(code: str, *arguments: str) -> str:
        name = f"program{len(list(project.folder.iterdir()))}.py"
        (project.folder / name).write_text(f"import os, sys, time\n{code}\n")
        return str([sys.executable, name, *arguments])

    return write
