"""How a run goes through the engine: what is asked of it, and how what it tells is taken in as it comes."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from prefect_lens.audit.facts import NotBegun
from prefect_lens.engine.queue import RunQueue
from prefect_lens.engine.request import RunRequest
from prefect_lens.engine.run import CaseFinished
from prefect_lens.environment.giving import Cancelled, Given, Giver, Refused
from prefect_lens.model import Ending, RunResult, Trouble
from prefect_lens.session import evidence
from prefect_lens.session.intake import Intake
from prefect_lens.session.selection import whole_of
from prefect_lens.session.spreading import spread

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine
    from pathlib import Path

    from pytest_prefect_lens.wire import CaseRecord

    from prefect_lens.audit.auditor import Auditor
    from prefect_lens.engine.run import RunEvent
    from prefect_lens.engine.workers import WorkerSource
    from prefect_lens.environment.approval import Person
    from prefect_lens.environment.resolving import Vault
    from prefect_lens.session.folder import Folder
    from prefect_lens.session.interpreters import Interpreters
    from prefect_lens.session.runs import Run
    from prefect_lens.session.selection import Part


@dataclass(frozen=True)
class Ties:
    """What a run meets of the session: a folder may be closed while its tests run, and its diagnostics are shown."""

    is_open: Callable[[Folder], bool]
    publish: Callable[[Folder], Awaitable[None]]
    keep: Callable[[Coroutine[None, None, None]], None]
    """Has something done in the background."""
    person: Callable[[Folder], Person]
    """Who is asked about a folder's runs."""


class Driver:
    """Drives the runs of all folders, in each project one at a time."""

    def __init__(
        self, workers: WorkerSource, vault: Vault, interpreters: Interpreters, auditor: Auditor | None, ties: Ties
    ) -> None:
        self._workers = workers
        self._vault = vault
        self._interpreters = interpreters
        self._auditor = auditor
        self._ties = ties
        self._queues: dict[tuple[Path, str], RunQueue] = {}
        self._intakes: dict[Intake, Path] = {}

    async def drive(self, folder: Folder, run: Run) -> list[RunResult]:
        """Run the parts of a run side by side, one for each project; what they told is in the folder's results then."""
        found = await asyncio.gather(*(self._part(folder, run, part) for part in run.plan.parts))
        return [result for results in found for result in results]

    async def settle(self, folder: Folder) -> None:
        """Wait until the diagnostics of every case that has ended are out, those of runs that go on among them."""
        for intake, root in tuple(self._intakes.items()):
            if root == folder.root:
                await intake.settle()

    async def _part(self, folder: Folder, run: Run, part: Part) -> list[RunResult]:
        match await self._requests(folder, run, part):
            case Given(requests):
                return list(await asyncio.gather(*(self._request(folder, run, part, one) for one in requests)))
            case Refused(troubles):
                result = RunResult(Ending.BROKEN, 0.0, asked=part.tests, trouble=troubles)
                self._not_begun(folder, part, tuple(one.code for one in troubles))
            case Cancelled():
                result = RunResult(Ending.CANCELLED, 0.0, asked=part.tests)
                self._not_begun(folder, part, ())
        if self._ties.is_open(folder):
            await folder.record(result, part.whole, {})
        return [result]

    def _not_begun(self, folder: Folder, part: Part, why: tuple[str, ...]) -> None:
        if self._auditor is not None and folder.settings.is_audited:
            self._auditor.refused(NotBegun(why, folder.root, part.project, part.tests, part.files))

    async def _requests(self, folder: Folder, run: Run, part: Part) -> Given | Refused | Cancelled:
        interpreter = await self._interpreters.find(folder, part.project)
        if isinstance(interpreter, Trouble):
            return Refused((interpreter,))
        if run.is_cancelled:
            return Cancelled()
        settings = folder.project_settings(part.project)
        arguments = (*settings.pytest_args, *folder.settings.pytest_args)
        request = RunRequest(
            folder.root, part.project, interpreter, part.tests, part.files, arguments, settings.skip_retry_delays
        )
        # A debugged run stays in one process.
        if run.debugger is None:
            request = spread(folder, part, request)
        else:
            request = replace(request, debugpy=run.debugger.debugpy)
        giver = Giver(self._vault, self._ties.person(folder))
        choose, hear = partial(folder.environment, part.project), partial(run.hear, part.project)
        return await giver.give(folder.snapshot, choose, request, hear, run.cancelling)

    async def _request(self, folder: Folder, run: Run, part: Part, request: RunRequest) -> RunResult:
        before: list[asyncio.Task[dict[str, str]]] = []
        snapshot, moment = folder.snapshot, time.time()

        async def record(cases: tuple[CaseRecord, ...]) -> None:
            if self._ties.is_open(folder):
                ended = RunResult(Ending.COMPLETE, 0.0, cases=cases)
                await folder.record(ended, frozenset(), await before[0])
                await self._ties.publish(folder)

        intake = Intake(record)

        def hear(event: RunEvent) -> None:
            nonlocal snapshot, moment
            if not before:  # the first event: the run's turn has come
                snapshot, moment = folder.snapshot, time.time()
                before.append(asyncio.create_task(asyncio.to_thread(evidence.texts_before, folder.root, run.plan)))
            if isinstance(event, CaseFinished):
                intake.take(event.case)
            run.hear(part.project, event)

        queue = self._queues.setdefault((folder.root, part.project), RunQueue(self._workers))
        auditor = self._auditor if folder.settings.is_audited else None
        watched = auditor.began(request) if auditor is not None else None
        queued = queue.submit(request, hear)
        run.add(queued)
        self._intakes[intake] = folder.root
        try:
            result = await queued.result()
        finally:
            del self._intakes[intake]
            intake.stop()
        if auditor is not None and watched is not None:
            auditor.ended(watched, result)
        texts = await before[0] if before else dict[str, str]()
        if self._ties.is_open(folder):
            whole = whole_of(part, request)
            await folder.record(result, whole, texts)
            self._ties.keep(folder.observe(snapshot, moment, whole, result))
        return result
