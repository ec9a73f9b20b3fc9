"""Where a function's body stands in its source. Needs the standard library alone."""

# ruff: noqa: PTH100
# Paths are text here, as tracebacks and node IDs have them, and `Path.resolve` would follow links.

from __future__ import annotations

import inspect
import linecache
import os
import re
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, cast

_LONGEST_DECORATION = 500


@dataclass(frozen=True)
class Body:
    """A place of a `def`: line and columns of its name count from 1."""

    path: str
    line: int
    qualname: str
    column: int | None = None
    end_column: int | None = None


NOWHERE = Body("", 0, "")


def body_of(function: Any) -> Body:
    """Return where the code stands that the user wrote, whatever wraps it."""
    function = unwrapped(function)
    code: Any = getattr(function, "__code__", None)
    if code is None:
        # An object that can be called.
        code = getattr(
            cast("dict[str, Any]", vars(cast("type[Any]", type(function)))).get("__call__"), "__code__", None
        )
    qualname = str(getattr(function, "__qualname__", "") or getattr(code, "co_name", ""))
    if code is None or code.co_filename.startswith("<"):
        return Body("", 0, qualname)
    line, column, end = definition(code.co_filename, code.co_firstlineno, code.co_name)
    return Body(os.path.abspath(code.co_filename), line, qualname, column, end)


def unwrapped(function: Any) -> Any:
    """Return the function that the user wrote, whatever wraps it."""
    for _ in range(20):
        if isinstance(function, partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif inspect.ismethod(function):
            function = function.__func__
        else:
            break
    return function


def class_line(filename: str, name: str) -> int:
    """Return the line of a class statement in a file; 0 where there is none."""
    statement = re.compile(rf"\s*class\s+{re.escape(name)}\b")
    return next((n for n, line in enumerate(linecache.getlines(filename), 1) if statement.match(line)), 0)


@lru_cache(maxsize=4096)
def definition(filename: str, first: int, name: str) -> tuple[int, int | None, int | None]:
    """Return the line of the `def` and the columns of its name; Python counts a function from its first decorator."""
    definition = re.compile(rf"\s*(?:async\s+)?def\s+({re.escape(name)})\b")
    lines = linecache.getlines(filename)
    for number in range(first, min(first + _LONGEST_DECORATION, len(lines) + 1)):
        found = definition.match(lines[number - 1])
        if found:
            return number, found.start(1) + 1, found.end(1) + 1
    return first, None, None
