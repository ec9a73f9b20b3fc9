"""The warm parent: a process that has imported what runs need, and is forked for each of them. Linux.

It has one thread and none of the project's own modules, see `gathering.py`. The server starts it like a worker, and
speaks to it over a socket: a line of JSON for each process that it wants, with the descriptors for that process beside
it, or one that names what the project's code imports. It answers with lines of JSON: `ready`, `failed`, and once
`stale`, with a file that it has imported and that has changed since. What nobody reads it must not say: it would wait
for a reader one day.
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_prefect_lens import early, forking, spare
from pytest_prefect_lens.gathering import StartsThreadError, UnfitError, find_out, gather
from pytest_prefect_lens.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Generator

    from pytest_prefect_lens.hidden import Hidden

_DESCRIPTORS = ("channel", "commands", "events", "output", "lock", "alive")
"""What comes beside a line, in this order; see `spare.Wanted`."""


@dataclass(frozen=True)
class Imports:
    """The server says what the project's code imports."""

    names: tuple[str, ...]


def main() -> None:
    """Import, say that it is done, and fork until the server is gone."""
    about = json.loads(os.environ.pop("PREFECT_LENS_PARENT"))
    control = socket.socket(fileno=about["control"])
    control.set_inheritable(False)
    path = list(sys.path)
    began = time.monotonic()
    try:
        known, kept, home = (Path(about[name]) for name in ("known", "libraries", "home"))
        gathered = gather(known, kept, home, blocked=about.get("blocked", []))
    except StartsThreadError as error:
        _begin_again({**about, "blocked": [*about.get("blocked", []), *error.plugins]})
    except early.SpoiledError:
        _begin_again(about)
    except UnfitError as error:
        _say(control, failed=str(error))
        return
    except Exception as error:
        _say(control, failed=f"{type(error).__name__}: {error}")
        raise
    gc.collect()
    gc.freeze()
    forking.trim()
    _say(control, ready=round(time.monotonic() - began, 3), pid=os.getpid(), modules=gathered.tops)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the guards: their servers hear of their end
    _serve(control, about, path, gathered.hidden)


def _begin_again(about: dict[str, Any]) -> NoReturn:
    """Become a new process that does it all once more; what was forked stays."""
    os.set_inheritable(about["control"], True)  # noqa: FBT003
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    environment = {**os.environ, "PREFECT_LENS_PARENT": json.dumps(about)}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606


# --- serving --------------------------------------------------------------------------------------------


def _serve(control: socket.socket, about: dict[str, Any], path: list[str], hidden: Hidden) -> None:
    """Fork for each line that asks for it.

    What a first flow run imports, and which libraries of the project can be imported early, is found out in another
    process beside a run, so that nobody waits for it. Then everything is imported once more, that with it.
    """
    known, libraries = Path(about["known"]), Path(about["libraries"])
    is_known, imported = known.exists(), early.good(libraries)
    asked: tuple[str, ...] = ()
    tried: set[str] = set()
    beside: list[int] = []
    for heard in _hear(control, beside, Watch()):
        match heard:
            case spare.Wanted():
                _fork(control, heard, path, hidden)
            case Imports(names):
                asked = names
            case None:
                os.close(beside.pop())
        if beside:
            continue
        untried = {top: names for top, names in early.untried(asked, libraries).items() if top not in tried}
        if untried or not (is_known or known.exists() or "prefect" in tried):
            tried |= {"prefect", *untried}
            beside.append(_find_out(about, hidden, untried))
        elif not isinstance(heard, spare.Wanted) and (is_known, imported) != (known.exists(), early.good(libraries)):
            _begin_again(about)


def _fork(control: socket.socket, wanted: spare.Wanted, path: list[str], hidden: Hidden) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        spare.fork(wanted, path, hidden, control.close)
    except OSError as error:
        _say(control, failed=f"fork: {error.strerror}")
    for name in _DESCRIPTORS:
        os.close(getattr(wanted, name))


def _find_out(about: dict[str, Any], hidden: Hidden, libraries: dict[str, tuple[str, ...]]) -> int:
    """Begin to find out, in another process, what could be imported; returns what ends when that is done."""
    done, doing = os.pipe()
    if os.fork() == 0:
        try:
            os.nice(19)
            forking.settle_quietly(keep=(doing,))
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            hidden.reveal()
            find_out(Path(about["known"]), Path(about["libraries"]), Path(about["home"]), libraries)
        finally:
            os._exit(0)  # a copy must not go on as the process that it was forked from
    os.close(doing)
    return done


def _hear(control: socket.socket, beside: list[int], watch: Watch) -> Generator[spare.Wanted | Imports | None]:
    """Yield what the server wants, and None when one of the descriptors `beside` has something to say."""
    text: bytes = b""
    descriptors: list[int] = []
    while True:
        watched = [watch.descriptor] if watch.descriptor >= 0 else []
        ready = select.select([control, *watched, *beside], [], [])[0] if not text else [control]
        if watch.descriptor in ready and (file := watch.changed()) is not None:
            _say(control, stale=file)
            watch.end()
        if control not in ready:
            if any(number in ready for number in beside):
                yield None
            continue
        chunk, received, _, _ = socket.recv_fds(control, 65536, len(_DESCRIPTORS))
        descriptors += received
        text += chunk
        if not chunk:
            return
        while b"\n" in text:
            line, _, text = text.partition(b"\n")
            about: dict[str, Any] = json.loads(line)
            if "imports" in about:
                yield Imports(tuple(about["imports"]))
                continue
            mine, descriptors = descriptors[: len(_DESCRIPTORS)], descriptors[len(_DESCRIPTORS) :]
            about.update(zip(_DESCRIPTORS, mine, strict=True))
            about["guard"] = tuple(about["guard"])
            yield spare.Wanted(**about)


def _say(control: socket.socket, **what: Any) -> None:
    with suppress(OSError):  # the server is gone
        control.sendall(json.dumps(what).encode("ascii") + b"\n")
