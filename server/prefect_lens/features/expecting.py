"""Writing the mark that says of a test that a run of it ends badly, and is to."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING

from prefect_lens.features.edits import Edit, importing, insertion
from prefect_lens.index import newer
from prefect_lens.model import Position

if TYPE_CHECKING:
    from collections.abc import Iterable

Function = ast.FunctionDef | ast.AsyncFunctionDef


def expecting(text: str, tests: Iterable[tuple[str, ...]], state: str) -> tuple[Edit, ...]:
    """Return the edits that mark tests of a file, and import pytest where that is not done yet; none for no Python.

    Args:
        text: the file.
        tests: each one's classes from the outside in, then the function.
        state: the name of the state that is to be expected.
    """
    try:
        tree, _ = newer.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found = [function for names in tests if (function := _find(tree.body, names)) is not None]
    edits = tuple(_mark(function, f"@pytest.mark.prefect(expect_state={json.dumps(state)})") for function in found)
    needed = importing(text, "pytest") if edits else None
    return edits if needed is None else (needed, *edits)


def _find(body: Iterable[ast.stmt], names: tuple[str, ...]) -> Function | None:
    first, *rest = names
    for statement in body:
        if rest and isinstance(statement, ast.ClassDef) and statement.name == first:
            return _find(statement.body, tuple(rest))
        if not rest and isinstance(statement, Function) and statement.name == first:
            return statement
    return None


def _mark(function: Function, mark: str) -> Edit:
    line = min((one.lineno for one in function.decorator_list), default=function.lineno) - 1
    # Before `async`, `def` or `@`, and so behind what indents the line.
    at = Position(line, function.col_offset)
    return insertion(at, f"{mark}\n{' ' * function.col_offset}")
