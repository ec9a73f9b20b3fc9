"""Runs at each save: the tests that a change affects, where the user wants that."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prefect_lens.features.affected import affected
from prefect_lens.session.runs import Over
from prefect_lens.session.selection import NothingToRunError, Tests
from prefect_lens.session.trust import NotTrustedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.session.folder import Folder
    from prefect_lens.session.runs import Run

log = logging.getLogger(__name__)

MOST = 100
"""Test functions that a save runs at most. A file that so many depend on is better run when somebody asks for it."""


@dataclass
class _Watch:
    """What is known of one folder."""

    texts: dict[str, str] = field(default_factory=dict[str, str])
    """The open files, as they were when they were opened or last run for."""
    saved: dict[str, str] = field(default_factory=dict[str, str])
    """Those that have been saved since, as they were then: the person may type on."""
    is_wanted: bool = False
    """Whether a person asked for it beside the setting."""
    targets: frozenset[str] = frozenset()
    """The entrypoints that it was asked for; none where it was asked for all."""
    run: Run | None = None
    task: asyncio.Task[None] | None = None


class Saving:
    """Has at most one run in each folder. A save while it goes on replaces it by one that has the tests of both."""

    def __init__(self, start: Callable[[Folder, Tests], Awaitable[Run]]) -> None:
        """Begin with no folder open; `start` starts a run for which nobody has clicked."""
        self._start = start
        self._watches: dict[Folder, _Watch] = {}

    def opened(self, folder: Folder, path: str, text: str) -> None:
        """Take a file that the editor has opened."""
        self._of(folder).texts[path] = text

    def closed(self, folder: Folder, path: str) -> None:
        """Let a file go."""
        self._of(folder).texts.pop(path, None)

    def saved(self, folder: Folder, path: str) -> None:
        """Take a save: run what the change affects, where that is wanted."""
        watch = self._of(folder)
        if (document := folder.documents.get(path)) is None:
            return
        if not self._is_on(folder):
            watch.texts[path] = document.text
            return
        watch.saved[path] = document.text
        if watch.task is None:
            watch.task = asyncio.create_task(self._run(folder, watch))

    def switch(self, folder: Folder, targets: frozenset[str], *, is_on: bool) -> None:
        """Turn it on beside the setting, for the tests of all or of some flows and tasks, or off again."""
        watch = self._of(folder)
        watch.is_wanted, watch.targets = is_on, targets
        self.settings_changed(folder)

    def settings_changed(self, folder: Folder) -> None:
        """End the run that goes on where it is wanted no more."""
        if not self._is_on(folder) and (watch := self._of(folder)).run is not None:
            watch.run.cancel()

    def forget(self, folder: Folder) -> None:
        """Let a folder go."""
        if (watch := self._watches.pop(folder, None)) is not None and watch.task is not None:
            watch.task.cancel()

    def _of(self, folder: Folder) -> _Watch:
        return self._watches.setdefault(folder, _Watch())

    def _is_on(self, folder: Folder) -> bool:
        return folder.settings.run_on_save or self._of(folder).is_wanted

    async def _run(self, folder: Folder, watch: _Watch) -> None:
        """Run what the saves so far affect; those that come meanwhile are another round."""
        try:
            while watch.saved:
                await folder.complete()
                changes = [(path, watch.texts.get(path, ""), now) for path, now in watch.saved.items()]
                watch.texts |= watch.saved
                watch.saved = {}
                tests = await asyncio.to_thread(_affected, folder.snapshot, changes, self._targets(folder, watch))
                if (before := watch.run) is not None and not isinstance(before.phase, Over):
                    tests |= before.plan.asked
                if tests and self._is_on(folder):
                    await self._begin(folder, watch, sorted(tests))
        except Exception:  # an edge: nobody waits for a run that nobody clicked for
            log.exception("What was saved could not be run for.")
        finally:
            watch.task = None

    async def _begin(self, folder: Folder, watch: _Watch, tests: list[str]) -> None:
        if len(tests) > MOST:
            log.warning("A save affects %d tests, more than the %d that a save runs at most.", len(tests), MOST)
            return
        if watch.run is not None:
            watch.run.cancel()
        try:
            watch.run = await self._start(folder, Tests(tuple(tests)))
        except (NotTrustedError, NothingToRunError) as error:
            log.warning("Nothing was run for a save: %s", error)

    def _targets(self, folder: Folder, watch: _Watch) -> frozenset[str]:
        return watch.targets if watch.is_wanted and not folder.settings.run_on_save else frozenset()


def _affected(snapshot: Snapshot, changes: list[tuple[str, str, str]], targets: frozenset[str]) -> set[str]:
    """Return the node IDs of the test functions that some changes affect: of some entrypoints, where there are any."""
    found = {test.node_id for path, before, now in changes for test in affected(snapshot, path, before, now)}
    if not targets:
        return found
    definitions = [one for one in map(snapshot.definition, targets) if one is not None]
    return found & {match.test.node_id for one in definitions for match in snapshot.matches(one)}
