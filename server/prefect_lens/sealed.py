"""Small files of ours in the user's cache folder, which are whole or as good as not there.

Each ends with a digest of the rest, by the version of ours that wrote it: what another one wrote is not even looked
into. It is written beside its place and then put there, so that neither a crash nor
a second server leaves half of one.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable

log = logging.getLogger(__name__)

_DIGEST = 16
_NEW = ".new-"
_HOUR = 3600.0


def read_sealed(place: Path, version: bytes) -> memoryview | None:
    """Return what was written to a file; None where there is none, a damaged one, or one of another version.

    Raises:
        OSError: it cannot be read.
    """
    try:
        data = memoryview(place.read_bytes())
    except FileNotFoundError:
        return None
    body = data[:-_DIGEST]
    if bytes(data[-_DIGEST:]) != _digest((body,), version):
        log.info("%s is damaged or of another version, and made anew.", place)
        return None
    return body


def write_sealed(place: Path, version: bytes, body: Iterable[bytes]) -> None:
    """Write a file that its owner alone can read, a part of it after the other.

    Raises:
        OSError: it cannot be written.
    """
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(place.parent)
    descriptor, made = tempfile.mkstemp(dir=place.parent, prefix=_NEW)  # readable by its owner alone
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_digest(map(partial(_written, file), body), version))
        Path(made).replace(place)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def version_of(*files: Path) -> bytes:
    """Return what stands for some files of ours as they are, and for the Python that runs them."""
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.digest()


def forget_oldest(folder: Path, pattern: str, most: int) -> None:
    """Leave of the files of one kind so many, those that were written last.

    Raises:
        OSError: they cannot be looked at.
    """
    kept = sorted(folder.glob(pattern), key=lambda place: place.stat().st_mtime, reverse=True)
    for place in kept[most:]:
        place.unlink(missing_ok=True)


def _sweep(folder: Path) -> None:
    """Remove what a crash has left while it wrote."""
    for left in folder.glob(f"{_NEW}*"):
        with suppress(OSError):  # another server has been quicker
            if left.stat().st_mtime < time.time() - _HOUR:
                left.unlink()


def _written(file: BinaryIO, part: bytes) -> bytes:
    file.write(part)
    return part


def _digest(body: Iterable[bytes | memoryview], version: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=_DIGEST, key=version)
    for part in body:
        digest.update(part)
    return digest.digest()
