"""Which tests a change of one file affects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.features.freshness import function_hashes, rest_hash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.model import Definition, TestCase


def affected(snapshot: Snapshot, path: str, before: str, now: str) -> tuple[TestCase, ...]:
    """Return the tests that may end otherwise since a file was changed; none where it is no Python now.

    A flow, a task or a test affects its own tests, a comment beside them none. Whatever else is another, a helper, a
    fixture, a constant, affects the tests of everything that comes from the file, as far as the index has followed it.

    Args:
        snapshot: the folder after the change.
        path: the file.
        before: its text before the change.
        now: its text.
    """
    new = function_hashes(now)
    if new is None:
        return ()
    old = function_hashes(before) or {}
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name) and "<locals>" not in name}
    definitions = {one.qualname: one for one in snapshot.definitions(path)}
    tests = {".".join(test.names): test for test in snapshot.tests(path)}
    if rest_hash(before) != rest_hash(now) or not changed <= definitions.keys() | tests.keys():
        return _of_all(snapshot, path)
    own = tuple(test for name, test in tests.items() if name in changed)
    found = (*own, *_tests_of(snapshot, (one for name, one in definitions.items() if name in changed)))
    return tuple(dict.fromkeys(found))


def _of_all(snapshot: Snapshot, path: str) -> tuple[TestCase, ...]:
    """Return the tests of everything that comes from a file."""
    if own := snapshot.tests(path):
        return own
    test_files = snapshot.test_files()
    files = sorted({path, *snapshot.dependents(path)})
    definitions = [one for file in files if file not in test_files for one in snapshot.definitions(file)]
    if definitions:
        return _tests_of(snapshot, definitions)
    users = (test for file in files for test in snapshot.tests(file))  # of a helper or a conftest of tests alone
    return tuple(test for test in users if snapshot.exercised(test))


def _tests_of(snapshot: Snapshot, definitions: Iterable[Definition]) -> tuple[TestCase, ...]:
    return tuple(dict.fromkeys(match.test for definition in definitions for match in snapshot.matches(definition)))
