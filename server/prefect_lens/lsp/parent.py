"""Ending with the editor, also where it dies without a word and something else holds our standard input open."""

from __future__ import annotations

import ctypes
import os
import select
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SYNCHRONIZE = 0x0010_0000
INFINITE = 0xFFFF_FFFF


def watch_parent(pid: int | None, gone: Callable[[], object]) -> None:
    """Call `gone` from a thread when a process has ended.

    A process that is not there to begin with lives in another container, and says nothing.
    """
    if pid is not None and pid > 0 and _is_there(pid):
        threading.Thread(target=_watch, args=(pid, gone), name="parent", daemon=True).start()


def _watch(pid: int, gone: Callable[[], object]) -> None:
    _wait(pid)
    gone()


def _is_there(pid: int) -> bool:
    if sys.platform == "win32":
        handle = ctypes.windll.kernel32.OpenProcess(SYNCHRONIZE, False, pid)  # noqa: FBT003
        if handle:
            ctypes.windll.kernel32.CloseHandle(handle)
        return bool(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _wait(pid: int) -> None:
    """Return when a process has gone."""
    if sys.platform == "win32":
        handle = ctypes.windll.kernel32.OpenProcess(SYNCHRONIZE, False, pid)  # noqa: FBT003
        ctypes.windll.kernel32.WaitForSingleObject(handle, INFINITE)
        ctypes.windll.kernel32.CloseHandle(handle)
        return
    if sys.platform == "linux":
        try:
            descriptor = os.pidfd_open(pid)
        except OSError:
            pass
        else:
            select.select([descriptor], [], [])
            os.close(descriptor)
            return
    while _is_there(pid):
        time.sleep(2)
