"""How long somebody who looks at a file waits for its tests: in a large product, to find them all takes minutes.

Who has waited long enough is told what is known, and that it is not all; the search goes on in the background, for one
file after another, and behind everybody who waits for something.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from prefect_lens.index.following import never

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.features.view import View
    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.session.folder import Folder

PATIENCE = 2.0
"""Seconds of the processor's time that somebody waits."""


class Looking:
    """The search for the tests of files that somebody looks at. Everything is called in the event loop."""

    def __init__(self, found: Callable[[], None], patience: float = PATIENCE) -> None:
        """Prepare to call `found` when there is more to be told."""
        self._found = found
        self._patience = patience
        self._waiting: dict[tuple[Folder, str], None] = {}
        self._task: asyncio.Task[None] | None = None

    async def view(self, view: View, folder: Folder, path: str) -> View:
        """Return a picture in which the tests of what a file defines are known, or which tells that they are not.

        Then it has what lenses said the last time, if that was above the same text. As long as a folder is being read,
        nobody waits.
        """
        if not folder.is_complete:
            return replace(view, is_searching=True)
        is_old = _is_replaced(folder)
        patience = 0.0 if (folder, path) in self._waiting else self._patience  # nobody waits twice
        if await asyncio.to_thread(_follow, view.snapshot, path, is_old, patience):
            return view
        self._waiting[folder, path] = None
        if self._task is None:
            self._task = asyncio.create_task(self._go_on())
        last = await asyncio.to_thread(folder.said_last, path)
        return replace(view, is_searching=True, last={path: last} if last is not None else {})

    def forget(self, folder: Folder) -> None:
        """Search no more in a folder."""
        self._waiting = {one: None for one in self._waiting if one[0] is not folder}

    def stop(self) -> None:
        """Search no more."""
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    async def _go_on(self) -> None:
        try:
            while self._waiting:
                folder, path = one = next(iter(self._waiting))
                await folder.caught_up()
                is_replaced = _is_replaced(folder)
                is_over = partial(self._is_over, one, is_replaced)
                is_done = await asyncio.to_thread(_follow, folder.snapshot.patiently(), path, is_over)
                if is_done or not is_replaced():  # else there is a newer state of the files to search in
                    self._waiting.pop(one, None)
                    self._found()
        finally:
            self._task = None

    def _is_over(self, one: tuple[Folder, str], is_replaced: Callable[[], bool]) -> bool:
        return is_replaced() or one not in self._waiting


def within(seconds: float) -> Callable[[], bool]:
    """Return what tells whether this thread has had so many seconds of the processor since now."""
    limit = time.thread_time() + seconds
    return lambda: time.thread_time() > limit


def _is_replaced(folder: Folder) -> Callable[[], bool]:
    """Return what tells whether a folder has been read anew since now."""
    now = folder.reading
    return lambda: folder.reading is not now


def _follow(snapshot: Snapshot, path: str, is_old: Callable[[], bool], seconds: float | None = None) -> bool:
    """Have the tests followed of what a file defines, wherever that stands; return whether all are."""
    is_late = within(seconds) if seconds is not None else never

    def enough() -> bool:
        return is_old() or is_late()

    paths = {path, *(one.path for one in snapshot.definitions_at(path))}
    return all(snapshot.follow(one, enough) for one in sorted(paths))
