"""The examples in docstrings, which pytest runs as tests where it is told to, by `--doctest-modules`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPT = ">>>"
KIND = "doctest"
"""The kind of scope that the examples of one docstring are."""

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
    import doctest  # noqa: PLC0415  it brings the debugger and unittest along, two megabytes that most projects do without

    begin = documented.body[0].lineno - 1
    try:
        found = doctest.DocTestParser().get_examples(text)
    except ValueError:
        return
    statements: list[ast.stmt] = []
    for example in found:
        if not example.options.get(doctest.SKIP):
            try:
                tree = ast.parse(example.source)
            except (SyntaxError, ValueError):
                continue  # it is there to show the error
            statements.extend(ast.increment_lineno(tree, begin + example.lineno).body)
    if statements:
        yield Examples(names, node, statements)
