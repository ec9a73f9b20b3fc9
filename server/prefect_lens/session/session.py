"""The session: what the editor has open, what runs, what is known of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from prefect_lens.audit.facts import UNTRUSTED, NotBegun
from prefect_lens.features.summary import summarize
from prefect_lens.features.view import View
from prefect_lens.index.config import CONFIG_NAMES
from prefect_lens.model import Diagnostic, Ending, RunResult, Trouble
from prefect_lens.session.driving import Driver, Ties
from prefect_lens.session.failing import failing
from prefect_lens.session.folder import Folder
from prefect_lens.session.interpreters import Interpreters
from prefect_lens.session.looking import Looking
from prefect_lens.session.publications import Publications
from prefect_lens.session.readiness import Readiness
from prefect_lens.session.runs import Debugger, Run, Waiting
from prefect_lens.session.saving import Saving
from prefect_lens.session.selection import NothingToRunError, Plan, Selection, plan
from prefect_lens.session.trust import NotTrustedError, Trust

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping
    from pathlib import Path

    from prefect_lens.audit.auditor import Auditor
    from prefect_lens.engine.workers import Preparing, Warmth, WorkerSource
    from prefect_lens.environment.resolving import Vault
    from prefect_lens.features.standing import FolderStanding
    from prefect_lens.session.listener import Listener
    from prefect_lens.session.settings import Settings
    from prefect_lens.session.texts import Document

log = logging.getLogger(__name__)

PATIENCE = 8.0
"""Seconds that runs get to end when all ends. They need less than five; this is for what nobody thought of."""


class Session:
    """The one mutable thing of the server. Everything is called in the event loop."""

    def __init__(
        self,
        listener: Listener,
        workers: WorkerSource,
        trust: Trust,
        vault: Vault,
        environ: Mapping[str, str],
        *,
        preparing: Preparing | None = None,
        auditor: Auditor | None = None,
    ) -> None:
        """Begin with no folder open. `preparing` is told which projects are likely to be run; `auditor` of each run."""
        self.vault = vault
        self.trust = trust
        self.can_debug = False
        """Whether the editor can attach a debugger to a run."""
        self.folders: dict[Path, Folder] = {}
        self.runs: dict[str, tuple[Folder, Run]] = {}
        """Those that wait or go on."""
        self.troubles: deque[Trouble] = deque(maxlen=20)
        """The latest troubles of the machinery, for a bug report."""
        self._listener = listener
        self._auditor = auditor
        self.interpreters = Interpreters(environ)
        self._readiness = Readiness(preparing, self.interpreters.find)
        self._has_settings = False
        self._last: dict[Path, Selection] = {}
        self._numbers = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking = Looking(listener.lenses_changed)
        self._publications = Publications(listener.diagnostics_changed, self._places, partial(failing, vault))
        ties = Ties(self._is_open, self._publications.publish, self._keep, listener.person)
        self._driver = Driver(workers, vault, self.interpreters, auditor, ties)
        self.saving = Saving(partial(self.run, is_asked=False))

    # --- changes come in ---------------------------------------------------------------------------------

    def add_folder(self, root: Path, settings: Settings) -> Folder:
        """Open a workspace folder and start to read it."""
        folder = Folder(root, settings, self._folder_changed, self._listener.standing_changed)
        self.folders[root] = folder
        self._readiness.limit(self.folders.values())
        self._publications.add(folder)
        folder.load()
        self._listener.standing_changed()
        return folder

    def remove_folder(self, root: Path) -> None:
        """Close a workspace folder: its runs end, its diagnostics go."""
        if (folder := self.folders.pop(root, None)) is None:
            return
        for of, run in list(self.runs.values()):
            if of is folder:
                run.cancel()
        folder.close()
        self._looking.forget(folder)
        self.saving.forget(folder)
        self._publications.remove(folder)
        self._listener.folder_closed(folder)
        self._listener.standing_changed()

    def set_settings(self, root: Path, settings: Settings) -> None:
        """Take the editor's settings of a folder; they hold from the next run on."""
        if (folder := self.folders.get(root)) is not None and folder.settings != settings:
            folder.settings = settings
            self._forget_interpreters(root)
            self._readiness.limit(self.folders.values())
            self.saving.settings_changed(folder)
            self._listener.lenses_changed()
            self._publications.hint(folder)
            self._prepare(folder)

    def settings_are_known(self) -> None:
        """Take it that the editor has said its settings, if it says any: from now on they can be acted on unasked."""
        self._has_settings = True
        for folder in self.folders.values():
            self._prepare(folder)

    def set_document(self, path: Path, document: Document) -> None:
        """Take a text as the editor has it."""
        for folder, inside in self._places(path):
            is_new = inside not in folder.documents
            folder.set_document(inside, document)
            if is_new:
                self.saving.opened(folder, inside, document.text)
                self._prepare(folder)

    def close_document(self, path: Path) -> None:
        """Go back to what the disk has of a file."""
        for folder, inside in self._places(path):
            folder.close_document(inside)
            self.saving.closed(folder, inside)

    def saved(self, path: Path) -> None:
        """Take notice of a document that the editor has written: what the disk has is another text now."""
        self.changed_on_disk([path])
        for folder, inside in self._places(path):
            self.saving.saved(folder, inside)

    def changed_on_disk(self, paths: Iterable[Path]) -> None:
        """Take notice of files that something has written, made or removed."""
        found: dict[Path, set[str]] = {}
        for path in paths:
            for folder, inside in self._places(path):
                found.setdefault(folder.root, set()).add(inside)
        for root, inside in found.items():
            self.folders[root].changed_on_disk(inside)
            names = {path.rpartition("/")[2] for path in inside}
            if "pyvenv.cfg" in names:
                self._forget_interpreters(root)
            elif not names.isdisjoint(CONFIG_NAMES):
                self._readiness.forget(root)

    def grant_trust(self) -> None:
        """Take the user's trust in the workspace."""
        self.trust.grant()
        for folder in self.folders.values():
            self._prepare(folder)
        self._listener.lenses_changed()
        self._listener.standing_changed()

    async def clear_results(self) -> None:
        """Forget what runs have said."""
        for folder in tuple(self.folders.values()):
            await folder.clear()
            await self._publications.publish(folder)
        self._listener.lenses_changed()

    # --- pictures go out ---------------------------------------------------------------------------------

    def place(self, path: Path) -> tuple[Folder, str] | None:
        """Return the innermost folder that a file lies in, and the file's path in it."""
        return next(iter(self._places(path)), None)

    def view(self, folder: Folder) -> View:
        """Return a picture of a folder, as of now."""
        return View(
            folder.snapshot,
            folder.results,
            folder.stale,
            tuple(run.live for of, run in self.runs.values() if of is folder),
            folder.is_complete,
            self.trust.may_run,
            folder.settings.kinds,
            self.can_debug,
            folder.last,
        )

    async def view_of(self, folder: Folder, path: str) -> View:
        """Return a picture of a folder with the tests of what a file defines, as far as somebody waits for them."""
        return await self._looking.view(self.view(folder), folder, path)

    async def folder_standings(self) -> tuple[FolderStanding, ...]:
        """Return the folders, their projects and interpreters, for a status bar."""
        return await self.interpreters.standings(tuple(self.folders.values()))

    async def warmth(self) -> tuple[Warmth, ...]:
        """Return how ready the engine is for the runs of each project."""
        return await self._readiness.standing()

    def diagnostics(self, folder: Folder) -> list[Diagnostic]:
        """Return what the editor has been told of a folder."""
        return self._publications.of(folder)

    def values_fetched(self, folder: Folder) -> None:
        """Take notice that variables of a folder were had, or could not be."""
        self._publications.hint(folder)

    async def settle(self, folder: Folder) -> None:
        """Wait until the diagnostics of every case that has ended are out, those of runs that go on among them."""
        await self._driver.settle(folder)

    # --- runs --------------------------------------------------------------------------------------------

    def last(self, folder: Folder) -> Selection:
        """Return what was run last.

        Raises:
            NothingToRunError: nothing was.
        """
        if (selection := self._last.get(folder.root)) is None:
            raise NothingToRunError("Nothing has been run yet.")
        return selection

    async def run(
        self, folder: Folder, selection: Selection, debugger: Debugger | None = None, *, is_asked: bool = True
    ) -> Run:
        """Start or queue a run, at a person's command or, where the folder is trusted, unasked.

        A selection that waits already is not queued twice.

        A run with a `debugger` is cold, and begins when that has attached.

        Raises:
            NotTrustedError: the user does not trust the workspace.
            NothingToRunError: the selection names nothing that is there.
        """
        if not (self.trust.may_run if is_asked else self.trust.may_run_unasked(folder.root)):
            if is_asked and self._auditor is not None and folder.settings.is_audited:
                self._auditor.refused(NotBegun((UNTRUSTED,), folder.root))
            raise NotTrustedError("This workspace is not trusted, and so nothing of it is run.")
        if is_asked:
            self.trust.commanded(folder.root)
        await folder.complete()
        planned = await asyncio.to_thread(plan, folder.snapshot, folder.results, selection)
        if is_asked:
            self._last[folder.root] = selection
        for of, run in self.runs.values():
            is_waiting = isinstance(run.phase, Waiting) and not run.is_cancelled
            is_same = run.plan.selection == selection and run.debugger is debugger is None
            if of is folder and is_waiting and is_same:
                return run
        return self._start(folder, planned, debugger)

    def cancel(self, run: str | None) -> list[str]:
        """Stop a run, or all; return the ids of those that are stopped."""
        found = [one for id_, (_, one) in self.runs.items() if run is None or id_ == run]
        for one in found:
            one.cancel()
        return [one.id for one in found]

    async def close(self) -> None:
        """End everything; when this returns no process is left."""
        self._looking.stop()
        for folder in self.folders.values():
            self.saving.forget(folder)
        self.cancel(None)
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=PATIENCE)
        for folder in self.folders.values():
            folder.close()
        self._publications.stop()
        if self._auditor is not None:
            await self._auditor.close()
        await self._readiness.close()

    # --- in between --------------------------------------------------------------------------------------

    def _places(self, path: Path) -> Iterable[tuple[Folder, str]]:
        """Yield the folders that a file lies in, the innermost first."""
        for folder in sorted(self.folders.values(), key=lambda folder: -len(folder.root.parts)):
            if (inside := folder.relative(path)) is not None:
                yield folder, inside

    def _folder_changed(self, folder: Folder) -> None:
        self._listener.lenses_changed()
        self._listener.index_changed(folder)
        self._listener.standing_changed()
        self._publications.hint(folder)
        self._prepare(folder)

    def _prepare(self, folder: Folder) -> None:
        if self._has_settings and self.trust.may_run_unasked(folder.root):
            self._readiness.look(folder)

    def _start(self, folder: Folder, planned: Plan, debugger: Debugger | None) -> Run:
        self._numbers += 1
        run = Run(self._numbers, planned, partial(self._run_changed, folder), debugger)
        self.runs[run.id] = folder, run
        self._keep(self._drive(folder, run))
        self._run_changed(folder, run)
        return run

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _is_open(self, folder: Folder) -> bool:
        return folder.root in self.folders

    def _run_changed(self, folder: Folder, run: Run) -> None:
        self._listener.run_changed(folder, run)
        self._listener.lenses_changed()
        self._listener.standing_changed()

    async def _drive(self, folder: Folder, run: Run) -> None:
        """Have a run driven, and say how it ended."""
        try:
            results = await self._driver.drive(folder, run)
            self.runs.pop(run.id, None)
            self.troubles.extend(trouble for result in results for trouble in result.trouble)
            if self._is_open(folder):
                await self._publications.publish(folder)
            run.end(summarize(results, time.monotonic() - run.started), results)
        except Exception as error:  # an edge: a mistake of ours is told as one, and the next run works
            log.exception("A run failed.")
            self.runs.pop(run.id, None)
            what = f"Prefect Lens made a mistake: {type(error).__name__}: {error}"
            trouble = Trouble("PL912", what, detail=repr(error))
            self.troubles.append(trouble)
            broken = RunResult(Ending.BROKEN, time.monotonic() - run.started, trouble=(trouble,))
            run.end(summarize([broken], broken.seconds), [broken])

    def _forget_interpreters(self, root: Path) -> None:
        self._readiness.forget(root)
        self.interpreters.forget(root)
        self._listener.standing_changed()
