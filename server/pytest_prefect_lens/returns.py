"""Which `return` of a function gave a state. Read from its source; needs the standard library alone.

Nothing in a running Python says which one it was. Where the source leaves a choice, none is told.
"""

from __future__ import annotations

import ast
import linecache
import re
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.bodies import unwrapped
from pytest_prefect_lens.frames import is_users
from pytest_prefect_lens.wire import Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

_FACTORIES = ("Cancelled", "Cancelling", "Completed", "Crashed", "Failed", "Paused", "Pending", "Running", "Scheduled")
"""What `prefect.states` has to make a state of the type of the same name."""
_LITERALS = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.Compare, ast.Dict, ast.Lambda)
_Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def returned_at(function: Any, type_: str, name: str, message: str | None) -> Frame | None:
    """Return the statement of a function that returned a state; None where that cannot be told.

    Args:
        function: What a flow or task calls.
        type_: The state's type: `FAILED`.
        name: Its name.
        message: Its message.
    """
    code: CodeType | None = getattr(unwrapped(function), "__code__", None)
    if code is None or not is_users(code.co_filename):
        return None
    definition = _definition(code)
    if definition is None:
        return None
    certain: list[ast.Return] = []
    possible: list[ast.Return] = []
    for statement in _returns(definition):
        fits = _fits(statement.value, type_, name, message)
        if fits is not False:
            (possible if fits is None else certain).append(statement)
    found = certain or possible
    return _frame(found[0], code) if len(found) == 1 else None


def _fits(value: ast.expr | None, type_: str, name: str, message: str | None) -> bool | None:
    """Return whether an expression gives such a state; None where its text does not tell."""
    if value is None or isinstance(value, _LITERALS):
        return False
    made = _called(value)
    if made not in _FACTORIES:
        return None
    assert isinstance(value, ast.Call)
    given = {keyword.arg: keyword.value for keyword in value.keywords}
    if made.upper() != type_ or not (_says(given["name"], name) if "name" in given else True):
        return False
    if "message" not in given:
        return None if None in given else message is None
    if not isinstance(given["message"], (ast.Constant, ast.JoinedStr)):
        return None
    return _says(given["message"], message or "")


def _called(value: ast.expr) -> str:
    function = value.func if isinstance(value, ast.Call) else None
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _says(value: ast.expr, text: str) -> bool:
    """Return whether an expression can give a text, as far as what is literal in it goes."""
    match value:
        case ast.Constant(value=str() as literal):
            return literal == text
        case ast.JoinedStr(values=parts):
            pattern = "".join(re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".*" for p in parts)
            return re.fullmatch(pattern, text, re.DOTALL) is not None
        case _:
            return True


def _definition(code: CodeType) -> ast.AST | None:
    try:
        tree = ast.parse("".join(linecache.getlines(code.co_filename)))
    except (SyntaxError, ValueError):
        return None  # it has been edited since
    for node in ast.walk(tree):
        if isinstance(node, _Function) and node.name == code.co_name:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    return None


def _returns(node: ast.AST) -> Iterator[ast.Return]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Return):
            yield child
        elif not isinstance(child, (*_Function, ast.Lambda, ast.ClassDef)):
            yield from _returns(child)


def _frame(statement: ast.Return, code: CodeType) -> Frame:
    last, end = statement.end_lineno or statement.lineno, statement.end_col_offset or 0
    function = str(getattr(code, "co_qualname", code.co_name))
    path = code.co_filename
    return Frame(
        path,
        statement.lineno,
        function,
        _column(path, statement.lineno, statement.col_offset),
        last,
        _column(path, last, end),
    )


def _column(path: str, line: int, offset: int) -> int:
    """Return the column, from 1 in code points, of an offset in bytes."""
    return len(linecache.getline(path, line).encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")) + 1
