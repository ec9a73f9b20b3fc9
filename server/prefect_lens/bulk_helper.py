"""The second process that reads files for `bulk`. It imports little beside what makes facts: its start costs, too."""

from __future__ import annotations

import gc
import marshal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

from prefect_lens.decoding import Problem, read
from prefect_lens.index.facts import read_facts
from prefect_lens.index.packed import pack

if TYPE_CHECKING:
    from prefect_lens.index.packed import Packed

    Found = Packed | Problem

_BATCH = 50
_ROOM = 16_000_000


def main() -> None:
    """Read the files that are named on the standard input."""
    keep_room()
    gc.disable()  # nothing of what it makes and drops refers to itself
    folder, paths = marshal.load(sys.stdin.buffer)  # noqa: S302  from our own process
    with suppress(BrokenPipeError):  # nobody waits for it any more
        for first in range(0, len(paths), _BATCH):
            found = [(path, read_file(folder, path)) for path in paths[first : first + _BATCH]]
            plain = [(path, (one.message,) if isinstance(one, Problem) else one.plain()) for path, one in found]
            marshal.dump(plain, sys.stdout.buffer)
            sys.stdout.buffer.flush()


def keep_room() -> None:
    """Have the C library keep the memory that one file took for the next one.

    Glibc's `malloc` gives back to the system what is free at its end, which parsing and packing a file fill again each
    time: each page of it a fault. It keeps twice of the largest piece that it was ever given back.
    """
    bytearray(_ROOM)


def read_file(folder: str, path: str) -> Found:
    """Return what a file of a folder says, or why it could not be read."""
    text = read(f"{folder}/{path}", path)
    return text if isinstance(text, Problem) else pack(read_facts(text))
