"""Reads a large text part by part, each parsed, taken in and forgotten before the next.

What it takes to make, walk and free the tree of a line grows with the tree: by half from a text of 4 kB to one of 50,
since a tree takes a hundred times the room of its text, and soon more than the processor's caches have.

A text is cut where a definition begins behind two empty lines, or behind one a method of a class. Whether that is a
place between two statements is not looked at, but follows: if it stood in a string, in brackets or behind a decorator,
the part before it would not be Python, and neither would one be that ends in a block without a body. A text with such a
part is read as a whole. What goes on with a class is parsed as the body of another, and taken for more of the first.
"""

from __future__ import annotations

import ast
import re
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from prefect_lens.index import doctests, newer
from prefect_lens.index.lower import Statements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.facts import Scope

LEAST = 4_000
"""Characters of a part, but for the last: parsing anything takes some twenty microseconds."""

_CUT = re.compile(r"\n\n(?:\n(?=@|def |class |async def )|(?= {4}(?:@|def |async def )))")
_INDENT = 4
"""Columns before the methods behind which a class is cut."""


class Part(NamedTuple):
    """A part of a text."""

    line: int
    """Where it begins, counted from 0."""
    text: str
    is_inside: bool
    """Whether it goes on with the class in which the part before it ends."""


def scopes(text: str) -> tuple[Scope, ...] | None:
    """Return the scopes of a text, as `lower.scopes` would; None where it is to be read as a whole.

    Raises:
        RecursionError, MemoryError: it is nested too deeply.
    """
    found = tuple(parts(text))
    if len(found) == 1 or doctests.PROMPT in text:
        return None
    builder = Statements(text)
    statements = _Reader(builder, found).statements()
    try:
        builder.module(statements)
        deque(statements, maxlen=0)  # what stands behind a `raise` says nothing, but has to be Python
    except (SyntaxError, ValueError):
        return None
    return builder.done()


def parts(text: str) -> Iterator[Part]:
    """Yield the parts of a text, if it is Python."""
    start = line = 0
    is_inside = False
    for found in _CUT.finditer(text, LEAST):
        end = found.end()
        goes_on = text[end] == " "
        if end - start >= LEAST and (not goes_on or _is_in_class(text, end)):
            yield Part(line, text[start:end], is_inside)
            line += text.count("\n", start, end)
            start, is_inside = end, goes_on
    yield Part(line, text[start:], is_inside)


def _is_in_class(text: str, end: int) -> bool:
    """Whether the last definition at the left margin is a class, as far as that shows."""
    return text.rfind("\nclass ", 0, end) > max(text.rfind("\ndef ", 0, end), text.rfind("\nasync def ", 0, end))


class _Reader:
    """Parses the parts of a text as their statements are asked for."""

    def __init__(self, builder: Statements, found: Iterable[Part]) -> None:
        self._builder = builder
        self._parts = deque(found)

    def statements(self) -> Iterator[ast.stmt]:
        """Yield the statements of the module."""
        while self._parts:
            waiting = self._read()
            while waiting:
                statement, *waiting = waiting
                if waiting or not self._goes_on:
                    yield statement
                    continue
                if not isinstance(statement, ast.ClassDef) or statement.body[0].col_offset != _INDENT:
                    raise SyntaxError
                statement.body = body = self._continued(statement.body, waiting)  # type: ignore[reportAttributeAccessIssue]
                yield statement
                deque(body, maxlen=0)

    def _continued(self, body: list[ast.stmt], behind: list[ast.stmt]) -> Iterator[ast.stmt]:
        """Yield the statements of a class that goes on in the next part; `behind` gets those that follow it there."""
        yield from body
        while not behind and self._goes_on:
            other, *others = self._read()
            yield from other.body if isinstance(other, ast.ClassDef) else ()
            behind += others

    @property
    def _goes_on(self) -> bool:
        return bool(self._parts) and self._parts[0].is_inside

    def _read(self) -> list[ast.stmt]:
        """Parse the next part, and tell the builder where in the text its tree begins."""
        line, text, is_inside = self._parts.popleft()
        self._builder.first_line = line - is_inside
        return newer.parse_as_is(f"class _:\n{text}" if is_inside else text).body
