"""A worker that was forked before it is needed: prepares all that does not depend on the order, and waits for it."""

from __future__ import annotations

import atexit
import contextlib
import os
import random
import signal
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import api, forking, hermetic, warmup, wire, worker
from pytest_prefect_lens.wire import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_prefect_lens.hidden import Hidden


@dataclass(frozen=True)
class Wanted:
    """What the server asks for, and the descriptors that it gives with it."""

    home: str
    root: str
    environment: dict[str, str]
    guard: tuple[str, ...]
    """The command that starts the guard, without its arguments."""
    cache: str
    channel: int
    commands: int
    """The guard's input."""
    events: int
    """The guard's output."""
    output: int
    """What the worker writes to its standard output and error goes here."""
    lock: int
    """Held by the guard as long as the private folder is in use."""
    alive: int
    """Held by Prefect's API alone, as long as it lives."""


def fork(wanted: Wanted, path: list[str], hidden: Hidden, leave: Callable[[], None]) -> None:
    """Fork a guard and its worker. `leave` lets go in them of what is this process' own; `path` is their `sys.path`.

    Raises:
        OSError: the system does not give another process.
    """
    if os.fork():
        return
    try:
        leave()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        forking.adopt_orphans()
        guard = os.getpid()
        pid = os.fork()
        if pid == 0:
            _live(wanted, path, hidden, guard)
        nothing = os.open(os.devnull, os.O_WRONLY)
        forking.settle(wanted.commands, wanted.events, nothing, keep=(wanted.lock,), alone=True)
        os.set_inheritable(wanted.lock, True)  # noqa: FBT003
        os.chdir("/")
        os.execv(wanted.guard[0], [*wanted.guard, "adopt", str(pid), wanted.home])  # noqa: S606
    finally:
        os._exit(1)  # a copy must not go on as the process that it was forked from


def _live(wanted: Wanted, path: list[str], hidden: Hidden, guard: int) -> None:
    status = 1
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        forking.settle(nothing, wanted.output, wanted.output, keep=(wanted.channel, wanted.alive))
        if os.getppid() != guard:
            return
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.clear()
        os.environ.update(wanted.environment)
        os.chdir(wanted.root)
        sys.path[:] = path
        sys.argv = ["-c"]
        _reseed()
        status = _work(wanted, hidden)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
    except KeyboardInterrupt:
        status = 130
    except BaseException as error:  # noqa: BLE001  as the interpreter does with what nobody catches
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        _leave(status)


def _work(wanted: Wanted, hidden: Hidden) -> int:
    say = worker.Channel(f"fd:{wanted.channel}")
    home = Path(wanted.home)
    server = api.fork(home, Path(wanted.cache), hidden.reveal, wanted.alive)
    trouble = server.wait()
    if trouble is None and not (warmup.use(server.url, home / "warm-up", hidden.reveal) and server.clean()):
        trouble = wire.Broken("PL906", "Prefect's server could not be warmed up.")
    if trouble is not None and server.was_killed():
        sys.stderr.write(trouble.what)
        return 1  # the next one may live: that is no reason to give the parent up
    if trouble is not None:
        say(trouble)
        return 1
    return attend(say, server, hidden)


def attend(
    say: worker.Channel,
    server: api.Api,
    hidden: Hidden,
    tops: tuple[str, ...] = (),
    stale: Callable[[], str | None] = lambda: None,
) -> int:
    """Wait for the order with a server that is ready, run it, and return the exit status of the process.

    Args:
        say: the channel.
        server: Prefect's API, which answers.
        hidden: what has been imported.
        tops: what of it is in sight, see `Hello.modules`.
        stale: names a file that was imported and is another one since; asked when the order is there.
    """
    settings = hermetic.begin(server.url)
    hidden.prepare()
    greeting = replace(worker.hello(), modules=tops)
    say(greeting)
    with server.asleep():
        order = say.hear()
    if not isinstance(order, Order) or server.is_dead():
        return 1
    if (changed := stale()) is not None:
        sys.stderr.write(f"{changed} has changed since it was imported")
        return 1
    if not hidden.early.is_true_in({**os.environ, **dict(order.environment.variables)}):
        sys.stderr.write("a library that is imported already reads a variable that this run sets")
        return 1
    say(greeting)  # until now the server could do without us
    trouble = worker.unfit(order, greeting)
    if trouble is not None:
        say(trouble)
        return 1
    return worker.work(order, say, settings, server)


def _reseed() -> None:
    """Let no two runs draw the same numbers, as two fresh processes would not."""
    random.seed()
    tempfile.tempdir = None


def _leave(status: int) -> None:
    """End as an interpreter does, but for taking itself to pieces."""
    with contextlib.suppress(BaseException):
        shutdown: Any = getattr(threading, "_shutdown", None)
        shutdown()
    with contextlib.suppress(BaseException):
        exit_handlers: Any = getattr(atexit, "_run_exitfuncs", None)
        exit_handlers()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(status)
