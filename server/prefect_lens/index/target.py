"""What a TARGET of the command names: an entrypoint, a file, a folder, a node ID, or a name that only one thing has."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.model import Definition, TestCase

NEAREST = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What a target names."""

    definitions: tuple[Definition, ...] = ()
    tests: tuple[TestCase, ...] = ()
    """The tests to run for it: those that match the definitions, or those that it names itself."""
    params: str | None = None
    """What a node ID had in brackets: one case of its one test."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """A target that names nothing."""

    nearest: tuple[str, ...]
    """What it may have been meant to be."""


def find(snapshot: Snapshot, target: str) -> Found | NotFound:
    """Return what a target names, and the tests to run for it."""
    target = target.replace("\\", "/").removeprefix("./")
    if "::" in target:
        return _node(snapshot, target)
    if target in {"", "."}:
        everything = snapshot.tests()
        return Found(
            snapshot.definitions(),
            tuple(test for test in everything if snapshot.project_of(test.path).is_run_by_default(test.path)),
        )
    if target in snapshot.paths:
        return _file(snapshot, target)
    folder = target.rstrip("/") + "/"
    if any(path.startswith(folder) for path in snapshot.paths):
        definitions = tuple(d for d in snapshot.definitions() if d.path.startswith(folder))
        tests = tuple(test for test in snapshot.tests() if test.path.startswith(folder))
        return Found(definitions, _together(tests, _tests_of(snapshot, definitions)))
    known = snapshot.definitions()
    for matching in (
        [d for d in known if d.entrypoint == target],
        [d for d in known if d.qualname == target],
        [d for d in known if target in {d.name, d.qualname.rpartition(".")[2]}],
    ):
        if len({d.entrypoint for d in matching}) == 1:
            return Found(tuple(matching), _tests_of(snapshot, matching))
        if matching:
            return NotFound(tuple(d.entrypoint for d in matching))
    return NotFound(_nearest(target, [n for d in known for n in (d.entrypoint, d.qualname, d.name)], snapshot))


def _node(snapshot: Snapshot, target: str) -> Found | NotFound:
    path, *names = target.split("::") if "[" not in target else _split(target)
    bracket = names[-1].find("[") if names else -1
    params = names[-1][bracket + 1 : -1] if bracket >= 0 and names[-1].endswith("]") else None
    if params is not None:
        names[-1] = names[-1][:bracket]
    wanted = tuple(names)
    tests = tuple(test for test in snapshot.tests(path) if test.names[: len(wanted)] == wanted)
    if tests:
        return Found((), tests, params)
    known = [test.node_id for test in (snapshot.tests(path) or snapshot.tests())]
    return NotFound(tuple(difflib.get_close_matches(target, known, NEAREST, 0.5)))


def _split(target: str) -> list[str]:
    head, _, tail = target.partition("[")
    parts = head.split("::")
    parts[-1] += "[" + tail
    return parts


def _file(snapshot: Snapshot, path: str) -> Found:
    definitions = snapshot.definitions(path)
    return Found(definitions, _together(snapshot.tests(path), _tests_of(snapshot, definitions)))


def _tests_of(snapshot: Snapshot, definitions: tuple[Definition, ...] | list[Definition]) -> tuple[TestCase, ...]:
    return _together(tuple(match.test for definition in definitions for match in snapshot.matches(definition)))


def _together(*parts: tuple[TestCase, ...]) -> tuple[TestCase, ...]:
    return tuple(dict.fromkeys(test for part in parts for test in part))


def _nearest(target: str, names: list[str], snapshot: Snapshot) -> tuple[str, ...]:
    known = list(dict.fromkeys([*names, *snapshot.paths]))
    found = difflib.get_close_matches(target, known, NEAREST, 0.5)
    last = target.rpartition(":")[2]
    ends = [
        name
        for name in known
        if ":" in name and difflib.SequenceMatcher(None, last, name.rpartition(":")[2]).ratio() > 0.7
    ]
    return tuple(dict.fromkeys([*found, *ends]))[:NEAREST]
