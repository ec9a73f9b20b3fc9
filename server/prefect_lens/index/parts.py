"""Reads a large text part by part, each parsed, taken in and forgotten before the next.

What it takes to make, walk and free the tree of a line grows with the tree: by half from a text of 4 kB to one of 50,
since a tree takes a hundred times the room of its text, and soon more than the processor's caches have.

A text is cut where a definition begins behind two empty lines. Whether that is a place between two statements is not
looked at, but follows: if it stood in a string, in brackets or behind a decorator, the part before it would not be
Python, and neither would one be that ends in a block without a body. A text with such a part is read as a whole.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from prefect_lens.index import doctests, newer
from prefect_lens.index.lower import Statements

if TYPE_CHECKING:
    import ast
    from collections.abc import Iterator

    from prefect_lens.index.facts import Scope

LEAST = 4_000
"""Characters of a part, but for the last: parsing anything takes some twenty microseconds."""

_CUT = re.compile(r"\n\n\n(?=@|def |class |async def )")


def scopes(text: str) -> tuple[Scope, ...] | None:
    """Return the scopes of a text, as `lower.scopes` would; None where it is to be read as a whole.

    Raises:
        RecursionError, MemoryError: it is nested too deeply.
    """
    parts = tuple(_parts(text))
    if len(parts) == 1 or doctests.PROMPT in text:
        return None
    builder = Statements(text)
    statements = _statements(builder, parts)
    try:
        builder.module(statements)
        deque(statements, maxlen=0)  # what stands behind a `raise` says nothing, but has to be Python
    except (SyntaxError, ValueError):
        return None
    return builder.done()


def _parts(text: str) -> Iterator[str]:
    start = 0
    for found in _CUT.finditer(text, LEAST):
        end = found.end()
        if end - start >= LEAST:
            yield text[start:end]
            start = end
    yield text[start:]


def _statements(builder: Statements, parts: tuple[str, ...]) -> Iterator[ast.stmt]:
    """Yield the statements of all parts, and tell the builder where in the text each part begins."""
    line = 0
    for part in parts:
        builder.first_line = line
        yield from newer.parse_as_is(part).body
        line += part.count("\n")
