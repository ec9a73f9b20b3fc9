"""Which of several functions runs: by the class of what is passed first, or by whether the caller is a coroutine.

That is `functools.singledispatch`, and Prefect's `async_dispatch`, by which a task has a twin that is awaited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import attributes, calls, registries
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Class,
    External,
    Function,
    Instance,
    Made,
    Mapping,
    Method,
    Number,
    Opaque,
    Partial,
    Sequence,
    Text,
    Value,
    Values,
    Wrapped,
    union,
)

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.frames import Frame
    from prefect_lens.index.interpret import Interpreter

PLACES = {"functools.singledispatch": 0, "functools.singledispatchmethod": 1}
"""The decorators, and which argument's class decides."""

METHODS = frozenset({"register", "dispatch"})

BY_SYNC = "async_dispatch"
BY_CONTEXT = frozenset({BY_SYNC, "async_dispatch()"})
"""What has such a twin, and the decorator that gives it one."""

_SYNC = "_sync"

_BUILTINS: dict[type[Value], tuple[str, ...]] = {
    Text: ("str",), Number: ("int", "bool"), Mapping: ("dict",), Sequence: ("list", "tuple", "set", "frozenset"),
}  # fmt: skip
"""Of which classes the values are that stand for data."""


def call(inter: Interpreter, value: Wrapped, arguments: Arguments, frame: Frame, expression: Expression) -> Values:
    """Call the functions that a dispatching function may come to."""
    passed = arguments.at(PLACES[value.how])
    found = _chosen(inter, value, [_line(inter, one) for one in passed])
    return union(*(calls.call(inter, function, arguments, frame, expression) for function in found))


def method(inter: Interpreter, owner: Wrapped, name: str, arguments: Arguments) -> Values:
    """Call a method of a dispatching function: `register`, in each of its forms, or `dispatch`."""
    first, *more = arguments.positional or (NOTHING,)
    if name == "dispatch":
        return frozenset(
            _chosen(inter, owner, [attributes.line(inter, c) if isinstance(c, Class) else (c,) for c in first])
        )
    functions = more[0] if more else frozenset(one for one in first if isinstance(one, Function))
    if not functions:  # `@process.register(int)`
        return frozenset((inter.one(Partial, frozenset((inter.one(Method, owner, name),)), arguments),))
    for function in functions:
        classes = first if more else _annotated(inter, function, PLACES[owner.how])
        inter.registered.setdefault(_key(inter, owner), set()).add(
            inter.one(Sequence, (classes, frozenset((function,))))
        )
    return functions


def by_context(inter: Interpreter, awaited: Values) -> Values | None:
    """Return the decorator that gives a flow or task a twin; None where the twin is none."""
    made = any(isinstance(one, Made) for one in awaited)
    return frozenset((inter.one(Wrapped, "async_dispatch()", awaited),)) if made else None


def in_context(
    inter: Interpreter, value: Wrapped, arguments: Arguments, frame: Frame, expression: Expression
) -> Values:
    """Put such a decorator on something, or call what has a twin: that runs in a coroutine, if none forbids it."""
    if value.how != BY_SYNC:
        pair = inter.one(Sequence, (arguments.at(0), value.inner))
        return frozenset((inter.one(Wrapped, BY_SYNC, frozenset((pair,))),))
    said = [bool(one) for name, one in arguments.literals or () if name == _SYNC]
    keywords = tuple(pair for pair in arguments.keywords if pair[0] != _SYNC)
    runs = twins(value)[not said[0] if said else frame.scope.is_async]
    given = Arguments(arguments.positional, keywords, arguments.more, arguments.literals)
    return union(*(calls.call(inter, one, given, frame, expression) for one in runs))


def of_context(inter: Interpreter, value: Wrapped, name: str, frame: Frame) -> Values:
    """Return an attribute of what has a twin: those of the one that is not awaited, and the other by itself."""
    itself, awaited = twins(value)
    return awaited if name == "aio" else attributes.of_all(inter, itself, name, frame)


def twins(value: Wrapped) -> tuple[Values, Values]:
    """Return what has a twin, and the twin, which is awaited."""
    pair = next(one for one in value.inner if isinstance(one, Sequence))
    return pair.items[0], pair.items[1]


def _chosen(inter: Interpreter, owner: Wrapped, lines: list[tuple[Value, ...]]) -> list[Value]:
    """Return what runs for objects of whose classes these are the orders of look-up: all, where none is known."""
    key = _key(inter, owner)
    if key.site is not None and ("dispatch", *key.site) not in inter.hooked:
        inter.hooked.add(("dispatch", *key.site))
        registries.meet_users(inter, "register", inter.modules[key.site[0]])
    registered = [one.items for one in inter.registered.get(key, ()) if isinstance(one, Sequence)]
    found: dict[Value, None] = {}
    for line in lines:
        own = next(
            (
                [f for classes, f in registered if base in classes]
                for base in line
                if any(base in c for c, _ in registered)
            ),
            None,
        )
        found.update(
            dict.fromkeys(function for f in own for function in f) if own is not None else dict.fromkeys(owner.inner)
        )
    if not lines:
        found.update(dict.fromkeys((*owner.inner, *(function for _, f in registered for function in f))))
    return list(found)


def _key(inter: Interpreter, owner: Wrapped) -> Opaque:
    site = next(((one.module.path, one.index) for one in owner.inner if isinstance(one, Function)), None)
    return inter.one(Opaque, owner.how, NOTHING, site)


def _line(inter: Interpreter, value: Value) -> tuple[Value, ...]:
    """Return the classes that a value may be of, the nearest first."""
    if isinstance(value, Instance):
        return attributes.line(inter, value.cls)
    return tuple(inter.one(External, f"builtins.{name}") for name in _BUILTINS.get(type(value), ()))


def _annotated(inter: Interpreter, function: Value, place: int) -> Values:
    """Return the classes that an annotation names."""
    if not isinstance(function, Function) or len(function.scope.parameters) <= place:
        return NOTHING
    return inter.evaluate(function.scope.parameters[place].annotation, function.closure)
