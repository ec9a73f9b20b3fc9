"""One run at a time for each project; the same selection never waits twice."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from prefect_lens.engine import parallel
from prefect_lens.model import Ending, RunResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.engine.request import RunRequest
    from prefect_lens.engine.run import RunEvent
    from prefect_lens.engine.workers import WorkerSource


class QueuedRun:
    """A run that waits, goes on or has ended."""

    def __init__(self, request: RunRequest) -> None:
        self.request = request
        self.has_begun = False
        self.listeners: list[Callable[[RunEvent], None]] = []
        self.cancelling = asyncio.Event()
        self.ended: asyncio.Future[RunResult] = asyncio.get_running_loop().create_future()

    async def result(self) -> RunResult:
        """Wait for its end. Cancelling the wait leaves the run alone."""
        return await asyncio.shield(self.ended)

    def cancel(self) -> None:
        """End it, or take it out of the queue. Its result then has `Ending.CANCELLED`."""
        self.cancelling.set()
        if not self.has_begun and not self.ended.done():
            self.ended.set_result(RunResult(Ending.CANCELLED, 0.0, asked=self.request.tests))


class RunQueue:
    """The runs of one project: one goes on, the others wait in the order of asking."""

    def __init__(self, workers: WorkerSource) -> None:
        self._workers = workers
        self._waiting: deque[QueuedRun] = deque()
        self._going: asyncio.Task[None] | None = None

    def submit(self, request: RunRequest, on_event: Callable[[RunEvent], None]) -> QueuedRun:
        """Queue a run. Where an equal request is still waiting, return that one, with one more listener.

        A run that has begun already is not taken for it: the code may have changed since.
        """
        for waiting in self._waiting:
            if waiting.request == request and not waiting.ended.done():
                waiting.listeners.append(on_event)
                return waiting
        run = QueuedRun(request)
        run.listeners.append(on_event)
        self._waiting.append(run)
        if self._going is None:
            self._going = asyncio.ensure_future(self._work())
        return run

    async def close(self) -> None:
        """Cancel everything, and return when no process is left."""
        for run in self._waiting:
            run.cancel()
        if self._going is not None:
            self._going.cancel()
            await asyncio.wait((self._going,))

    async def _work(self) -> None:
        try:
            while self._waiting:
                run = self._waiting.popleft()
                if not run.ended.done():
                    await self._run(run)
        finally:
            self._going = None

    async def _run(self, run: QueuedRun) -> None:
        def tell(event: RunEvent) -> None:
            for listener in tuple(run.listeners):
                listener(event)

        run.has_begun = True
        try:
            result = await parallel.run(run.request, self._workers, tell, run.cancelling)
        except asyncio.CancelledError:
            run.ended.set_result(RunResult(Ending.CANCELLED, 0.0, asked=run.request.tests))
            raise
        except Exception as error:  # noqa: BLE001  a fault of ours must not stop the queue; whoever asked hears of it
            run.ended.set_exception(error)
        else:
            run.ended.set_result(result)
