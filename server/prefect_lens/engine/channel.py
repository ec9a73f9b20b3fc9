"""The channel between the server and a worker: a pair of sockets, or a connection over loopback.

Windows has no such pair that could be inherited, and what wraps a worker may hand down nothing of it.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from pytest_prefect_lens import wire

from prefect_lens.engine.workers import ChannelBrokenError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from pytest_prefect_lens.wire import Message

_LONGEST = 64 * wire.MAX_TEXT
"""No message is longer than this; what is, is no message."""


@dataclass(frozen=True, slots=True)
class Address:
    """How a worker finds its end of a channel."""

    descriptors: tuple[int, ...]
    """What it inherits."""
    text: str
    """What it is told: `fd:7`, or `tcp:127.0.0.1:50123:token`."""


class Channel(Protocol):
    """The server's end."""

    address: Address

    def handed_down(self) -> None:
        """The worker has been started, or never will be: its end is its own now."""
        ...

    def abandon(self) -> None:
        """Whoever has not come to the other end by now never will."""
        ...

    async def send(self, message: Message) -> None:
        """Send a message; a worker that is gone is not noticed here."""
        ...

    def messages(self) -> AsyncIterator[Message]:
        """See `Worker.messages`."""
        ...


class _Pair:
    def __init__(self) -> None:
        self._ours, self._theirs = socket.socketpair()
        self.address = Address((self._theirs.fileno(),), f"fd:{self._theirs.fileno()}")
        self._writer: asyncio.StreamWriter | None = None

    def handed_down(self) -> None:
        self._theirs.close()

    def abandon(self) -> None:
        pass

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(sock=self._ours, limit=_LONGEST)

    async def send(self, message: Message) -> None:
        assert self._writer is not None
        await _send(self._writer, message)

    async def messages(self) -> AsyncIterator[Message]:
        async for message in _messages(self._reader):
            yield message

    def close(self) -> None:
        self._theirs.close()
        if self._writer is not None:
            self._writer.close()
        else:
            self._ours.close()


class _Listener:
    """A listener on loopback that takes the first connection which knows the token, and no other."""

    def __init__(self) -> None:
        self._token = secrets.token_hex(16)
        self._found: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter] | None] = asyncio.Future()

    async def connect(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_LONGEST)
        port = self._server.sockets[0].getsockname()[1]
        self.address = Address((), f"tcp:127.0.0.1:{port}:{self._token}")

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if secrets.compare_digest(line.strip(), self._token.encode()) and not self._found.done():
            self._found.set_result((reader, writer))
        else:
            writer.close()

    def handed_down(self) -> None:
        pass

    def abandon(self) -> None:
        if not self._found.done():
            self._found.set_result(None)

    async def send(self, message: Message) -> None:
        found = await asyncio.shield(self._found)
        if found is not None:
            await _send(found[1], message)

    async def messages(self) -> AsyncIterator[Message]:
        found = await asyncio.shield(self._found)
        if found is not None:
            async for message in _messages(found[0]):
                yield message

    def close(self) -> None:
        self._server.close()
        self.abandon()
        found = self._found.result()
        if found is not None:
            found[1].close()


@asynccontextmanager
async def open_channel(*, inherited: bool = True) -> AsyncGenerator[Channel]:
    """Open a channel for one worker; one that is not `inherited` survives a program that hands no descriptors down."""
    channel = _Pair() if inherited and sys.platform != "win32" else _Listener()
    await channel.connect()
    try:
        yield channel
    finally:
        channel.close()


async def _send(writer: asyncio.StreamWriter, message: Message) -> None:
    try:
        writer.write(wire.encode(message))
        await writer.drain()
    except ConnectionError:
        pass  # how the worker went is what its guard tells


async def _messages(reader: asyncio.StreamReader) -> AsyncIterator[Message]:
    while True:
        try:
            line = await reader.readuntil(b"\n")
            message = wire.decode(line)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        except (asyncio.LimitOverrunError, ValueError) as error:
            raise ChannelBrokenError(str(error)) from error
        yield message
