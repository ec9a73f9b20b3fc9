"""Doing something soon, but not more often than a person can see."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


class Throttle:
    """Calls a function after each hint: at once after the first, then at most once in each interval.

    A function that takes long is called less often, so that it never takes more than a quarter of the time.
    """

    def __init__(self, call: Callable[[], Awaitable[None]], interval: float) -> None:
        self._call = call
        self._interval = interval
        self._is_wanted = False
        self._task: asyncio.Task[None] | None = None

    def hint(self) -> None:
        """Say that something has changed."""
        self._is_wanted = True
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Forget the hints."""
        self._is_wanted = False
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        try:
            while self._is_wanted:
                self._is_wanted = False
                began = time.monotonic()
                try:
                    await self._call()
                except Exception:  # an edge: what fails here must not end the updates after it
                    log.exception("An update failed.")
                await asyncio.sleep(max(self._interval, 3 * (time.monotonic() - began)))
        finally:
            self._task = None
