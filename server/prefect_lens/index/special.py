"""What operators, conditions and builtins call by themselves: methods of objects with names such as `__eq__`.

Conditions and comparisons are everywhere, and hardly any class says what they mean. So they are looked into only where
some class does that may lead to a flow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import attributes, calls, containers, strings
from prefect_lens.index.lower_operators import METHODS, OTHERWISE, REFLECTED
from prefect_lens.index.values import NOTHING, Arguments, Instance, Sequence, Value, Values, union

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.index.facts import Expression
    from prefect_lens.index.frames import Frame
    from prefect_lens.index.interpret import Interpreter

OF_MAPPINGS = frozenset({"values", "items", "get", "pop"})

_BUILTINS = {
    "len": "__len__", "bool": "__bool__", "repr": "__repr__", "str": "__str__", "print": "__str__",
    "format": "__format__", "hash": "__hash__", "int": "__int__", "float": "__float__", "reversed": "__reversed__",
    "abs": "__abs__", "round": "__round__", "dir": "__dir__", "bytes": "__bytes__",
    "list": "__len__", "tuple": "__len__",
}  # fmt: skip
"""The method that a builtin calls of what it is given."""

_ORDERING = frozenset({"sorted", "min", "max", "sort"})
_LOOPING = frozenset({"any", "all"})


def is_defined(inter: Interpreter, name: str) -> bool:
    """Whether a class that may lead to a definition says what an operator does."""
    found = inter.operators.get(name)
    if found is None:
        names = (name, *OTHERWISE.get(name, ()), *((REFLECTED[name],) if name in REFLECTED else ()))
        found = any(path in inter.active for one in names for path in inter.users.defining(one))
        inter.operators[name] = (
            found  # whoever has such an object has come to its class, and asks anew when that changes
        )
    return found


def evaluate(inter: Interpreter, expression: Expression, frame: Frame) -> Values:
    """Return what comes of an operator; nothing of one that no object has an answer to."""
    _, name, *parts = expression
    if not is_defined(inter, name):
        for part in parts:
            inter.effect(part, frame)
        return NOTHING
    left, *given = (inter.evaluate(part, frame) for part in parts)
    match name:
        case "__bool__":
            ask(inter, left, name, frame)
        case "__iter__":
            containers.elements(inter, left, frame)
        case _:
            return operator(inter, name, left, tuple(given), frame)
    return NOTHING


def operator(inter: Interpreter, name: str, lefts: Values, given: tuple[Values, ...], frame: Frame) -> Values:
    """Call what an operator means to the objects on its left, or else to those on its right."""
    if name == "__contains__":
        (lefts, given) = (given[0], (lefts,))
    found = ask(inter, lefts, name, frame, Arguments(given))
    other = REFLECTED.get(name)
    if other is not None and given and not any(_own(inter, one, name) for one in lefts):
        found |= ask(inter, given[0], other, frame, Arguments((lefts,)))
    return found


def of_mapping(inter: Interpreter, owner: Instance, name: str, arguments: Arguments, frame: Frame) -> Values:
    """Call a method that a library's mapping has, in terms of what the object's own class says of its keys."""
    itself: Values = frozenset((owner,))
    keys = arguments.at(0) if name in {"get", "pop"} else containers.elements(inter, itself, frame)
    values = calls.method(inter, owner, "__getitem__", frame, Arguments((keys,)))
    match name:
        case "values":
            return frozenset((inter.one(Sequence, (), values),))
        case "items":
            return frozenset((inter.one(Sequence, (), frozenset((inter.one(Sequence, (keys, values)),))),))
        case _:
            return values or arguments.at(1)


def slash(inter: Interpreter, expression: Expression, frame: Frame) -> Values:
    """Return `left / right`: of paths, or of objects."""
    lefts, rights = (inter.evaluate(part, frame) for part in expression[1:])
    return strings.slash(inter, lefts, rights) | operator(inter, "__truediv__", lefts, (rights,), frame)


def ask(inter: Interpreter, values: Iterable[Value], name: str, frame: Frame, given: Arguments | None = None) -> Values:
    """Call a method of each object among some values, or what is called of those that do not have it."""
    found: list[Values] = []
    for one in values:
        own = _own(inter, one, name)
        if own is not None and isinstance(one, Instance):
            arguments = given if given is not None and (own == name or own in REFLECTED) else calls.NO_ARGUMENTS
            found.append(calls.method(inter, one, own, frame, arguments))
    return union(*found)


def builtin(inter: Interpreter, name: str, arguments: Arguments, frame: Frame) -> None:
    """Have objects asked what a builtin asks of those that it is given."""
    if (asked := _BUILTINS.get(name)) is not None:
        ask(inter, arguments.all() if name == "print" else arguments.at(0), asked, frame)
    elif name in _ORDERING and not any(key == "key" for key, _ in arguments.keywords):
        several = len(arguments.positional) > 1 and name != "sort"
        each = union(*arguments.positional) if several else containers.elements(inter, arguments.at(0), frame)
        operator(inter, "__lt__", each, (each,), frame)
    elif name == "sum":
        each = containers.elements(inter, arguments.at(0), frame)
        operator(inter, "__add__", each | arguments.at(1, "start"), (each,), frame)
    elif name in _LOOPING:
        ask(inter, containers.elements(inter, arguments.at(0), frame), "__bool__", frame)


def function(inter: Interpreter, name: str, arguments: Arguments, frame: Frame) -> Values | None:
    """Call what the module `operator` has for an operator; None for anything else."""
    method = f"__{name.strip('_')}__"
    if method not in METHODS or not arguments.positional or not is_defined(inter, method):
        return None
    left, *given = arguments.positional
    return operator(inter, method, left, tuple(given), frame)


def _own(inter: Interpreter, value: Value, name: str) -> str | None:
    if not isinstance(value, Instance):
        return None
    names = (name, *OTHERWISE.get(name, ()))
    return next((one for one in names if attributes.in_class(inter, value.cls, one)), None)
