"""Has the API of a run answer first and keep its books when nobody waits. Runs in the API's process.

A flow run waits for some ten answers. Besides, it sends an event for all that happens, and the server's services write
those into the database: that takes more time of the processor than the answers, and holds them up. So messages to the
services wait until nothing was asked for a moment, or until somebody asks what depends on them: then they are worked
off first. Standard library alone.
"""

from __future__ import annotations

import asyncio
import functools
import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

QUIET = 1.0
"""Seconds after the last answer in which the next question may come: of the same flow run, or of the next test's."""

PATIENCE = 10.0
"""Seconds that a question waits for what it depends on: more than `MOST` messages take to be written."""

MOST = 1000
"""Messages that may wait for one service: Prefect drops those beyond 10,000."""

_ID = r"[0-9a-f-]{36}"
_INDEPENDENT = re.compile(
    rf"/(flows/({_ID})?|flow_runs/({_ID}(/set_state|/input.*)?)?|task_runs/|logs/|events|admin/\w+|csrf-token|health"
    r"|hello|version|(v2/)?concurrency_limits/.*|variables/(name/.*)?|block_\w+/.*|artifacts/)"
)
"""What does not depend on events: all that flow runs ask themselves, and what they keep beside them."""

_SEARCH = re.compile(r"/(filter|count|history|paginate)$")
_OF_FLOW_RUNS = re.compile(r"/flow_runs/(filter|count|paginate)")
"""Flow runs are written when the API is told of them; a search for them depends on events if it names task runs."""


class Backlog:
    """The messages that wait, and who keeps them waiting."""

    def __init__(self) -> None:
        self._gate = asyncio.Event()
        self._gate.set()
        self._answering = 0
        self._watchers = 0
        self._reacts = False
        self._at_work: set[asyncio.Task[Any] | None] = set()
        self._timer: asyncio.TimerHandle | None = None

    def wants_body(self, path: str) -> bool:
        """Whether the body of a request to `path` tells if its answer depends on events."""
        return _OF_FLOW_RUNS.fullmatch(path) is not None

    @asynccontextmanager
    async def around(self, kind: str, method: str, path: str, body: bytes = b"") -> AsyncGenerator[None]:
        """Give a request, or a `kind` "websocket", to `path` its place before or after what waits.

        `body` is what was read of it, where that is wanted.
        """
        if kind == "websocket":
            # One that listens is to hear at once what happens.
            with_it = self._nothing() if path.startswith("/events/in") else self._watching()
        elif _is_independent(path, body):
            with_it = self._first()
        else:
            # An automation is to react at once from now on.
            self._reacts = self._reacts or (method != "GET" and path.startswith("/automations/"))
            with_it = self._after()
        async with with_it:
            yield

    def around_get(self, original: Callable[[Any], Awaitable[Any]]) -> Callable[[Any], Awaitable[Any]]:
        """Have messages wait between their queue and the service that gets them there."""

        @functools.wraps(original)
        async def get(queue: Any) -> Any:
            service = asyncio.current_task()
            self._at_work.discard(service)
            message = await original(queue)
            self._at_work.add(service)
            rest = getattr(queue, "_queue", None)
            if isinstance(rest, asyncio.Queue) and rest.qsize() < MOST:
                await self._gate.wait()
            return message

        return get

    def begin_anew(self) -> None:
        """Say that the database is clean: nobody's automation is in it."""
        self._reacts = False

    @asynccontextmanager
    async def _nothing(self) -> AsyncGenerator[None]:
        yield

    @asynccontextmanager
    async def _first(self) -> AsyncGenerator[None]:
        self._answering += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._watchers and not self._reacts:
            self._gate.clear()
        try:
            yield
        finally:
            self._answering -= 1
            if not self._answering:
                self._timer = asyncio.get_running_loop().call_later(QUIET, self._gate.set)

    @asynccontextmanager
    async def _watching(self) -> AsyncGenerator[None]:
        self._watchers += 1
        self._gate.set()
        try:
            yield
        finally:
            self._watchers -= 1

    @asynccontextmanager
    async def _after(self) -> AsyncGenerator[None]:
        async with self._watching():
            loop = asyncio.get_running_loop()
            deadline = loop.time() + PATIENCE
            await asyncio.sleep(0)  # a service that was given a message meanwhile takes it
            while self._at_work and loop.time() < deadline:  # noqa: ASYNC110  work that is done may bring more
                await asyncio.sleep(0.001)
            yield


def _is_independent(path: str, body: bytes) -> bool:
    if _OF_FLOW_RUNS.fullmatch(path):
        try:
            return not json.loads(body)["task_runs"]
        except (ValueError, KeyError, TypeError):
            return False
    return _INDEPENDENT.fullmatch(path) is not None and not _SEARCH.search(path)
