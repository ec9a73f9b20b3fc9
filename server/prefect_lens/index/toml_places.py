"""Where the keys and values of a TOML text stand: what `tomllib` reads, it does not locate.

It reads any text, and passes over what it does not understand; whether the text is TOML, `tomllib` says.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import NoReturn

from prefect_lens.model import Position, Span

Path = tuple[str | int, ...]
"""Keys from the outside in; a number for an item of an array."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_BLANK = re.compile(r"[ \t]*")
_ANY_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PLAIN = re.compile(r"[^,\]}\n#]+")
_STRINGS = (
    re.compile(r'"""(?:\\.|[^\\])*?"""{1,3}', re.DOTALL),
    re.compile(r"'''.*?'''{1,3}", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a key and its value stand. For an item of an array, and for a table, the two are the same."""

    key: Span
    value: Span


@dataclass(frozen=True, slots=True)
class Typing:
    """What is being written at the end of a text that is not finished."""

    table: Path
    """The table or array that it belongs to."""
    key: str | None
    """The key whose value is being written; None where that is a key itself, or an item of an array."""
    word: str
    """What stands of it so far, its opening quote included."""


def places(text: str) -> dict[Path, Place]:
    """Return the places of all keys and of all items of arrays."""
    scanner = _Scanner(text)
    scanner.read()
    return scanner.places


def typing_at_end(text: str) -> Typing:
    """Return what is being written where a text ends: for completion, given what stands before the cursor."""
    scanner = _Scanner(text)
    scanner.read()
    return Typing(scanner.table, scanner.key, text[scanner.word :])


class _UnexpectedError(Exception):
    """This is no TOML."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.places: dict[Path, Place] = {}
        self.table: Path = ()
        self.key: str | None = None
        self.word = 0
        self._text = text
        self._at = 0
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._counts: dict[Path, int] = {}

    def read(self) -> None:
        table: Path = ()
        while True:
            self._skip(_ANY_BLANK)
            self._now(table)
            if self._at >= len(self._text):
                return
            try:
                if self._sees("["):
                    table = self._header()
                else:
                    self._pair(table)
                self._skip(_BLANK)
                if self._at < len(self._text) and not self._sees("\n", "\r", "#"):
                    self._fail()
            except (_UnexpectedError, RecursionError):
                end = self._text.find("\n", self._at)
                if end < 0:
                    return
                self._at = end

    def _header(self) -> Path:
        is_array = self._sees("[[")
        start = self._at
        self._at += 2 if is_array else 1
        self._skip(_BLANK)
        self._now(())
        keys = self._keys(())
        self._expect("]]" if is_array else "]")
        path: Path = ()
        for number, (name, span) in enumerate(keys):
            path = (*path, name)
            self.places.setdefault(path, Place(span, span))
            if is_array and number == len(keys) - 1:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
                whole = self._span(start, self._at)
                self.places.setdefault(path, Place(whole, whole))
        return path

    def _pair(self, table: Path) -> None:
        keys = self._keys(table)
        path = table
        for name, span in keys[:-1]:
            path = (*path, name)
            self.places.setdefault(path, Place(span, span))
        name, span = keys[-1]
        self._expect("=")
        self._skip(_BLANK)
        self._now(path, name)
        start = self._at
        self.places[*path, name] = Place(span, span)
        self._value((*path, name))
        self.places[*path, name] = Place(span, self._span(start, self._at))

    def _keys(self, table: Path) -> list[tuple[str, Span]]:
        found: list[tuple[str, Span]] = []
        while True:
            self._skip(_BLANK)
            self._now((*table, *(name for name, _ in found)))
            start = self._at
            is_quoted = self._sees('"', "'")
            name = _unquoted(self._match(*_STRINGS[2:])) if is_quoted else self._match(_BARE)
            found.append((name, self._span(start, self._at)))
            before = self._at
            self._skip(_BLANK)
            if not self._sees("."):
                if self._at >= len(self._text):
                    self._at = before
                    self._fail()
                return found
            self._at += 1

    def _value(self, path: Path) -> None:
        if self._sees('"', "'"):
            self._match(*_STRINGS)
        elif self._sees("["):
            self._items(path)
        elif self._sees("{"):
            self._members(path)
        else:
            self._match(_PLAIN)
            while self._text[self._at - 1] in " \t\r":
                self._at -= 1

    def _items(self, path: Path) -> None:
        self._at += 1
        number = 0
        while True:
            self._skip(_ANY_BLANK)
            self._now(path)
            if self._sees("]"):
                self._at += 1
                return
            start = self._at
            self._value((*path, number))
            span = self._span(start, self._at)
            self.places[*path, number] = Place(span, span)
            number += 1
            self._skip(_ANY_BLANK)
            if not self._sees("]"):
                self._expect(",")

    def _members(self, path: Path) -> None:
        self._at += 1
        while True:
            self._skip(_ANY_BLANK)
            self._now(path)
            if self._sees("}"):
                self._at += 1
                return
            self._pair(path)
            self._skip(_ANY_BLANK)
            if not self._sees("}"):
                self._expect(",")

    def _now(self, table: Path, key: str | None = None) -> None:
        self.table, self.key, self.word = table, key, self._at

    def _sees(self, *signs: str) -> bool:
        return self._text.startswith(signs, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        assert found is not None, "it matches nothing as well"
        self._at = found.end()

    def _match(self, *patterns: re.Pattern[str]) -> str:
        for pattern in patterns:
            if (found := pattern.match(self._text, self._at)) is not None:
                self._at = found.end()
                return found.group()
        raise _UnexpectedError

    def _expect(self, sign: str) -> None:
        if not self._sees(sign):
            self._fail()
        self._at += len(sign)

    def _fail(self) -> NoReturn:
        raise _UnexpectedError

    def _span(self, start: int, end: int) -> Span:
        return Span(self._position(start), self._position(end))

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset) - 1
        return Position(line, offset - self._starts[line])


def _unquoted(key: str) -> str:
    if key.startswith("'"):
        return key[1:-1]
    return _ESCAPE.sub(
        lambda found: (
            _ESCAPED.get(found[3], found[3])
            if found[3]
            else chr(code)
            if (code := int(found[1] or found[2], 16)) <= 0x10FFFF
            else "\N{REPLACEMENT CHARACTER}"
        ),
        key[1:-1],
    )
