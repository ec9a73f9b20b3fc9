"""Run tests in the project's own interpreter, tell what happens as it happens, and return the whole of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from prefect_lens.engine.request import RunRequest
from prefect_lens.engine.workers import WorkerSource
from prefect_lens.model import RunResult
from pytest_prefect_lens.wire import CaseRecord, TestId

__all__ = ["CaseFinished", "CaseStarted", "Collected", "Preparing", "RunEvent", "RunRequest", "run_tests"]


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


RunEvent = Preparing | Collected | CaseStarted | CaseFinished


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
    raise NotImplementedError
