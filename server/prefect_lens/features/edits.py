"""Changes of a text, as values, and the one that several of them need: an import."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from prefect_lens.model import Position, Span


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of a text, and what is to stand there."""

    span: Span
    text: str


def insertion(at: Position, text: str) -> Edit:
    """Return the edit that puts a text to a place."""
    return Edit(Span(at, at), text)


def importing(text: str, module: str) -> Edit | None:
    """Return the edit that imports a module by its name; None where that is done."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return insertion(Position(0, 0), f"import {module}\n")
    for node in body:
        if isinstance(node, ast.Import) and any(
            one.name == module and one.asname in (None, module) for one in node.names
        ):
            return None
    line = 0
    for node in body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and line == 0
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not is_docstring and not is_future:
            line = node.lineno - 1 if isinstance(node, ast.Import | ast.ImportFrom) else line
            break
        line = node.end_lineno or node.lineno
    return insertion(Position(line, 0), f"import {module}\n")
