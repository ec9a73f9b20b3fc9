# ruff: noqa: PLR0917  what code is read, with what, from where, for whom: these go together everywhere
"""The flows and tasks that a file defines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from prefect_lens.index import calls, decorators, makers
from prefect_lens.index.values import (
    UNPATCHED,
    Bound,
    Function,
    Key,
    Made,
    Partial,
    Value,
    Values,
    expression_place,
)
from prefect_lens.model import Definition, Kind, Location, Position, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.facts import Expression, Facts, Scope
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Module


class Defined(NamedTuple):
    """A definition, and what the graph of calls knows it by."""

    definition: Definition
    key: Key


def definitions(inter: Interpreter, module: Module, factories: frozenset[str]) -> tuple[Defined, ...]:
    """Return the definitions of a file, in the order in which they stand in it.

    `factories` are the names of the functions that may return a flow or task that they made.
    """
    found: dict[Key, Defined] = {}
    for index, scope in enumerate(module.facts.scopes):
        if scope.kind == "function" and scope.decorators:
            about = f"{module.path}:{scope.line + 1}"
            for item in inter.attempt(about, lambda i=index: _decorated(inter, module, i), ()):
                found[item.key] = Defined(_in_place(module, index, item), item.key)
    names = makers.names_in(module.facts)
    for index in range(len(module.facts.scopes)):
        for name, expression in _calls(module.facts, index, names, factories):
            about = f"{module.path}:{expression[4] + 1}"
            for item in inter.attempt(about, lambda i=index, e=expression: _made_by(inter, module, i, e), ()):
                if item.key not in found:
                    found[item.key] = Defined(_by_call(inter, module, index, name, expression, item), item.key)
    return tuple(sorted(found.values(), key=lambda d: d.definition.declared_at or d.definition.location))


def may_define(facts: Facts, index: int, factories: frozenset[str]) -> bool:
    """Whether calls in a scope may make definitions; see `definitions`."""
    return any(_calls(facts, index, makers.names_in(facts), factories))


def _decorated(inter: Interpreter, module: Module, index: int) -> tuple[Made, ...]:
    around = inter.generic(module, module.facts.scopes[index].parent)
    values, made = decorators.decorated(inter, index, around)
    home = ("def", module.path, index)
    return made or tuple(one for one in _behind(inter, values) if one.key == home)


def _behind(inter: Interpreter, values: Values) -> Iterator[Made]:
    """Return the definitions that a function of the project made of others and hid behind wrappers of its own."""
    for value in values:
        frame = calls.frame_of(inter, value, {}, UNPATCHED) if isinstance(value, Function) else None
        while frame is not None and frame.parent is not None and frame.scope.kind in {"function", "lambda"}:
            facts = frame.module.facts
            for _, expression in _calls(facts, frame.index, makers.names_in(facts), frozenset()) if facts.makes else ():
                for made in inter.evaluate(expression, frame):
                    body = made.body if isinstance(made, Made) and made.loose else None
                    if isinstance(made, Made) and isinstance(body, Function) and not decorators.stands_in(inter, body):
                        home = ("def", body.module.path, body.index)
                        yield inter.one(Made, made.kind, body, home, made.name, made.label, (), made.hooks, False)  # noqa: FBT003
            frame = frame.parent


def qualname(facts: Facts, index: int) -> str:
    """Return the name of a scope as Python writes it."""
    names: list[str] = []
    while index > 0:
        scope = facts.scopes[index]
        names.append(scope.name)
        index = scope.parent
        if index > 0 and facts.scopes[index].kind != "class":
            names.append("<locals>")
    return ".".join(reversed(names))


def _in_place(module: Module, index: int, made: Made) -> Definition:
    scope = module.facts.scopes[index]
    return Definition(
        kind=Kind(made.kind),
        path=module.path,
        qualname=qualname(module.facts, index),
        name=made.name or _default_name(made.kind, scope.name),
        location=Location(module.path, _span(scope)),
        is_async=scope.is_async,
    )


def _by_call(
    inter: Interpreter, module: Module, index: int, name: str | None, expression: Expression, made: Made
) -> Definition:
    body = _function(made.body)
    if body is not None:
        body = decorators.wrapped(inter, body)
    at = Position(expression[4], expression[5])
    declared = Location(module.path, Span(at, at))
    facts = module.facts
    own = name.rpartition(".")[2] if name is not None else body.scope.name if body is not None else made.label
    around = qualname(facts, index)
    if around and facts.scopes[index].kind != "class":
        around += ".<locals>"
    return Definition(
        kind=Kind(made.kind),
        path=module.path,
        qualname=f"{around}.{own}" if around else own,
        name=made.name or _default_name(made.kind, body.scope.name if body is not None else own),
        location=Location(body.module.path, _span(body.scope)) if body is not None else declared,
        declared_at=declared,
        is_async=body is not None and body.scope.is_async,
    )


def _made_by(inter: Interpreter, module: Module, index: int, expression: Expression) -> tuple[Made, ...]:
    frame = inter.generic(module, index)
    values = inter.evaluate(expression, frame)
    if frame.scope.kind in {"module", "class"}:
        values = decorators.rehome(inter, values, expression, frame)
    place = expression_place(module.path, expression)
    found = tuple(
        value
        for value in values
        if isinstance(value, Made) and value.key == place and not (value.loose and _stands_in(inter, value))
    )
    return found or tuple(_behind(inter, values))


def _stands_in(inter: Interpreter, made: Made) -> bool:
    body = _function(made.body)
    return body is not None and decorators.stands_in(inter, body)


def _calls(
    facts: Facts, index: int, names: frozenset[str], factories: frozenset[str]
) -> Iterator[tuple[str | None, Expression]]:
    """Return the calls that may make a definition, with the name that each is given."""
    scope = facts.scopes[index]
    named: set[int] = set()
    for name, (_, expressions) in scope.bindings.items():
        if " " in name:
            continue
        for expression in expressions:
            if expression is None or expression[0] != "call":
                continue
            maker = makers.called(expression)
            if maker is None or maker in names or maker in factories:
                named.add(id(expression))
                yield name, expression
    if not facts.makes:
        return
    for expression in (*scope.body, *scope.returns, *(e for _, es in scope.bindings.values() for e in es)):
        for call in _makers_in(expression, names, factories):
            if id(call) not in named:
                named.add(id(call))
                yield None, call


def _makers_in(expression: Expression, names: frozenset[str], factories: frozenset[str]) -> Iterator[Expression]:
    if not isinstance(expression, tuple):
        return
    parts = cast("tuple[Expression, ...]", expression)
    if parts and parts[0] == "call":
        function = parts[1]
        if function is not None and function[0] == "call":
            names_behind = names | factories
            while function is not None and function[0] == "call":
                function = function[1]
        else:
            names_behind = names
        if function is not None and (
            (function[0] == "attr" and function[2] in names_behind)
            or (function[0] in {"name", "local"} and function[1] in names_behind)
        ):
            yield expression
    for part in parts:
        if isinstance(part, tuple):
            yield from _makers_in(part, names, factories)


def _function(value: Value | None) -> Function | None:
    while True:
        match value:
            case Bound(target=target):
                value = target
            case Made(body=body):
                value = body
            case Partial(target=target) if len(target) == 1:
                value = next(iter(target))
            case Function():
                return value
            case _:
                return None


def _span(scope: Scope) -> Span:
    return Span(Position(scope.line, scope.column), Position(scope.line, scope.column + len(scope.name)))


def _default_name(kind: str, name: str) -> str:
    return name.replace("_", "-") if kind == "flow" else name
