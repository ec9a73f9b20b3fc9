"""Takes secret values out of texts, as they are and in the forms that programs commonly give them.

Worker and server both use it, so it needs the standard library alone.
"""

from __future__ import annotations

import base64
import bisect
import html
import json
import re
import sys
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

LEAST = 6
"""The fewest characters of a value that is masked: a shorter one stands in too many texts by chance."""
MASK = "***"

_T = TypeVar("_T")

_LONG = 24
"""From so many characters on, a beginning or an end of this half is taken for the whole: texts are cut short."""
_STRUCTURE = frozenset({"id", "path", "parent", "kind", "names", "outcome", "phase", "code", "distributions"})
"""The fields of a message that name what is there without any secret: what is found by them must stay what it is."""
_NOISE = "\"'|│┃\\"
_DROPPED = {ord(char): None for char in f"{_NOISE} \t\r\n\v\f\xa0"}
_MARGIN = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\n(?:E|INTERNALERROR>|[>+\-?])(?=\s)")
"""The colours of a terminal, and what pytest writes in front of a line."""
_BETWEEN = re.compile(rf"(?:{_MARGIN.pattern}|[\s{re.escape(_NOISE)}])+")


class Masker:
    """Masks the values that it was made with."""

    def __init__(self, values: Iterable[str]) -> None:
        self._needles = tuple(_needles(values))

    def mask(self, text: str) -> str:
        """Return the text with `***` for each value, and for each form of one."""
        if not self._needles or len(text) < LEAST:
            return text
        spans = sorted(_found(_bare(text), self._needles))
        if not spans:
            return text
        places = _places(text)
        parts: list[str] = []
        end = 0
        for first, last in spans:
            start = _original(first, places)
            if start > end or not parts:
                parts += (text[end:start], MASK)
            end = max(end, _original(last - 1, places) + 1)
        return "".join((*parts, text[end:]))

    def masked(self, message: _T) -> _T:
        """Return a message with the texts in it masked; what it names things by stays."""
        if not self._needles:
            return message
        texts: list[str] = []

        def note(text: str) -> str:
            texts.append(text)
            return text

        _over(message, note)
        # Most messages hold none, and one look at all of their texts is quicker than a look at each.
        if not any(_found(_bare("\0".join(texts)), self._needles)):
            return message
        return cast("_T", _over(message, self.mask))


def can_be_masked(value: str) -> bool:
    """Whether a value is long enough to be told from what stands in a text by chance."""
    return len(_bare(value)) >= LEAST


# --- looking -------------------------------------------------------------------------------------------


def _found(text: str, needles: tuple[tuple[str, str, str], ...]) -> Generator[tuple[int, int]]:
    """Yield where one of the needles, or the beginning or the end of a long one, stands in the text."""
    for whole, head, tail in needles:
        at = text.find(head)
        while at >= 0:
            end = at + len(head)
            if whole is not head:
                end = at + _alike(text[at : at + len(whole)], whole)
            yield at, end
            at = text.find(head, end)
        if tail is whole:
            continue
        at = text.find(tail)
        while at >= 0:
            end = at + len(tail)
            before = text[max(0, end - len(whole)) : end]
            yield end - _alike(before[::-1], whole[::-1]), end
            at = text.find(tail, end)


def _alike(one: str, other: str) -> int:
    """Return how many characters two texts have in common at their beginnings."""
    if one == other:
        return len(one)
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _bare(text: str) -> str:
    """Return a text without what may come between two parts of it where it is printed: breaks, quotes, frames."""
    if "\n" in text or "\x1b" in text:
        text = _MARGIN.sub("", text)
    return text.translate(_DROPPED)


def _places(text: str) -> list[tuple[int, int]]:
    """Return where the parts of a bare text begin, in it and in the original."""
    places, bare, end = [(0, 0)], 0, 0
    for found in _BETWEEN.finditer(text):
        bare += found.start() - end
        end = found.end()
        places.append((bare, end))
    return places


def _original(place: int, places: list[tuple[int, int]]) -> int:
    """Return where a character of a bare text stands in the original."""
    at, begin = places[bisect.bisect_right(places, (place, sys.maxsize)) - 1]
    return begin + place - at


def _over(value: Any, mask: Callable[[str], str]) -> Any:
    match value:
        case str():
            return mask(value)
        case tuple():
            return tuple(_over(item, mask) for item in cast("tuple[Any, ...]", value))
        case _ if is_dataclass(value) and not isinstance(value, type):
            names = (field.name for field in fields(value) if field.name not in _STRUCTURE)
            return replace(value, **{name: _over(getattr(value, name), mask) for name in names})
        case _:
            return value


# --- what to look for ----------------------------------------------------------------------------------


def _needles(values: Iterable[str]) -> Generator[tuple[str, str, str]]:
    """Yield each form of each value: the whole, and what is looked for first from the front and from the back."""
    forms: set[str] = set()
    for value in values:
        if can_be_masked(value):
            forms.update(_forms(value))
    for form in sorted(forms, key=len, reverse=True):
        half = _LONG // 2
        yield (form, form[:half], form[-half:]) if len(form) >= _LONG else (form, form, form)


def _forms(value: str) -> Generator[str]:
    """Yield what programs make of a value, bare."""
    lines = value.splitlines()
    for text in (value, *(line for line in lines if len(lines) > 1 and len(_bare(line)) >= 2 * LEAST)):
        urls = (quote(text, safe=""), quote(text), quote_plus(text))
        lower = (re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), url) for url in urls)
        # Without backslashes one escape is as good as an escape of it.
        escaped = (json.dumps(text), json.dumps(text, ensure_ascii=False), repr(text), ascii(text))
        yield from map(_bare, (text, *escaped, *urls, *lower, html.escape(text)))
    data = value.encode("utf-8", "surrogatepass")
    yield from (data.hex(), data.hex().upper())
    for before in range(3):
        # Where a value begins within three bytes decides on its base64; the characters at its ends are also others'.
        coded = base64.b64encode(bytes(before) + data)
        inner = coded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6].decode("ascii")
        yield from (inner, inner.translate(str.maketrans("+/", "-_")))
