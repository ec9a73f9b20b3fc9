"""What files said when they were last read, kept in the user's cache folder for the next start.

Reading ten thousand files into facts takes seconds, reading their facts again tenths of one. An entry holds for a file
that is what it was by size and by both of its times (a change of its contents always sets the second). Where its
imports lead is kept, too; that holds for such a file as long as there are the same paths and the same configuration.
Whatever is wrong with the cache, it is as if there were none: it is made anew, and no answer depends on it.
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
from typing import TYPE_CHECKING, Any

from prefect_lens.engine.folders import cache_folder
from prefect_lens.index import facts as facts_module
from prefect_lens.index.links import Resolved
from prefect_lens.index.packed import Packed
from prefect_lens.sealed import forget_oldest, read_sealed, version_of, write_sealed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)

RACY = 2.0
"""Seconds for which a file is too new to be kept: another change of it might leave its times as they are."""
MOST = 30
"""Folders whose facts are kept; those that were not opened for longest go first."""

_MAKERS = (
    "config", "doctests", "facts", "layout", "links", "lower", "lower_conditions", "lower_containers",
    "lower_expressions", "lower_operators", "lower_scopes", "lower_signatures", "lower_texts", "makers", "newer",
    "packed", "parts", "recover", "resolve", "uses",
)  # fmt: skip
"""The modules that make facts of a text, and links of these: with another version of them, both are others."""
_LENGTH = 8
_BATCH = 500
"""Files that are taken out of the cache at once: nobody else has a turn meanwhile."""

Status = tuple[int, int, int]


def key_of(status: os.stat_result) -> Status:
    """Return what tells that a file is what it was: its size, and both of its times in nanoseconds."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def is_settled(status: os.stat_result, now: float) -> bool:
    """Whether another change of a file would have set another time, in seconds since the epoch."""
    return max(status.st_mtime, status.st_ctime) < now - RACY


class FactsCache:
    """The facts of one folder's files. One thread at a time uses it."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._place: Path | None = None
        self._old: dict[str, tuple[Status, Any]] = {}
        self._new: dict[str, tuple[Status, Any]] = {}
        self._got: list[str] = []
        self._resolved: Resolved | None = None
        self._is_changed = False
        self._now = time.time()
        with suppress(OSError):  # without a folder to keep them in, facts are not kept
            name = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:16]
            self._place = cache_folder(environ) / "facts" / f"{name}.facts"
            self._old, self._resolved = self._load(self._place)

    def get(self, path: str, status: os.stat_result) -> Packed | None:
        """Return the facts of a file, if it is what it was."""
        entry = self._old.get(path)
        if entry is None or entry[0] != key_of(status):
            return None
        self._new[path] = entry
        self._got.append(path)
        return Packed.of(entry[1])

    def put(self, path: str, status: os.stat_result, facts: Packed) -> None:
        """Take what a file says, which had this status before it was read."""
        if is_settled(status, self._now):
            self._new[path] = key_of(status), facts.plain()
            self._is_changed = True

    @property
    def resolved(self) -> Resolved | None:
        """Where the imports of the files led that have been got."""
        if self._resolved is None:
            return None
        edges = self._resolved.edges
        return Resolved(self._resolved.state, {path: edges[path] for path in self._got if path in edges})

    def save(self, resolved: Resolved) -> None:
        """Write what has been got and put, if it is not what was there; several servers may do so at once.

        `resolved` is where the imports of the files lead.
        """
        is_same = self._resolved is not None and self._resolved.state == resolved.state
        if self._place is None or (is_same and not self._is_changed and self._new.keys() == self._old.keys()):
            return
        try:
            write_sealed(self._place, _version(), _parts(self._new, resolved))
            forget_oldest(self._place.parent, "*.facts", MOST)
        except OSError as error:
            log.info("The facts of the folder are not kept: %s", error)

    def _load(self, place: Path) -> tuple[dict[str, tuple[Status, Any]], Resolved | None]:
        files: dict[str, tuple[Status, Any]] = {}
        edges: dict[str, tuple[str, ...]] = {}
        if (body := read_sealed(place, _version())) is None:
            return files, None
        parts = _read(body)
        state, names = next(parts)
        for some, leads in parts:
            files |= some
            for path, ats in zip(some, leads, strict=True):
                if ats is not None:
                    edges[path] = tuple(names[at] for at in ats)
        return files, Resolved(state, edges)


def _parts(files: Mapping[str, tuple[Status, Any]], resolved: Resolved) -> Iterator[bytes]:
    """Yield what is kept, in parts, each behind its length: first what holds for all files, then batches of them."""
    names = {name: at for at, name in enumerate({name: None for found in resolved.edges.values() for name in found})}
    yield from _part((resolved.state, tuple(names)))
    paths = tuple(files)
    for some in (paths[first : first + _BATCH] for first in range(0, len(paths), _BATCH)):
        known = (resolved.edges.get(path) for path in some)
        leads = tuple(None if found is None else tuple(names[name] for name in found) for found in known)
        yield from _part(({path: files[path] for path in some}, leads))


def _part(part: Any) -> Iterator[bytes]:
    body = marshal.dumps(part)
    yield len(body).to_bytes(_LENGTH, "big")
    yield body


def _read(body: memoryview) -> Iterator[Any]:
    while body:
        size = _LENGTH + int.from_bytes(body[:_LENGTH], "big")
        yield marshal.loads(body[_LENGTH:size])  # noqa: S302  what we wrote, where nobody else can write
        body = body[size:]


@cache
def _version() -> bytes:
    return version_of(*(Path(facts_module.__file__).with_name(f"{name}.py") for name in _MAKERS), Path(__file__))
