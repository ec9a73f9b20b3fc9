"""Run tests in the project's own interpreter, tell what happens as it happens, and return the whole of it."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import wire
from pytest_prefect_lens.masking import Masker
from pytest_prefect_lens.wire import CaseRecord, CollectError, TestId

from prefect_lens.engine.paths import Relative
from prefect_lens.engine.preflight import look_before, remember
from prefect_lens.engine.request import RunRequest
from prefect_lens.engine.trouble import (
    broken_channel,
    died,
    from_worker,
    lost_api,
    not_prepared,
    stopped_itself,
    wrong_protocol,
)
from prefect_lens.engine.workers import ChannelBrokenError, Exit, WorkerSource
from prefect_lens.model import Ending, RunResult, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_prefect_lens.wire import Message

    from prefect_lens.engine.workers import Worker

__all__ = [
    "AwaitsDebugger",
    "CaseFinished",
    "CaseStarted",
    "Collected",
    "Fetching",
    "Preparing",
    "RunEvent",
    "RunRequest",
    "run_tests",
]

GRACE = 2.0
"""Seconds that a worker has to end by itself, after its last word or after an interrupt."""


@dataclass(frozen=True, slots=True)
class Preparing:
    """What the run waits for before its first test."""

    text: str


@dataclass(frozen=True, slots=True)
class Collected:
    """How many cases will run."""

    total: int


@dataclass(frozen=True, slots=True)
class CaseStarted:
    """A case begins; its path is relative to the workspace folder."""

    test: TestId


@dataclass(frozen=True, slots=True)
class CaseFinished:
    """A case has ended; its paths are relative to the workspace folder."""

    case: CaseRecord


@dataclass(frozen=True, slots=True)
class Fetching(Preparing):
    """What the run waits for are the variables of its tests."""


@dataclass(frozen=True, slots=True)
class AwaitsDebugger:
    """Nothing happens before a debugger attaches to a port of this machine, which it does by debugpy's protocol."""

    port: int


RunEvent = Preparing | AwaitsDebugger | Collected | CaseStarted | CaseFinished


async def run_tests(
    request: RunRequest,
    workers: WorkerSource,
    on_event: Callable[[RunEvent], None],
    cancel: asyncio.Event | None = None,
) -> RunResult:
    """Run the tests of a request. Never raises for what a user's code or environment does: that is in the result.

    Setting `cancel` ends the run: the worker is interrupted, fixtures are torn down, and what is left after two
    seconds is killed. The result then has `Ending.CANCELLED` and the cases that had finished. Cancelling the task
    instead kills at once and raises `CancelledError`. Either way no process of the run is left when this returns.

    `on_event` is called in the event loop, in order, and must not block.
    """
    began = time.monotonic()
    hearing = _Hearing(request, on_event)
    trouble = look_before(request)
    if trouble is None:
        on_event(Preparing("starting pytest"))
        try:
            async with AsyncExitStack() as stack:
                # Whatever it takes to end every process happens in the exit of this context.
                worker = await stack.enter_async_context(workers.open(request))
                if worker.why_cold:
                    on_event(Preparing(f"starting pytest anew: {worker.why_cold}"))
                await _follow(worker, hearing, cancel or asyncio.Event())
                hearing.output = hearing.masker.mask(worker.output())
        except OSError as error:
            trouble = not_prepared(error)
    return hearing.result(time.monotonic() - began, trouble)


async def _follow(worker: Worker, hearing: _Hearing, cancel: asyncio.Event) -> None:
    """Hear a worker out, until it has ended or been told to."""
    listening = asyncio.ensure_future(_listen(worker, hearing))
    cancelled = asyncio.ensure_future(cancel.wait())
    exited = asyncio.ensure_future(worker.exited())
    unserved = asyncio.ensure_future(worker.api_gone())
    try:
        await asyncio.wait((listening, cancelled, unserved), return_when=asyncio.FIRST_COMPLETED)
        if unserved.done():
            # A worker that ends takes its API along, and one whose test has ended knows more of it.
            await asyncio.wait((listening, cancelled), timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
        if cancelled.done() and not listening.done():
            hearing.cancelled = True
            await worker.interrupt()
            await asyncio.wait((listening,), timeout=GRACE)
        if listening.done():
            listening.result()
            # Cancelling a run that has said its last word still shortens the wait for its end.
            await asyncio.wait((exited, cancelled), timeout=GRACE, return_when=asyncio.FIRST_COMPLETED)
            hearing.exit = exited.result() if exited.done() else None
        elif not cancelled.done():
            hearing.hear(lost_api(worker.home))
        # What is said after a kill is said by a process that does not know that it is dead.
        await _stop(listening)
        await worker.kill()
    finally:
        for task in (listening, cancelled, exited, unserved):
            task.cancel()


async def _listen(worker: Worker, hearing: _Hearing) -> None:
    try:
        async for message in worker.messages():
            hearing.hear(message)
            if hearing.is_over:
                return
    except ChannelBrokenError as error:
        hearing.nonsense = str(error)


async def _stop(task: asyncio.Future[Any]) -> None:
    task.cancel()
    await asyncio.wait((task,))


class _Hearing:
    """What has been heard of a run so far."""

    def __init__(self, request: RunRequest, on_event: Callable[[RunEvent], None]) -> None:
        self._request = request
        self._on_event = on_event
        self._relative = Relative(request.folder)
        self.masker = Masker(request.environment.secret_values)
        """The worker masks what it says; what it writes, and what it says when it is broken, is masked here."""
        self._running: dict[TestId, float] = {}
        self._cases: list[CaseRecord] = []
        self._collect_errors: list[CollectError] = []
        self._missing: tuple[TestId, ...] = ()
        self._deselected: tuple[TestId, ...] = ()
        self._hello: wire.Hello | None = None
        self._broken: wire.Broken | None = None
        self._ended: wire.Ended | None = None
        self.cancelled = False
        self.nonsense: str | None = None
        self.exit: Exit | None = None
        self.output = ""

    @property
    def is_over(self) -> bool:
        """Whether nothing that the worker may still say matters."""
        return self._ended is not None or self._broken is not None

    def hear(self, message: Message) -> None:
        if self.cancelled and not isinstance(message, wire.Ended):
            return  # a test that was interrupted has neither passed nor failed
        message = self._relative(self.masker.masked(message))
        match message:
            case wire.Hello():
                self._hello = message
                if message.version != wire.VERSION:
                    self._broken = wrong_protocol(message)
                else:
                    self._on_event(Preparing("collecting tests"))
            case wire.Debuggable():
                self._on_event(AwaitsDebugger(message.port))
            case wire.Collected():
                self._missing, self._deselected = message.missing, message.deselected
                self._on_event(Collected(len(message.tests)))
            case wire.CollectError():
                self._collect_errors.append(message)
            case wire.Started():
                self._running[message.test] = time.monotonic()
                self._on_event(CaseStarted(message.test))
            case wire.Finished():
                case = self._dated(message.case)
                self._running.pop(case.test, None)
                self._cases.append(case)
                self._on_event(CaseFinished(case))
            case wire.Broken():
                self._broken = message
            case wire.Ended():
                self._ended = message
                self._deselected += message.left
            case wire.Order():
                pass

    def result(self, seconds: float, trouble: Trouble | None) -> RunResult:
        """Return the whole of it, once the worker is gone."""
        if trouble is None and not self.cancelled:
            trouble = self._trouble()
        if self._broken is not None:
            remember(self._request, self._broken)
        ending = Ending.CANCELLED if self.cancelled else Ending.COMPLETE if trouble is None else Ending.BROKEN
        hello = self._hello
        return RunResult(
            ending,
            seconds,
            asked=self._request.tests,
            cases=tuple(self._cases),
            collect_errors=tuple(self._collect_errors),
            missing=self._missing,
            deselected=self._deselected,
            trouble=() if trouble is None else (trouble,),
            output=self.output,
            versions=(hello.python, hello.pytest, hello.prefect) if hello is not None else (None, None, None),
            variables=tuple(name for name, _ in self._request.environment.variables),
        )

    def _dated(self, case: CaseRecord) -> CaseRecord:
        """Note what had expired when a test failed: it ran with what it was given at its start."""
        now = time.time()
        expired = tuple((name, at) for name, at in self._request.environment.expires if at <= now)
        return replace(case, expired=expired) if expired and case.failures else case

    def _trouble(self) -> Trouble | None:
        if self._broken is not None:
            self._blame_running(self._broken.what)
            return from_worker(self._request, self._broken)
        if self._ended is not None:
            return stopped_itself(self._ended, self.output, tests_ran=bool(self._cases or self._collect_errors))
        if self.nonsense is not None:
            return replace(broken_channel(list(self._running)), detail=self.masker.mask(self.nonsense))
        if self.exit is None:
            self._blame_running("the worker's channel broke")
            return broken_channel(list(self._running))
        trouble = died(self._request, self.exit, list(self._running), self.output, greeted=self._hello is not None)
        self._blame_running(trouble.what)
        return trouble

    def _blame_running(self, what: str) -> None:
        """Record the tests that were running as errors, so that no earlier result of theirs goes on standing."""
        now = time.monotonic()
        for test, began in self._running.items():
            record = wire.ExceptionRecord("prefect_lens.WorkerDied", what)
            failure = wire.Failure("call", record, f"{what}\n\n{self.output[-4000:]}")
            case = CaseRecord(test, "error", now - began, failures=(failure,))
            self._cases.append(case)
            self._on_event(CaseFinished(case))
