"""Code that cannot lead to a flow or task, so that nobody needs to follow it.

Which files are active, `links` says. All others are plain: a function of theirs that is given only data, and no
function of an active file, cannot come to a definition, however long it runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index.values import (
    UNPATCHED,
    Arguments,
    Body,
    Bound,
    Class,
    External,
    Function,
    Instance,
    Made,
    Mapping,
    Method,
    Mock,
    Module,
    Number,
    Opaque,
    Parsed,
    Partial,
    Path,
    Record,
    Sequence,
    Text,
    Value,
    Values,
    World,
    Wrapped,
)

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter

DATUM = "builtins.object"
"""Stands for data where it does not matter which."""

PUT = "."
"""Before the name under which a world has it that an object has been given a stand-in for an attribute; see `exact`."""

DEEPEST = 6
"""Dots in a library's name behind which it leads nowhere: there code asks objects for attributes, again and again."""

_ACTIVE_LIBRARIES = ("prefect", "pytest", "unittest", "mock", "importlib", "runpy")


def leads_nowhere(inter: Interpreter, function: Function, arguments: Arguments, world: World) -> bool:
    """Whether a call cannot come to a definition."""
    if function.module.path in inter.active or not _stands_outside(function):
        return False
    if world.chain and not all(path in inter.active for path, _, _ in world.chain):
        return False
    return (
        all(is_data(inter, values) for values in world.patches.values())
        and all(is_data(inter, values) for values in arguments.positional)
        and all(is_data(inter, values) for _, values in arguments.keywords)
        and is_data(inter, arguments.more)
    )


def telling(inter: Interpreter, world: World) -> World:
    """Return a world without stand-ins that tell nothing: what comes back from plain code is the same without them.

    Tests patch what they like, each by a mock of its own; without this, each would have all plain code followed anew.
    """
    if not world.patches and not world.chain:
        return UNPATCHED
    found = inter.telling.get(world)
    if found is None:
        told = {place: values for place, values in world.patches.items() if is_constant(place) or not _is_blank(values)}
        found = inter.telling[world] = inter.world(told)
    return found


def is_constant(place: tuple[Any, str]) -> bool:
    """Whether a place is one of a module's constants, by which branches may be decided."""
    return isinstance(place[0], Module) and place[1].isupper()


def _is_blank(values: Values) -> bool:
    return all(
        isinstance(value, Number)
        or (
            isinstance(value, Mock)
            and not value.calls
            and _is_blank(value.gives)
            and all(_is_blank(given) for _, given in value.attributes)
        )
        for value in values
    )


def _stands_outside(function: Function) -> bool:
    return function.closure.parent is None or function.closure.scope.kind == "class"


def is_data(inter: Interpreter, values: Values) -> bool:
    """Whether values cannot lead to a definition, whoever gets them."""
    if not values:
        return True
    found = inter.data.get(values)
    if found is None:
        inter.data[values] = True  # as far as it holds itself
        found = inter.data[values] = all(_is_datum(inter, value) for value in values)
    return found


def may_grow(inter: Interpreter, values: Values) -> bool:
    """Whether values are containers of data, of which a function that calls itself may make ever larger ones."""
    return any(isinstance(value, Mapping | Sequence) for value in values) and is_data(inter, values)


def _is_datum(inter: Interpreter, value: Value) -> bool:
    match value:
        case Text() | Number() | Path() | Parsed():
            return True
        case External(dotted=dotted):
            return dotted.partition(".")[0] not in _ACTIVE_LIBRARIES or dotted.count(".") >= DEEPEST
        case Method(owner=Instance() | Sequence() | Mapping() | Text() | Path() as owner):
            return _is_datum(inter, owner)  # of an object: what it has of a library's class
        case Instance(cls=cls, arguments=given):
            return _is_datum(inter, cls) and all(is_data(inter, values) for _, values in given)
        case Class() | Function():
            at_the_top = value.body.parent if isinstance(value, Class) else value.closure
            return value.module.path not in inter.active and at_the_top is not None and at_the_top.parent is None
        case Module(path=path):
            return path not in inter.active
        case Sequence(items=items, rest=rest, within=within):
            return not within.patches and is_data(inter, rest) and all(is_data(inter, values) for values in items)
        case Mapping(items=pairs, keys=keys):
            return is_data(inter, keys) and all(is_data(inter, values) for _, values in pairs)
        case Record(fields=fields):
            return all(is_data(inter, values) for _, values in fields)
        case Mock(calls=calls, gives=gives, attributes=given):
            return not calls and is_data(inter, gives) and all(is_data(inter, values) for _, values in given)
        case _:
            return False


def coarse(inter: Interpreter, values: Values) -> Values:
    """Return the values without data, and with objects of which no more is known than their classes.

    Kept are texts, which may name something, and what objects and containers hold of code.
    """
    found = inter.coarse.get(values)
    if found is None:
        kept = {value for value in values if isinstance(value, Text) or not _is_datum(inter, value)}
        coarse = {_coarse(inter, value) for value in kept if not _is_vague(value)}
        if len(kept) < len(values):
            coarse.add(inter.one(External, DATUM))
        inter.coarse[values] = found = inter.shared(frozenset(coarse))
    return found


def itself(inter: Interpreter, function: Function, arguments: dict[str, Values]) -> dict[str, Values]:
    """Return what is left of what is passed where nothing is to be known of it: whose method the function is."""
    if function.closure.scope.kind != "class" or not function.parameters:
        return {}
    first, _ = function.parameters[0]
    return {first: coarse(inter, arguments[first])} if first in arguments else {}


def coarse_world(inter: Interpreter, world: World) -> World:
    """Return a world without what code has assigned, where that holds no code: stand-ins of tests stay."""
    if not world.patches:
        return world
    found = inter.coarse_worlds.get(world)
    if found is None:
        kept = {
            place: values
            for place, values in world.patches.items()
            if is_constant(place) or place[1][:1] == PUT or any(holds_code(one) for one in values)
        }
        found = inter.coarse_worlds[world] = inter.world(kept, world.chain, unguarded=world.unguarded)
    return found


def _coarse(inter: Interpreter, value: Value) -> Value:
    match value:
        case Instance(cls=cls) if not holds_code(value):
            return inter.one(Instance, cls, ())
        case Sequence(items=items, rest=rest, within=within):
            return inter.one(Sequence, tuple(coarse(inter, one) for one in items), coarse(inter, rest), within)
        case Mapping(items=pairs, keys=keys):
            return inter.one(Mapping, tuple((key, coarse(inter, one)) for key, one in pairs), coarse(inter, keys))
        case _:
            return value


def _is_vague(value: Value) -> bool:
    """Whether a value is an attribute that an object may have of a library's class."""
    return isinstance(value, Method) and isinstance(value.owner, Instance)


def holds_code(value: Value, depth: int = 4) -> bool:
    """Whether a value is code, or holds some within so many containers and objects."""
    match value:
        case Function() | Made() | Body() | Bound() | Partial() | Mock() | Module() | Wrapped() | Opaque():
            return True
        case Instance(arguments=given):
            parts = [values for _, values in given]
        case Sequence(items=items, rest=rest):
            parts = [*items, rest]
        case Mapping(items=pairs):
            parts = [values for _, values in pairs]
        case Record(fields=fields):
            parts = [values for _, values in fields]
        case _:
            return False
    return depth == 0 or any(holds_code(one, depth - 1) for values in parts for one in values)
