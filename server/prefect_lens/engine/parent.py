"""The server's side of a warm parent: starts it behind a guard, has it fork workers before they are needed."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import sys
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.wire import Hello

from prefect_lens.engine import guard
from prefect_lens.engine.channel import open_channel
from prefect_lens.engine.cold import boot, order_of, start
from prefect_lens.engine.environment import environment
from prefect_lens.engine.fingerprint import digest, of_installation
from prefect_lens.engine.folders import cache_folder, plugin_folder, run_folder
from prefect_lens.engine.guarded import GuardedWorker
from prefect_lens.engine.lifeline import open_lifeline
from prefect_lens.engine.workers import ChannelBrokenError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
    from pathlib import Path

    from pytest_prefect_lens.wire import Message

    from prefect_lens.engine.channel import Channel
    from prefect_lens.engine.request import RunRequest
    from prefect_lens.model import Interpreter

log = logging.getLogger(__name__)


class ParentError(Exception):
    """A warm parent, or a worker of one, could not be had; the text says why."""


class SpareError(ParentError):
    """A worker died before it was ready; its parent may be well."""


class UnfitError(ParentError):
    """An interpreter cannot be kept warm, and would not be the next time."""


@dataclass(frozen=True)
class Place:
    """What a warm parent is for."""

    interpreter: Interpreter
    root: Path


class Findings:
    """What was found out of what the runs of a place could import before they begin: files of the plugin's."""

    def __init__(self, cache: Path, place: Place, kind: str = "") -> None:
        """Name them, beneath the user's cache folder; of another `kind` of process other things are true."""
        plugin = plugin_folder(cache).name
        of = of_installation(place.interpreter)
        self._libraries = cache / "imports" / f"{plugin}-{kind}{digest([str(place.root), of])}.json"
        self.files = {"known": str(cache / "imports" / f"{plugin}-{kind}{of}"), "libraries": str(self._libraries)}
        self._root = place.root
        self._told: set[str] = set()

    def tell_what_is_left_out(self) -> None:
        """Tell the log which libraries are not imported early, and why; each once."""
        try:
            verdicts: dict[str, dict[str, Any]] = json.loads(self._libraries.read_text(encoding="utf-8"))
            left_out = {name: verdict["why_not"] for name, verdict in verdicts.items() if verdict["why_not"]}
        except (OSError, ValueError, KeyError):
            return  # none was tried yet
        for library, why in left_out.items():
            if library not in self._told:
                self._told.add(library)
                log.info("%s is not imported before a run of %s: %s.", library, self._root, why)


class Parent:
    """A process that has imported what the runs of a project need; made by `open_parent`."""

    def __init__(
        self, place: Place, environ: Mapping[str, str], control: socket.socket, pid: int, modules: frozenset[str]
    ) -> None:
        self.place = place
        self.pid = pid
        self.modules = modules
        """The modules that no worker of it imports anew, by the first part of their names."""
        self._environ = environ
        self._control = control
        self._asking = asyncio.Lock()
        self._heard: dict[str, str] = {}
        self._cache = cache_folder(environ)
        self._findings = Findings(self._cache, place)

    async def mention(self, imports: Sequence[str]) -> None:
        """Say which modules the project's code imports; what is found fit is imported beside what goes on.

        Tells the log what was found unfit meanwhile.

        Raises:
            ParentError: it is gone.
        """
        self._findings.tell_what_is_left_out()
        async with self._asking:
            await _ask(self._control, {"imports": list(imports)})

    @asynccontextmanager
    async def spare(self) -> AsyncGenerator[Spare]:
        """Fork a worker, and give it when it is ready for an order; leaving the context ends it.

        Raises:
            SpareError: it died before it was ready.
            ParentError: it could not be forked.
            OSError: what it needs of the system cannot be had.
        """
        async with AsyncExitStack() as stack:
            home, lock = stack.enter_context(run_folder())
            channel = await stack.enter_async_context(open_channel())
            lifeline = await stack.enter_async_context(open_lifeline())
            assert lifeline.theirs is not None
            commands, their_commands = _pipe()[::-1]
            events, their_events = _pipe()
            output, their_output = _pipe()
            theirs = (channel.address.descriptors[0], their_commands, their_events, their_output, lock, lifeline.theirs)
            wanted = {
                "home": str(home),
                "root": str(self.place.root),
                "environment": environment(self._environ, self.place.interpreter, self.place.root, home),
                "guard": [sys.executable, "-I", "-S", guard.__file__],
                "cache": str(self._cache),
            }
            try:
                worker = GuardedWorker(
                    await _writer(stack, commands),
                    await _reader(stack, events),
                    await _reader(stack, output),
                    channel,
                    home,
                    lifeline=lifeline,
                )
                stack.push_async_callback(_ended, worker)  # before it is asked for: then it may be there at any moment
                async with self._asking:
                    await _ask(self._control, wanted, theirs)
            finally:
                channel.handed_down()
                lifeline.handed_down()
                for number in (their_commands, their_events, their_output):
                    os.close(number)
            messages = channel.messages()
            hello = await first_of(messages, worker)
            if not isinstance(hello, Hello):
                if (why := self._said("failed") or hello) is not None:
                    raise ParentError(f"its worker did not become ready: {why}")
                raise SpareError(f"its worker died before it was ready: {worker.output().strip()[-300:]}".rstrip(": "))
            yield Spare(worker, channel, messages)

    def stale(self) -> str | None:
        """Return a file that it has imported a module from and that has changed since, where there is one."""
        return self._said("stale")

    def _said(self, what: str) -> str | None:
        """Return what it has said of something until now."""
        try:
            while lines := self._control.recv(65536).splitlines():
                for line in lines:
                    self._heard.update(json.loads(line))
        except OSError:
            pass  # no more for now, or the end
        return self._heard.get(what)


class Spare:
    """A worker that waits for its order."""

    def __init__(
        self,
        worker: GuardedWorker,
        channel: Channel,
        messages: AsyncIterator[Message],
        taken: Callable[[], object] = lambda: None,
    ) -> None:
        """`taken` is told when it has taken its order."""
        self.home = worker.home
        self.interrupt = worker.interrupt
        self.kill = worker.kill
        self.exited = worker.exited
        self.api_gone = worker.api_gone
        self.output = worker.output
        self._channel = channel
        self._messages = messages
        self._taken = taken
        self.why_cold = ""
        self._first: Message | None = None

    async def take(self, request: RunRequest) -> bool:
        """Give it its order; whether it has taken it. One that has not runs nothing."""
        await self._channel.send(order_of(request, self.home))
        try:
            self._first = await anext(self._messages, None)
        except ChannelBrokenError:
            return False
        if self._first is not None:
            self._taken()
        return self._first is not None

    async def messages(self) -> AsyncIterator[Message]:
        """See `Worker.messages`."""
        if self._first is not None:
            yield self._first
        async for message in self._messages:
            yield message


@asynccontextmanager
async def open_parent(place: Place, environ: Mapping[str, str]) -> AsyncGenerator[Parent]:
    """Start a warm parent and give it when it is ready; leaving the context ends it with all that it forked.

    Raises:
        UnfitError: this interpreter cannot be kept warm.
        ParentError: the parent died before it was ready.
        OSError: what it needs of the system cannot be had.
    """
    cache = cache_folder(environ)
    async with AsyncExitStack() as stack:
        home, lock = stack.enter_context(run_folder())
        control, theirs = socket.socketpair()
        stack.callback(control.close)
        control.setblocking(False)  # noqa: FBT003
        about = {
            "control": theirs.fileno(),
            "home": str(home),
            **Findings(cache, place).files,
        }
        spec: dict[str, Any] = {
            "argv": [place.interpreter.path, "-c", boot(plugin_folder(cache), "zygote")],
            "cwd": str(place.root),
            "env": {
                **environment(environ, place.interpreter, place.root, home),
                "PREFECT_LENS_PARENT": json.dumps(about),
            },
            "fds": (theirs.fileno(),),
            "home": str(home),
        }
        try:
            process = await start(spec, lock)
        finally:
            theirs.close()
        assert process.stderr is not None
        said = asyncio.ensure_future(process.stderr.read())
        stack.push_async_callback(gone, process, said)
        answer = await _answer(control)
        if "failed" in answer:
            raise UnfitError(answer["failed"])
        if "ready" not in answer:
            raise ParentError("it ended before it was ready")
        log.info("Warm after %s s: %s", answer["ready"], place.interpreter.path)
        yield Parent(place, environ, control, answer["pid"], frozenset(answer["modules"]))


async def gone(process: asyncio.subprocess.Process, said: asyncio.Future[bytes]) -> None:
    """End what a guard guards; returns when nothing of it is left. `said` is what it writes."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    await process.stdout.read()  # it ends when the guard does
    await asyncio.wait([said], timeout=1)
    said.cancel()  # a process that got away from the guard may hold the pipe of its output open
    if said.done() and not said.cancelled():
        log.debug("What gets runs ready wrote: %s", said.result().decode("utf-8", "replace").strip()[-4000:])
    await process.wait()


async def _ended(worker: GuardedWorker) -> None:
    await asyncio.shield(asyncio.ensure_future(worker.kill()))


async def first_of(messages: AsyncIterator[Message], worker: GuardedWorker) -> Message | None:
    """Return the first of the messages, if one comes while the worker has its API."""
    first = asyncio.ensure_future(anext(messages, None))
    lost = asyncio.ensure_future(worker.api_gone())
    try:
        await asyncio.wait((first, lost), return_when=asyncio.FIRST_COMPLETED)
        return first.result() if first.done() else None
    finally:
        lost.cancel()
        first.cancel()
        await asyncio.wait((first,))


async def _ask(control: socket.socket, wanted: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
    line = json.dumps(wanted).encode("ascii") + b"\n"
    try:
        sent = socket.send_fds(control, [line], list(descriptors)) if descriptors else 0
        if sent < len(line):
            await asyncio.get_running_loop().sock_sendall(control, line[sent:])
    except OSError as error:
        raise ParentError(f"the warm parent is gone ({error.strerror})") from error


async def _answer(control: socket.socket) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    text = b""
    while not text.endswith(b"\n"):
        chunk = await loop.sock_recv(control, 65536)
        if not chunk:
            return {}
        text += chunk
    return json.loads(text.splitlines()[-1])


def _pipe() -> tuple[int, int]:
    """Return the ends of a pipe: to read from, to write to."""
    return os.pipe()


async def _reader(stack: AsyncExitStack, number: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(number, "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    stack.callback(transport.close)
    return reader


async def _writer(stack: AsyncExitStack, number: int) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    pipe = os.fdopen(number, "wb", buffering=0)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    stack.callback(transport.close)
    return asyncio.StreamWriter(transport, protocol, None, loop)
