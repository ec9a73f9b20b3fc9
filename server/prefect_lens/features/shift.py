"""Where a line of an older text is in a newer one, so that a diagnostic stays with its code while a person types."""

from __future__ import annotations

import dataclasses
import difflib
from functools import cached_property
from typing import TYPE_CHECKING

from prefect_lens.model import Diagnostic, Location, Position, Related, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MOST_LINES = 4000
"""Changed stretches longer than this are not compared line by line: a person did not type them."""

STALE = " (before the last edit)"


class Shift:
    """The way from the lines of one text to those of another."""

    def __init__(self, before: str, after: str) -> None:
        self._before = split_lines(before)
        self._after = split_lines(after)

    def span(self, span: Span) -> tuple[Span, bool]:
        """Return where a span is now, and whether its lines are what they were."""
        start, same_start = self._line(span.start.line)
        end, same_end = self._line(span.end.line)
        if same_start and same_end:
            return Span(Position(start, span.start.column), Position(end, span.end.column)), True
        end = max(start, end)
        length = len(self._after[end]) if end < len(self._after) else 0
        first = span.start.column if same_start else 0
        return Span(Position(start, first), Position(end, max(length, first) if end == start else length)), False

    def _line(self, line: int) -> tuple[int, bool]:
        """Return the line that a line has become, or the one where it was, and whether it is still the same."""
        old_gap = new_gap = 0
        for before, after, length in self._blocks:
            if line < before:
                # As far into the stretch that has been changed as it was, or to its last line.
                return min(new_gap + line - old_gap, max(new_gap, after - 1), len(self._after) - 1), False
            if line < before + length:
                return after + line - before, True
            old_gap, new_gap = before + length, after + length
        return len(self._after) - 1, False

    @cached_property
    def _blocks(self) -> Sequence[tuple[int, int, int]]:
        """The stretches that both texts share: start before, start after, length."""
        before, after = self._before, self._after
        head = _common(before, after)
        tail = _common(before[head:][::-1], after[head:][::-1])
        old, new = before[head : len(before) - tail], after[head : len(after) - tail]
        blocks = [(0, 0, head)]
        if old and new and max(len(old), len(new)) <= MOST_LINES:
            matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
            blocks += [(head + a, head + b, size) for a, b, size in matcher.get_matching_blocks() if size]
        blocks.append((len(before) - tail, len(after) - tail, tail))
        return blocks


def split_lines(text: str) -> list[str]:
    """Return the lines of a text as Python and the protocol count them: form feeds and such do not end one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def shifted(
    diagnostics: Sequence[Diagnostic],
    before: Mapping[str, str],
    now: Callable[[str], str | None],
    stale: Callable[[Diagnostic], bool],
) -> tuple[Diagnostic, ...]:
    """Return the diagnostics where their code is now, marked where they speak of older code.

    Args:
        diagnostics: where the code was.
        before: the texts as they were.
        now: gives the text of a file as it is; None for one that is gone.
        stale: says whether the code of a diagnostic's tests has changed.
    """
    ways: dict[str, Shift | None] = {}

    def way(path: str) -> Shift | None:
        if path not in ways:
            old, new = before.get(path), now(path)
            ways[path] = None if old is None or new is None or old == new else Shift(old, new)
        return ways[path]

    def move(location: Location) -> tuple[Location, bool]:
        if (shift := way(location.path)) is None:
            return location, True
        span, is_same = shift.span(location.span)
        return Location(location.path, span), is_same

    found: list[Diagnostic] = []
    for diagnostic in diagnostics:
        location, is_same = move(diagnostic.location)
        related = tuple(Related(move(one.location)[0], one.message) for one in diagnostic.related)
        message = diagnostic.message if is_same and not stale(diagnostic) else _marked(diagnostic.message)
        found.append(dataclasses.replace(diagnostic, location=location, related=related, message=message))
    return tuple(found)


def _marked(message: str) -> str:
    """Return the message with the mark on its first line, which is what a list of problems shows."""
    first, newline, rest = message.partition("\n")
    return first + STALE + newline + rest


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    for index, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return index
    return min(len(one), len(other))
