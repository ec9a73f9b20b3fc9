"""Whether a result still speaks for the code: hashes of the functions that it came from."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from prefect_lens.features.results import Place, Results, function_id
from prefect_lens.index import newer

if TYPE_CHECKING:
    from pytest_prefect_lens.wire import CaseRecord

Hashes = Mapping[str, str]
"""By qualified name: a hash of the function's text, its decorators with it."""


def function_hashes(text: str) -> Hashes | None:
    """Return a hash of every function in a text; None for a text that is no Python, which says nothing new."""
    try:
        tree, _ = newer.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return dict(_walk(tree, "", _lines(text)))


def rest_hash(text: str) -> str | None:
    """Return a hash of what a text has beside its functions, comments and blank lines left out; None for no Python."""
    try:
        tree, _ = newer.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = _lines(text)
    for first, last in _spans(tree):
        lines[first:last] = [""] * (last - first)
    return _hash([line for line in lines if line.strip() and not line.lstrip().startswith("#")])


def stale(results: Results, hashes: Callable[[str], Hashes | None]) -> frozenset[str]:
    """Return the node IDs of the test functions whose result is older than the code that it came from.

    Args:
        results: the latest results.
        hashes: gives the hashes of a file as it is now; None where nothing is known.
    """
    found: set[str] = set()
    for batch in results.batches:
        changed = frozenset(
            place for place, hash_ in batch.code.items() if not _is_same(hashes(place[0]), place, hash_)
        )
        if changed:
            found |= {function_id(case.test) for case in batch.cases if not changed.isdisjoint(places(case))}
    return frozenset(found)


def places(case: CaseRecord) -> Iterator[Place]:
    """Return the code that a case speaks for: the test itself, and each flow and task that ran in it."""
    yield case.test.path, ".".join(case.test.names)
    for run in case.runs:
        if run.path:
            yield run.path, run.qualname


def _is_same(now: Hashes | None, place: Place, then: str) -> bool:
    return now is None or now.get(place[1]) == then


def _walk(node: ast.AST, prefix: str, lines: list[str]) -> Iterator[tuple[str, str]]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                qualname = prefix + child.name
                yield qualname, _hash(lines[slice(*_span(child))])
                yield from _walk(child, f"{qualname}.<locals>.", lines)
            case ast.ClassDef():
                yield from _walk(child, f"{prefix}{child.name}.", lines)
            case ast.stmt():
                yield from _walk(child, prefix, lines)
            case _:
                # `except` handlers and `match` cases hold statements without being one; expressions hold none.
                if hasattr(child, "body") and not isinstance(child, ast.expr):
                    yield from _walk(child, prefix, lines)


def _spans(node: ast.AST) -> Iterator[tuple[int, int]]:
    """Yield where the outermost functions stand."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield _span(child)
        elif not isinstance(child, ast.expr):
            yield from _spans(child)


def _span(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[int, int]:
    """Return the lines of a function, its decorators with it: the first, counted from 0, and the one after the last."""
    first = min((decorator.lineno for decorator in function.decorator_list), default=function.lineno)
    return first - 1, function.end_lineno or function.lineno


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _hash(lines: list[str]) -> str:
    text = "\n".join(line.rstrip() for line in lines)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
