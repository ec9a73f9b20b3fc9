"""Which files of a folder hold no credential, kept in the user's cache folder, so that a start need not read them.

An entry holds for a file that is what it was by size and by both of its times, as in the cache of facts. Nothing is
kept of a file in which something was found: it is read at each start, so that neither a secret nor its place, length
or hash is written anywhere. Whatever is wrong with what is kept, it is as if nothing were.
"""

from __future__ import annotations

import hashlib
import logging
import marshal
import os
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_lens import decoding
from prefect_lens.engine.folders import cache_folder
from prefect_lens.facts_cache import MOST, Status, is_settled, key_of
from prefect_lens.index import credentials, notebooks
from prefect_lens.sealed import forget_oldest, read_sealed, version_of, write_sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)


class CleanFiles:
    """The files of one folder that hold no credential. One thread at a time uses it."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._place: Path | None = None
        self._old: dict[str, Status] = {}
        self._new: dict[str, Status] = {}
        self._now = time.time()
        with suppress(OSError):  # without a folder to keep it in, it is not kept
            name = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:16]
            self._place = cache_folder(environ) / "clean" / f"{name}.clean"
            if (body := read_sealed(self._place, _version())) is not None:
                self._old = marshal.loads(body)  # noqa: S302  what we wrote, where nobody else can write

    def has(self, path: str, status: os.stat_result) -> bool:
        """Whether a file is one that held none, and has not changed since."""
        if self._old.get(path) != (key := key_of(status)):
            return False
        self._new[path] = key
        return True

    def add(self, path: str, status: os.stat_result) -> None:
        """Take it that a file holds none, which had this status before it was read."""
        if is_settled(status, self._now):
            self._new[path] = key_of(status)

    def save(self) -> None:
        """Write what has been asked for and added, if it is not what was there; several servers may do so at once."""
        if self._place is None or self._new == self._old:
            return
        try:
            write_sealed(self._place, _version(), (marshal.dumps(self._new),))
            forget_oldest(self._place.parent, "*.clean", MOST)
        except OSError as error:
            log.info("Which files hold no credential is not kept: %s", error)


@cache
def _version() -> bytes:
    makers = (credentials, notebooks, decoding)
    return version_of(*(Path(str(one.__file__)) for one in makers), Path(__file__))
