"""What is told at the keys of variables: that one could not be had the last time, or is older than it should be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import problems
from prefect_lens.index.config import join
from prefect_lens.index.settings import TABLE
from prefect_lens.index.toml_places import places
from prefect_lens.model import Diagnostic, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefect_lens.environment.resolving import Vault
    from prefect_lens.index.environment import Environment, Source
    from prefect_lens.index.settings import Settings
    from prefect_lens.session.folder import Folder

_Told = tuple[Severity, str, str]


def failing(vault: Vault, folder: Folder) -> tuple[Diagnostic, ...]:
    """Return what is told at the keys of a folder's `pyproject.toml` files. Reads those of projects that have any."""
    return tuple(one for project in folder.reading.projects or (".",) for one in _of_project(vault, folder, project))


def _of_project(vault: Vault, folder: Folder, project: str) -> Iterator[Diagnostic]:
    found = [
        ((*below, "variables", name), told)
        for below, environment in _environments(folder.project_settings(project))
        for name, source in environment.variables
        for told in _of_variable(vault, folder.root / project, environment, name, source)
    ]
    path = join(project, "pyproject.toml")
    known = places(folder.text(path) or "") if found else {}
    for at, (severity, code, message) in found:
        # A profile has the variables that it does not write itself, too.
        if (place := known.get((*TABLE, *at))) is not None:
            yield Diagnostic(Location(path, place.key), severity, code, message)


def _of_variable(vault: Vault, root: Path, environment: Environment, name: str, source: Source) -> Iterator[_Told]:
    if (trouble := vault.failure(root, name, source)) is not None:
        yield Severity.ERROR, trouble.code, trouble.message
    for what in vault.too_old(root, environment, name, source):
        yield Severity.WARNING, problems.TOO_OLD, f"{name}: {what}. Change it where it lives."


def _environments(settings: Settings) -> Iterator[tuple[tuple[str, ...], Environment]]:
    if settings.environment is not None:
        yield ("environment",), settings.environment
    for name, environment in settings.profiles:
        yield ("profile", name, "environment"), environment
