"""What a run has shown of which tests run which flows and tasks."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from prefect_lens.features.results import function_id
from prefect_lens.index.observed import Cone, Seen
from prefect_lens.model import Ending

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from pytest_prefect_lens.wire import CaseRecord, Code, RunRecord

    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.model import Definition, RunResult

_Place = tuple[str, int]
"""A function: its file, and the line of its `def` counted from 0."""


def observations(
    snapshot: Snapshot, run: RunResult, whole: AbstractSet[str], is_same: Callable[[str, str], bool]
) -> dict[str, Seen]:
    """Return what a run has shown, by the node ID of each test function.

    That a test does not run what it seems to can be said only of one that passed with all of its parameters.

    Args:
        snapshot: the files as they were when the run started.
        run: what it told.
        whole: the test functions that it was to run with all their parameters.
        is_same: whether a file is on the disk, unchanged since before the run, what a digest stands for.
    """
    cases: dict[str, list[CaseRecord]] = {}
    for case in run.cases:
        cases.setdefault(function_id(case.test), []).append(case)
    left_out = {function_id(test) for test in (*run.deselected, *run.missing)}
    complete = whole - left_out if run.ending is Ending.COMPLETE else frozenset[str]()
    tests = {node_id: of for node_id, of in cases.items() if node_id.partition("::")[0].endswith(".py")}
    guesses = {path: snapshot.guessed(path) for path in {node_id.partition("::")[0] for node_id in tests}}
    sources = snapshot.sources(guesses)
    by_place = _by_place(snapshot, tests)
    unchanged: dict[str, bool] = {}
    found: dict[str, Seen] = {}
    for node_id, of in tests.items():
        path = node_id.partition("::")[0]
        began = {place for case in of for place in _began(case)}
        guessed = guesses[path].get(node_id, {})
        ran = {one.entrypoint for place in began for one in by_place.get(place, ()) if _is_meant(one, guessed)}
        spared = {one.entrypoint for one in guessed} - ran
        if node_id not in complete or not all(case.outcome == "passed" for case in of):
            spared = set[str]()
        for case in of:
            spared -= _unsure(case, by_place, spared)
        cone = _cone(snapshot, sources[path] | {file for file, _ in began if file in snapshot.paths}, path)
        for file, digest in cone:
            if file not in unchanged:
                unchanged[file] = is_same(file, digest)
        if all(unchanged[file] for file, _ in cone):
            found[node_id] = Seen(cone, frozenset(ran), frozenset(spared))
    return found


def _began(case: CaseRecord) -> Iterator[_Place]:
    """Yield the functions that were seen to begin in a test."""
    yield from (_place(run) for run in case.runs if run.path and _has_begun(run))
    yield from (_place(code) for code in case.called)


def _unsure(case: CaseRecord, by_place: dict[_Place, list[Definition]], spared: set[str]) -> set[str]:
    """Return those of some definitions of which it cannot be told that a test does without them."""
    if case.unsure is None:
        return set(spared)
    # A run that did not begin may have found its result in a cache that another test had filled.
    places = {*map(_place, case.unsure), *(_place(run) for run in case.runs if not _has_begun(run))}
    return {one.entrypoint for place in places for one in by_place.get(place, ())}


def _has_begun(run: RunRecord) -> bool:
    names = {state.name for state in run.states}
    return "Cached" not in names and any(state.type == "RUNNING" for state in run.states)


def _place(code: RunRecord | Code) -> _Place:
    return code.path, code.line - 1


def _by_place(snapshot: Snapshot, tests: dict[str, list[CaseRecord]]) -> dict[_Place, list[Definition]]:
    """Return the definitions of the functions that the tests speak of."""
    files = {code.path for of in tests.values() for case in of for code in (*case.runs, *case.called)}
    files |= {code.path for of in tests.values() for case in of for code in case.unsure or ()}
    found: dict[_Place, list[Definition]] = {}
    for one in snapshot.definitions() if files else ():
        if one.location.path in files:
            found.setdefault((one.location.path, one.location.span.start.line), []).append(one)
    return found


def _is_meant(definition: Definition, guessed: Collection[Definition]) -> bool:
    """Whether a function that ran stands for a definition: what an expression makes of it may not have been used."""
    return definition.declared_at is None or definition in guessed


def _cone(snapshot: Snapshot, files: Iterable[str], test_file: str) -> Cone:
    """Return the files that an answer comes from; a conftest that appears on the way to the test's changes it too."""
    folders = PurePosixPath(test_file).parents
    conftests = ((folder / "conftest.py").as_posix() for folder in folders)
    return tuple((path, snapshot.digest(path)) for path in sorted({*files, *conftests}))
