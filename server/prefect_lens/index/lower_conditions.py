"""What a condition says by itself: whether it holds in any case, and whose presence it asks for."""

from __future__ import annotations

import ast

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
