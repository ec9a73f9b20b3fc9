"""Attributes of objects that are surely certain constants, as far as a branch may be decided by them.

`Job(dry_run=True).run()` leaves out what `run` does `if not self.dry_run`. That is known where the object is made by a
call that is written out, its class keeps what it is given, and nobody assigns the attribute of an object anew. Where
a test does, and gives the object a stand-in, it has it: `service.client = MagicMock()` leaves out what `service` does
`if self.client is None`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import attributes, command_lines, literals, members, objects, plain, present, uses
from prefect_lens.index.values import NOTHING, OBJECT, SOME, UNKNOWN, Class, Exact, External, Instance, Mock, Parsed

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression, Parameter, Scope
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Arguments, Frame, Function, Value, Values

Known = tuple[tuple[str, Any], ...]

_WHOLE, _TRUTH, _HANDED_ON = _WAYS = "?=", "?", "?."
"""How a file asks for an attribute, see `uses`: for its very value, or whether it is there, or a call hands it on.

The last one matters of switches.
"""

_BY_NAME = frozenset({"setattr", "__setattr__", "__dict__"})
"""What sets attributes whose names do not stand there."""

_PLAIN = frozenset({"ABC", "Generic", "Protocol"})
"""Bases that leave the attributes of a class alone."""


def known(inter: Interpreter, cls: Class, init: Function | None, arguments: Arguments) -> Known:
    """Return the attributes of a new object that are known, and asked for by somebody."""
    found: list[tuple[str, Any]] = []
    for name, how in _asked(inter, cls):
        value = _initial(inter, cls, init, name, arguments)
        if how == _HANDED_ON and (value is None or (isinstance(value, int) and value in {0, 1})):
            found.append((name, value))
        elif how == _TRUTH and members.is_one(value):
            continue
        elif how != _HANDED_ON and (value is None or isinstance(value, str | int)):
            found.append((name, value if how == _WHOLE or not value else ...))
        elif how != _HANDED_ON and value is not UNKNOWN and (value in present.OBJECTS or value in {..., ()}):
            found.append((name, SOME))  # what a container holds may change, but it is there
    return tuple(found)


def told(inter: Interpreter, frame: Frame, dotted: str) -> Any:
    """Return the constant that an attribute of a parameter is; `...` for one that is true; else `UNKNOWN`."""
    first, *between, name = dotted.split(".")
    values = frame.argument(first) or (inter.name_in(frame, first) if first in frame.scope.bindings else NOTHING)
    for part in between:
        values = attributes.of_all(inter, values, part, frame)
    found = [_of(inter, value, name, frame) for value in values]
    if dotted in (scope := frame.scope).bindings and (
        {f".{dotted}", f".={dotted}"}.isdisjoint(scope.decides) or any(one not in present.OBJECTS for one in found)
    ):
        return UNKNOWN  # where it is missing, the function assigns it by itself, and may ask once more
    return found[0] if found and all(one is found[0] or one == found[0] for one in found) else UNKNOWN


def is_known(frame: Frame) -> bool:
    """Whether something is known of an object that is passed to a frame."""
    return any(
        (isinstance(one, Instance) and one.known) or isinstance(one, Parsed)
        for _, values in frame.arguments
        for one in values
    )


def _of(inter: Interpreter, value: Value, name: str, frame: Frame) -> Any:
    if isinstance(value, Parsed):
        return command_lines.known(inter, value, name)
    if not isinstance(value, Instance):
        return UNKNOWN
    patches = frame.world.patches
    if patches and (put := patches.get((_anywhere(inter, value), plain.PUT + name))) is not None:
        return next(one.value for one in put if isinstance(one, Exact))
    if not value.known:
        return UNKNOWN
    if patches and any((owner, name) in patches for owner in (value, *attributes.line(inter, value.cls))):
        return UNKNOWN
    return dict(value.known).get(name, UNKNOWN)


def put(inter: Interpreter, frame: Frame, owners: Values, name: str, values: Values) -> dict[tuple[Any, str], Values]:
    """Return what is known of an attribute that code assigns to objects of others, as a world has it."""
    is_there = bool(values) and all(isinstance(one, Mock) and one.site for one in values)
    found: dict[tuple[Any, str], Values] = {}
    for owner in owners:
        if isinstance(owner, Instance):
            place = _anywhere(inter, owner), plain.PUT + name
            if place in frame.world.patches or (is_there and _may_be_missed(inter, owner.cls, name)):
                found[place] = frozenset((inter.one(Exact, OBJECT if is_there else UNKNOWN),))
    return found


def _anywhere(inter: Interpreter, value: Instance) -> Instance:
    """Return an object wherever it was made: a fixture and a test that uses it have it from the same place."""
    return value if value.site is None else inter.one(Instance, value.cls, value.arguments, None, value.known)


def _may_be_missed(inter: Interpreter, cls: Class, name: str) -> bool:
    """Whether methods ask whether an attribute is there, and none takes it away."""
    bases = [base for base in attributes.line(inter, cls) if isinstance(base, Class)]
    methods = [base.module.facts.scopes[index] for base in bases for index in base.scope.own.get(name, ())]
    return any(_is_used(inter, how + name, cls) for how in (_WHOLE, _TRUTH)) and all(
        scope.name == "__init__" or all(one is not None and one[0] == "call" for one in _assigned(scope, name))
        for scope in methods
    )


def _assigned(scope: Scope, name: str) -> tuple[Expression, ...]:
    return scope.bindings[f"{scope.parameters[0].name}.{name}"][1]


def attribute(inter: Interpreter, base: Expression, name: str, frame: Frame) -> Any:
    """Return the constant that an attribute is which a call hands on."""
    found = [_of(inter, value, name, frame) for value in inter.evaluate(base, frame)]
    return found[0] if found and all(one is found[0] or one == found[0] for one in found) else UNKNOWN


def _asked(inter: Interpreter, cls: Class) -> tuple[tuple[str, str], ...]:
    """Return the attributes of a class that can be known and are asked for, and in which way they are."""
    if cls.asked is None:
        line = attributes.line(inter, cls)
        bases = [base for base in line if isinstance(base, Class)]
        names = {name for base in bases for name in (*base.scope.bindings, *base.scope.own)}
        cls.asked = ()
        if not any(_reads_elsewhere(base) for base in line):
            cls.asked = tuple(
                (name, how)
                for name in sorted(names)
                if (how := next((one for one in _WAYS if _is_used(inter, one + name, cls)), None)) is not None
                if not _is_used(inter, uses.ASSIGNED + name, cls)
            )
    return cls.asked


def _is_used(inter: Interpreter, name: str, cls: Class) -> bool:
    return bool(inter.users.paths(name, cls.module.path))


def _reads_elsewhere(base: Value) -> bool:
    """Whether objects of a class may have what no call gives them: settings, or what is set by names that vary."""
    if isinstance(base, External):
        return base.dotted.endswith("Settings")
    if not isinstance(base, Class):
        return False
    methods = [scope for scope in base.module.facts.scopes if scope.parent == base.index and scope.kind == "function"]
    return any(
        _mentions(scope.body, _BY_NAME) or any("validator" in uses.last(one) for one in scope.decorators)
        for scope in methods
    )


def _mentions(part: Any, words: frozenset[str]) -> bool:
    if isinstance(part, tuple):
        return any(_mentions(inner, words) for inner in cast("tuple[Any, ...]", part))
    return isinstance(part, str) and part in words


def _initial(inter: Interpreter, cls: Class, init: Function | None, name: str, arguments: Arguments) -> Any:
    """Return the constant that an attribute of a new object is."""
    line = attributes.line(inter, cls)
    bases = [base for base in line if isinstance(base, Class)]
    assigning = [base.module.facts.scopes[index] for base in bases for index in base.scope.own.get(name, ())]
    default = next((base.scope.bindings[name][1] for base in bases if name in base.scope.bindings), None)
    if assigning:
        if init is None or default is not None or [id(one) for one in assigning] != [id(init.scope)]:
            return UNKNOWN
        _, expressions = init.scope.bindings[f"{init.parameters[0][0]}.{name}"]
        return _kept(inter, init, expressions[0], arguments) if len(expressions) == 1 else UNKNOWN
    if default is None or len(default) != 1:
        return UNKNOWN
    if init is None and arguments.said is not None and not arguments.more:
        is_record = any(base.scope.decorators for base in bases) or objects.is_tuple(line)
        names = objects.field_names(inter, cls) if is_record else []
        if (given := _given(names, name, arguments)) is not None:
            return given[0]
        if arguments.positional and not is_record:
            return UNKNOWN
    elif init is None or any(isinstance(one, External) and one.dotted.split(".")[-1] not in _PLAIN for one in line):
        return UNKNOWN
    return _constant(default[0])


def _kept(inter: Interpreter, init: Function, expression: Expression, arguments: Arguments) -> Any:
    """Return what `__init__` keeps of what it is given."""
    scope = init.scope
    match expression:
        case ("call", function, (("local", *_) as given,), (), *_):
            return members.made(inter, function, _kept(inter, init, given, arguments), init.closure)
        case ("local", *_):
            pass
        case _:
            return _constant(expression)
    parameter = next((one for one in scope.parameters[1:] if one.name == expression[1]), None)
    if parameter is None or len(scope.bindings[parameter.name][1]) != 1 or arguments.said is None or arguments.more:
        return UNKNOWN
    places = [one.name for one in scope.parameters[1:] if one.kind == "positional"]
    if (given := _given(places, parameter.name, arguments)) is not None:
        return given[0]
    return default(inter, init, parameter) if parameter.default is not None else UNKNOWN


def default(inter: Interpreter, function: Function, parameter: Parameter) -> Any:
    """Return the constant that a parameter is where nothing is passed."""
    value = literals.constant(parameter.default)
    return members.of(inter, parameter.default, function.closure) if value is UNKNOWN else value


def _given(places: list[str], name: str, arguments: Arguments) -> tuple[Any] | None:
    """Return the constant that a call passes for a name; None where it passes nothing."""
    said = dict(arguments.said or ())
    place = places.index(name) if name in places else len(arguments.positional)
    if place < len(arguments.positional) or place in said:
        return (said.get(place, UNKNOWN),)
    if name in said or any(key == name for key, _ in arguments.keywords):
        return (said.get(name, UNKNOWN),)
    return None


def _constant(expression: Expression) -> Any:
    match expression:
        case None:
            return UNKNOWN
        case ("either", (_, ("none",))):
            return None
        case _:
            return literals.constant(expression)
