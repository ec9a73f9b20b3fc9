"""The session: what the editor has open, what runs, what is known of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Protocol

from prefect_lens.engine.interpreter import find_interpreter
from prefect_lens.engine.queue import RunQueue
from prefect_lens.engine.request import RunRequest
from prefect_lens.engine.run import CaseFinished
from prefect_lens.features.results import Results
from prefect_lens.features.standing import FolderStanding, ProjectStanding
from prefect_lens.features.summary import summarize
from prefect_lens.features.view import View
from prefect_lens.index.config import CONFIG_NAMES
from prefect_lens.model import Diagnostic, Ending, Interpreter, RunResult, Trouble
from prefect_lens.session import evidence
from prefect_lens.session.folder import Folder
from prefect_lens.session.intake import Intake
from prefect_lens.session.publications import Publications
from prefect_lens.session.readiness import Readiness
from prefect_lens.session.runs import Run, Waiting
from prefect_lens.session.selection import NothingToRunError, Part, Plan, Selection, plan

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_prefect_lens.wire import CaseRecord

    from prefect_lens.engine.run import RunEvent
    from prefect_lens.engine.workers import Preparing, WorkerSource
    from prefect_lens.session.settings import Settings
    from prefect_lens.session.texts import Document
    from prefect_lens.session.trust import Trust

log = logging.getLogger(__name__)

PATIENCE = 8.0
"""Seconds that runs get to end when all ends. They need less than five; this is for what nobody thought of."""

Published = Mapping[str, list[Diagnostic]]


class Listener(Protocol):
    """Whoever shows what the session knows. It is called in the event loop and must not block."""

    def lenses_changed(self) -> None:
        """Lenses of any file may say something else."""
        ...

    def index_changed(self, folder: Folder) -> None:
        """The definitions or the tests of a folder may be others."""
        ...

    def standing_changed(self) -> None:
        """What a status bar shows may be another."""
        ...

    def run_changed(self, folder: Folder, run: Run) -> None:
        """A run has moved on."""
        ...

    def diagnostics_changed(self, folder: Folder, path: str, diagnostics: list[Diagnostic]) -> None:
        """A file has these diagnostics now, and no others."""
        ...


class NotTrustedError(Exception):
    """Nothing of an untrusted workspace is run."""


class Session:
    """The one mutable thing of the server. Everything is called in the event loop."""

    def __init__(
        self,
        listener: Listener,
        workers: WorkerSource,
        trust: Trust,
        environ: Mapping[str, str],
        preparing: Preparing | None = None,
    ) -> None:
        """Begin with no folder open. `preparing` is told which projects are likely to be run."""
        self.trust = trust
        self.folders: dict[Path, Folder] = {}
        self.runs: dict[str, tuple[Folder, Run]] = {}
        """Those that wait or go on."""
        self.troubles: deque[Trouble] = deque(maxlen=20)
        """The latest troubles of the machinery, for a bug report."""
        self._listener = listener
        self._workers = workers
        self._environ = environ
        self._queues: dict[tuple[Path, str], RunQueue] = {}
        self._readiness = Readiness(preparing, self.interpreter)
        self._has_settings = False
        self._interpreters: dict[tuple[Path, str], Interpreter | Trouble] = {}
        self._last: dict[Path, Selection] = {}
        self._numbers = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._publications = Publications(listener.diagnostics_changed, self._places)
        self._locks: dict[Path, asyncio.Lock] = {}
        self._intakes: dict[Intake, Path] = {}

    # --- changes come in ---------------------------------------------------------------------------------

    def add_folder(self, root: Path, settings: Settings) -> Folder:
        """Open a workspace folder and start to read it."""
        folder = Folder(root, settings, self._folder_changed, self._listener.standing_changed)
        self.folders[root] = folder
        self._publications.add(folder)
        self._locks[root] = asyncio.Lock()
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
        self._publications.remove(folder)
        self._listener.standing_changed()

    def set_settings(self, root: Path, settings: Settings) -> None:
        """Take the editor's settings of a folder; they hold from the next run on."""
        if (folder := self.folders.get(root)) is not None and folder.settings != settings:
            folder.settings = settings
            self._forget_interpreters(root)
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
                self._prepare(folder)

    def close_document(self, path: Path) -> None:
        """Go back to what the disk has of a file."""
        for folder, inside in self._places(path):
            folder.close_document(inside)

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
            async with self._locks[folder.root]:
                await folder.record(Results())
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
        )

    async def interpreter(self, folder: Folder, project: str) -> Interpreter | Trouble:
        """Return what runs the tests of a project; it is found by reading, each time anew."""
        settings = folder.project_settings(project)
        found = await asyncio.to_thread(
            find_interpreter,
            folder.root,
            project,
            setting=folder.settings.interpreter,
            editor=folder.settings.editor_interpreter,
            configured=settings.interpreter,
            environ=self._environ,
        )
        self._interpreters[folder.root, project] = found
        return found

    async def folder_standings(self) -> tuple[FolderStanding, ...]:
        """Return the folders, their projects and interpreters, for a status bar."""
        found: list[FolderStanding] = []
        for folder in tuple(self.folders.values()):
            reading = folder.reading
            standings = [
                ProjectStanding(
                    project,
                    self._interpreters.get((folder.root, project)) or await self.interpreter(folder, project),
                )
                for project in reading.projects or (".",)
                if folder.is_complete and reading.uses_prefect
            ]
            is_read = None if folder.is_complete else folder.read
            found.append(FolderStanding(str(folder.root), tuple(standings), reading.uses_prefect, is_read))
        return tuple(found)

    def diagnostics(self, folder: Folder) -> list[Diagnostic]:
        """Return what the editor has been told of a folder."""
        return self._publications.of(folder)

    async def settle(self, folder: Folder) -> None:
        """Wait until the diagnostics of every case that has ended are out, those of runs that go on among them."""
        for intake, root in tuple(self._intakes.items()):
            if root == folder.root:
                await intake.settle()

    # --- runs --------------------------------------------------------------------------------------------

    def last(self, folder: Folder) -> Selection:
        """Return what was run last.

        Raises:
            NothingToRunError: nothing was.
        """
        if (selection := self._last.get(folder.root)) is None:
            raise NothingToRunError("Nothing has been run yet.")
        return selection

    async def run(self, folder: Folder, selection: Selection) -> Run:
        """Start or queue a run, at a person's command. A selection that waits already is not queued twice.

        Raises:
            NotTrustedError: the user does not trust the workspace.
            NothingToRunError: the selection names nothing that is there.
        """
        if not self.trust.may_run:
            raise NotTrustedError("This workspace is not trusted, and so nothing of it is run.")
        self.trust.commanded(folder.root)
        await folder.complete()
        planned = await asyncio.to_thread(plan, folder.snapshot, folder.results, selection)
        self._last[folder.root] = selection
        for of, run in self.runs.values():
            if (
                of is folder
                and run.plan.selection == selection
                and isinstance(run.phase, Waiting)
                and not run.is_cancelled
            ):
                return run
        return self._start(folder, planned)

    def cancel(self, run: str | None) -> list[str]:
        """Stop a run, or all; return the ids of those that are stopped."""
        found = [one for id_, (_, one) in self.runs.items() if run is None or id_ == run]
        for one in found:
            one.cancel()
        return [one.id for one in found]

    async def close(self) -> None:
        """End everything; when this returns no process is left."""
        self.cancel(None)
        if self._tasks:
            await asyncio.wait(tuple(self._tasks), timeout=PATIENCE)
        for folder in self.folders.values():
            folder.close()
        self._publications.stop()
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

    def _start(self, folder: Folder, planned: Plan) -> Run:
        self._numbers += 1
        run = Run(self._numbers, planned, partial(self._run_changed, folder))
        self.runs[run.id] = folder, run
        task = asyncio.create_task(self._drive(folder, run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._run_changed(folder, run)
        return run

    def _run_changed(self, folder: Folder, run: Run) -> None:
        self._listener.run_changed(folder, run)
        self._listener.lenses_changed()
        self._listener.standing_changed()

    async def _drive(self, folder: Folder, run: Run) -> None:
        """Run the parts of a run side by side, one for each project, and take in what they told."""
        try:
            parts = run.plan.parts
            results = list(await asyncio.gather(*(self._run_part(folder, run, part) for part in parts)))
            self.runs.pop(run.id, None)
            self.troubles.extend(trouble for result in results for trouble in result.trouble)
            if folder.root in self.folders:
                await self._publications.publish(folder)
            run.end(summarize(results, time.monotonic() - run.started), results)
        except Exception as error:  # an edge: a mistake of ours is told as one, and the next run works
            log.exception("A run failed.")
            self.runs.pop(run.id, None)
            trouble = Trouble(
                "PL912", f"Prefect Lens made a mistake: {type(error).__name__}: {error}", detail=repr(error)
            )
            self.troubles.append(trouble)
            broken = RunResult(Ending.BROKEN, time.monotonic() - run.started, trouble=(trouble,))
            run.end(summarize([broken], broken.seconds), [broken])

    async def _run_part(self, folder: Folder, run: Run, part: Part) -> RunResult:
        asked = part.tests
        interpreter = await self.interpreter(folder, part.project)
        before: list[asyncio.Task[dict[str, str]]] = []

        async def record(cases: tuple[CaseRecord, ...]) -> None:
            if folder.root in self.folders:
                ended = RunResult(Ending.COMPLETE, 0.0, cases=cases)
                await self._record(folder, frozenset(), ended, await before[0])
                await self._publications.publish(folder)

        intake = Intake(record)

        def hear(event: RunEvent) -> None:
            if not before:  # the first event: the run's turn has come
                before.append(asyncio.create_task(self._texts_of(folder, run.plan)))
            if isinstance(event, CaseFinished):
                intake.take(event.case)
            run.hear(part.project, event)

        if isinstance(interpreter, Trouble):
            result = RunResult(Ending.BROKEN, 0.0, asked=asked, trouble=(interpreter,))
        elif run.is_cancelled:
            result = RunResult(Ending.CANCELLED, 0.0, asked=asked)
        else:
            arguments = (*folder.project_settings(part.project).pytest_args, *folder.settings.pytest_args)
            request = RunRequest(folder.root, part.project, interpreter, asked, part.files, arguments)
            key = (folder.root, part.project)
            queue = self._queues.setdefault(key, RunQueue(self._workers))
            queued = queue.submit(request, hear)
            run.add(queued)
            self._intakes[intake] = folder.root
            try:
                result = await queued.result()
            finally:
                del self._intakes[intake]
                intake.stop()
        texts = await before[0] if before else dict[str, str]()
        if folder.root in self.folders:
            await self._record(folder, part.whole, result, texts)
        return result

    async def _texts_of(self, folder: Folder, planned: Plan) -> dict[str, str]:
        """Return what the disk has of the files that a run is about, which are those that it will import."""
        paths = {function.partition("::")[0] for function in planned.asked}
        for definition, _ in planned.definitions:
            paths |= {definition.path, definition.location.path}
        return await asyncio.to_thread(evidence.read_texts, folder.root, paths)

    async def _record(
        self, folder: Folder, whole: frozenset[str], result: RunResult, before: Mapping[str, str]
    ) -> None:
        async with self._locks[folder.root]:
            results = await asyncio.to_thread(evidence.recorded, folder.results, result, whole, folder.root, before)
            await folder.record(results)

    def _forget_interpreters(self, root: Path) -> None:
        self._readiness.forget(root)
        self._interpreters = {key: found for key, found in self._interpreters.items() if key[0] != root}
        self._listener.standing_changed()
