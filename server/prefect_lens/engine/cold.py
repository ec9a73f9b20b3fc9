"""Workers that are started for one run each, and end with it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.wire import VERSION, Environment, Order, TestId

from prefect_lens.engine import guard
from prefect_lens.engine.channel import open_channel
from prefect_lens.engine.environment import environment
from prefect_lens.engine.folders import cache_folder, plugin_folder, run_folder, sweep
from prefect_lens.engine.guarded import GuardedWorker
from prefect_lens.engine.lifeline import open_lifeline
from prefect_lens.engine.trouble import OLDEST_PYTHON, TOO_OLD

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping
    from pathlib import Path

    from prefect_lens.engine.channel import Channel
    from prefect_lens.engine.request import RunRequest
    from prefect_lens.model import Interpreter

# `-c` leaves `__main__` without a file, so that a process which multiprocessing spawns has nothing of ours to run
# again. The first entry of the path is what `python -m pytest` would have there; the plugin comes last, if at all.
_BOOT = """\
import sys
if sys.version_info < {oldest!r}: sys.exit({too_old})
import importlib.util, os
if sys.path and sys.path[0] == "": sys.path[0] = os.getcwd()
if importlib.util.find_spec("pytest_prefect_lens") is None: sys.path.append({plugin!r})
from pytest_prefect_lens.{module} import main
main()
"""


class ColdWorkers:
    """A `WorkerSource` that starts a process for each run."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        sweep()

    @asynccontextmanager
    async def open(self, request: RunRequest) -> AsyncGenerator[GuardedWorker]:
        """See `WorkerSource.open`."""
        wrap = request.environment.wrap
        async with started(self._environ, request.interpreter, request.root, "worker", wrap=wrap) as (worker, channel):
            ordering = asyncio.ensure_future(channel.send(order_of(request, worker.home)))
            try:
                yield worker
            finally:
                ordering.cancel()


@asynccontextmanager
async def started(
    environ: Mapping[str, str],
    interpreter: Interpreter,
    root: Path,
    module: str,
    about: Mapping[str, str] = MappingProxyType({}),
    *,
    wrap: tuple[str, ...] = (),
) -> AsyncGenerator[tuple[GuardedWorker, Channel]]:
    """Start a worker, and give it with its channel; leaving the context ends every process of it.

    Args:
        environ: what its environment is made from.
        interpreter: what it runs in.
        root: its working folder.
        module: the module of the plugin whose `main` it runs.
        about: what that is told beside what every worker is.
        wrap: the command that is to start it, before its own.
    """
    cache = cache_folder(environ)
    with run_folder() as (home, lock):
        async with open_channel(inherited=not wrap) as channel, open_lifeline(inherited=not wrap) as lifeline:
            told = {**about, "channel": channel.address.text, "cache": str(cache), "home": str(home)}
            spec: dict[str, Any] = {
                "argv": [*wrap, interpreter.path, "-c", boot(plugin_folder(cache), module)],
                "cwd": str(root),
                "env": {
                    **environment(environ, interpreter, root, home),
                    "PREFECT_LENS_WORKER": json.dumps({**told, "alive": lifeline.theirs}),
                },
                "fds": (*channel.address.descriptors, *(() if lifeline.theirs is None else (lifeline.theirs,))),
                "home": str(home),
                "wrapped": bool(wrap),
            }
            process = await start(spec, lock)
            channel.handed_down()
            lifeline.handed_down()
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            worker = GuardedWorker(process.stdin, process.stdout, process.stderr, channel, home, lifeline=lifeline)
            exited = asyncio.ensure_future(worker.exited())
            exited.add_done_callback(lambda _: channel.abandon())
            try:
                yield worker, channel
            finally:
                await asyncio.shield(asyncio.ensure_future(_end(worker, process)))


async def start(spec: dict[str, Any], lock: int) -> asyncio.subprocess.Process:
    """Start what `spec` says under a guard of its own, see `guard.py`; the guard holds the lock of the private folder.

    The guard's input and output are those of the process returned, its error is what the worker writes.
    """
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            guard.__file__,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(*spec["fds"], lock) if sys.platform != "win32" else (),
            start_new_session=True,
            creationflags=0x08000000 if sys.platform == "win32" else 0,  # CREATE_NO_WINDOW
        )
    )
    try:
        process = await asyncio.shield(starting)
    except asyncio.CancelledError:
        await (await starting).communicate(b"")  # a guard that is told nothing goes
        raise
    assert process.stdin is not None
    process.stdin.write(json.dumps(spec).encode("ascii") + b"\n")
    return process


def boot(plugin: Path, module: str) -> str:
    """Return the program that runs `main` of a module of the plugin, which may not be installed."""
    return _BOOT.format(oldest=OLDEST_PYTHON, too_old=TOO_OLD, plugin=str(plugin), module=module)


def order_of(request: RunRequest, home: Path) -> Order:
    """Return what a worker with the private folder `home` is told for a request."""
    folder, given = request.folder, request.environment
    return Order(
        version=VERSION,
        root=str(request.root),
        tests=tuple(TestId(str(folder / test.path), test.names, test.params) for test in request.tests),
        files=tuple(str(folder / file) for file in request.files),
        pytest_args=request.pytest_args,
        home=str(home),
        skip_retry_delays=request.skip_retry_delays,
        environment=Environment(
            given.variables,
            tuple(sorted(given.secrets)),
            given.inherit,
            given.network,
            given.is_configured,
        ),
        debugpy=request.debugpy,
    )


async def _end(worker: GuardedWorker, process: asyncio.subprocess.Process) -> None:
    await worker.kill()
    await process.wait()
