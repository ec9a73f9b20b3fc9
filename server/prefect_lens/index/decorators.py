"""What decorators make of a function, and which flow or task it then is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import calls, prefect_rules
from prefect_lens.index.values import (
    Arguments,
    External,
    Frame,
    Function,
    Made,
    Opaque,
    Value,
    Values,
    expression_place,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter


def decorated(inter: Interpreter, index: int, frame: Frame) -> tuple[Values, tuple[Made, ...]]:
    """Return what a `def` gives with its decorators on it, and the definitions that it is."""
    key = ("decorated", index)
    if (found := frame.names.get(key)) is not None:
        return found, frame.made.get(index, ())
    function = inter.function(frame, index)
    values: Values = frozenset((function,))
    frame.name(key, values)
    home = ("def", frame.module.path, index)
    all_made: list[Made] = []
    for decorator in reversed(function.scope.decorators):
        values = decorate(inter, inter.evaluate(decorator, frame), values, frame, decorator)
        is_call = decorator is not None and decorator[0] == "call"
        place = expression_place(frame.module.path, decorator) if is_call else None
        values, made = prefect_rules.homed(inter, values, home, function.scope.name, place)
        all_made.extend(item for item in made if item not in all_made)
    if all_made and stands_in(inter, function):
        # it is the function that the project's decorator is put on that it defines
        values = frozenset(_loosened(inter, v) if v in all_made else v for v in values)
        all_made = []
    frame.name(key, values)
    frame.define(index, tuple(all_made))
    return values, tuple(all_made)


def own(function: Function) -> Made | None:
    """Return the definition that a function is, where its decorators have made it one: others may call it past them."""
    made = function.closure.made.get(function.index, ())
    return next((one for one in made if one.key == ("def", function.module.path, function.index)), None)


def stands_in(inter: Interpreter, function: Function) -> bool:
    """Whether a decorator of the project makes the function, to stand for the one that it is put on."""
    return function.closure.scope.kind == "function" and any(_wraps(inter, function))


def wrapped(inter: Interpreter, function: Function) -> Function:
    """Return the function for which one stands, as `inspect.unwrap` does; itself, where it stands for none."""
    seen: set[Function] = set()
    while function not in seen:
        seen.add(function)
        for decorator in _wraps(inter, function):
            inner = [v for v in inter.evaluate(decorator[2][0], function.closure) if isinstance(v, Function)]
            if len(inner) == 1:
                function = inner[0]
    return function


def _wraps(inter: Interpreter, function: Function) -> Iterator[Expression]:
    """Return the decorators that are `functools.wraps(…)`."""
    for decorator in function.scope.decorators:
        if decorator is not None and decorator[0] == "call" and decorator[2]:
            for value in inter.evaluate(decorator[1], function.closure):
                if isinstance(value, External) and value.dotted == "functools.wraps":
                    yield decorator


def decorate(inter: Interpreter, decorators: Values, values: Values, frame: Frame, expression: Expression) -> Values:
    """Return what decorators make of values. A decorator of which nothing is known changes nothing."""
    found: set[Value] = set()
    for decorator in decorators:
        if isinstance(decorator, Opaque):
            inter.registered.setdefault(decorator, set()).update(values)
            found |= values
            continue
        place = expression if expression is not None and expression[0] == "call" else None
        given = calls.call(inter, decorator, Arguments((values,)), frame, place)
        found |= frozenset(item for item in given if not isinstance(item, Opaque)) or values
    return frozenset(found) or values


def rehome(inter: Interpreter, values: Values, expression: Expression, frame: Frame) -> Values:
    """Give the definitions that some function made by a call to the call that names them."""
    if not any(isinstance(value, Made) and value.loose for value in values):
        return values
    place = expression_place(frame.module.path, expression)
    return frozenset(
        inter.one(Made, v.kind, v.body, place, v.name, v.label, v.also, v.hooks, False)  # noqa: FBT003
        if isinstance(v, Made) and v.loose
        else v
        for v in values
    )


def _loosened(inter: Interpreter, v: Value) -> Value:
    if not isinstance(v, Made):
        return v
    return inter.one(Made, v.kind, v.body, v.key, v.name, v.label, v.also, v.hooks, True)  # noqa: FBT003
