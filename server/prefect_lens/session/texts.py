"""Texts that the editor holds: edits of them, and where their lines begin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefect_lens.model import Span

_NEWLINE = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True)
class Document:
    """A text as the editor has it, saved or not."""

    text: str
    version: int | None


def line_starts(text: str) -> Sequence[int]:
    """Return the offset at which each line begins. Only what the protocol and Python call a newline ends one."""
    return [0, *(match.end() for match in _NEWLINE.finditer(text))]


def lines(text: str) -> list[str]:
    """Return the lines of a text, without their ends."""
    return _NEWLINE.split(text)


def edited(text: str, span: Span | None, new: str) -> str:
    """Return the text with a stretch of it replaced; None replaces all. What lies outside of the text is cut off."""
    if span is None:
        return new
    starts = line_starts(text)
    start = _offset(text, starts, span.start.line, span.start.column)
    end = max(start, _offset(text, starts, span.end.line, span.end.column))
    return text[:start] + new + text[end:]


def _offset(text: str, starts: Sequence[int], line: int, column: int) -> int:
    if line >= len(starts):
        return len(text)
    end = starts[line + 1] if line + 1 < len(starts) else len(text)
    return min(starts[line] + column, end)
