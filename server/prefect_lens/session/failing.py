"""Variables that could not be had the last time they were asked for, told at their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index.config import join
from prefect_lens.index.settings import TABLE
from prefect_lens.index.toml_places import places
from prefect_lens.model import Diagnostic, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.environment.resolving import Vault
    from prefect_lens.index.environment import Source
    from prefect_lens.index.settings import Settings
    from prefect_lens.session.folder import Folder


def failing(vault: Vault, folder: Folder) -> tuple[Diagnostic, ...]:
    """Return what is told at the keys of a folder's `pyproject.toml` files. Reads those of projects that have any."""
    return tuple(one for project in folder.reading.projects or (".",) for one in _of_project(vault, folder, project))


def _of_project(vault: Vault, folder: Folder, project: str) -> Iterator[Diagnostic]:
    root = folder.root / project
    found = [
        (at, trouble)
        for at, name, source in _variables(folder.project_settings(project))
        if (trouble := vault.failure(root, name, source)) is not None
    ]
    path = join(project, "pyproject.toml")
    known = places(folder.text(path) or "") if found else {}
    for at, trouble in found:
        # A profile has the variables that it does not write itself, too.
        if (place := known.get((*TABLE, *at))) is not None:
            yield Diagnostic(Location(path, place.key), Severity.ERROR, trouble.code, trouble.message)


def _variables(settings: Settings) -> Iterator[tuple[tuple[str, ...], str, Source]]:
    environments = [(("environment",), settings.environment)]
    environments += [(("profile", name, "environment"), one) for name, one in settings.profiles]
    for below, environment in environments:
        for name, source in environment.variables if environment is not None else ():
            yield (*below, "variables", name), name, source
