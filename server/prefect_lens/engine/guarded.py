"""A worker behind its guard, as the server sees it; how both were started is not seen here."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from typing import TYPE_CHECKING

from prefect_lens.engine.workers import Exit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from pytest_prefect_lens.wire import Message

    from prefect_lens.engine.channel import Channel
    from prefect_lens.engine.lifeline import Lifeline

_LINE = 10_000
"""Characters of a line that may be left out, as it is not whole."""

KEPT_OUTPUT = 1_000_000
"""How many bytes of a worker's output are kept: the last ones."""


class GuardedWorker:
    """See `Worker`. The guard's input takes commands, its output tells events; `output` is the worker's own."""

    def __init__(
        self,
        commands: asyncio.StreamWriter,
        events: asyncio.StreamReader,
        output: asyncio.StreamReader,
        channel: Channel,
        home: Path,
        *,
        lifeline: Lifeline,
    ) -> None:
        self.home = home
        self.why_cold = ""
        self._commands = commands
        self._events = events
        self._output = output
        self._channel = channel
        self._lifeline = lifeline
        self._tail = _Tail(KEPT_OUTPUT)
        self._exit: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.ensure_future(self._listen())
        self._collecting = asyncio.ensure_future(self._collect())

    def messages(self) -> AsyncIterator[Message]:
        """See `Worker.messages`."""
        return self._channel.messages()

    async def interrupt(self) -> None:
        """See `Worker.interrupt`."""
        if not self._commands.is_closing():
            self._commands.write(b"interrupt\n")

    async def kill(self) -> None:
        """See `Worker.kill`."""
        self._commands.close()
        await asyncio.wait([self._listening])  # the guard's output ends when the guard does
        await asyncio.wait([self._collecting], timeout=1)
        self._collecting.cancel()  # a process that got away from the guard may hold the pipe of its output open

    async def exited(self) -> Exit:
        """See `Worker.exited`."""
        return await asyncio.shield(self._exit)

    async def api_gone(self) -> None:
        """See `Worker.api_gone`."""
        await self._lifeline.cut()

    def output(self) -> str:
        """See `Worker.output`."""
        return self._tail.text()

    async def _listen(self) -> None:
        try:
            while line := await self._events.readline():
                event = json.loads(line)
                if "failed" in event:
                    self._tell(Exit(None, error=event["failed"]))
                elif "exited" in event:
                    self._tell(Exit(event["exited"], event["signal"]))
        finally:
            self._tell(Exit(None, error="the process that guards it was killed"))

    def _tell(self, end: Exit) -> None:
        if not self._exit.done():
            self._exit.set_result(end)

    async def _collect(self) -> None:
        while chunk := await self._output.read(65536):
            self._tail.add(chunk)


class _Tail:
    """The last bytes of a stream of any length."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._lost = False

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        while self._size - len(self._chunks[0]) >= self._limit:
            self._size -= len(self._chunks.popleft())
            self._lost = True

    def text(self) -> str:
        text = b"".join(self._chunks)[-self._limit :].decode("utf-8", "replace")
        if not self._lost:
            return text
        # From the next line on, where that is near: half a secret would not be known as one.
        line, _, rest = text.partition("\n")
        return f"[… the beginning was left out]\n{rest if rest and len(line) < _LINE else text}"
