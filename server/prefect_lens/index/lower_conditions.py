"""What a condition says by itself: whether it holds in any case, whose presence it asks for, what parameters decide."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from prefect_lens.index.facts import Expression

OLDEST_PYTHON = (3, 9)
"""The oldest Python that any Prefect 3 runs on, by its own metadata."""


def is_sure(test: ast.expr) -> bool | None:
    """Return whether a condition holds in every Python that Prefect runs on; None where that is open."""
    match test:
        case ast.Constant(value=bool() | int() as value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return None if (holds := is_sure(operand)) is None else not holds
        case ast.Compare(
            left=ast.Attribute(value=ast.Name(id="sys"), attr="version_info"),
            ops=[ast.GtE() | ast.Gt() | ast.Lt() | ast.LtE() as op],
            comparators=[ast.Tuple(elts=[ast.Constant(value=int() as major), ast.Constant(value=int() as minor), *_])],
        ) if (major, minor) <= OLDEST_PYTHON:
            return isinstance(op, ast.GtE | ast.Gt)
        case _:
            return None


def asked_for(test: ast.expr) -> tuple[str, bool] | None:
    """Return the name whose presence a condition asks for, and whether it holds when it is there."""
    match test:
        case ast.Name(id=name):
            return name, True
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name, False
        case ast.Compare(
            left=ast.Name(id=name), ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]
        ):
            return name, isinstance(op, ast.IsNot)
        case _:
            return None


def test(node: ast.expr, names: Container[str]) -> Expression:
    """Return what some parameters say about a condition; None where they say nothing.

    That is `("truth", name)`, `("none", name)`, `("in", name, constants)`, or `("not", …)`, `("all", …)`, `("any", …)`
    of such.
    """
    match node:
        case ast.Name(id=name) if name in names:
            return ("truth", name)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return negated(test(operand, names))
        case ast.BoolOp(op=op, values=values):
            parts = tuple(test(value, names) for value in values)
            return ("all" if isinstance(op, ast.And) else "any", parts) if any(parts) else None
        case ast.Compare(left=ast.Name(id=name), ops=[op], comparators=[other]) if name in names:
            return _compared(name, op, other)
        case _:
            return None


def negated(found: Expression) -> Expression:
    """Return the test that holds where another does not."""
    return ("not", found) if found is not None else None


def loops(found: Expression) -> Expression:
    """Return the test of a loop over what another one asks for: where there is something, it is open what runs."""
    return ("all", (found, None)) if found is not None else None


def asked(found: Expression) -> Iterator[str]:
    """Return the parameters that a test asks for."""
    match found:
        case ("not", inner):
            yield from asked(inner)
        case ("all" | "any", parts):
            for part in parts:
                yield from asked(part)
        case (_, name, *_):
            yield name
        case _:
            pass


def cases(node: ast.Match) -> list[ast.expr]:
    """Return the conditions of a `match`'s cases; a name of nobody's where that is more than comparing constants."""
    found: list[ast.expr] = []
    before: list[ast.expr] = []
    sure = True
    for case in node.cases:
        values = _values(case.pattern)
        if values is None:
            sure = sure and isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
        others = ast.Compare(node.subject, [ast.NotIn()], [ast.Tuple(list(before))])
        own = ast.Compare(node.subject, [ast.In()], [ast.Tuple(values)]) if values is not None else None
        parts: list[ast.expr] = [part for part in (own, others if before and sure else None) if part is not None]
        if case.guard is not None:
            parts.append(case.guard)
        elif values is not None:
            before += values
        found.append(ast.BoolOp(ast.And(), parts) if parts else ast.Constant(None))
    return found


def _values(pattern: ast.pattern) -> list[ast.expr] | None:
    match pattern:
        case ast.MatchValue(value=value):
            return [value]
        case ast.MatchSingleton(value=value):
            return [ast.Constant(value)]
        case ast.MatchOr(patterns=patterns):
            found = [_values(inner) for inner in patterns]
            return [one for values in found if values is not None for one in values] if None not in found else None
        case _:
            return None


def _compared(name: str, op: ast.cmpop, other: ast.expr) -> Expression:
    match op, other:
        case ((ast.Is() | ast.IsNot() | ast.Eq() | ast.NotEq()), ast.Constant(value=None)):
            found: Expression = ("none", name)
        case ((ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot()), ast.Constant(value=str() | int() as value)):
            found = ("in", name, (value,))
        case ((ast.In() | ast.NotIn()), (ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts))):
            if not all(isinstance(part, ast.Constant) and isinstance(part.value, str | int | None) for part in parts):
                return None
            found = ("in", name, tuple(part.value for part in parts if isinstance(part, ast.Constant)))
        case _:
            return None
    return negated(found) if isinstance(op, ast.NotEq | ast.IsNot | ast.NotIn) else found
