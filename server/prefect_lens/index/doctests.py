"""The examples in docstrings, which pytest runs as tests where it is told to, by `--doctest-modules`.

They are found as the standard library's `doctest` finds them, without it: it brings the debugger and unittest along,
which take as long to import as a hundred files to read.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPT = ">>>"
KIND = "doctest"
"""The kind of scope that the examples of one docstring are."""

_EXAMPLE = re.compile(
    r"(?P<source>^(?P<indent> *)>>>.*(?:\n *\.\.\..*)*)\n?(?P<output>(?:(?! *$)(?! *>>>).+$\n?)*)", re.MULTILINE
)
_DIRECTIVE = re.compile(r"#\s*doctest:\s*([^\n'\"]*)$", re.MULTILINE)
_SAYS_NOTHING = re.compile(r" *(#.*)?")
_PROMPTED = 4
"""Characters that a prompt takes, with the blank behind it."""

_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Examples(NamedTuple):
    """The examples of one docstring."""

    names: tuple[str, ...]
    """Of the class and function that it stands in, from the outside in; none for the module."""
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None
    statements: list[ast.stmt]


def examples(tree: ast.Module) -> Iterator[Examples]:
    """Yield the examples in a module's docstrings, its classes', their methods' and its functions'."""
    yield from _in(tree, (), None)
    waiting: list[tuple[tuple[str, ...], ast.stmt]] = [((), statement) for statement in tree.body]
    while waiting:
        around, node = waiting.pop(0)
        if isinstance(node, _DOCUMENTED):
            names = (*around, node.name)
            yield from _in(node, names, node)
            if isinstance(node, ast.ClassDef):
                waiting.extend((names, statement) for statement in node.body)
        else:  # a definition may stand in a block
            inside = (
                part for field in ("body", "orelse", "handlers", "finalbody") for part in getattr(node, field, ())
            )
            waiting.extend((around, part) for part in inside)


def _in(
    documented: ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
    names: tuple[str, ...],
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | None,
) -> Iterator[Examples]:
    text = ast.get_docstring(documented, clean=False)
    if text is None or PROMPT not in text:
        return
    begin = documented.body[0].lineno - 1
    statements: list[ast.stmt] = []
    for source, line in _sources(text):
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue  # it is there to show the error
        statements.extend(ast.increment_lineno(tree, begin + line).body)
    if statements:
        yield Examples(names, node, statements)


def _sources(text: str) -> list[tuple[str, int]]:
    """Return the code of the examples of a docstring that are run, each with its line, counted from 0.

    Where one is not indented as the rest of it, or says something odd to `doctest`, none of them is run.
    """
    text = text.expandtabs()
    sources: list[tuple[str, int]] = []
    line = at = 0
    for found in _EXAMPLE.finditer(text):
        line += text.count("\n", at, found.start())
        at = found.start()
        indent, lines = found["indent"], found["source"].split("\n")
        behind = len(indent) + _PROMPTED
        source = "\n".join([one[behind:] for one in lines])
        options = [word for said in _DIRECTIVE.findall(source) for word in said.replace(",", " ").split()]
        is_empty = _SAYS_NOTHING.fullmatch(source) is not None
        if (
            any(one[behind - 1 : behind] not in {"", " "} for one in lines)
            or not all(one.startswith(f"{indent}.") for one in lines[1:])
            or not all(one.startswith(indent) for one in found["output"].split("\n") if one)
            or any(option[0] not in "+-" for option in options)
            or (options and is_empty)
        ):
            return []
        if not is_empty and [option[0] for option in options if option[1:] == "SKIP"][-1:] != ["+"]:
            sources.append((source, line))
    return sources
