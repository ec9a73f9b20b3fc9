"""Paths and URIs. Only files have a path; whatever else an editor opens is none of our business."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath, PureWindowsPath
from urllib.parse import quote, unquote_to_bytes, urlsplit

_DRIVE = re.compile(r"/[A-Za-z]:(?=/|$)")

_SAFE = "/-._~!$&'()*+,;=@"
"""What a path may hold in a URI as it is."""


def to_path(uri: str, *, windows: bool = os.name == "nt") -> Path | None:
    """Return the path of a file's URI, absolute and without `.` and `..`; None where it has none."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    raw = unquote_to_bytes(parts.path)
    if parts.scheme != "file" or b"\0" in raw or not raw.startswith(b"/"):
        return None
    path = os.fsdecode(raw)
    if windows:
        if _DRIVE.match(path):
            # Editors differ in the case of the letter, and our paths are compared as text.
            path = path[1].upper() + path[2:]
        elif parts.netloc:
            path = f"//{parts.netloc}{path}"
        return Path(os.path.normpath(path))
    if parts.netloc not in ("", "localhost"):
        return None
    return Path(os.path.normpath(path))


def to_uri(path: PurePath) -> str:
    """Return the URI of an absolute path."""
    text = path.as_posix()
    if isinstance(path, PureWindowsPath):
        if text.startswith("//"):
            host, _, rest = text[2:].partition("/")
            return f"file://{host}/{quote(rest, safe=_SAFE)}"
        # As editors write it: a small letter, its colon escaped.
        return f"file:///{text[0].lower()}%3A{quote(text[2:], safe=_SAFE)}"
    return "file://" + quote(os.fsencode(text), safe=_SAFE)
