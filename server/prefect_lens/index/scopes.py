"""Which variables the tests of which flows get."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Generic, TypeVar

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

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Share(Generic[_T]):
    """Tests of a project that have something in common; with neither tests nor files all that pytest finds in it."""

    common: _T
    tests: tuple[TestId, ...] = ()
    files: tuple[str, ...] = ()


def by_profile(
    snapshot: Snapshot, project: str, tests: tuple[TestId, ...], files: tuple[str, ...]
) -> tuple[Share[str | None], ...]:
    """Return tests by the profile that each asks for by a mark; None stands for the one that was chosen for all.

    See `by_variables`.
    """
    return _shared(snapshot, Share(project, tests, files), snapshot.profiles, None)


def by_variables(
    snapshot: Snapshot, environment: Environment, project: str, tests: tuple[TestId, ...], files: tuple[str, ...]
) -> tuple[Share[frozenset[str]], ...]:
    """Return tests by the names of the variables that they get, in as few shares as the scopes allow.

    A file whose tests get different variables is run test by test: those that reading does not find are left out then.

    Args:
        snapshot: the index.
        environment: the project's.
        project: its root.
        tests: tests to run; paths relative to the workspace folder.
        files: whole files to run beside them; with neither, all that pytest finds.
    """
    unscoped = visible(environment, (), project)
    if not environment.scopes:
        return (Share(unscoped, tests, files),)

    def seen(path: str) -> dict[TestCase, frozenset[str]]:
        return {case: _visible_to(snapshot, environment, case, project) for case in snapshot.tests(path)}

    return _shared(snapshot, Share(project, tests, files), seen, unscoped)


def _shared(
    snapshot: Snapshot, whole: Share[str], common_of: Callable[[str], Mapping[TestCase, _T]], usual: _T
) -> tuple[Share[_T], ...]:
    """Return the tests of a project, its root their `common`, by what `common_of` says of those of a file.

    What it does not say is `usual`.
    """
    tests, files = whole.tests, whole.files
    all_files = files
    if not tests and not files:
        found = snapshot.test_files().items()
        all_files = tuple(path for path, of in found if of.root == whole.common and of.is_run_by_default(path))
    commons: dict[tuple[str, tuple[str, ...]], _T] = {}
    for path in dict.fromkeys((*(test.path for test in tests), *all_files)):
        known = common_of(path)
        for case in snapshot.tests(path):
            commons[path, case.names] = known.get(case, usual)
    shares: dict[_T, Share[_T]] = {}

    def add(common: _T, more_tests: tuple[TestId, ...] = (), more_files: tuple[str, ...] = ()) -> None:
        share = shares.get(common, Share(common))
        shares[common] = Share(common, (*share.tests, *more_tests), (*share.files, *more_files))

    for test in tests:
        add(commons.get((test.path, test.names), usual), (test,))
    for file in all_files:
        inside = {names: common for (path, names), common in commons.items() if path == file}
        if len(set(inside.values())) <= 1:
            add(next(iter(inside.values()), usual), (), (file,))
        else:
            for names, common in inside.items():
                add(common, (TestId(file, names),))
    if len(shares) <= 1:
        return (Share(next(iter(shares), usual), tests, files),)
    return tuple(shares.values())


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
