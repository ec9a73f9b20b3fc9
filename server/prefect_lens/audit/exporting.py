"""The whole trail in one file: its lines as they are, and its head as the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.audit.keys import known_keys
from prefect_lens.audit.places import exclusive
from prefect_lens.audit.sealing import Head, read_head, signed_head
from prefect_lens.engine.folders import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefect_lens.audit.keys import Key
    from prefect_lens.audit.places import Places


def export(places: Places, file: Path) -> str | None:
    """Write the trail into a file, and return the public key that its signatures are verified with, if there is one.

    Raises:
        OSError: there is no trail, or the file cannot be written.
    """
    keys = known_keys(places)
    if not keys or not places.segments():
        raise FileNotFoundError(f"nothing has been written to {places.folder} yet")
    with exclusive(places):
        parts = [segment.read_bytes() for segment in places.segments()]
        parts.append(places.head.read_bytes() if places.head.exists() else b"")
    # A torn line at the end of a part gets its end, so that the next one begins a line.
    lines = [part if part.endswith(b"\n") or not part else part + b"\n" for part in parts]
    write_private(file, b"".join(lines).decode("utf-8", "surrogateescape"))
    return keys[0].public


def read_exported(file: Path, keys: Sequence[Key], public: str | None) -> tuple[list[tuple[str, bytes]], Head | str]:
    """Return the lines of an exported trail, and its head or why there is none that holds.

    Raises:
        OSError: it cannot be read.
    """
    lines = file.read_bytes().rstrip(b"\n").rpartition(b"\n")
    head = signed_head(lines[2], public) if public else read_head(lines[2], keys)
    return [(file.name, lines[0] + lines[1])], head or "not the last line, or broken"
