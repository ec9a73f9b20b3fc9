"""What a call passes to each parameter, as far as it can matter to who calls whom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import containers, literals, makers, spread
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    External,
    Frame,
    Function,
    Mapping,
    Number,
    Parameters,
    Sequence,
    Text,
    Value,
    Values,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter

_NUMBERS = ("builtins.int", "builtins.float")
_NUMBER = re.compile(r"\s*[-+]?(?:\d[\d_]*\.?\d*|\.\d+|inf|infinity|nan)(?:e[-+]?\d+)?\s*$", re.IGNORECASE)

_NONE = Arguments(literals=())
_OF_THE_CALL = frozenset({"return_state", "wait_for"})
"""What Prefect takes out of what is passed to a flow or task."""


def given(inter: Interpreter, expression: Expression, frame: Frame) -> Arguments:
    """Return what a call passes."""
    _, _, positional, keywords, *_ = expression
    if not positional and not keywords:
        return _NONE
    placed: list[Values] = []
    more: Values = NOTHING
    for argument in positional:
        if argument is not None and argument[0] == "star":
            inner = inter.evaluate(argument[1], frame)
            whole = next(iter(inner)) if len(inner) == 1 else None
            if isinstance(whole, Sequence) and not whole.rest and not more:
                placed.extend(whole.items)
            else:
                more |= containers.elements(inter, inner, frame)
        else:
            placed.append(inter.evaluate(argument, frame))
    named: list[tuple[str, Values]] = []
    for name, value in keywords:
        values = inter.evaluate(value, frame)
        if name is not None:
            named.append((name, values))
            continue
        for inner in values:
            if isinstance(inner, Mapping):
                named.extend((key, v) for key, v in inner.items if key is not None)
                more |= union(*(v for key, v in inner.items if key is None))
    written = literals.written(inter, expression, frame)
    known = spread.said(inter, expression, frame) if written is None else None
    return Arguments(tuple(placed), tuple(named), more, written, known)


def bind(inter: Interpreter, parameters: Parameters, arguments: Arguments) -> dict[str, Values]:
    """Return what each parameter gets. What cannot matter to who calls whom is left out."""
    found: dict[str, Values] = {}
    position, given = 0, dict(arguments.keywords)
    spare: dict[str, Values] = dict(given)
    for name, kind in parameters:
        values = NOTHING
        match kind:
            case "positional":
                if position < len(arguments.positional):
                    values = arguments.positional[position]
                    position += 1
                else:
                    values = given.get(name, NOTHING) or arguments.more
                spare.pop(name, None)
            case "keyword":
                values = given.get(name, NOTHING) or arguments.more
                spare.pop(name, None)
            case "*":
                if rest := arguments.positional[position:]:
                    values = frozenset((inter.one(Sequence, tuple(telling(v) for v in rest), NOTHING),))
                elif arguments.more:
                    values = frozenset((inter.one(Sequence, (), arguments.more),))
            case _:
                pairs = tuple((key, telling(v)) for key, v in sorted(spare.items()))
                if any(v for _, v in pairs):
                    values = frozenset((inter.one(Mapping, pairs),))
        if values := telling(values):
            found[name] = inter.shared(values)
    return found


def refuses(inter: Interpreter, body: Value | None, arguments: Arguments) -> bool:
    """Whether a flow's own check of its parameters surely refuses a call: by a literal of another type."""
    if not isinstance(body, Function) or arguments.more or any(map(_unchecked, body.scope.decorators)):
        return False
    written = sure(arguments)
    places = [name for name, kind in body.parameters if kind == "positional"]
    given = {name: values for place, (name, values) in enumerate(zip(places, arguments.positional)) if place in written}  # noqa: B905  the rest is `*args`
    given.update((name, values) for name, values in arguments.keywords if name in written)
    for parameter in body.scope.parameters:
        values = given.get(parameter.name, NOTHING)
        if values and parameter.annotation is not None and parameter.kind in {"positional", "keyword"}:
            wanted = inter.evaluate(parameter.annotation, body.closure)
            if misfit(wanted, values):
                return True
    return False


def sure(arguments: Arguments) -> frozenset[int | str]:
    """Return the places and names at which a call passes a literal, and nothing else on any way."""
    return frozenset(place for place, _ in arguments.said or ())


def misfit(wanted: Values, values: Values) -> bool:
    """Whether Pydantic makes nothing of what is given where something of some types is wanted."""
    return bool(wanted and values) and all(
        isinstance(type_, External) and _misfits(type_.dotted, one) for type_ in wanted for one in values
    )


def lacks(body: Value | None, arguments: Arguments) -> bool:
    """Whether a call that is written out leaves out what a function needs, or passes what it does not take."""
    if not isinstance(body, Function) or arguments.literals is None or arguments.more:
        return False
    if len(body.scope.decorators) > 1:
        return False  # another decorator may pass or take something
    named = {name for name, _ in arguments.keywords}
    kinds = [parameter.kind for parameter in body.scope.parameters]
    places = [parameter for parameter in body.scope.parameters if parameter.kind == "positional"]
    needed = [*places[len(arguments.positional) :], *(p for p in body.scope.parameters if p.kind == "keyword")]
    if any(parameter.default is None and parameter.name not in named for parameter in needed):
        return True
    if "**" not in kinds and not named <= {p.name for p in needed} | _OF_THE_CALL:
        return True
    return "*" not in kinds and len(arguments.positional) > len(places)


def is_odd(inter: Interpreter, made: External, expression: Expression, frame: Frame) -> bool:
    """Whether a library's class is given, where a test expects a TypeError, what the file gives it nowhere else."""
    name = made.dotted.rpartition(".")[2]
    if inter.expected != "TypeError" or not name[:1].isupper() or expression is None or not expression[3]:
        return False
    usual: set[str | None] = set()
    for scope in frame.module.facts.scopes:
        usual.update(_keywords(tuple(scope), name, expression[4:6]))
    return bool(usual) and not usual.issuperset(key for key, _ in expression[3])


def _keywords(part: Any, name: str, but: tuple[int, int]) -> Iterator[str | None]:
    """Return the keywords of the calls of a name, but those of the call at one place."""
    if isinstance(part, dict):
        part = tuple(cast("dict[Any, Any]", part).values())
    if not isinstance(part, tuple):
        return
    parts = cast("tuple[Any, ...]", part)
    if parts[:1] == ("call",) and len(parts) == 6 and makers.called(parts) == name and parts[4:] != but:
        yield from (key for key, _ in parts[3])
    for inner in parts:
        yield from _keywords(inner, name, but)


def _misfits(wanted: str, value: Value) -> bool:
    """Whether Pydantic makes nothing of a literal that would be of the type wanted."""
    match value:
        case Text(text=text):
            return wanted in {"builtins.list", "builtins.dict"} or (wanted in _NUMBERS and not _NUMBER.match(text))
        case Number():
            return wanted in {"builtins.str", "builtins.list", "builtins.dict"}
        case Mapping():
            return wanted in {"builtins.str", "builtins.list", *_NUMBERS}
        case Sequence():
            return wanted in {"builtins.str", "builtins.dict", *_NUMBERS}
        case _:
            return False


def _unchecked(decorator: Expression) -> bool:
    return decorator is not None and decorator[0] == "call" and "validate_parameters" in dict(decorator[3])


def telling(values: Values) -> Values:
    """Return the values without those that only data can be."""
    if not values or not any(isinstance(value, Text | Number) for value in values):
        return values
    return frozenset(
        value
        for value in values
        if not isinstance(value, Number)
        and not (
            isinstance(value, Text) and (len(value.text) > literals.LONGEST_KEY or not value.text or " " in value.text)
        )
    )
