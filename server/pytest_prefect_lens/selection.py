"""Which of the collected items an order asks for."""

# ruff: noqa: PTH119, PTH120
# Paths are text here, as tracebacks and node IDs have them, and `Path.resolve` would follow links.

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Generic, TypeVar

from pytest_prefect_lens.naming import same_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_prefect_lens.wire import TestId

Item = TypeVar("Item")


@dataclass(frozen=True)
class Selection(Generic[Item]):
    """What an order makes of a collection."""

    kept: tuple[Item, ...]
    rest: tuple[Item, ...]
    missing: tuple[TestId, ...]


def select(
    collected: Sequence[tuple[TestId, Item]],
    tests: tuple[TestId, ...],
    files: tuple[str, ...] = (),
    broken_files: Iterable[str] = (),
) -> Selection[Item]:
    """Return the items that were asked for, those that were not, and the tests that nothing was found for.

    Files come in the order in which they were asked for; within one, pytest's own order stays, since tests that lean
    on each other are written in it. A parameter that is not there any more stands for its whole function: some ids
    change from run to run. A test in a file that could not be collected is not missing, it is unknown.
    """
    if not tests and not files:
        return Selection(tuple(item for _, item in collected), (), ())
    ranks: dict[str, int] = {}
    for path in (*(test.path for test in tests), *files):
        ranks.setdefault(same_file(path), len(ranks))
    whole = {same_file(path) for path in files}
    there: dict[tuple[str, tuple[str, ...]], set[str | None]] = {}
    for test, _ in collected:
        there.setdefault(_function(test), set()).add(test.params)
    asked: dict[tuple[str, tuple[str, ...]], set[str | None]] = {}
    missing: list[TestId] = []
    for test in tests:
        params = there.get(_function(test))
        if params is None:
            missing.append(test)
        else:
            asked.setdefault(_function(test), set()).add(test.params if test.params in params else None)
    kept: list[tuple[int, Item]] = []
    rest: list[Item] = []
    for test, item in collected:
        path = same_file(test.path)
        wanted = asked.get(_function(test), set())
        around = next((one for one in (path, *_folders(path)) if one in whole), None)
        if around is not None or None in wanted or test.params in wanted:
            kept.append((ranks[path] if path in ranks else ranks[around or path], item))
        else:
            rest.append(item)
    kept.sort(key=lambda ranked: ranked[0])
    unknown = tuple(same_file(path) for path in broken_files)
    return Selection(
        tuple(item for _, item in kept),
        tuple(rest),
        tuple(test for test in missing if not _is_unknown(same_file(test.path), unknown)),
    )


@cache
def _folders(path: str) -> tuple[str, ...]:
    """Return the folders around a file; an order may name one in the place of a file."""
    return tuple(map(str, PurePath(path).parents))


def _is_unknown(path: str, broken: tuple[str, ...]) -> bool:
    """Whether a file could not be collected, or stands below a conftest that could not."""
    folders = tuple(os.path.dirname(file) + os.sep for file in broken if os.path.basename(file) == "conftest.py")
    return path in broken or path.startswith(folders)


def _function(test: TestId) -> tuple[str, tuple[str, ...]]:
    return same_file(test.path), test.names
