"""One run at a time for each project; the same selection never waits twice."""

from __future__ import annotations

from collections.abc import Callable

from prefect_lens.engine.request import RunRequest
from prefect_lens.engine.run import RunEvent
from prefect_lens.engine.workers import WorkerSource
from prefect_lens.model import RunResult


class RunQueue:
    """The runs of one project: one goes on, the others wait in the order of asking."""

    def __init__(self, workers: WorkerSource) -> None:
        self._workers = workers

    def submit(self, request: RunRequest, on_event: Callable[[RunEvent], None]) -> QueuedRun:
        """Queue a run. Where an equal request is still waiting, return that one, with one more listener."""
        raise NotImplementedError


class QueuedRun:
    """A run that waits, goes on or has ended."""

    async def result(self) -> RunResult:
        """Wait for its end. Cancelling the wait leaves the run alone."""
        raise NotImplementedError

    def cancel(self) -> None:
        """End it, or take it out of the queue. Its result then has `Ending.CANCELLED`."""
        raise NotImplementedError
