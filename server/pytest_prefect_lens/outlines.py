"""Knows beforehand what pytest's account of a failure looks up: the lines of installed files, and their statements.

A traceback through a flow passes the largest files of Prefect. To cut one statement out of each, pytest copies and
parses the whole file: the lines for each entry of the traceback, the statements in each report anew. Both are found
out once in a process, and where there is a warm parent, in that.
"""

from __future__ import annotations

import ast
import functools
import inspect
import os
import sys
import tokenize
from bisect import bisect_right
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import ModuleType

    from pytest_prefect_lens.patching import Patches

IN_EVERY_TRACEBACK = (
    *(f"prefect.{name}" for name in ("flow_engine", "flows", "task_engine", "tasks", "utilities.callables")),
    *("contextlib", "asyncio.base_events", "asyncio.runners", "concurrent.futures._base"),
)
"""Modules whose outlines nearly every failed flow needs."""

_sources: dict[str, Any] = {}
"""Pytest's `Source` of each installed file that a traceback passed. Pytest copies what it cuts out of one."""


def patch(patches: Patches, module: ModuleType) -> None:
    """Have the tracebacks of `_pytest._code.code` use the outlines."""
    patches.wrap(module, "TracebackEntry", "getsource", _around_getsource, wanted=("astcache",))
    code: Any = getattr(module, "Code", None)
    full: object = getattr(code, "fullsource", None)
    if isinstance(full, property) and full.fget is not None:
        patches.put(code, "fullsource", property(_around_fullsource(full.fget), doc=full.__doc__))
    else:
        patches.unfit.append(f"{module.__name__}.Code.fullsource is not there.")


def prepare() -> None:
    """Make the outlines that nearly every failed flow needs, of those modules that are imported.

    And have `inspect` find out which file is which module's, as it does once in each process that asks it for a source:
    it resolves the paths of some thousand files for that.
    """
    inspect.getmodule(compile("", "<nowhere>", "exec"))
    code: Any = sys.modules.get("_pytest._code.code")
    for name in IN_EVERY_TRACEBACK:
        if file := getattr(sys.modules.get(name), "__file__", None):
            _beginnings_of(file)
            with suppress(AttributeError, TypeError):  # another pytest's own affair: then it reads the file itself
                _sources[file] = code.Code(compile("", file, "exec")).fullsource


def _around_getsource(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def getsource(self: Any, astcache: dict[Any, ast.AST] | None = None) -> Any:
        code = self.frame.code
        file = code.raw.co_filename
        if astcache is not None and _is_installed(file) and (lines := _beginnings_of(file)):
            astcache[code.path] = _around(lines, self.lineno + 1)
        return original(self, astcache)

    return getsource


def _around_fullsource(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(original)
    def fullsource(self: Any) -> Any:
        path = self.raw.co_filename
        if not _is_installed(path):
            return original(self)
        if path not in _sources:
            _sources[path] = original(self)
        return _sources[path]

    return fullsource


def _is_installed(path: str) -> bool:
    return path.startswith(_folders())


@functools.cache
def _folders() -> tuple[str, ...]:
    """Return the folders of the standard library and of what is installed beside pytest: nobody edits them in a run."""
    folders = [Path(os.__file__).parent]
    if file := getattr(sys.modules.get("_pytest"), "__file__", None):
        folders.append(Path(file).parents[1])
    return tuple(f"{folder}{os.sep}" for folder in folders)


def _around(beginnings: list[int], line: int) -> ast.Module:
    """Return a module with the two statements between which a line is; to pytest it is as good as the whole."""
    after = bisect_right(beginnings, line)
    return ast.Module([ast.Pass(lineno=number) for number in beginnings[max(after - 1, 0) : after + 1]], [])


@functools.cache
def _beginnings_of(path: str) -> list[int]:
    """Return the lines of a file at which statements begin, in order; none where it cannot be read as Python."""
    try:
        with tokenize.open(path) as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return []
    return sorted(_beginnings(tree))


def _beginnings(tree: ast.Module) -> Generator[int]:
    """Yield the lines at which pytest lets a statement begin: decorators, `else` and `finally` count as ones."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.stmt, ast.ExceptHandler)):
            yield node.lineno
            yield from (decorator.lineno for decorator in getattr(node, "decorator_list", ()))
            yield from (part[0].lineno - 1 for name in ("orelse", "finalbody") if (part := getattr(node, name, None)))
