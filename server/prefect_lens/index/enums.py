"""Enumerations that have methods: their members are objects. Those of others stand for their values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import attributes
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Bound,
    Class,
    External,
    Function,
    Instance,
    Made,
    Text,
    Value,
    Values,
    Wrapped,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.interpret import Interpreter

_BASES = frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"})
_NO_VALUES = (Function, Made, Bound, Wrapped)
"""What has a `__get__` of its own, and so makes no member."""


def names(inter: Interpreter, cls: Class) -> tuple[str, ...]:
    """Return the names of an enumeration's members; none of any other class, and of one without methods."""
    if cls.members is None:
        cls.members = tuple(_names(cls, attributes.line(inter, cls)))
    return cls.members


def is_one(line: tuple[Value, ...]) -> bool:
    """Whether a class is an enumeration, of which this is the order of look-up."""
    return any(isinstance(base, External) and base.dotted.rpartition(".")[2] in _BASES for base in line)


def _names(cls: Class, line: tuple[Value, ...]) -> Iterator[str]:
    if not is_one(line):
        return
    scopes = [base.scope for base in line if isinstance(base, Class)]
    bound = [e for scope in scopes for _, found in scope.bindings.values() for e in found]
    if any(e is not None and e[0] == "def" for e in bound):
        for name, (_, found) in cls.scope.bindings.items():
            if name[0] != "_" and "." not in name and (found[-1] is None or found[-1][0] not in {"def", "class"}):
                yield name


def member(inter: Interpreter, cls: Class, name: str) -> Values:
    """Return a member of an enumeration."""
    values = inter.name_in(cls.body, name)
    if any(isinstance(value, _NO_VALUES) for value in values):
        return values
    fields = (("name", frozenset((inter.one(Text, name),))), ("value", values))
    return frozenset((inter.one(Instance, cls, tuple(pair for pair in fields if pair[1])),))


def members(inter: Interpreter, cls: Class, arguments: Arguments | None = None) -> Values:
    """Return the members of an enumeration; those that a call of it with a value may give."""
    found = [one for name in names(inter, cls) for one in member(inter, cls, name)]
    wanted = set(texts(arguments.at(0))) if arguments is not None else set[str]()
    kept = [one for one in found if wanted.intersection(texts(_value(one)))]
    return frozenset(kept or found)


def as_data(values: Values) -> Values:
    """Return the values with members of enumerations as the texts that they are."""
    if not any(isinstance(value, Instance) for value in values):
        return values
    return frozenset(inner for value in values for inner in (_data(value) or (value,)))


def _value(value: Value) -> Values:
    return dict(value.arguments).get("value", NOTHING) if isinstance(value, Instance) else NOTHING


def _data(value: Value) -> Values:
    is_member = isinstance(value, Instance) and [name for name, _ in value.arguments] == ["name", "value"]
    found = _value(value) if is_member else NOTHING
    return found if found and all(isinstance(one, Text) for one in found) else NOTHING
