"""The text of a file, as Python would decode it."""

from __future__ import annotations

import codecs
import os
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from prefect_lens.model import Diagnostic

LARGEST = 5_000_000
"""Bytes; larger files are data."""

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")


class Problem(NamedTuple):
    """Why a file could not be read."""

    path: str
    message: str

    @property
    def diagnostic(self) -> Diagnostic:
        """The problem, as a person sees it."""
        from prefect_lens.index import problems  # noqa: PLC0415  who only reads files shows nobody anything
        from prefect_lens.model import Diagnostic, Location, Position, Severity, Span  # noqa: PLC0415

        start = Span(Position(0, 0), Position(0, 0))
        return Diagnostic(Location(self.path, start), Severity.WARNING, problems.UNREADABLE_FILE, self.message)


def read(path: Path | str, name: str | None = None) -> str | Problem:
    """Return the text of a file as Python would decode it, or why it has none."""
    shown = name if name is not None else str(path)
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  a `Path` for each file takes as long as to open it
            if os.fstat(file.fileno()).st_size > LARGEST:
                return Problem(shown, f"{shown} is too large to be read (over {LARGEST // 1_000_000} MB).")
            data = file.read()
    except OSError as error:
        return Problem(shown, f"{shown} cannot be read: {error.strerror or error}.")
    return decode(data, shown)


def decode(data: bytes, shown: str) -> str | Problem:
    """Return bytes as Python would decode them: UTF-8 unless a cookie in the first two lines says otherwise."""
    encoding = "utf-8"
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    else:
        for line in data.split(b"\n", 2)[:2]:
            if found := _COOKIE.match(line):
                encoding = found.group(1).decode("ascii", "replace")
                break
            if line.strip() and not line.lstrip().startswith(b"#"):
                break
    try:
        if not codecs.lookup(encoding)._is_text_encoding:  # type: ignore[attr-defined]  # noqa: SLF001
            return Problem(shown, _no_text(shown, encoding))
        return data.decode(encoding)
    except LookupError:
        return Problem(shown, _no_text(shown, encoding))
    except UnicodeError:
        return Problem(shown, f"{shown} is not encoded as {encoding}.")


def _no_text(shown: str, encoding: str) -> str:
    return f"{shown} says that it is encoded as {encoding}, which is no encoding of text."
