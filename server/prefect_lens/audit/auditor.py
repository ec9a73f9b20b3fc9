"""Writing the runs of this process down, beside them: no run waits for the trail, and none fails by it."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.audit import facts
from prefect_lens.audit.trail import append, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from prefect_lens.audit.facts import NotBegun
    from prefect_lens.audit.keys import Key
    from prefect_lens.audit.places import Places
    from prefect_lens.audit.trigger import Trigger
    from prefect_lens.engine.request import RunRequest
    from prefect_lens.model import RunResult


@dataclass(frozen=True)
class Watched:
    """A run whose beginning is being written down."""

    run: str
    began: asyncio.Task[None]


class Auditor:
    """Writes down who had which tests run, and what came of it. Everything is called in the event loop."""

    def __init__(
        self, places: Places, trigger: Trigger, environ: Mapping[str, str], tell: Callable[[str], None]
    ) -> None:
        """Begin with nothing written.

        Args:
            places: where the trail stands.
            trigger: who has the tests run.
            environ: what runs inherit.
            tell: is told, once, why the trail cannot be written.
        """
        self._places = places
        self._trigger = trigger
        self._environ = environ
        self._tell = tell
        self._has_told = False
        self._tasks: set[asyncio.Task[None]] = set()

    def began(self, request: RunRequest) -> Watched:
        """Write down that a run begins."""
        run = _new_run()

        def entry(key: Key) -> Mapping[str, Any]:
            return facts.started(run, self._trigger, request, self._environ, key)

        return Watched(run, self._soon(self._write(entry)))

    def refused(self, not_begun: NotBegun) -> None:
        """Write down that a run did not begin."""
        run = _new_run()
        self._soon(self._write(lambda key: facts.refused(run, self._trigger, not_begun, key)))

    def ended(self, watched: Watched, result: RunResult) -> None:
        """Write down how a run ended."""
        self._soon(self._write(lambda _: facts.ended(watched.run, result), watched.began))

    async def close(self) -> None:
        """Wait until everything is written."""
        while self._tasks:
            await asyncio.wait(tuple(self._tasks))

    def _soon(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _write(self, entry: Callable[[Key], Mapping[str, Any]], after: asyncio.Task[None] | None = None) -> None:
        if after is not None:
            await asyncio.wait((after,))
        try:
            await asyncio.to_thread(_append, self._places, entry)
        except OSError as error:
            if not self._has_told:
                self._has_told = True
                self._tell(f"The audit trail in {self._places.folder} cannot be written: {error}.")


def _new_run() -> str:
    return uuid.uuid4().hex[:12]


def _append(places: Places, entry: Callable[[Key], Mapping[str, Any]]) -> None:
    # What is told may take its time: others write meanwhile.
    append(places, entry(key_of(places)))
