"""Drive pytest with the plugin as a worker does, and hear what it says."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

from pytest_prefect_lens.wire import (
    VERSION,
    CaseRecord,
    Collected,
    CollectError,
    Finished,
    Message,
    Order,
    Started,
    TestId,
    decode,
    to_json,
)

from tests import forkserver

SERVER = Path(__file__).parents[2] / "server"
DRIVER = Path(__file__).with_name("drive.py")
# pytest reads its own variables, and prints whole messages in its summary where it takes itself to be in CI.
LEFT_OUT = ("PYTEST_", "PREFECT_", "CI", "BUILD_NUMBER")


@dataclass(frozen=True)
class Said:
    """What the plugin said in one session, and what pytest wrote."""

    messages: tuple[Message, ...]
    output: str

    def of(self, kind: type) -> list:
        """The messages of one kind."""
        return [message for message in self.messages if isinstance(message, kind)]

    @property
    def cases(self) -> dict[str, CaseRecord]:
        """The finished cases by what a person would call them."""
        return {called(message.case.test): message.case for message in self.of(Finished)}

    @property
    def outcomes(self) -> dict[str, str]:
        return {name: case.outcome for name, case in self.cases.items()}

    @property
    def collected(self) -> Collected:
        return self.of(Collected)[-1]

    @property
    def started(self) -> list[str]:
        return [called(message.test) for message in self.of(Started)]

    @property
    def collect_errors(self) -> list[CollectError]:
        return self.of(CollectError)


def called(test: TestId) -> str:
    name = "::".join(test.names)
    return name if test.params is None else f"{name}[{test.params}]"


@dataclass(frozen=True)
class Project:
    """A folder with tests in it."""

    folder: Path

    def test(self, node_id: str) -> TestId:
        """A test by its node ID; the id of its parameters may hold anything."""
        path, _, rest = node_id.partition("::")
        names, bracket, params = rest.partition("[")
        return TestId(str(self.folder / path), tuple(names.split("::")), params[:-1] if bracket else None)


def write(folder: Path, text: str) -> Project:
    for part in dedent(text).split("#- ")[1:]:
        name, _, body = part.partition("\n")
        path = folder / name.strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)
    return Project(folder)


def drive(
    project: Project,
    *tests: str,
    files: tuple[str, ...] = (),
    args: tuple[str, ...] = (),
    python: str = "",
    **environ: str,
) -> Said:
    """Run tests of a project in a process of its own, as a worker would."""
    order = Order(
        VERSION,
        str(project.folder),
        tuple(project.test(test) for test in tests),
        tuple(str(project.folder / file) for file in files),
        args,
    )
    talk = project.folder.parent / "talk"
    talk.mkdir(exist_ok=True)
    (talk / "order").write_text(json.dumps(to_json(order)))
    (talk / "said").write_bytes(b"")
    ended = subprocess.run(
        [
            python or os.environ.get("PREFECT_LENS_TEST_PYTHON") or sys.executable,
            str(DRIVER),
            str(talk / "order"),
            str(talk / "said"),
        ],
        cwd=project.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)},
            "PYTHONPATH": str(SERVER),
            **_forked_if_plain(environ),
        },
        timeout=300,
        check=False,
    )
    messages = tuple(decode(line) for line in (talk / "said").read_bytes().splitlines())
    return Said(messages, ended.stdout.decode(errors="replace"))


def _forked_if_plain(environ: dict[str, str]) -> dict[str, str]:
    """Let a session share its imports, unless Python itself is told how to start; where to look, a fork can be told."""
    plain = not any(name.startswith("PYTHON") and name != "PYTHONPATH" for name in environ)
    return {**environ, forkserver.FORK: "1"} if plain else environ


def run_code(python: str, code: str, folder: Path) -> str:
    """Run code in an interpreter, with a home of Prefect's in a folder of its own, and return what it prints."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    ended = subprocess.run(
        [python, "-c", code],
        env={**environ, "PYTHONPATH": str(SERVER), "PREFECT_HOME": str(folder), "DO_NOT_TRACK": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@dataclass(frozen=True)
class Api:
    """A Prefect API for tests, and an interpreter that has the same Prefect."""

    python: str
    environ: dict[str, str]


@dataclass(frozen=True)
class Plain:
    """How a plain `pytest` ended."""

    status: int
    output: str

    @property
    def outcomes(self) -> dict[str, str]:
        """The tests by name, as `-rA` tells them."""
        found = re.findall(r"^(PASSED|FAILED|ERROR|SKIPPED|XFAIL) \S*?::(\S+)", self.output, re.MULTILINE)
        return {name: word.lower() for word, name in found}


def pytest_alone(project: Project, *args: str, python: str = "", **environ: str) -> Plain:
    """Run `pytest` as a person does, with the plugin and without a server."""
    ended = subprocess.run(
        [
            python or os.environ.get("PREFECT_LENS_TEST_PYTHON") or sys.executable,
            *("-m", "pytest", "-p", "pytest_prefect_lens", "-p", "no:cacheprovider", "-rA", "-q", *args),
        ],
        cwd=project.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith(LEFT_OUT)},
            "PYTHONPATH": str(SERVER),
            **_forked_if_plain(environ),
        },
        timeout=300,
        check=False,
    )
    return Plain(ended.returncode, ended.stdout.decode(errors="replace"))
