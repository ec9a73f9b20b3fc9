"""What memory there is and what processes take of it. Linux; elsewhere nothing is known."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Taken:
    """What some processes take together."""

    processes: int
    bytes: int
    """Their proportional set size: what several of them share counts once."""


def available() -> int | None:
    """Return the bytes of memory that are available; None where that cannot be known.

    From `MemAvailable` in `/proc/meminfo`, see proc_meminfo(5).
    """
    try:
        text = Path("/proc/meminfo").read_text(encoding="ascii")
        return int(text.partition("MemAvailable:")[2].split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return None


def taken_by(ancestor: int) -> Taken:
    """Return what a process and its descendants take. Reads a file of each process of the machine: for a thread.

    From `Pss` in `/proc/PID/smaps_rollup`, see proc_pid_smaps(5).
    """
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208  names are what is needed
        if name.isdecimal() and (parent := _parent(name)) is not None:
            children.setdefault(parent, []).append(int(name))
    family = [ancestor]
    for pid in family:  # it grows
        family += children.get(pid, ())
    sizes = [size for pid in family if (size := _proportional(pid)) is not None]
    return Taken(len(sizes), sum(sizes))


def _parent(pid: str) -> int | None:
    try:
        # The name, in parentheses, may hold anything.
        return int(Path("/proc", pid, "stat").read_bytes().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return None  # it has ended meanwhile


def _proportional(pid: int) -> int | None:
    try:
        text = Path("/proc", str(pid), "smaps_rollup").read_text(encoding="ascii", errors="replace")
        return int(text.partition("\nPss:")[2].split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        return None
