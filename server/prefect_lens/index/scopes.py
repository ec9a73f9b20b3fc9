"""Which variables the tests of which flows get."""

from __future__ import annotations

import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from prefect_lens.index import problems
from prefect_lens.index.settings import TABLE, read_settings
from prefect_lens.index.toml_places import Path, places
from prefect_lens.model import Diagnostic, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prefect_lens.index.environment import Environment


def visible(environment: Environment, entrypoints: Iterable[str], project: str) -> frozenset[str]:
    """Return the names of the variables that a test gets.

    Args:
        environment: what is configured.
        entrypoints: the flows and tasks that the test exercises, relative to the workspace folder.
        project: the root of its project, to which the patterns of scopes are relative.
    """
    inside = tuple(_inside(entrypoint, project) for entrypoint in entrypoints)
    scoped = {name for scope in environment.scopes for name in scope.variables}
    allowed = {
        name
        for scope in environment.scopes
        if any(fnmatchcase(entrypoint, pattern) for entrypoint in inside for pattern in scope.flows)
        for name in scope.variables
    }
    return frozenset(name for name, _ in environment.variables if name not in scoped or name in allowed)


def scope_problems(configs: Mapping[str, str], entrypoints: Callable[[], Iterable[str]]) -> Iterator[Diagnostic]:
    """Yield the patterns of scopes that fit no flow or task.

    Args:
        configs: the texts of configuration files.
        entrypoints: gives all flows and tasks; it is asked only where there are scopes.
    """
    for path, text in configs.items():
        if posixpath.basename(path) != "pyproject.toml" or "scope" not in text:
            continue
        settings = read_settings(path, text)[0]
        project = posixpath.dirname(path) or "."
        own = settings.environment.scopes if settings.environment is not None else ()
        tables: list[tuple[Path, tuple[tuple[str, ...], ...]]] = [
            ((*TABLE, "environment"), tuple(scope.flows for scope in own))
        ]
        for name, profile in settings.profiles:
            below: Path = (*TABLE, "profile", name, "environment")
            tables.append((below, tuple(scope.flows for scope in profile.scopes[len(own) :])))
        if not any(scopes for _, scopes in tables):
            continue
        known = places(text)
        inside = [_inside(entrypoint, project) for entrypoint in entrypoints()]
        for below, scopes in tables:
            for number, patterns in enumerate(scopes):
                for at, pattern in enumerate(patterns):
                    place = known.get((*below, "scope", number, "flows", at))
                    if place is not None and not any(fnmatchcase(one, pattern) for one in inside):
                        message = f"No flow or task fits {pattern}, so that no test gets the variables for its sake."
                        yield Diagnostic(Location(path, place.value), Severity.WARNING, problems.IMPOSSIBLE, message)


def _inside(entrypoint: str, project: str) -> str:
    return entrypoint if project == "." else entrypoint.removeprefix(f"{project}/")
