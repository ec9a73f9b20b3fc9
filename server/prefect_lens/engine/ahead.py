"""Workers that are started before they are needed, for systems that do not fork a process safely: macOS, Windows.

To the engine they are what `parent.py` gives: a `Starter` is in the place of a `Parent`. Nothing is shared between
them, so each takes the memory of a cold one, and the time; but nobody waits for it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.wire import Broken, Hello

from prefect_lens.engine.cold import boot, start, started
from prefect_lens.engine.environment import environment
from prefect_lens.engine.folders import cache_folder, plugin_folder, run_folder
from prefect_lens.engine.parent import Findings, ParentError, Spare, SpareError, UnfitError, first_of, gone

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence

    from prefect_lens.engine.parent import Place

log = logging.getLogger(__name__)

HEAD_START = 1.0
"""Seconds that a run has the machine for itself before the worker of the next one is started beside it."""

LONGEST = 300.0
"""Seconds after which what finds out what can be imported is ended."""


class Starter:
    """Starts workers ahead, one at a time; made by `open_starter`."""

    def __init__(self, place: Place, environ: Mapping[str, str]) -> None:
        self.place = place
        self.pid = None
        """There is no process that they come from."""
        self.modules = frozenset[str]()
        """The modules that no worker of it imports anew, by the first part of their names; known with the first."""
        self._environ = environ
        self._findings = Findings(cache_folder(environ), place, "ahead-")
        self._next: asyncio.Task[tuple[Spare, AsyncExitStack]] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False
        self._waiting: Spare | None = None
        """The worker that is ready and has no order."""
        self._imports: tuple[str, ...] | None = None
        self._finding: asyncio.Task[None] | None = None

    async def mention(self, imports: Sequence[str]) -> None:
        """Say which modules the project's code imports; which of them could be imported early is found out beside."""
        self._findings.tell_what_is_left_out()
        if self._imports != tuple(imports) and (self._finding is None or self._finding.done()):
            self._imports = tuple(imports)
            self._finding = asyncio.create_task(self._find_out(self._imports))

    @asynccontextmanager
    async def spare(self) -> AsyncGenerator[Spare]:
        """Give a worker when it is ready for an order; leaving the context ends it.

        Raises:
            SpareError: it died before it was ready.
            UnfitError: this interpreter cannot be kept warm.
            ParentError: it could not get ready.
            OSError: what it needs of the system cannot be had.
        """
        self._stop_timer()  # a run that was over before it: there is to be one worker ahead, not two
        starting, self._next = self._next or asyncio.create_task(self._start()), None
        spare, stack = await starting
        async with stack:
            self._waiting = spare
            try:
                yield spare
            finally:
                self._waiting = None

    def stale(self) -> str | None:
        """Return nothing: each worker looks itself whether what it has imported is as it was."""
        return None

    async def close(self) -> None:
        """End what is being started; returns when nothing is left."""
        self._closed = True
        self._stop_timer()
        if self._finding is not None:
            self._finding.cancel()
            await asyncio.wait((self._finding,))
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait((self._next,))
            if not self._next.cancelled() and self._next.exception() is None:
                _, stack = self._next.result()
                await stack.aclose()

    async def _start(self) -> tuple[Spare, AsyncExitStack]:
        async with AsyncExitStack() as stack:
            place = self.place
            worker, channel = await stack.enter_async_context(
                started(self._environ, place.interpreter, place.root, "ahead", self._findings.files)
            )
            messages = channel.messages()
            hello = await first_of(messages, worker)
            match hello:
                case Hello():
                    self.modules = frozenset(hello.modules)
                    return Spare(worker, channel, messages, self._taken), stack.pop_all()
                case Broken(code="PL906"):
                    raise ParentError(f"its worker did not become ready: {hello.what}")
                case Broken():
                    raise UnfitError(hello.what)
                case _:
                    said = worker.output().strip()[-300:]
                    raise SpareError(f"its worker died before it was ready: {said}".rstrip(": "))

    def _taken(self) -> None:
        self._waiting = None
        self._stop_timer()
        if not self._closed:
            self._timer = asyncio.get_running_loop().call_later(HEAD_START, self._start_next)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _start_next(self) -> None:
        if self._next is None:
            self._next = asyncio.create_task(self._start())
            self._next.add_done_callback(_noticed)

    async def _find_out(self, imports: tuple[str, ...]) -> None:
        """Have a process find out what could be imported; a worker that waits without it is ended, for the next."""
        before = self._found()
        try:
            async with asyncio.timeout(LONGEST):
                await self._run_finder(imports)
        except (OSError, TimeoutError) as error:
            log.info("What runs of %s could import early was not found out: %s", self.place.root, error or "too slow")
        if self._found() != before and self._waiting is not None:
            await self._waiting.kill()

    async def _run_finder(self, imports: tuple[str, ...]) -> None:
        cache, place = cache_folder(self._environ), self.place
        with run_folder() as (home, lock):
            about = {**self._findings.files, "home": str(home), "imports": imports}
            spec: dict[str, Any] = {
                "argv": [place.interpreter.path, "-c", boot(plugin_folder(cache), "finding")],
                "cwd": str(place.root),
                "env": {
                    **environment(self._environ, place.interpreter, place.root, home),
                    "PREFECT_LENS_PARENT": json.dumps(about),
                },
                "fds": (),
                "home": str(home),
            }
            process = await start(spec, lock)
            assert process.stdout is not None
            assert process.stderr is not None
            said = asyncio.ensure_future(process.stderr.read())
            try:
                await process.stdout.read()  # it ends when the guard does
            finally:
                await asyncio.shield(asyncio.ensure_future(gone(process, said)))

    def _found(self) -> list[str]:
        files = [Path(file) for file in self._findings.files.values()]
        return [file.read_text(encoding="utf-8") for file in files if file.exists()]


@asynccontextmanager
async def open_starter(place: Place, environ: Mapping[str, str]) -> AsyncGenerator[Starter]:
    """Give what starts workers of a place ahead; leaving the context ends what it has begun."""
    starter = Starter(place, environ)
    try:
        yield starter
    finally:
        await starter.close()


def _noticed(task: asyncio.Task[tuple[Spare, AsyncExitStack]]) -> None:
    """Take note of an exception that nobody may come for: it is raised again where the worker is asked for."""
    if not task.cancelled():
        task.exception()
