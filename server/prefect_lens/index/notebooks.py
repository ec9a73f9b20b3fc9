"""The code in a notebook: each cell's text, and where its parts stand in the file.

A notebook is JSON (nbformat 4): a cell has a `cell_type` and a `source`, which is a text, or a list of texts that are
one after the other what the cell says.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".ipynb"

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|[^\s"\[\]{}:,]+', re.DOTALL)
_PART = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)
_MAGIC = re.compile(r"^([ \t]*)[%!?].*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with code."""

    number: int
    """Counted from 1, over all cells."""
    text: str
    """What it says, as Python: IPython's own lines are comments, of the same length."""
    offsets: tuple[int, ...]
    """Where in the file each of its characters stands, and behind the last one the end."""


def code_cells(text: str) -> Iterator[Cell]:
    """Yield the cells with code of a notebook's text; none where it is no notebook. Never raises."""
    number, kind = 0, ""
    parts: list[re.Match[str]] = []
    for path, token in _strings(text):
        match path:
            case ("cells", int(at), *rest):
                if at + 1 != number:
                    if kind == "code":
                        yield _cell(number, parts)
                    number, kind, parts = at + 1, "", []
                if rest == ["cell_type"]:
                    kind = token[0][1:-1]
                elif rest[:1] == ["source"] and len(rest) <= 2:
                    parts.append(token)
            case _:
                pass
    if kind == "code":
        yield _cell(number, parts)


def as_python(cell: str) -> str:
    """Return the text of a cell with IPython's own lines as comments, of the same length."""
    return _MAGIC.sub(lambda line: f"{line[1]}#{line[0][len(line[1]) + 1 :]}", cell)


def _cell(number: int, parts: list[re.Match[str]]) -> Cell:
    characters: list[str] = []
    offsets: list[int] = []
    for part in parts:
        for found in _PART.finditer(part.string, part.start() + 1, part.end() - 1):
            try:
                said = json.loads(f'"{found[0]}"', strict=False) if found[0][0] == "\\" else found[0]
            except ValueError:
                said = found[0]
            characters.append(said)
            offsets += [found.start()] * len(said)
    offsets.append(parts[-1].end() - 1 if parts else 0)
    return Cell(number, as_python("".join(characters)), tuple(offsets))


def _strings(text: str) -> Iterator[tuple[tuple[str | int, ...], re.Match[str]]]:
    """Yield the strings of a JSON text that are values, with the keys and numbers that lead to them."""
    path: list[str | int] = []
    key = ""
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in ("{", "["):
            path.append("" if sign == "{" else 0)
        elif sign in ("}", "]"):
            if path:
                path.pop()
            _next(path)
        elif path and isinstance(path[-1], str) and not key:
            key = path[-1] = sign[1:-1] or " "
            continue
        else:
            if sign[0] == '"':
                yield tuple(path), token
            _next(path)
        key = ""


def _next(path: list[str | int]) -> None:
    """Go to the next of a list."""
    if path and isinstance(path[-1], int):
        path[-1] += 1
