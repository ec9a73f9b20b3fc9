"""Prefect's own API for one run: a child process, on loopback, behind a random path, with a database of its own.

The listening socket is bound here and handed down, so that its address is known at once and a client that comes
early waits instead of failing. The child says itself when it is ready, and why it cannot be.
"""

from __future__ import annotations

import functools
import http.client
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlsplit

from pytest_prefect_lens import addresses, forking, serving
from pytest_prefect_lens.wire import Broken

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PATIENCE = 120.0
"""Seconds until an API that says nothing counts as one that cannot start. A slow machine takes 20."""

_BOOT = """\
import importlib.util, sys
if importlib.util.find_spec("pytest_prefect_lens") is None: sys.path.append({plugin!r})
from pytest_prefect_lens.serving import serve
serve()
"""


def start(home: Path, cache: Path, alive: int | None = None, *, warm: bool = False) -> Api:
    """Start the API of a run whose private folder is `home`. It ends with this process, however that ends.

    `alive` is a descriptor that it alone is to hold: who has the other end hears that it is ready, and that it is gone.
    With `warm` it has run a flow of ours before it is ready, and is to be cleaned then.
    """
    listener, about, environment = _prepare(home, cache)
    url = _address(listener, about) if warm else None
    environment["PREFECT_LENS_API"] = json.dumps({**about, "socket": listener.fileno(), "alive": alive, "warm": url})
    listener.set_inheritable(True)
    handed_down = (listener.fileno(), *(() if alive is None else (alive,)))
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _BOOT.format(plugin=str(Path(__file__).parents[1]))],
            cwd=home / "server",
            env=environment,
            stdin=subprocess.PIPE,  # its end is the child's sign to go
            stdout=subprocess.PIPE,
            stderr=log,
            close_fds=sys.platform != "win32",
            pass_fds=() if sys.platform == "win32" else handed_down,
            start_new_session=True,  # an interrupt of the tests is none of its own
        )
    if alive is not None:
        os.close(alive)
    assert process.stdout is not None
    said = process.stdout
    address = _address(listener, about)
    listener.close()
    return Api(address, said.fileno(), process.poll, home / "server.log", (process.stdin, said))


def fork(home: Path, cache: Path, become: Callable[[], None], alive: int) -> Api:
    """Start the API as a fork of this process, which has imported what it needs; `become` makes Prefect usable there.

    Its environment, its working folder and `alive` are what `start` gives it. This process must have one thread.
    """
    listener, about, environment = _prepare(home, cache)
    life, ours = os.pipe()
    said, say = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            log = os.open(home / "server.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            forking.settle(life, say, log, keep=(listener.fileno(), alive))
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(home / "server")
            serving.run({**about, "alive": alive, "warm": None}, listener, become)
        except BaseException:  # noqa: BLE001  this copy must not go on as the process that it was forked from
            traceback.print_exc()
        finally:
            os._exit(1)
    for number in (life, say, alive):
        os.close(number)
    address = _address(listener, about)
    listener.close()
    return Api(address, said, functools.partial(forking.poll, child), home / "server.log", (ours,), forked=child)


def _prepare(home: Path, cache: Path) -> tuple[socket.socket, dict[str, str], dict[str, str]]:
    """Return the socket, what the child is to know, and its environment; make its working folder."""
    # Said by name, it is inherited by each connection, and asyncio then sees to it that no answer waits 40 ms for the
    # acknowledgement of its first half.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    (home / "server").mkdir()  # empty: no `.env`, no `prefect.toml`
    about = {
        "secret": f"/{secrets.token_urlsafe(12)}",
        "database": str(home / "prefect.db"),
        "cache": str(cache),
    }
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("COV_CORE_", "COVERAGE_"))},
        **addresses.hermetic(home),
        "PREFECT_SERVER_UI_ENABLED": "false",
        # As Prefect starts the server of its own test harness: without background services. (Not as its `final` one:
        # what that takes away to save memory, newer versions of FastAPI look for.)
        "PREFECT__SERVER_EPHEMERAL": "1",
    }
    environment.pop("PREFECT_SERVER_API_BASE_PATH", None)
    return listener, about, environment


def _address(listener: socket.socket, about: dict[str, str]) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}{about['secret']}/api"


class Api:
    """A Prefect API that is starting, or runs."""

    def __init__(
        self,
        url: str,
        said: int,
        poll: Callable[[], int | None],
        log: Path,
        kept: tuple[object, ...],
        *,
        forked: int | None = None,
    ) -> None:
        self.url = url
        self._said = said
        self._poll = poll
        self._log = log
        self._kept = kept
        self._forked = forked
        self._heard = b""
        self._ready = False
        self._answers = False
        self._status: int | None = None

    def wait(self) -> Broken | None:
        """Wait until it answers; return what is wrong where it never will."""
        deadline = time.monotonic() + PATIENCE
        while not self._ready:
            if not self._listen(deadline - time.monotonic()):
                return self.broken()
        if not self._answers:
            trouble = self._refusal()
            self._answers = trouble is None
            return trouble
        return self.broken() if self.is_dead() else None

    def clean(self) -> bool:
        """Make its database as new as it was at its start; whether that could be done."""
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.netloc, timeout=30)
        try:
            connection.request("POST", f"{place.path.removesuffix('/api')}{serving.CLEAN}")
            return connection.getresponse().status == 204
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    @contextmanager
    def asleep(self) -> Generator[None]:
        """Let it take no time of the processor meanwhile: a server that nobody asks still looks for work all the time.

        Only one that was forked: it ends with this process even so.
        """
        self._signal("SIGSTOP")
        try:
            yield
        finally:
            self._signal("SIGCONT")

    def _signal(self, name: str) -> None:
        if self._forked is not None:
            with suppress(ProcessLookupError):  # who asks it next tells of that
                os.kill(self._forked, getattr(signal, name))

    def end(self) -> None:
        """End it, and wait until it is gone."""
        ours, *_ = self._kept  # its end is the child's sign to go
        if isinstance(ours, int):
            os.close(ours)
        else:
            cast("IO[bytes]", ours).close()
        while os.read(self._said, 4096):
            pass
        self._poll()

    def is_dead(self) -> bool:
        """Whether it was ready once and is gone."""
        return self._ready and not self._listen(0.0) and self._heard.endswith(b"gone\n")

    def was_killed(self) -> bool:
        """Whether a signal has ended it, or is about to have: another one may live."""
        return (self._ended(1.0) or 0) < 0

    def broken(self) -> Broken:
        """Return why it does not run, and what cures that."""
        from pytest_prefect_lens import blame  # noqa: PLC0415  only bad days need it

        log = self._text()
        failure = next((line for line in self._heard.splitlines() if line.startswith(b"{")), None)
        if failure is not None:
            return blame.broken(json.loads(failure), log)
        if self._ready:
            return Broken("PL906", f"Prefect's server {self._ending()} in the middle of the run.", log)
        last = (log.strip().splitlines() or ["it said nothing"])[-1]
        return Broken("PL906", f"Prefect's server did not start, it {self._ending()}: {last}", log)

    def _ending(self) -> str:
        status = self._ended(1.0 if self._heard.endswith(b"gone\n") else 0.0)
        if status is None:
            return "was not ready in time"
        return f"ended with exit status {status}" if status >= 0 else f"was killed by signal {-status}"

    def _ended(self, patience: float) -> int | None:
        """Return how it ended, waiting so many seconds for that; None where it lives."""
        deadline = time.monotonic() + patience
        while self._status is None:
            self._status = self._poll()  # who asks a second time is told nothing
            if time.monotonic() >= deadline:
                break
            time.sleep(0.001)
        return self._status

    def _refusal(self) -> Broken | None:
        """Ask it what every client asks first: a server beside the wrong FastAPI starts, and fails at each request."""
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.netloc, timeout=30)
        try:
            connection.request("GET", f"{place.path}/admin/version")
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            return Broken("PL906", f"Prefect's server does not answer: {error}", self._text())
        finally:
            connection.close()
        if response.status == 200:
            return None
        from pytest_prefect_lens import blame  # noqa: PLC0415

        return blame.refused(response.status, text, self._text())

    def _text(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")[-20_000:] if self._log.exists() else ""

    def _listen(self, patience: float) -> bool:
        """Take in what the child says; whether there is more to hope for."""
        if sys.platform != "win32":
            readable, _, _ = select.select([self._said], [], [], max(patience, 0))
            if not readable:
                return self._ready
        elif self._ready:
            return self._poll() is None
        said = os.read(self._said, 65536)
        self._heard += said or b"gone\n"
        self._ready = self._ready or b"ready\n" in self._heard
        return bool(said)
