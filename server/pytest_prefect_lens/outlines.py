"""Knows beforehand what pytest's account of a failure looks up: where the statements of Prefect's own files begin.

A traceback through a flow passes the largest files of Prefect. To cut one statement out of each, pytest parses the
whole file, in each report anew. The beginnings of its statements are all that it looks up there; they are found out
once, and handed to pytest as a tree that has nothing else.
"""

from __future__ import annotations

import ast
import functools
import inspect
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import ModuleType

    from pytest_prefect_lens.patching import Patches

IN_EVERY_TRACEBACK = tuple(
    f"prefect.{name}" for name in ("flow_engine", "flows", "task_engine", "tasks", "utilities.callables")
)
"""Modules whose outlines nearly every failed flow needs."""


def patch(patches: Patches, module: ModuleType) -> None:
    """Have the tracebacks of `_pytest._code.code` use the outlines."""
    patches.wrap(module, "TracebackEntry", "getsource", _around_getsource, wanted=("astcache",))


def prepare() -> None:
    """Make the outlines that nearly every failed flow needs, of those modules that are imported.

    And have `inspect` find out which file is which module's, as it does once in each process that asks it for a source:
    it resolves the paths of some thousand files for that.
    """
    inspect.getmodule(compile("", "<nowhere>", "exec"))
    for name in IN_EVERY_TRACEBACK:
        if file := getattr(sys.modules.get(name), "__file__", None):
            _outline(file)


def _around_getsource(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def getsource(self: Any, astcache: dict[Any, ast.AST] | None = None) -> Any:
        path = self.frame.code.path
        if astcache is not None and path not in astcache and str(path).startswith(_folder()):
            outline = _outline(str(path))
            if outline is not None:
                astcache[path] = outline
        return original(self, astcache)

    return getsource


def _folder() -> str:
    return str(Path(getattr(sys.modules.get("prefect"), "__file__", None) or sys.executable).parent)


@functools.cache
def _outline(path: str) -> ast.Module | None:
    try:
        with tokenize.open(path) as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return None
    return ast.Module([ast.Pass(lineno=line) for line in sorted(_beginnings(tree))], [])


def _beginnings(tree: ast.Module) -> Generator[int]:
    """Yield the lines at which pytest lets a statement begin: decorators, `else` and `finally` count as ones."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.ExceptHandler)):
            yield node.lineno
            yield from (decorator.lineno for decorator in getattr(node, "decorator_list", ()))
            yield from (part[0].lineno - 1 for name in ("orelse", "finalbody") if (part := getattr(node, name, None)))
