"""Running the programs that providers name: all that are wanted at a moment together, under a guard of their own."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefect_lens.engine.cold import start
from prefect_lens.engine.folders import run_folder
from prefect_lens.environment import broker
from prefect_lens.environment.provider import Output, ProviderError, TooSlowError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Wanted:
    argv: tuple[str, ...]
    timeout: float
    answer: asyncio.Future[Output]


class Programs:
    """Runs programs in a project's root. Cancelling who waits for them ends them."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._root = root
        self._environ = environ
        self._waiting: list[_Wanted] = []
        self._batches: set[asyncio.Task[None]] = set()

    async def run(self, argv: Sequence[str], timeout: float) -> Output:  # noqa: ASYNC109  the broker holds the program to it
        """Run a program and return what it said. See `Surroundings.run`."""
        wanted = _Wanted(tuple(argv), timeout, asyncio.get_running_loop().create_future())
        self._waiting.append(wanted)
        if len(self._waiting) == 1:
            # Whoever wants something at the same moment has said so when this has its turn.
            batch = asyncio.create_task(self._run_batch())
            self._batches.add(batch)
            batch.add_done_callback(self._batches.discard)
        return await wanted.answer

    async def close(self) -> None:
        """End what still runs; returns when nothing is left of it."""
        for batch in tuple(self._batches):
            batch.cancel()
        await asyncio.gather(*self._batches, return_exceptions=True)

    async def _run_batch(self) -> None:
        await asyncio.sleep(0)
        batch, self._waiting = self._waiting, []
        try:
            await self._run(batch)
        except OSError as error:
            for one in batch:
                _fail(one, ProviderError(f"Programs cannot be started here: {error}."))
        finally:
            for one in batch:
                _fail(one, ProviderError(f"{one.argv[0]} was ended before it gave a value."))

    async def _run(self, batch: list[_Wanted]) -> None:
        with run_folder() as (home, lock):
            file = home / "programs.json"
            programs = [{"argv": one.argv, "cwd": str(self._root), "timeout": one.timeout} for one in batch]
            file.write_text(json.dumps(programs), encoding="utf-8")
            spec: dict[str, Any] = {
                "argv": [sys.executable, "-I", "-S", broker.__file__, str(file)],
                "cwd": str(self._root),
                "env": dict(self._environ),
                "fds": (),
                "home": str(home),
            }
            process = await start(spec, lock)
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                async for line in _lines(process.stderr):  # what the broker writes
                    _take(batch, line)
            finally:
                ending = asyncio.ensure_future(_end(process))
                while not ending.done():  # whoever wants us to end waits for this, too
                    with suppress(asyncio.CancelledError):
                        await asyncio.shield(ending)


async def _end(process: asyncio.subprocess.Process) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.close()
    await asyncio.gather(process.stdout.read(), process.stderr.read())  # they end when nothing is left
    await process.wait()


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Yield lines of any length."""
    rest = b""
    while chunk := await reader.read(1 << 20):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line


def _take(batch: list[_Wanted], line: bytes) -> None:
    try:
        said: dict[str, Any] = json.loads(line)
        one = batch[int(said["program"])]
    except (ValueError, LookupError, TypeError):
        return  # Python's own words, as when it is out of memory
    if one.answer.done():
        return
    error = str(said.get("error", ""))
    match said.get("failed"):
        case None:
            one.answer.set_result(Output(said["status"], base64.b64decode(said["output"]), error))
        case "missing":
            cure = (
                f"Install {one.argv[0]}, or put its folder on the PATH that the editor or the shell was started with."
            )
            _fail(one, ProviderError(f"{one.argv[0]} was not found.", cure))
        case "timeout":
            what = f"{one.argv[0]} did not end within {one.timeout:g} seconds and was ended."
            cure = 'Give it longer with timeout = "2m", or see what it waits for.'
            _fail(one, TooSlowError(what, cure, detail=error))
        case "too much":
            what = f"{one.argv[0]} printed more than {broker.LARGEST // 1_000_000} MB, which is no value of a variable."
            _fail(one, ProviderError(what, detail=error))
        case other:
            _fail(one, ProviderError(f"{one.argv[0]} could not be started: {other}."))


def _fail(one: _Wanted, error: ProviderError) -> None:
    if not one.answer.done():
        one.answer.set_exception(error)
