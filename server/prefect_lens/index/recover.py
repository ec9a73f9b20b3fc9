"""Reads a text, or what stands around a syntax error: one bad line does not take a file's other lenses away.

The bad line is taken out, first alone, then with the block that it stands in, then with everything back to the
left margin; lines keep their numbers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from prefect_lens.index import newer
from prefect_lens.index.facts import SyntaxProblem

if TYPE_CHECKING:
    import ast

ATTEMPTS = 30
"""More broken places than this, and the file is taken as no Python at all."""

_CONTINUES = re.compile(r"\s*(?:[)\]}#]|else\b|elif\b|except\b|finally\b|case\b)")


def parse(text: str) -> tuple[ast.Module, str] | SyntaxProblem:
    """Return the tree and the text that its columns are of, or why there is none."""
    try:
        return newer.parse(text)
    except SyntaxError as error:
        line = max((error.lineno or 1) - 1, 0)
        return SyntaxProblem(error.msg or "invalid syntax", line, max((error.offset or 1) - 1, 0))
    except ValueError:  # NUL
        before = text.partition("\0")[0]
        line = before.count("\n")
        return SyntaxProblem("the file has NUL characters in it", line, len(before) - before.rfind("\n") - 1)


def parse_around(text: str, problem: SyntaxProblem) -> tuple[ast.Module, str] | None:
    """Return the text without its broken parts, and its tree; None where nothing is left of it."""
    lines = text.split("\n")
    tried: dict[int, int] = {}
    for _ in range(ATTEMPTS):
        place = min(problem.line, len(lines) - 1)
        at = _last_code(lines, place)
        if at is None:
            return None
        tried[place] = attempt = tried.get(place, 0) + 1
        _take_out(lines, at, attempt)
        found = parse("\n".join(lines))
        if not isinstance(found, SyntaxProblem):
            return found
        problem = found
    return None


def _last_code(lines: list[str], at: int) -> int | None:
    while at >= 0 and not lines[at].strip():
        at -= 1
    return at if at >= 0 else None


def _take_out(lines: list[str], at: int, attempt: int) -> None:
    indent = _indent(lines[at])
    if attempt == 1 and lines[at].strip() != "pass":
        lines[at] = " " * indent + "pass"
        return
    if attempt <= 2:
        lines[at] = ""
        return
    start, limit = at, indent if attempt == 3 else 1
    while start > 0 and (not lines[start].strip() or _indent(lines[start]) >= limit or _CONTINUES.match(lines[start])):
        start -= 1
    end = at + 1
    floor = _indent(lines[start])
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > floor or _CONTINUES.match(lines[end])):
        end += 1
    while start > 0 and lines[start - 1].lstrip().startswith("@") and _indent(lines[start - 1]) == floor:
        start -= 1
    for number in range(start, end):
        lines[number] = ""
    lines[start] = " " * floor + "pass"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
