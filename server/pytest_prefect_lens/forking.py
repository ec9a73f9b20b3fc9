"""What a process does that was forked and goes on as something else. Linux; standard library alone."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from pathlib import Path


def settle(stdin: int, stdout: int, stderr: int, keep: tuple[int, ...] = (), *, alone: bool = False) -> None:
    """Take these as the three standard descriptors and close all others but `keep`.

    From here on the process dies when its parent does, unless it can be left `alone`.
    """
    if not alone:
        die_with_parent()
    moved = [os.dup(number) for number in (stdin, stdout, stderr)]  # one of them may be 0, 1 or 2 itself
    for target, number in enumerate(moved):
        os.dup2(number, target)
    kept = {0, 1, 2, *keep}
    for number in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if number not in kept:
            with contextlib.suppress(OSError):  # the one that listed them
                os.close(number)


def settle_quietly(keep: tuple[int, ...] = ()) -> None:
    """Settle without an input, and with an output that nobody sees."""
    nothing = os.open(os.devnull, os.O_RDWR)
    settle(nothing, nothing, nothing, keep)


def die_with_parent() -> None:
    """Have the system kill this process when its parent ends."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG


def adopt_orphans() -> None:
    """Become the one that orphaned descendants are handed to."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def poll(child: int) -> int | None:
    """Return how a child ended, as `subprocess` tells it: negative for a signal; None while it lives."""
    try:
        pid, status = os.waitpid(child, os.WNOHANG)
    except ChildProcessError:
        return 0  # somebody else has asked
    return os.waitstatus_to_exitcode(status) if pid else None


def threads() -> int:
    """Return how many threads this process has, those that no Python code knows among them where the system tells."""
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if tasks.exists() else threading.active_count()


def trim() -> None:
    """Give memory that was used and is free back to the system, where the C library can do that."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)
