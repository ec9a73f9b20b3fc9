"""Writing the trail: an entry is on the disk, sealed and chained to the one before, when `append` returns."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect_lens.audit.keys import Key, known_keys, make_key
from prefect_lens.audit.places import Places, exclusive, number_of
from prefect_lens.audit.sealing import NOTHING, Head, Line, hash_of, read_head, read_line, write_head, write_line
from prefect_lens.engine.folders import write_private

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LIMIT = 4 * 2**20
"""Bytes from which on a segment is left alone and the next one begun."""

BLOCK = 64 * 1024


def key_of(places: Places) -> Key:
    """Return the key that entries are sealed with. The first time it is made, and so is the head of an empty trail.

    Raises:
        OSError: it can be neither read nor written.
    """
    with exclusive(places):
        return _key(places)


def append(places: Places, entry: Mapping[str, Any], limit: int = LIMIT) -> int:
    """Write an entry, and return its number. It is on the disk then, whatever happens to this process.

    Args:
        places: where the trail stands.
        entry: what it says.
        limit: from how many bytes on a new segment is begun.

    Raises:
        OSError: the trail, its head or its key cannot be read or written. Then nothing was promised.
    """
    with exclusive(places):
        key = _key(places)
        end = _end(places, known_keys(places))
        line = write_line(key, end.head, datetime.now(UTC).isoformat(), entry, end.found)
        segment = end.segment
        if segment is None or segment.stat().st_size >= limit:
            segment = places.segment(number_of(segment) + 1 if segment is not None else 1)
        # A torn line gets its end, and stays as it is.
        _write(segment, b"\n" + line if end.is_torn and segment == end.segment else line)
        head = Head(end.head.count + 1, hash_of(line[:-1]))
        _write_head(places, key, head)
        return head.count


def _key(places: Places) -> Key:
    if known := known_keys(places):
        return known[0]
    key = make_key(places)
    # From now on a trail without a head is one whose head was removed.
    if not places.segments():
        _write_head(places, key, Head(0, NOTHING))
    return key


def _write_head(places: Places, key: Key, head: Head) -> None:
    write_private(places.head, write_head(key, head).decode("ascii"))


@dataclass(frozen=True)
class _End:
    """Where the next entry goes, and what it follows."""

    head: Head
    segment: Path | None
    is_torn: bool
    """Whether the segment ends in the middle of a line."""
    found: Mapping[str, Any]


def _end(places: Places, keys: Sequence[Key]) -> _End:
    """Return the end of the trail: what the head says, or the last entry that is whole, whichever is further.

    An entry of which the head does not know yet was written by a process that died just then. A head that knows of more
    than there is says that the tail was cut: the chain goes on behind what is missing, so that it stays missed.
    """
    segments = places.segments()
    last, torn, is_torn = None, [], False
    for segment in reversed(segments):
        last, more, ends_torn = _last_whole(segment, keys)
        torn = more + torn
        is_torn = is_torn or (segment == segments[-1] and ends_torn)
        if last is not None:
            break
    found: dict[str, Any] = {"torn": [hash_of(text) for text in torn]} if torn else {}
    there = Head(last.number, last.hash) if last is not None else Head(0, NOTHING)
    try:
        known = read_head(places.head.read_bytes(), keys)
    except FileNotFoundError:
        known = None
    if known is None:
        found["head"] = "broken" if places.head.exists() else "missing"
    elif known.count > there.count:
        found["cut"] = [there.count + 1, known.count]
        there = known
    return _End(there, segments[-1] if segments else None, is_torn, found)


def _last_whole(segment: Path, keys: Sequence[Key]) -> tuple[Line | None, list[bytes], bool]:
    """Return a segment's last entry whose seal holds, the lines behind it, and whether the last of these has no end."""
    size = segment.stat().st_size
    start = size
    with segment.open("rb") as file:
        while True:
            start = max(0, start - max(BLOCK, size - start))
            file.seek(start)
            lines = file.read(size - start).split(b"\n")
            is_torn = lines[-1] != b""
            whole = lines if start == 0 else lines[1:]
            behind: list[bytes] = []
            for text in reversed(whole):
                line = read_line(text)
                if line is not None and any(key.seal(line.sealed) == line.seal for key in keys):
                    return line, behind, is_torn
                if text:
                    behind.insert(0, text)
            if start == 0:
                return None, behind, is_torn


def _write(segment: Path, data: bytes) -> None:
    descriptor = os.open(segment, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
