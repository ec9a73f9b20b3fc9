"""What runs have shown, kept for each workspace folder from one start to the next.

Each run adds one line to a file, which is written at once: two servers may add to it side by side, and a line that a
crash has cut, or that another version of ours has written, is passed over. Whatever is wrong with the file, it is as
if less had been seen.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from prefect_lens import workspace
from prefect_lens.engine.folders import state_folder, write_private
from prefect_lens.index.facts import digest, normalize
from prefect_lens.index.observed import Cone, Observed, Seen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

log = logging.getLogger(__name__)

VERSION = 1
LARGEST = 2_000_000
"""Bytes; a file that has grown beyond is written anew, with what still counts."""
MOST = 30
"""Folders of which something is kept; those that were not run for longest go first."""


class Observations:
    """What is kept for one folder."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        name = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:16]
        self._place = state_folder(environ) / "observed" / f"{name}.jsonl"

    def load(self) -> Observed:
        """Return what is kept."""
        try:
            lines = self._place.read_bytes().split(b"\n")
        except FileNotFoundError:
            return Observed()
        except OSError as error:
            log.info("What runs have shown cannot be read: %s", error)
            return Observed()
        tests: dict[str, Seen] = {}
        for line in filter(None, lines):
            try:
                read = _read(line)
            except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
                log.info("A line of %s cannot be read; it is passed over.", self._place)
                continue
            for test, seen in read.items():
                tests[test] = seen.after(tests.get(test))
        found = Observed().after(tests)
        if sum(map(len, lines)) > LARGEST:
            with suppress(OSError):
                write_private(self._place, _written(found.tests))
        return found

    def add(self, new: Mapping[str, Seen]) -> None:
        """Keep what a run has shown."""
        if not new:
            return
        text = _written(new).encode("ascii")
        try:
            if not self._place.exists():
                self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _forget_oldest(self._place.parent)
            descriptor = os.open(self._place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "ab", buffering=0) as file:
                file.write(b"\n" + text)  # the line before may have been cut
        except OSError as error:
            log.info("What a run has shown is not kept: %s", error)

    def forget(self) -> None:
        """Forget all of it."""
        with suppress(OSError):
            self._place.unlink(missing_ok=True)


class Unchanged:
    """Tells whether files are on the disk what they were before a moment."""

    def __init__(self, folder: Path, moment: float) -> None:
        """Look at the files of a folder; `moment` is in seconds since the epoch."""
        self._folder = folder
        self._moment = moment

    def __call__(self, path: str, expected: str) -> bool:
        """Whether a file has been what a digest stands for since before the moment; "" stands for no file."""
        file = self._folder / path
        try:
            status = file.stat()
        except OSError:
            return not expected
        text = workspace.read(file)
        is_old = max(status.st_mtime, status.st_ctime) < self._moment
        return is_old and isinstance(text, str) and digest(normalize(text)) == expected


def _written(tests: Mapping[str, Seen]) -> str:
    cones = {cone: number for number, cone in enumerate({one.cone: None for one in tests.values()})}
    said = {
        "version": VERSION,
        "cones": [list(map(list, cone)) for cone in cones],
        "tests": {test: [cones[one.cone], sorted(one.ran), sorted(one.spared)] for test, one in tests.items()},
    }
    return json.dumps(said, separators=(",", ":")) + "\n"


def _read(line: bytes) -> dict[str, Seen]:
    said = cast("dict[str, Any]", json.loads(line))
    if said["version"] != VERSION:
        return {}
    cones = [_cone(pairs) for pairs in said["cones"]]
    tests: dict[object, tuple[int, list[object], list[object]]] = said["tests"]
    return {
        str(test): Seen(cones[number], frozenset(map(str, ran)), frozenset(map(str, spared)))
        for test, (number, ran, spared) in tests.items()
    }


def _cone(pairs: list[tuple[object, object]]) -> Cone:
    return tuple((str(path), str(of)) for path, of in pairs)


def _forget_oldest(folder: Path) -> None:
    kept = sorted(folder.glob("*.jsonl"), key=lambda place: place.stat().st_mtime, reverse=True)
    for place in kept[MOST - 1 :]:
        place.unlink(missing_ok=True)
