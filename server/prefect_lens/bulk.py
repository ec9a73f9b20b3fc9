"""Reads many files into facts, half of them in a second process: parsing keeps one processor busy.

The helper runs `bulk_helper` by the server's own interpreter, with the server's own modules alone on its path. It is
given the folder and the paths on its standard input and answers on its standard output, a batch at a time. One that
cannot be started, or ends early, costs time and nothing else: what it has not answered is read here.
"""

from __future__ import annotations

import io
import logging
import marshal
import os
import subprocess
import sys
import threading
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import prefect_lens
from prefect_lens.bulk_helper import keep_room, read_file
from prefect_lens.decoding import Problem
from prefect_lens.index.known import without_collector
from prefect_lens.index.packed import Packed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from prefect_lens.bulk_helper import Found

log = logging.getLogger(__name__)

MANY = 600
"""From so many files on, a second process is worth its start."""

_START = "from prefect_lens.bulk_helper import main; main()"


def read_files(folder: Path, paths: tuple[str, ...]) -> Iterator[tuple[str, Found]]:
    """Yield what each of some files of a folder says, or why it could not be read."""
    keep_room()
    other = paths[1::2] if len(paths) >= MANY and (os.cpu_count() or 1) > 1 else ()
    place = str(folder)
    with without_collector(), _Helper(place, other) if other else nullcontext() as helper:
        for path in paths[::2] if other else paths:
            yield path, read_file(place, path)
        answered: set[str] = set()
        for path, found in helper.answers() if helper is not None else ():
            answered.add(path)
            yield path, found
    for path in other:
        if path not in answered:
            yield path, read_file(place, path)


class _Helper:
    """A second process that reads files, while this one does something else."""

    def __init__(self, folder: str, paths: tuple[str, ...]) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._data = b""
        question = marshal.dumps((folder, paths))
        own = str(Path(prefect_lens.__file__).parent.parent)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-S", "-c", _START],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": own},
            )
        except OSError as error:
            log.info("Files are read in one process: %s", error)
        self._listener = threading.Thread(target=self._listen, args=(question,), daemon=True)

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
        self._listener.join()

    def answers(self) -> Iterator[tuple[str, Found]]:
        """Wait for its end, and yield what it has read."""
        self._listener.join()
        stream = io.BytesIO(self._data)
        while stream.tell() < len(self._data):
            try:
                batch = marshal.load(stream)  # noqa: S302  from our own process
            except (EOFError, ValueError, TypeError):  # it ended in the middle of one
                return
            for path, plain in batch:
                yield path, Problem(path, *plain) if len(plain) == 1 else Packed.of(plain)

    def _listen(self, question: bytes) -> None:
        if self._process is not None:
            self._data = self._process.communicate(question)[0]
