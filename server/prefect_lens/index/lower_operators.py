"""Which operators may be something that an object does, and by the name of which method."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression

OPERATORS: dict[type[ast.operator], str] = {
    ast.RShift: "__rshift__", ast.LShift: "__lshift__", ast.MatMult: "__matmul__", ast.BitAnd: "__and__",
}  # fmt: skip
"""Operators by which code puts steps together; what is added or divided is told apart otherwise."""

ARITHMETIC: dict[type[ast.operator | ast.unaryop], str] = {
    ast.Mult: "__mul__", ast.Sub: "__sub__", ast.Pow: "__pow__", ast.Mod: "__mod__", ast.FloorDiv: "__floordiv__",
    ast.BitXor: "__xor__", ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__",
}  # fmt: skip
"""Operators that mostly are of numbers: they are kept where an object may have an answer to them."""

_ALL = {**OPERATORS, **ARITHMETIC, ast.Add: "__add__", ast.BitOr: "__or__"}
IN_PLACE = {kind: f"__i{name[2:]}" for kind, name in _ALL.items()}
"""What `x += y` and its like ask of an object."""

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "__eq__", ast.NotEq: "__ne__", ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__", ast.GtE: "__ge__",
    ast.In: "__contains__", ast.NotIn: "__contains__",
}  # fmt: skip

OTHERWISE = {
    "__bool__": ("__len__",),
    "__ne__": ("__eq__",),
    "__contains__": ("__iter__",),
    "__str__": ("__repr__",),
    "__format__": ("__str__", "__repr__"),
    **{name: (f"__{name[3:]}",) for name in IN_PLACE.values()},
    "__hash__": (),
    "__neg__": (),
    "__pos__": (),
    "__invert__": (),
    "__delitem__": (),
}
"""What is called of an object that has no such method."""

REFLECTED = {
    "__add__": "__radd__", "__or__": "__ror__", "__truediv__": "__rtruediv__", "__rshift__": "__rrshift__",
    "__lshift__": "__rlshift__", "__matmul__": "__rmatmul__", "__and__": "__rand__",
    "__eq__": "__eq__", "__ne__": "__eq__", "__lt__": "__gt__", "__gt__": "__lt__", "__le__": "__ge__",
    "__ge__": "__le__",
    **{name: f"__r{name[2:]}" for name in ARITHMETIC.values() if name not in {"__neg__", "__pos__", "__invert__"}},
}  # fmt: skip
"""What is called of the other object, where the first has no such method."""

METHODS = frozenset((*OTHERWISE, *REFLECTED, *REFLECTED.values(), "__setitem__", "__iter__")).union(*OTHERWISE.values())
"""The methods of which an operator, a condition or a loop calls one."""

_OBJECTS = (ast.Name, ast.Attribute, ast.Call, ast.Await, ast.Subscript)
"""What may be an object that says what an operator does."""

_PLAIN = frozenset(
    {"isinstance", "issubclass", "hasattr", "callable", "len", "bool", "any", "all", "range", "enumerate"}
)
"""Builtins that give no such object."""


def comparisons(node: ast.Compare, values: tuple[Expression, ...]) -> list[Expression]:
    """Return what comparisons ask of objects; `values` are the forms of what is compared."""
    nodes = (node.left, *node.comparators)
    found: list[Expression] = []
    for place, op in enumerate(node.ops):
        name, pair = _COMPARISONS.get(type(op)), nodes[place : place + 2]
        if name is not None and all(map(may_be_object, pair if name != "__contains__" else pair[1:])):
            found.append(("operator", name, *values[place : place + 2]))
    return found


def may_be_object(node: ast.expr) -> bool:
    """Whether an expression may give an object that says what an operator does."""
    return isinstance(node, _OBJECTS) and not (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _PLAIN
    )
