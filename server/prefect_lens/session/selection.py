"""What a person asked to run, and which tests of which projects that is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_prefect_lens.wire import TestId

from prefect_lens.features import counts
from prefect_lens.features.results import Results, function_id
from prefect_lens.index.target import NotFound, find
from prefect_lens.session.looking import within

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.engine.request import RunRequest
    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.model import Definition, TestCase


@dataclass(frozen=True)
class Targets:
    """The tests of flows and tasks, by entrypoint."""

    entrypoints: tuple[str, ...]


@dataclass(frozen=True)
class File:
    """The tests of a test file, or those of any definition of another file."""

    path: str


@dataclass(frozen=True)
class Tests:
    """Tests by node ID, with or without parameters."""

    node_ids: tuple[str, ...]


@dataclass(frozen=True)
class Everything:
    """All tests of the folder."""


@dataclass(frozen=True)
class Failed:
    """The tests whose latest result is bad."""


PATIENCE = 1.0
"""Seconds of the processor for which a run waits to know what it exercises."""

Selection = Targets | File | Tests | Everything | Failed


class NothingToRunError(Exception):
    """A selection that names nothing that is there; the text says what and what is near."""


@dataclass(frozen=True)
class Part:
    """What one project has to run."""

    project: str
    tests: tuple[TestId, ...] = ()
    files: tuple[str, ...] = ()
    whole: frozenset[str] = frozenset()
    """Node IDs of the test functions that run with all their parameters, as far as the index knows."""


@dataclass(frozen=True)
class Plan:
    """A selection, looked up in the index."""

    selection: Selection
    title: str
    parts: tuple[Part, ...]
    asked: frozenset[str]
    """Node IDs of the test functions that run, with all or with some of their parameters."""
    definitions: tuple[tuple[Definition, tuple[str, ...]], ...]
    """The flows and tasks that the run exercises, and the node IDs of the test functions of each."""


def plan(snapshot: Snapshot, results: Results, selection: Selection) -> Plan:
    """Return which tests a selection means.

    Raises:
        NothingToRunError: it names something that is not there.
    """
    match selection:
        case Targets():
            definitions = tuple(_definition(snapshot, entrypoint) for entrypoint in selection.entrypoints)
            tests = _tests_of(snapshot, definitions)
            title = definitions[0].name if len(definitions) == 1 else counts.plural(len(definitions), "definition")
            return _plan(snapshot, selection, title, _by_project(tests), tests)
        case File() if snapshot.tests(selection.path):
            tests = snapshot.tests(selection.path)
            parts = tuple(Part(project, (), (selection.path,), _ids(found)) for project, found in _sorted(tests))
            title = PurePosixPath(selection.path).name
            return _plan(snapshot, selection, title, parts, tests)
        case File():
            tests = _tests_of(snapshot, snapshot.definitions(selection.path))
            return _plan(snapshot, selection, PurePosixPath(selection.path).name, _by_project(tests), tests)
        case Tests():
            return _plan_of_ids(snapshot, selection, tuple(test_id(node) for node in selection.node_ids))
        case Everything():
            files = [file for file, project in snapshot.test_files().items() if project.is_run_by_default(file)]
            tests = tuple(test for file in files for test in snapshot.tests(file))
            return _plan(snapshot, selection, "all tests", _whole_projects(tests), tests)
        case Failed():
            known = {test.node_id: test for test in snapshot.tests()}
            tests = tuple(known[function] for function in results.failed if function in known)
            return _plan(snapshot, selection, "failed tests", _by_project(tests), tests)


def test_id(node_id: str) -> TestId:
    """Return a node ID in its parts. Parameters may hold anything, brackets and colons included."""
    path, _, rest = node_id.partition("::")
    function, bracket, params = rest.partition("[")
    return TestId(path, tuple(function.split("::")), params.removesuffix("]") if bracket else None)


def whole_of(part: Part, request: RunRequest) -> frozenset[str]:
    """Return those of a part's whole test functions that one of the requests that it became is to run."""
    if (request.tests, request.files) == (part.tests, part.files):
        return part.whole
    tests = {function_id(test) for test in request.tests}
    return frozenset(one for one in part.whole if one in tests or one.partition("::")[0] in request.files)


def _plan(
    snapshot: Snapshot, selection: Selection, title: str, parts: tuple[Part, ...], tests: Iterable[TestCase]
) -> Plan:
    asked = _ids(tests)
    return Plan(selection, title, parts, asked, _exercised(snapshot, asked))


def _plan_of_ids(snapshot: Snapshot, selection: Tests, ids: tuple[TestId, ...]) -> Plan:
    parts: dict[str, list[TestId]] = {}
    for test in ids:
        parts.setdefault(snapshot.project_of(test.path).root, []).append(test)
    asked = frozenset(function_id(test) for test in ids)
    tests = tuple(test for path in dict.fromkeys(t.path for t in ids) for test in snapshot.tests(path))
    return Plan(
        selection,
        selection.node_ids[0].rpartition("::")[2] if len(ids) == 1 else counts.plural(len(ids), "test"),
        tuple(
            Part(project, tuple(found), (), frozenset(function_id(test) for test in found if test.params is None))
            for project, found in parts.items()
        ),
        asked,
        _exercised(snapshot, asked & _ids(tests)),
    )


def _exercised(snapshot: Snapshot, functions: frozenset[str]) -> tuple[tuple[Definition, tuple[str, ...]], ...]:
    """Return the definitions that some test functions exercise, each with the node IDs of all of its tests.

    A run does not wait for it: what is not found soon is left out.
    """
    is_late = within(PATIENCE)
    definitions: dict[Definition, None] = {}
    for path in dict.fromkeys(function.partition("::")[0] for function in sorted(functions)):
        if not snapshot.follow_tests(path, is_late):
            break
        for test in snapshot.tests(path):
            if test.node_id in functions:
                definitions |= dict.fromkeys(snapshot.exercised(test))
    found = sorted(definitions, key=lambda one: (one.path, one.declared_at or one.location))
    for definition in found:
        snapshot.follow(definition.path, is_late)
    return tuple((one, tuple(match.test.node_id for match in snapshot.matches_so_far(one))) for one in found)


def _definition(snapshot: Snapshot, entrypoint: str) -> Definition:
    if (definition := snapshot.definition(entrypoint)) is not None:
        return definition
    nearest = found.nearest if isinstance(found := find(snapshot, entrypoint), NotFound) else ()
    near = f" Did you mean {' or '.join(nearest[:3])}?" if nearest else ""
    raise NothingToRunError(f"There is no flow or task {entrypoint}.{near}")


def _tests_of(snapshot: Snapshot, definitions: Iterable[Definition]) -> tuple[TestCase, ...]:
    return tuple(dict.fromkeys(match.test for definition in definitions for match in snapshot.matches(definition)))


def _ids(tests: Iterable[TestCase]) -> frozenset[str]:
    return frozenset(test.node_id for test in tests)


def _sorted(tests: Iterable[TestCase]) -> Iterable[tuple[str, list[TestCase]]]:
    """Return the tests of each project."""
    found: dict[str, list[TestCase]] = {}
    for test in tests:
        found.setdefault(test.project, []).append(test)
    return found.items()


def _by_project(tests: Iterable[TestCase]) -> tuple[Part, ...]:
    return tuple(
        Part(project, tuple(TestId(test.path, test.names) for test in found), (), _ids(found))
        for project, found in _sorted(tests)
    )


def _whole_projects(tests: tuple[TestCase, ...]) -> tuple[Part, ...]:
    """Return all tests: a folder's only project as pytest finds them, else the files of each project.

    With several projects one may lie in another, which would run its tests, too.
    """
    projects = tuple(_sorted(tests))
    if len(projects) == 1:
        return tuple(Part(project, whole=_ids(found)) for project, found in projects)
    return tuple(
        Part(project, (), tuple(dict.fromkeys(test.path for test in found)), _ids(found)) for project, found in projects
    )
