"""Whether a call asked for a state that nobody looks at. Read from its source; needs the standard library alone.

`etl(return_state=True)` as a statement drops the state, and so does a name that is never read.
"""

from __future__ import annotations

import ast
import linecache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_prefect_lens.wire import Frame

_Scope = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.Module)


def is_dropped(site: Frame) -> bool:
    """Return whether the call at a line asks for a state and drops it; False where that cannot be told."""
    try:
        tree = ast.parse("".join(linecache.getlines(site.path)))
    except (SyntaxError, ValueError, RecursionError):
        return False  # it has been edited since
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    asking = [node for node in parents if isinstance(node, ast.Call) and _asks(node) and _is_at(node, site.line)]
    if len(asking) != 1:
        return False
    parent = parents[asking[0]]
    if isinstance(parent, ast.Await):
        parent = parents[parent]
    match parent:
        case ast.Expr():
            return True
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            scope: ast.AST = parent
            while not isinstance(scope, _Scope):
                scope = parents[scope]
            return not isinstance(scope, ast.Module) and not _is_read(name, scope)
        case _:
            return False


def _asks(call: ast.Call) -> bool:
    return any(
        keyword.arg == "return_state" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        for keyword in call.keywords
    )


def _is_at(node: ast.Call, line: int) -> bool:
    return node.lineno <= line <= (node.end_lineno or node.lineno)


def _is_read(name: str, scope: ast.AST) -> bool:
    for node in ast.walk(scope):
        match node:
            case ast.Name(id=found, ctx=ast.Load()) if found in {name, "locals"}:
                return True
            case ast.Global(names=names) | ast.Nonlocal(names=names) if name in names:
                return True
            case _:
                pass
    return False
