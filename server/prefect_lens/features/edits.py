"""Changes of a text, as values, and the one that several of them need: an import."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from prefect_lens.model import Position, Span

_STAYS = re.compile(r"#\s*(?:!|%|.*coding[:=])")


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of a text, and what is to stand there."""

    span: Span
    text: str


def insertion(at: Position, text: str) -> Edit:
    """Return the edit that puts a text to a place."""
    return Edit(Span(at, at), text)


def importing(text: str, module: str, name: str | None = None) -> Edit | None:
    """Return the edit that imports a module by its name, or a name from it; None where that is done.

    A first line that has to stay the first one does: `#!`, an encoding, and what begins a cell (`# %%`, IPython's `%%`
    as `prefect_lens.index.notebooks.as_python` leaves it).
    """
    line = f"import {module}\n" if name is None else f"from {module} import {name}\n"
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError):
        return insertion(Position(_first(text), 0), line)
    if any(_imports(node, module, name) for node in body):
        return None
    at = 0
    for node in body:
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and at == 0
        is_future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not is_docstring and not is_future:
            at = node.lineno - 1 if isinstance(node, ast.Import | ast.ImportFrom) else at
            break
        at = node.end_lineno or node.lineno
    return insertion(Position(max(at, _first(text)), 0), line)


def _first(text: str) -> int:
    """Return the first line, from 0, that another one may be put before."""
    lines = text.split("\n", 2)[:2]
    return next((number for number, line in enumerate(lines) if not _STAYS.match(line)), 0)


def _imports(node: ast.stmt, module: str, name: str | None) -> bool:
    wanted = module if name is None else name
    is_it = isinstance(node, ast.Import) if name is None else isinstance(node, ast.ImportFrom) and node.module == module
    return (
        is_it
        and isinstance(node, ast.Import | ast.ImportFrom)
        and any(one.name == wanted and one.asname in (None, wanted) for one in node.names)
    )
