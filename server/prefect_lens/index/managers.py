"""Context managers: what entering and leaving one calls, also where one decorates a function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import attributes, calls, containers, guards, passing, patches, web
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Function,
    Instance,
    Mock,
    Opaque,
    Patch,
    Sequence,
    Value,
    Values,
    World,
    union,
)

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.frames import Frame
    from prefect_lens.index.interpret import Interpreter

_UNHARMED = Arguments((NOTHING,) * 3, literals=((0, None), (1, None), (2, None)))
"""What `__exit__` is told where nothing was raised."""


def of_function(inter: Interpreter, function: Function) -> tuple[int, ...]:
    """Return which decorators of a function make a context manager."""
    if function.managers is None:
        function.managers = ()
        function.managers = tuple(
            place
            for place, expression in enumerate(function.scope.decorators)
            if expression is not None
            and expression[0] == "call"
            and any(_is_manager(inter, value) for value in inter.evaluate(expression, function.closure))
        )
    return function.managers


def _is_manager(inter: Interpreter, value: Value) -> bool:
    if isinstance(value, Instance):
        return bool(attributes.in_class(inter, value.cls, "__enter__")) and not attributes.in_class(
            inter, value.cls, "__call__"
        )
    return isinstance(value, Sequence)


def entered(inter: Interpreter, function: Function, frame: Frame, world: World) -> World:
    """Enter the context managers that decorate a function; return the world inside."""
    for place in of_function(inter, function):
        values = _made(inter, function.scope.decorators[place], function.closure, frame)
        enter(inter, values, frame)
        world = patches.merged(inter, world, patches.held(values, frame))
    return world


def _made(inter: Interpreter, expression: Expression, closure: Frame, frame: Frame) -> Values:
    """Return the manager of one call: a generator begins anew with each."""
    makers = inter.evaluate(expression[1], closure)
    arguments: Arguments = passing.given(inter, expression, closure)
    return union(*(calls.call(inter, maker, arguments, frame, expression) for maker in makers))


def enter(inter: Interpreter, values: Values, frame: Frame) -> Values:
    """Return what `with … as` binds, and meet what entering and leaving calls."""
    found: set[Value] = set()
    for value in values:
        match value:
            case Instance():
                left = (
                    _UNHARMED if frame.world.unguarded and not guards.exit_catches(inter, value) else calls.NO_ARGUMENTS
                )
                for name in ("__exit__", "__aexit__"):
                    calls.method(inter, value, name, frame, left)
                given = calls.method(inter, value, "__enter__", frame) | calls.method(inter, value, "__aenter__", frame)
                found |= given or {value}
            case Sequence():
                found |= containers.elements(inter, frozenset((value,)), frame)
            case Patch(stand_in=stand_in):
                found |= stand_in
            case Mock():
                for name in ("__enter__", "__aenter__"):
                    for given in attributes.of(inter, value, name, frame):
                        found |= calls.call(inter, given, calls.NO_ARGUMENTS, frame, None)
            case Opaque():
                web.enter(inter, value, frame)
                found.add(value)
            case _:
                found.add(value)
    return frozenset(found)
