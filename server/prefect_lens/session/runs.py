"""One click's run: its parts in each project, what it has told so far, and its end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from prefect_lens.engine.run import AwaitsDebugger, CaseFinished, CaseStarted, Collected, Fetching, Preparing, RunEvent
from prefect_lens.features.results import function_id, node_id
from prefect_lens.features.view import LiveRun

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_prefect_lens.wire import CaseRecord

    from prefect_lens.engine.queue import QueuedRun
    from prefect_lens.features.summary import Summary
    from prefect_lens.model import RunResult
    from prefect_lens.session.selection import Plan


@dataclass(frozen=True)
class Waiting:
    """Another run of the project goes on."""


@dataclass(frozen=True)
class Going:
    """It runs."""

    text: str
    """What happens at this moment, for a progress display."""


@dataclass(frozen=True)
class Over:
    """It has ended, and its results are known to the session."""

    summary: Summary
    results: tuple[RunResult, ...]


Phase = Waiting | Going | Over


class Debugger(Protocol):
    """Whoever debugs a run."""

    @property
    def debugpy(self) -> str:
        """The folder that debugpy is in, for an interpreter without it; or empty."""
        ...

    async def attach(self, run: Run, port: int) -> bool:
        """Attach to a worker of the run, which waits on a port of this machine; false where that cannot be."""
        ...


class Run:
    """A run that a person asked for. The session makes and drives it; others read it, wait for it, cancel it."""

    def __init__(
        self, number: int, plan: Plan, changed: Callable[[Run], None], debugger: Debugger | None = None
    ) -> None:
        self.id = str(number)
        self.plan = plan
        self.phase: Phase = Waiting()
        self.live = LiveRun(self.id, is_waiting=True, asked=plan.asked)
        self.cases: list[CaseRecord] = []
        self.started = time.monotonic()
        self._totals: dict[str, int] = {}
        self._parts: list[QueuedRun] = []
        self.cancelling = asyncio.Event()
        self.debugger = debugger
        self._attaching: asyncio.Future[None] | None = None
        self._changed = changed
        self._ended: asyncio.Future[Summary] = asyncio.get_running_loop().create_future()

    @property
    def is_cancelled(self) -> bool:
        """Whether someone has asked to stop it."""
        return self.cancelling.is_set()

    @property
    def total(self) -> int:
        """How many cases it has, as far as is known."""
        return max(sum(self._totals.values()) or len(self.plan.asked), len(self.cases))

    @property
    def done(self) -> int:
        """How many cases have ended."""
        return len(self.cases)

    async def result(self) -> Summary:
        """Wait for its end. Cancelling the wait leaves the run alone."""
        return await asyncio.shield(self._ended)

    def cancel(self) -> None:
        """Stop it, or take it out of the queue; it then ends as cancelled."""
        self.cancelling.set()
        for part in self._parts:
            part.cancel()

    # --- for the session ---------------------------------------------------------------------------------

    def add(self, part: QueuedRun) -> None:
        """Take the part of one project, which waits in the project's queue."""
        self._parts.append(part)
        if self.is_cancelled:
            part.cancel()

    def hear(self, project: str, event: RunEvent) -> None:
        """Take what happens."""
        live = replace(self.live, is_waiting=False, is_fetching=isinstance(event, Fetching))
        match event:
            case Preparing():
                self.phase = Going(event.text)
            case AwaitsDebugger():
                self.phase = Going("waiting for the debugger")
                self._attaching = asyncio.ensure_future(self._attach(event.port))
            case Collected():
                self._totals[project] = event.total
                self.phase = Going("")
            case CaseStarted():
                live = replace(live, active=live.active | {function_id(event.test)})
                self.phase = Going(node_id(event.test))
            case CaseFinished():
                function = function_id(event.case.test)
                self.cases.append(event.case)
                cases = {**live.cases, function: (*live.cases.get(function, ()), event.case)}
                live = replace(live, cases=cases, active=live.active - {function})
                self.phase = Going(node_id(event.case.test))
        self.live = live
        self._changed(self)

    async def _attach(self, port: int) -> None:
        """Have the debugger come; without it the run would wait for ever."""
        if self.debugger is None or not await self.debugger.attach(self, port):
            self.cancel()

    def end(self, summary: Summary, results: Sequence[RunResult]) -> None:
        """Say that it is over."""
        self.phase = Over(summary, tuple(results))
        self._changed(self)
        if not self._ended.done():
            self._ended.set_result(summary)
