"""The diagnostics that have been told to the editor, file by file, and what is to be told of them next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from prefect_lens.session import evidence
from prefect_lens.session.throttle import Throttle

if TYPE_CHECKING:
    from pathlib import Path

    from prefect_lens.model import Diagnostic
    from prefect_lens.session.folder import Folder

INTERVAL = 0.25
"""Seconds between two updates while a person types."""

Tell = Callable[["Folder", str, "list[Diagnostic]"], None]
Places = Callable[["Path"], Iterable[tuple["Folder", str]]]
More = Callable[["Folder"], "tuple[Diagnostic, ...]"]


class Publications:
    """What each open folder says of each file."""

    def __init__(self, tell: Tell, places: Places, more: More) -> None:
        """Begin with nothing told.

        Args:
            tell: says that a file has these diagnostics now, and no others.
            places: gives the open folders that a file lies in, with its path in each.
            more: gives what is told of a folder beside what its index and its results say; called in a thread.
        """
        self._tell = tell
        self._places = places
        self._more = more
        self._told: dict[Path, dict[str, list[Diagnostic]]] = {}
        self._throttles: dict[Path, Throttle] = {}
        self._one_at_a_time = asyncio.Lock()

    def add(self, folder: Folder) -> None:
        """Begin to tell of a folder."""
        self._told[folder.root] = {}
        self._throttles[folder.root] = Throttle(partial(self.publish, folder), INTERVAL)

    def remove(self, folder: Folder) -> None:
        """Take back what was told of a folder."""
        self._throttles.pop(folder.root).stop()
        for path in self._told.pop(folder.root):
            self._tell(folder, path, self._of_others(folder, path))

    def hint(self, folder: Folder) -> None:
        """Say that the diagnostics of a folder may be others."""
        if folder.root in self._throttles:
            self._throttles[folder.root].hint()

    async def publish(self, folder: Folder) -> None:
        """Tell the diagnostics of each file of a folder whose diagnostics have changed."""
        async with self._one_at_a_time:
            if folder.root not in self._told:
                return
            more = await asyncio.to_thread(self._more, folder)
            problems = (*folder.reading.problems, *folder.credentials.diagnostics, *more)
            now = await asyncio.to_thread(
                evidence.current, problems, folder.results, folder.stale, folder.text, folder.severities
            )
            before = self._told.get(folder.root)
            if before is None:
                return  # closed meanwhile
            self._told[folder.root] = now
            for path in sorted(before.keys() | now.keys()):
                if before.get(path, []) != now.get(path, []):
                    self._tell(folder, path, now.get(path, []) + self._of_others(folder, path))

    def of(self, folder: Folder) -> list[Diagnostic]:
        """Return what has been told of a folder."""
        return [one for found in self._told.get(folder.root, {}).values() for one in found]

    def stop(self) -> None:
        """Tell nothing more."""
        for throttle in self._throttles.values():
            throttle.stop()

    def _of_others(self, folder: Folder, path: str) -> list[Diagnostic]:
        """Return what other folders say of the same file: one folder may lie in another."""
        if not self._told.keys() - {folder.root}:
            return []
        mine = self._told.get(folder.root, {}).get(path, [])
        return [
            one
            for other, inside in self._places(folder.root / path)
            if other is not folder
            for one in evidence.moved(self._told.get(other.root, {}).get(inside, []), other.root, folder.root)
            if one not in mine
        ]
