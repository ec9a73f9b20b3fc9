"""Workers that are ready before they are asked for: forked from a warm parent where there is one, else cold."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.engine import fingerprint, memory
from prefect_lens.engine.ahead import open_starter
from prefect_lens.engine.cold import ColdWorkers
from prefect_lens.engine.parent import ParentError, Place, Spare, SpareError, UnfitError, open_parent
from prefect_lens.engine.workers import Warmth

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from prefect_lens.engine.ahead import Starter
    from prefect_lens.engine.parent import Parent
    from prefect_lens.engine.request import RunRequest
    from prefect_lens.engine.workers import Worker
    from prefect_lens.model import Interpreter

log = logging.getLogger(__name__)

PATIENCE = 30.0
"""Seconds after which a parent that does not become ready is given up, or one that has no worker ready so long after
that; the next click begins another.

To wait is quicker than to start cold: what it has still to do is less work than a cold worker has before its first
test, however slow the machine is.
"""

LEAST_MEMORY = 400 * 2**20
"""Bytes that must be available for another warm process."""

MOST_DEATHS = 3
"""How often in a row a parent may die before it is ready, or a worker of it; then its runs start cold for a while."""

REST = 60.0
"""Seconds after so many deaths in which no other parent is begun, unless what it depends on changes."""


@dataclass(frozen=True)
class Cold:
    """A run has no warm worker."""

    why: str = ""
    """For a person; empty where nobody would expect one."""


class WarmWorkers:
    """A `WorkerSource` that keeps what it can ready, and is never slower or less true than the cold one behind it."""

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        *,
        most: int = 3,
        idle: float = 900.0,
        forks: bool = sys.platform == "linux",
    ) -> None:
        """Keep the workers of at most so many projects ready, each for so many seconds after its last use.

        Where the system forks safely, which is Linux, they are forked from a parent; elsewhere they are started ahead.
        """
        self.environ = environ
        self.open_parent = open_parent if forks else open_starter
        self._cold = ColdWorkers(environ)
        self._most = most
        self.idle = idle
        self._warm: dict[Place, _Kept] = {}
        self._why_cold: dict[Place, str] = {}
        self._imports: dict[Place, tuple[str, ...]] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    def prepare(self, interpreter: Interpreter, folder: Path, project: str) -> None:
        """Begin to get ready for runs of a project, in the background. Must be called in an event loop."""
        self._keep(Place(interpreter, folder / project))

    def mention(self, interpreter: Interpreter, folder: Path, project: str, imports: tuple[str, ...]) -> None:
        """See `Preparing.mention`."""
        self._imports[Place(interpreter, folder / project)] = imports

    def imports(self, place: Place) -> tuple[str, ...]:
        """Return what the code of a project imports, as far as that was mentioned."""
        return self._imports.get(place, ())

    def limit(self, most: int, idle: float) -> None:
        """See `Preparing.limit`."""
        self._most, self.idle = most, idle
        for kept in self._warm.values():
            kept.used()
        self._bound()

    async def standing(self) -> tuple[Warmth, ...]:
        """See `Preparing.standing`."""
        found: list[Warmth] = []
        for place, kept in tuple(self._warm.items()):
            pid = kept.parent.pid if kept.parent is not None else None
            taken = await asyncio.to_thread(memory.taken_by, pid) if pid is not None else None
            why = self._why_cold.get(place)
            last = f"; the last run was started anew: {why}" if why else ""
            found.append(Warmth(place.root, place.interpreter, f"{kept.state}{last}", taken))
        for place, why in self._why_cold.items():
            if why and place not in self._warm:
                found.append(Warmth(place.root, place.interpreter, f"cold: {why}"))
        return tuple(found)

    @asynccontextmanager
    async def open(self, request: RunRequest) -> AsyncGenerator[Worker]:
        """See `WorkerSource.open`."""
        place = Place(request.interpreter, request.root)
        # What wraps a worker has to start it: a fork cannot be wrapped. A debugger wants to see all that is imported.
        must_be_cold = request.environment.wrap or request.debugpy is not None
        kept = Cold() if must_be_cold else self._keep(place)
        async with kept.worker(request) if isinstance(kept, _Kept) else nullcontext(kept) as spare:
            self._why_cold[place] = spare.why if isinstance(spare, Cold) else ""
            if isinstance(spare, Cold):
                async with self._cold.open(request) as worker:
                    worker.why_cold = spare.why
                    yield worker
            else:
                yield spare

    async def close(self) -> None:
        """End everything that is kept ready; returns when no process of it is left."""
        self._closed = True
        for kept in list(self._warm.values()):
            self._let_go(kept, now=True)
        if self._ending:
            await asyncio.wait(self._ending)

    def _keep(self, place: Place) -> _Kept | Cold:
        """Return what is kept for a place, new where there was none or it is stale."""
        if self._closed or self._most == 0:
            return Cold()
        kept = self._warm.get(place)
        now = fingerprint.of_run(self.environ, place.interpreter, place.root)
        stale = kept.parent.stale() if kept is not None and kept.parent is not None else None
        if kept is not None and (kept.fingerprint != now or stale is not None):
            log.info("%s has changed: a new warm parent is started.", stale or f"What {place.root} depends on")
            self._let_go(kept)
            kept = None
        if kept is None or kept.can_begin_again:
            if (low := _little_memory(place)) is not None:
                return low
            if kept is not None:
                self._let_go(kept)
            deaths = kept.deaths if kept is not None else 0
            kept = self._warm[place] = _Kept(self, place, now, deaths)
            self._bound()
        return kept

    def _bound(self) -> None:
        free = sorted((kept for kept in self._warm.values() if not kept.in_use), key=lambda kept: kept.last_used)
        for kept in free[: max(0, len(self._warm) - self._most)]:
            self._let_go(kept)

    def _let_go(self, kept: _Kept, *, now: bool = False) -> None:
        if self._warm.get(kept.place) is kept:
            del self._warm[kept.place]
        ending = asyncio.ensure_future(kept.close(now=now))
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)

    def forget(self, kept: _Kept) -> None:
        """Let go of what was not used for long."""
        self._let_go(kept)


class _Kept:
    """A parent with its spare, or on the way there."""

    def __init__(self, source: WarmWorkers, place: Place, fingerprint: str, deaths: int) -> None:
        self.place = place
        self.fingerprint = fingerprint
        self.deaths = deaths
        """How often in a row its parent has died before it was ready."""
        self.last_used = time.monotonic()
        self.parent: Parent | Starter | None = None
        """Where it is ready."""
        self._source = source
        self._failure = ""
        self._unfit = False
        self._died = 0.0
        self._lost = 0
        """How many workers in a row have died before they were ready."""
        self._spare: asyncio.Future[tuple[Parent | Starter, Spare]] = asyncio.get_running_loop().create_future()
        self._given_back = asyncio.Event()
        self._renewed = asyncio.Event()
        self._taken = False
        """Whether a run has the spare."""
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._timer: asyncio.TimerHandle | None = None
        self._living = asyncio.ensure_future(self._live())
        self.used()

    @property
    def in_use(self) -> bool:
        """Whether a run goes on in a worker of it."""
        return not self._idle.is_set()

    @property
    def can_begin_again(self) -> bool:
        """Whether it came to an end for no reason that would stand in the way of another."""
        rests = self.deaths >= MOST_DEATHS and time.monotonic() < self._died + REST
        return self._living.done() and not self._unfit and not rests

    @property
    def state(self) -> str:
        """What a person is told of it."""
        if self._living.done():
            return f"cold: {self._failure}"
        return "running" if self.in_use else "ready" if self._spare.done() else "getting ready"

    def used(self) -> None:
        """Say that a run has ended; from now on it is idle."""
        self.last_used = time.monotonic()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self._source.idle, self._source.forget, self)

    @asynccontextmanager
    async def worker(self, request: RunRequest) -> AsyncGenerator[Spare | Cold]:
        """Give a worker that has its order, or say why there is none: the spare, or one beside that which runs."""
        runs = 0
        try:
            async with AsyncExitStack() as stack:
                found = await self._take(request)
                if isinstance(found, Spare):
                    stack.push_async_callback(self._give_back)
                elif found is None:
                    found = await self._one_more(request, stack)
                if isinstance(found, Spare):
                    runs = 1
                    self._running += runs
                    self._idle.clear()
                yield found
        finally:
            self._running -= runs
            self.used()
            if not self._running:
                self._idle.set()

    async def _take(self, request: RunRequest) -> Spare | Cold | None:
        """Return the spare with its order, waiting for it where that is quicker than to do without.

        None where another run has it.
        """
        if self._taken:
            return None
        if not self._spare.done():
            both, before = (self._spare, self._living), self.parent
            done, _ = await asyncio.wait(both, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if not done and self.parent is not before:
                done, _ = await asyncio.wait(both, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                self.deaths += 1
                self._failed(f"what was to be warm is not after {PATIENCE:.0f} s")
                self._living.cancel()
                return Cold(self._failure)
        if self._living.done():
            return Cold(self._failure)
        if self._taken:
            return None
        if not self._spare.done():
            return Cold("no worker is ready yet")
        parent, spare = self._spare.result()
        if (hidden := self._hidden(parent)) is not None:
            return hidden
        self._taken, took = True, False
        try:
            took = await spare.take(request)
        finally:
            if not took:
                await self._give_back()
        return spare if took else Cold("the worker that was ready has died")

    async def _one_more(self, request: RunRequest, stack: AsyncExitStack) -> Spare | Cold:
        """Return a worker that is forked now: a part of a run that is spread over several."""
        if self.parent is None:
            return Cold(self._failure or "another run of the project goes on")
        cold = self._hidden(self.parent) or _little_memory(self.place)
        if cold is not None:
            return cold
        try:
            spare = await stack.enter_async_context(self.parent.spare())
        except (ParentError, OSError) as error:
            log.warning("A part of a run of %s starts cold: %s.", self.place.root, str(error).removesuffix("."))
            return Cold(str(error))
        return spare if await spare.take(request) else Cold("the worker that was forked has died")

    def _hidden(self, parent: Parent | Starter) -> Cold | None:
        hiding = fingerprint.first_in(_path(self._source.environ, self.place.root), parent.modules)
        if hiding is None:
            return None
        log.info("%s stands before what is installed: the run starts cold.", hiding)
        return Cold(f"{hiding} stands before what is installed")

    async def _give_back(self) -> None:
        """Say that the run has ended; returns when nothing of it is left, and the next spare is being prepared."""
        self._renewed.clear()
        self._given_back.set()
        if not self._living.done():
            await self._renewed.wait()
        self._taken = False

    async def close(self, *, now: bool) -> None:
        """End it, `now` or after the run that goes on in a worker of it; returns when nothing is left."""
        if self._timer is not None:
            self._timer.cancel()
        if not now:
            await self._idle.wait()
        self._living.cancel()
        await asyncio.wait((self._living,))

    async def _live(self) -> None:
        try:
            async with self._source.open_parent(self.place, self._source.environ) as parent:
                self.parent = parent
                while True:
                    await self._serve_next(parent)
        except UnfitError as error:
            self._unfit = True
            self._failed(str(error))
        except (ParentError, OSError) as error:
            self.deaths += 1
            self._failed(str(error))
        finally:
            self.parent = None
            self._renewed.set()

    def _failed(self, why: str) -> None:
        self._failure, self._died = why, time.monotonic()
        log.warning("Runs of %s start cold: %s.", self.place.root, self._failure.removesuffix("."))

    async def _serve_next(self, parent: Parent | Starter) -> None:
        try:
            await self._serve_one(parent)
        except SpareError as error:
            self._lost += 1
            if self._lost == MOST_DEATHS:
                raise
            log.info("Another worker is forked for %s: %s.", self.place.root, str(error).removesuffix("."))

    async def _serve_one(self, parent: Parent | Starter) -> None:
        """Make a spare ready, and have it used; one that ends without being used is followed by the next."""
        self._given_back.clear()
        async with AsyncExitStack() as stack:
            spare = await stack.enter_async_context(parent.spare())
            self.deaths = self._lost = 0
            self._spare.set_result((parent, spare))
            await parent.mention(self._source.imports(self.place))
            events = [
                asyncio.ensure_future(wait) for wait in (self._given_back.wait(), spare.exited(), spare.api_gone())
            ]
            try:
                await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
                if self._taken:
                    await self._given_back.wait()
            finally:
                for event in events:
                    event.cancel()
                self._spare = asyncio.get_running_loop().create_future()
        self._renewed.set()


def _little_memory(place: Place) -> Cold | None:
    if (free := memory.available()) is None or free >= LEAST_MEMORY:
        return None
    log.warning("Memory is low, %d MB: runs of %s start cold.", free // 2**20, place.root)
    return Cold("memory is low")


def _path(environ: Mapping[str, str], root: Path) -> list[str]:
    """Return the folders that a worker looks into before those of the installation."""
    return [str(root), *filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))]
