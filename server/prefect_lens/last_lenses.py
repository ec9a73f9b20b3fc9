"""What the lenses of open files said last, kept in the user's cache folder, so that the next start shows them at once.

To know them anew takes a look at every file of the folder, which goes on meanwhile: what is remembered is shown no
longer than that takes, and only above the text that it was said of. There is one small file for each, so that two
servers and a crash do no harm; whatever is wrong with it, it is as if nothing were remembered.
"""

from __future__ import annotations

import hashlib
import logging
import marshal
import os
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect_lens import index
from prefect_lens.engine.folders import cache_folder
from prefect_lens.model import Definition, Evidence, How, Kind, Location, Match, Position, Span, TestCase
from prefect_lens.sealed import forget_oldest, read_sealed, version_of, write_sealed

if TYPE_CHECKING:
    from collections.abc import Mapping

    Lenses = Mapping[Definition, tuple[Match, ...]]

log = logging.getLogger(__name__)

MOST = 500
"""Files of which something is kept, of all folders together."""
LARGEST = 1_000_000
"""Bytes; what is more is not kept."""


class LastLenses:
    """The lenses of one folder's files. One thread at a time writes them."""

    def __init__(self, folder: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._root = os.fsencode(os.path.realpath(folder))
        self._folder: Path | None = None
        self._written: dict[str, bytes] = {}
        with suppress(OSError):  # without a folder to keep them in, they are not kept
            self._folder = cache_folder(environ) / "lenses"

    def get(self, path: str, digest: str) -> Lenses | None:
        """Return the definitions of a file, each with its tests; None where nothing is known of this text.

        Reads one small file.

        Args:
            path: the file, relative to the folder.
            digest: what stands for its text.
        """
        try:
            body = read_sealed(place, _version()) if (place := self._place(path)) is not None else None
        except OSError as error:
            log.info("What the lenses of %s said cannot be read: %s", path, error)
            return None
        if body is None:
            return None
        of, said = marshal.loads(body)  # noqa: S302  what we wrote, where nobody else can write
        return {_definition(one): tuple(map(_match, matches)) for one, matches in said} if of == digest else None

    def put(self, path: str, digest: str, lenses: Lenses) -> None:
        """Keep what is known of a file, if it is not what is kept."""
        said = tuple((_plain(one), tuple(map(_plain, matches))) for one, matches in lenses.items())
        body = marshal.dumps((digest, said))
        if (place := self._place(path)) is None or len(body) > LARGEST or self._written.get(path) == body:
            return
        self._written[path] = body
        try:
            write_sealed(place, _version(), (body,))
            forget_oldest(place.parent, "*.lenses", MOST)
        except OSError as error:
            log.info("What the lenses of %s say is not kept: %s", path, error)

    def _place(self, path: str) -> Path | None:
        name = hashlib.sha256(self._root + b"\0" + os.fsencode(path)).hexdigest()[:24]
        return self._folder / f"{name}.lenses" if self._folder is not None else None


def _plain(value: Any) -> Any:
    """Return one of the model's values as what `marshal` takes: its fields, and theirs."""
    match value:
        case Kind() | How() | Evidence():
            return value.value
        case Definition() | Match() | TestCase() | Location() | Span() | Position():
            return tuple(_plain(getattr(value, name)) for name in value.__slots__)
        case _:
            return value


def _definition(plain: tuple[Any, ...]) -> Definition:
    kind, path, qualname, name, location, declared_at, is_async = plain
    declared = None if declared_at is None else _location(declared_at)
    return Definition(Kind(kind), path, qualname, name, _location(location), declared, is_async)


def _match(plain: tuple[Any, ...]) -> Match:
    (path, names, span, project), how, chain, evidence = plain
    return Match(TestCase(path, names, _span(span), project), How(how), chain, Evidence(evidence))


def _location(plain: tuple[Any, ...]) -> Location:
    return Location(plain[0], _span(plain[1]))


def _span(plain: tuple[Any, ...]) -> Span:
    return Span(Position(*plain[0]), Position(*plain[1]))


@cache
def _version() -> bytes:
    """Return what stands for all of ours that has a say in what lenses say."""
    package = Path(index.__path__[0])
    return version_of(*sorted(package.glob("*.py")), package.with_name("model.py"), Path(__file__))
