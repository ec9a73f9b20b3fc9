"""Texts that `str.format` and `%` put together, as the parts of an f-string."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression


def formatted(text: str, given: tuple[Expression, ...], named: dict[str | None, Expression]) -> tuple[Expression, ...]:
    """Return the parts of a text that `str.format` fills."""
    parts: list[Expression] = []
    places = {str(at): value for at, value in enumerate(given)}
    waiting = iter(given)
    try:
        for literal, name, _, _ in string.Formatter().parse(text):
            if literal:
                parts.append(("text", literal))
            if name is not None:
                parts.append(next(waiting, None) if not name else places.get(name, named.get(name)))
    except ValueError:
        return (None,)
    return tuple(parts)


def filled(text: str, given: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """Return the parts of a text that `%` fills; only `%s` and `%d` are known."""
    literals = re.split(r"%[sd]", text)
    if len(literals) != len(given) + 1 or any("%" in literal for literal in literals):
        return (None, *given)
    pairs = zip(literals, (*given, ("text", "")), strict=True)
    return tuple(part for literal, value in pairs for part in (("text", literal), value))
