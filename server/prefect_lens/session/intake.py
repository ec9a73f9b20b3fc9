"""What a run tells while it goes on: a case counts as soon as it has ended, not only when the whole run has."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prefect_lens.session.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_prefect_lens.wire import CaseRecord

INTERVAL = 0.1
"""Seconds between two times that cases are taken in; all that ended in between are taken at once."""


class Intake:
    """The cases of one run that have ended and are not known to the session yet."""

    def __init__(self, record: Callable[[tuple[CaseRecord, ...]], Awaitable[None]]) -> None:
        self._record = record
        self._waiting: list[CaseRecord] = []
        self._order = asyncio.Lock()
        self._throttle = Throttle(self.settle, INTERVAL)

    def take(self, case: CaseRecord) -> None:
        """Take a case; it is recorded soon."""
        self._waiting.append(case)
        self._throttle.hint()

    async def settle(self) -> None:
        """Record what has been taken so far."""
        async with self._order:
            cases, self._waiting = tuple(self._waiting), []
            if cases:
                await self._record(cases)

    def stop(self) -> None:
        """Forget what is not recorded yet: the run is over, and all of its cases are recorded together."""
        self._throttle.stop()
        self._waiting = []
