"""What stands at a place in a text: the name under a cursor, the definition around it, how a definition is written."""

from __future__ import annotations

import ast
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.index import newer
from prefect_lens.model import Position, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef

LONGEST = 2_000
"""Characters of a decorator that are shown."""


@dataclass(frozen=True)
class Word:
    """The dotted name under a cursor."""

    names: tuple[str, ...]
    """`("steps", "parse")` for a cursor on the `parse` of `steps.parse.submit(1)`."""
    span: Span
    """The last of them."""
    around: Position | None
    """Where the name of the innermost function around it stands; None in the module."""


@dataclass(frozen=True)
class Written:
    """How a function is written."""

    decorators: tuple[str, ...]
    head: str
    """`async def etl(lines: list[str] = ...) -> int`."""
    doc: str
    """The first paragraph of its docstring."""


class Source:
    """A text, parsed as far as it can be: one that is no Python has no words and no definitions."""

    def __init__(self, text: str) -> None:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        self._tree: ast.Module | None = None
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            self._tree, text = newer.parse(text)
        self._lines = text.split("\n")

    def word(self, position: Position) -> Word | None:
        """Return the dotted name at a position."""
        if self._tree is None:
            return None
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Name | ast.Attribute) and self._last(node).start.line == position.line:
                span = self._last(node)
                if span.start <= position <= span.end and (names := _dotted(node)) is not None:
                    return Word(names, span, self._around(position))
        return None

    def written(self, name: Position) -> Written | None:
        """Return how the function is written whose name stands at a position."""
        node = next((one for one, at in self._functions() if at == name), None)
        if node is None:
            return None
        keyword = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
        head = f"{keyword} {node.name}({ast.unparse(node.args)}){returns}"
        decorators = tuple(f"@{ast.unparse(one)[:LONGEST]}" for one in node.decorator_list)
        return Written(decorators, head, (ast.get_docstring(node) or "").partition("\n\n")[0])

    def calls(self, body: Position, label: str) -> tuple[Span, ...]:
        """Return the places in a function's body where a name stands that ends in `label`, or goes on from it."""
        node = next((one for one, at in self._functions() if at == body), None)
        found = [] if node is None else [one for statement in node.body for one in ast.walk(statement)]
        names = [one for one in found if isinstance(one, ast.Name | ast.Attribute)]
        return tuple(sorted(self._last(one) for one in names if _name(one) == label))

    def _functions(self) -> Iterator[tuple[Function, Position]]:
        for node in ast.walk(self._tree) if self._tree is not None else ():
            if isinstance(node, Function):
                yield node, self._name_of(node)

    def _name_of(self, node: Function) -> Position:
        line = self._lines[node.lineno - 1]
        column = line.index("def", len(line.encode()[: node.col_offset].decode("utf-8", "replace")))
        found = line.find(node.name, column + len("def"))
        return Position(node.lineno - 1, max(found, 0))

    def _around(self, position: Position) -> Position | None:
        inside = [
            (node, at)
            for node, at in self._functions()
            if node.body[0].lineno - 1 <= position.line <= (node.end_lineno or node.lineno) - 1
        ]
        return max(inside, key=lambda pair: pair[0].lineno)[1] if inside else None

    def _last(self, node: ast.Name | ast.Attribute) -> Span:
        """Return where the last part of a dotted name stands."""
        line = (node.end_lineno or node.lineno) - 1
        end = len(self._lines[line].encode()[: node.end_col_offset].decode("utf-8", "replace"))
        return Span(Position(line, end - len(_name(node))), Position(line, end))


def _name(node: ast.Name | ast.Attribute) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr


def _dotted(node: ast.expr) -> tuple[str, ...] | None:
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=base, attr=name):
            before = _dotted(base)
            return None if before is None else (*before, name)
        case _:
            return None
