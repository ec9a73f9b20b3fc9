"""The attributes of functions, flows and tasks: their names, what is behind them, and what is put on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index.values import NOTHING, Body, Bound, Class, Function, Made, Method, Text, Value, Values

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter


def of_made(inter: Interpreter, value: Made, name: str) -> Values:
    """Return the attribute of a flow or task."""
    match name:
        case "fn":
            return frozenset((inter.one(Body, value),))
        case "__wrapped__":
            return frozenset((value.body,)) if value.body is not None else NOTHING
        case "value":
            return frozenset((value,))  # a member of an enumeration
        case "__name__":
            return frozenset((inter.one(Text, value.label.rpartition(".")[2]),))
        case "name":
            own = value.label.rpartition(".")[2]
            return frozenset((inter.one(Text, value.name or (own.replace("_", "-") if value.kind == "flow" else own)),))
        case _:
            return put_on(inter, value.body, name) or frozenset((inter.one(Method, value, name),))


def put_on(inter: Interpreter, one: Value | None, name: str) -> Values:
    """Return what the code around a function or class assigns to an attribute: `main.step = …` below `def main`."""
    if not isinstance(one, Function | Class):
        return NOTHING
    around, dotted = one.closure if isinstance(one, Function) else one.body.parent, f"{one.scope.name}.{name}"
    return inter.name_in(around, dotted) if around is not None and dotted in around.scope.bindings else NOTHING


def of_function(inter: Interpreter, value: Value, name: str) -> Values:
    """Return the attribute of a function, by itself or bound to an object."""
    function = value.target if isinstance(value, Bound) else value
    if isinstance(function, Made):
        return frozenset(
            inter.one(Bound, item, value.first) if isinstance(item, Body) and isinstance(value, Bound) else
            (inter.one(Bound, item, value.first) if isinstance(value, Bound) and isinstance(item, Method) else item)
            for item in of_made(inter, function, name)
        )  # fmt: skip
    match name:
        case "__name__" if isinstance(function, Function):
            return frozenset((inter.one(Text, function.scope.name),))
        case "__func__" if isinstance(value, Bound):
            return frozenset((value.target,))
        case "__self__" if isinstance(value, Bound):
            return value.first
        case "value" | "__call__":
            return frozenset((value,))
        case "aio" if isinstance(function, Function) and function.scope.decorators:
            return frozenset((function,))  # the coroutine behind what Prefect's `sync_compatible` makes of it
        case "result" | "aresult":
            return frozenset((inter.one(Method, value, name),))
        case _ if put := put_on(inter, function, name):
            return put
        case _ if isinstance(function, Function) and function.scope.decorators:
            # a library's decorator may have made an object of it: `@cli.command()` below `@click.group()`
            return frozenset((inter.one(Method, function, name),))
        case _:
            return NOTHING
