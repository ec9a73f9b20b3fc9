"""Which variables the tests of which flows get."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from pytest_prefect_lens.wire import TestId

from prefect_lens.index import problems
from prefect_lens.index.settings import TABLE, read_settings
from prefect_lens.index.toml_places import Path, places
from prefect_lens.model import Diagnostic, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prefect_lens.index.environment import Environment
    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.model import TestCase


@dataclass(frozen=True, slots=True)
class Share:
    """Tests of a project that get the same variables, and can run in one process; with neither tests nor files all."""

    variables: frozenset[str]
    tests: tuple[TestId, ...] = ()
    files: tuple[str, ...] = ()


def shares(
    snapshot: Snapshot, environment: Environment, project: str, tests: tuple[TestId, ...], files: tuple[str, ...]
) -> tuple[Share, ...]:
    """Return the tests of a project in as few shares as its scopes allow.

    A file whose tests get different variables is run test by test: those that reading does not find are left out then.

    Args:
        snapshot: the index.
        environment: the project's.
        project: its root.
        tests: tests to run; paths relative to the workspace folder.
        files: whole files to run beside them; with neither, all that pytest finds.
    """
    if not environment.scopes:
        return (Share(frozenset(name for name, _ in environment.variables), tests, files),)
    all_files = files
    if not tests and not files:
        found = snapshot.test_files().items()
        all_files = tuple(path for path, of in found if of.root == project and of.is_run_by_default(path))
    names: dict[tuple[str, tuple[str, ...]], frozenset[str]] = {}
    for path in dict.fromkeys((*(test.path for test in tests), *all_files)):
        for case in snapshot.tests(path):
            names[case.path, case.names] = _visible_to(snapshot, environment, case, project)
    unscoped = visible(environment, (), project)
    by_names: dict[frozenset[str], Share] = {}

    def add(variables: frozenset[str], test: TestId | None = None, file: str | None = None) -> None:
        share = by_names.get(variables, Share(variables))
        more_tests, more_files = () if test is None else (test,), () if file is None else (file,)
        by_names[variables] = Share(variables, (*share.tests, *more_tests), (*share.files, *more_files))

    for test in tests:
        add(names.get((test.path, test.names), unscoped), test)
    for file in all_files:
        inside = {names_of: variables for (path, names_of), variables in names.items() if path == file}
        if len(set(inside.values())) <= 1:
            add(next(iter(inside.values()), unscoped), file=file)
        else:
            for names_of, variables in inside.items():
                add(variables, TestId(file, names_of))
    if len(by_names) <= 1:
        return (Share(next(iter(by_names), unscoped), tests, files),)
    return tuple(by_names.values())


def tests_that_get(snapshot: Snapshot, environment: Environment, project: str, variable: str) -> tuple[str, ...]:
    """Return the node IDs of a project's test functions that get a variable."""
    return tuple(
        case.node_id
        for case in snapshot.tests()
        if case.project == project and variable in _visible_to(snapshot, environment, case, project)
    )


def _visible_to(snapshot: Snapshot, environment: Environment, case: TestCase, project: str) -> frozenset[str]:
    return visible(environment, (one.entrypoint for one in snapshot.exercised(case)), project)


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
