"""Remembers what installed distributions declare: their entry points, their metadata and their files.

Before pytest collects a test it goes five times through the entry points of all that is installed, and it parses the
metadata of each plugin to name it. A process that waits for a run has done so before. What is installed does not change
while it lives: what is installed anew makes a new one. Standard library alone.
"""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.hidden import is_below

if TYPE_CHECKING:
    from collections.abc import Callable


def remember(folders: tuple[str, ...]) -> None:
    """From now on read but once what the distributions in these folders declare; it holds for forks of this process."""
    for name in ("entry_points", "metadata", "files"):
        declared = getattr(metadata.Distribution, name, None)
        if isinstance(declared, property) and declared.fget is not None:
            setattr(metadata.PathDistribution, name, property(_once(declared.fget, folders), doc=declared.__doc__))


def _once(read: Callable[[Any], Any], folders: tuple[str, ...]) -> Callable[[Any], Any]:
    known: dict[str, Any] = {}

    def get(distribution: Any) -> Any:
        path = str(distribution._path)  # noqa: SLF001  nothing else tells two distributions of one name apart
        if path in known:
            return known[path]
        value = read(distribution)
        if is_below(path, folders):
            known[path] = value
        return value

    return get
