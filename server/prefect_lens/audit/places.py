"""Where the trail stands, and what stands apart from it: the key and the head."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.engine.folders import data_folder, state_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

SEGMENT = "trail-*.jsonl"


@dataclass(frozen=True)
class Places:
    """The folders and files of one user's trail."""

    folder: Path
    """The trail itself: its segments, and the lock of whoever writes."""
    apart: Path
    """What is kept apart from it, so that who removes the one has not removed the other."""

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Places:
        """Return those of the user whose environment this is."""
        return cls(state_folder(environ) / "audit", data_folder(environ))

    @property
    def head(self) -> Path:
        """How many entries there are, and the hash of the last."""
        return self.apart / "audit-head.json"

    @property
    def key(self) -> Path:
        """The secret of all seals, where no keyring has it."""
        return self.apart / "audit.key"

    def segments(self) -> list[Path]:
        """Return the files of the trail, the oldest first."""
        return sorted(self.folder.glob(SEGMENT))

    def segment(self, number: int) -> Path:
        """Return the file of a number, counted from 1."""
        return self.folder / f"trail-{number:05}.jsonl"


def number_of(segment: Path) -> int:
    """Return a segment's number."""
    digits = segment.stem.rpartition("-")[2]
    return int(digits) if digits.isdigit() else 0


@contextmanager
def exclusive(places: Places) -> Generator[None]:
    """Keep every other process and thread that writes out, for as long as the context lasts; the folders are made.

    The system lets go of the lock of a process that dies, however it dies.

    Raises:
        OSError: the lock cannot be had.
    """
    for folder in (places.folder, places.apart):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(places.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _wait_for(lock)
        yield
    finally:
        os.close(lock)


def _wait_for(lock: int) -> None:
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  Windows alone has it

        while True:
            # It gives up after ten attempts, a second apart, as its documentation tells.
            with suppress(OSError):
                msvcrt.locking(lock, msvcrt.LK_LOCK, 1)
                return
            time.sleep(0.05)
    else:
        import fcntl  # noqa: PLC0415  Windows does not have it

        fcntl.flock(lock, fcntl.LOCK_EX)
