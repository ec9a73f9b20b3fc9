"""Workers that are started for one run each, and end with it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.wire import VERSION, Order, TestId

from prefect_lens.engine import guard
from prefect_lens.engine.channel import open_channel
from prefect_lens.engine.environment import environment
from prefect_lens.engine.folders import cache_folder, plugin_folder, run_folder, sweep
from prefect_lens.engine.trouble import OLDEST_PYTHON, TOO_OLD
from prefect_lens.engine.workers import Exit

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Mapping
    from pathlib import Path

    from pytest_prefect_lens.wire import Message

    from prefect_lens.engine.channel import Channel
    from prefect_lens.engine.request import RunRequest

KEPT_OUTPUT = 1_000_000
"""How many bytes of a worker's output are kept: the last ones."""

# `-c` leaves `__main__` without a file, so that a process which multiprocessing spawns has nothing of ours to run
# again. The first entry of the path is what `python -m pytest` would have there; the plugin comes last, if at all.
_BOOT = """\
import sys
if sys.version_info < {oldest!r}: sys.exit({too_old})
import importlib.util, os
if sys.path and sys.path[0] == "": sys.path[0] = os.getcwd()
if importlib.util.find_spec("pytest_prefect_lens") is None: sys.path.append({plugin!r})
from pytest_prefect_lens.worker import main
main()
"""


class ColdWorkers:
    """A `WorkerSource` that starts a process for each run."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        sweep()

    @asynccontextmanager
    async def open(self, request: RunRequest) -> AsyncGenerator[ColdWorker]:
        """See `WorkerSource.open`."""
        cache = cache_folder(self._environ)
        with run_folder() as (home, lock):
            async with open_channel() as channel:
                spec: dict[str, Any] = {
                    "argv": [request.interpreter.path, "-c", _boot(plugin_folder(cache))],
                    "cwd": str(request.root),
                    "env": {
                        **environment(self._environ, request.interpreter, request.root, home),
                        "PREFECT_LENS_WORKER": json.dumps({"channel": channel.address.text, "cache": str(cache)}),
                    },
                    "fds": channel.address.descriptors,
                    "home": str(home),
                }
                worker = await _start(spec, channel, lock, home)
                try:
                    await channel.send(_order(request, home))
                    yield worker
                finally:
                    await asyncio.shield(asyncio.ensure_future(worker.kill()))


class ColdWorker:
    """A worker behind its guard."""

    def __init__(self, process: asyncio.subprocess.Process, channel: Channel, home: Path) -> None:
        self.home = home
        self._process = process
        self._channel = channel
        self._tail = _Tail(KEPT_OUTPUT)
        self._exit: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.ensure_future(self._listen())
        self._collecting = asyncio.ensure_future(self._collect())

    def messages(self) -> AsyncIterator[Message]:
        """See `Worker.messages`."""
        return self._channel.messages()

    async def interrupt(self) -> None:
        """See `Worker.interrupt`."""
        if self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(b"interrupt\n")

    async def kill(self) -> None:
        """See `Worker.kill`."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        await asyncio.wait([self._listening])  # the guard's output ends when the guard does
        await asyncio.wait([self._collecting], timeout=1)
        self._collecting.cancel()  # a process that got away from the guard may hold the pipe of its output open
        await self._process.wait()

    async def exited(self) -> Exit:
        """See `Worker.exited`."""
        return await asyncio.shield(self._exit)

    def output(self) -> str:
        """See `Worker.output`."""
        return self._tail.text()

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        try:
            while line := await self._process.stdout.readline():
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
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(65536):
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
        return f"[… the beginning was left out]\n{text}" if self._lost else text


async def _start(spec: dict[str, Any], channel: Channel, lock: int, home: Path) -> ColdWorker:
    descriptors = (*spec["fds"], lock)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        guard.__file__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        pass_fds=descriptors if sys.platform != "win32" else (),
        start_new_session=True,
        creationflags=0x08000000 if sys.platform == "win32" else 0,  # CREATE_NO_WINDOW
    )
    channel.handed_down()
    worker = ColdWorker(process, channel, home)
    assert process.stdin is not None
    process.stdin.write(json.dumps(spec).encode("ascii") + b"\n")
    return worker


def _boot(plugin: Path) -> str:
    return _BOOT.format(oldest=OLDEST_PYTHON, too_old=TOO_OLD, plugin=str(plugin))


def _order(request: RunRequest, home: Path) -> Order:
    folder = request.folder
    return Order(
        version=VERSION,
        root=str(request.root),
        tests=tuple(TestId(str(folder / test.path), test.names, test.params) for test in request.tests),
        files=tuple(str(folder / file) for file in request.files),
        pytest_args=request.pytest_args,
        home=str(home),
    )
