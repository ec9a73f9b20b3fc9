"""How the server hears at once that a run's Prefect API is gone: the API alone holds the other end of a pipe.

Without it the worker would find out when its test has ended, and Prefect's client asks a server that is gone for
minutes. A thread in the worker that watches would be seen by the tests, and lost where they fork.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


class Lifeline:
    """The server's end; made by `open_lifeline`."""

    def __init__(self, reader: asyncio.StreamReader | None, theirs: int | None) -> None:
        self.theirs = theirs
        """The descriptor that the API is to hold, and nobody else; None where there is no such thing."""
        self._watching = asyncio.ensure_future(_watch(reader))

    def handed_down(self) -> None:
        """The worker has been started, or never will be: its end is its own now."""
        if self.theirs is not None:
            os.close(self.theirs)
            self.theirs = None

    async def cut(self) -> None:
        """Return when the API was ready and is gone. Of one that never was ready the worker itself tells."""
        await asyncio.shield(self._watching)

    def close(self) -> None:
        """Watch no longer."""
        self.handed_down()
        self._watching.cancel()


@asynccontextmanager
async def open_lifeline(*, inherited: bool = True) -> AsyncGenerator[Lifeline]:
    """Open a lifeline for one worker; where nothing can be `inherited`, one that is never cut."""
    if not inherited or sys.platform == "win32":
        lifeline = Lifeline(None, None)
        try:
            yield lifeline
        finally:
            lifeline.close()
        return
    ours, theirs = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours, "rb", buffering=0)
    )
    lifeline = Lifeline(reader, theirs)
    try:
        yield lifeline
    finally:
        lifeline.close()
        transport.close()


async def _watch(reader: asyncio.StreamReader | None) -> None:
    if reader is None or b"ready" not in await reader.read():
        await asyncio.get_running_loop().create_future()
