"""The process that runs one order of tests: hears it, starts Prefect's API beside pytest's imports, runs pytest.

The server starts it as `python -c` in the user's interpreter. Its standard output and error belong to the user's
code; what it says goes over a channel of its own, which none of its children inherits.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib.util
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_prefect_lens import api, debugging, harness, haste, held, hermetic, injection, link, wire
from pytest_prefect_lens.masking import Masker
from pytest_prefect_lens.wire import Broken, Collected, Ended, Finished, Hello, Order, TestId

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_prefect_lens.wire import Message

OLDEST_PREFECT = (3, 1)

_OPTIONS = ("-p", link.PLUGIN, "-p", "pytest_prefect_lens.hold", "--continue-on-collection-errors")


def main() -> None:
    """Run the order that comes over the channel, and end with pytest's exit status."""
    leave = Leave()
    about = json.loads(os.environ.pop("PREFECT_LENS_WORKER"))
    say = Channel(about["channel"])
    order = say.hear()
    if not isinstance(order, Order):
        return
    can_be_interrupted()
    greeting = hello()
    say(greeting)
    trouble = unfit(order, greeting)
    if trouble is not None:
        say(trouble)
        return
    server = api.start(Path(order.home), Path(about["cache"]), about.get("alive"))
    settings = hermetic.begin(server.url)
    if order.debugpy is not None:
        debugging.wait(order.debugpy, say)  # after Prefect's API, which is not what anybody debugs
    leave.status = work(order, say, settings, server)
    sys.exit(leave.status)


def can_be_interrupted() -> None:
    """Take the guard's `interrupt` as what Ctrl-C is."""
    if sys.platform == "win32":
        signal.signal(signal.SIGBREAK, signal.default_int_handler)


def hello() -> Hello:
    """Return the first thing to say."""
    return Hello(wire.VERSION, os.getpid(), sys.version.split()[0], _version("pytest"), _version("prefect"))


def unfit(order: Order, greeting: Hello) -> Broken | None:
    """Return why this environment cannot run an order."""
    found = _wrong_version(order) or lacking(greeting)
    return found if found is not None or order.debugpy is None else debugging.lacking(order.debugpy)


def work(order: Order, say: Channel, settings: hermetic.Settings, server: api.Api) -> int:
    """Run an order, in an environment that can run it, and return the exit status of the process."""
    home = Path(order.home)
    injection.apply(order.environment, home)
    if order.environment.network is not None:
        held.hold(order.environment.network, held.INJECTED, home)
    say.watch(server, Masker(injection.secrets_of(order.environment)))
    files = _files(order)
    if files is None:
        say(Collected((), missing=order.tests + tuple(TestId(file, ()) for file in order.files)))
        say.ended(5)
        return 5
    arguments = [*files, *_OPTIONS, *order.pytest_args]
    if order.debugpy is not None:
        arguments += debugging.arguments(order.pytest_args)
    if order.environment.secrets:
        # Node IDs and what plugins keep there may hold one; the last word of several counts.
        arguments += ["-o", f"cache_dir={home / 'pytest-cache'}"]
        tempfile.tempdir = str(home)  # pytest keeps what is printed in a file that has no name, and no trace there
    status = _run_pytest(arguments, order, say, settings, server)
    say.ended(status)
    return status


class Leave:
    """Ends the process when all exit handlers have run: taking Prefect's server to pieces takes a second more."""

    def __init__(self) -> None:
        self.status: int | None = None
        count = getattr(atexit, "_ncallbacks", None)
        if count is not None and count() == 0:  # handlers run backwards: the first one registered is the last to run
            atexit.register(self)

    def __call__(self) -> None:
        """End the process where it has run an order."""
        if self.status is not None:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(Exception):  # the user's code may have put anything there
                    stream.flush()
            os._exit(self.status)


class Channel:
    """Calling it sends a message."""

    def __init__(self, address: str) -> None:
        self._socket = _connect(address)
        self._lock = threading.Lock()
        self._server: api.Api | None = None
        self._masker = Masker(())
        self._broken = False
        self._last_word: Ended | None = None
        # A forked child that comes back into pytest would tell everything a second time.
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._socket.close)

    def watch(self, server: api.Api, masker: Masker) -> None:
        """From now on believe no test that ended without its API, and let no secret pass."""
        self._server = server
        self._masker = masker

    def hear(self) -> Message | None:
        """Wait for the one message that the server sends; None where it is gone."""
        with self._socket.makefile("rb") as lines:
            line = lines.readline()
        return wire.decode(line) if line else None

    def ended(self, status: int) -> None:
        """Say that pytest has returned, with what the plugin had to say about it."""
        word = self._last_word or Ended(status)
        self._send(Ended(status, word.reason, word.left))

    def __call__(self, message: Message) -> None:
        """Send a message; the plugin's last word is kept until pytest has returned."""
        if isinstance(message, Ended):
            # Said at the end of the session. What other plugins still write then, a coverage report, is awaited.
            self._last_word = message
        else:
            self._send(message)

    def _send(self, message: Message) -> None:
        if self._broken:
            return  # what follows a broken machine says nothing about the user's code
        if isinstance(message, Finished) and self._server is not None and self._server.is_dead():
            message = self._server.broken()
        self._broken = isinstance(message, Broken)
        try:
            with self._lock:
                self._socket.sendall(wire.encode(self._masker.masked(message)))
        except OSError:
            pass  # the server is gone, and the guard is about to end us; or we are a forked child


def _connect(address: str) -> socket.socket:
    kind, _, rest = address.partition(":")
    if kind == "fd":
        found = socket.socket(fileno=int(rest))
        found.set_inheritable(False)
        return found
    host, port, token = rest.split(":")
    found = socket.create_connection((host, int(port)))
    found.sendall(token.encode() + b"\n")
    return found


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _wrong_version(order: Order) -> Broken | None:
    if order.version == wire.VERSION:
        return None
    what = f"pytest_prefect_lens in {sys.prefix} speaks protocol {wire.VERSION}, this editor's server {order.version}."
    return Broken("PL909", what, distributions=("prefect-lens",))


def lacking(greeting: Hello) -> Broken | None:
    """Return what this environment needs for any order and has not."""
    if greeting.pytest is None:
        return Broken("PL903", f"No pytest in {sys.prefix}.", distributions=("pytest",))
    if greeting.prefect is None:
        # A checkout of Prefect on the path has no metadata.
        if importlib.util.find_spec("prefect") is None:
            return Broken("PL904", f"No Prefect in {sys.prefix}.", distributions=("prefect",))
    elif tuple(int(part) for part in greeting.prefect.split(".")[:2]) < OLDEST_PREFECT:
        oldest = ".".join(map(str, OLDEST_PREFECT))
        what = f"Prefect {greeting.prefect} in {sys.prefix} is too old; Prefect Lens needs {oldest} or newer."
        return Broken("PL905", what, distributions=(f"prefect>={oldest}",))
    return None


def _files(order: Order) -> list[str] | None:
    """Return the files to name to pytest, relative to the root as a person would; None where all of them are gone."""
    asked = dict.fromkeys((*(test.path for test in order.tests), *order.files))
    there = [file for file in asked if Path(file).exists()]
    if asked and not there:
        return None
    root = order.root + os.sep
    # The dot keeps a name that begins with `-` or `@` from being an option.
    return [f".{os.sep}{file[len(root) :]}" if file.startswith(root) else file for file in there]


def _run_pytest(
    arguments: list[str], order: Order, say: Callable[[Message], None], settings: hermetic.Settings, server: api.Api
) -> int:
    import pytest  # noqa: PLC0415  it may not be there, and says so itself until here

    def wait_for_api() -> None:
        trouble = settings.verify() or server.wait()
        if trouble is not None:
            raise link.MachineryError(trouble)

    lease = harness.Lease(server.clean)

    def say_and_note(message: Message) -> None:
        if isinstance(message, Finished):
            lease.test_ended()
        say(message)

    if order.skip_retry_delays:
        os.environ["PREFECT_LENS_SKIP_RETRY_DELAYS"] = "1"  # for workers of xdist too

    @contextlib.contextmanager
    def with_the_api() -> Generator[None]:
        wait_for_api()
        yield

    haste.install(server.url)
    harness.install(lease, with_the_api)
    link.connect(order, say_and_note, wait_for_api)
    sys.argv = [str(Path(pytest.__file__).with_name("__main__.py")), *arguments]
    return int(pytest.main(arguments))
