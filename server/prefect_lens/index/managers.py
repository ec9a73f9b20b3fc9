"""Context managers as decorators: each call of the function enters and leaves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import attributes, calls, passing, patches
from prefect_lens.index.values import Arguments, Function, Instance, Sequence, Value, Values, World, union

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.frames import Frame
    from prefect_lens.index.interpret import Interpreter


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
        calls.enter(inter, values, frame)
        world = patches.merged(inter, world, patches.held(values, frame))
    return world


def _made(inter: Interpreter, expression: Expression, closure: Frame, frame: Frame) -> Values:
    """Return the manager of one call: a generator begins anew with each."""
    makers = inter.evaluate(expression[1], closure)
    arguments: Arguments = passing.given(inter, expression, closure)
    return union(*(calls.call(inter, maker, arguments, frame, expression) for maker in makers))
