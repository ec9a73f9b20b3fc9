"""What happens when a class is called: the object, and the code that making it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import attributes, calls, enums, exact, models, passing, prefect_rules, registries
from prefect_lens.index.values import (
    NOTHING,
    UNPATCHED,
    Arguments,
    Bound,
    Class,
    External,
    Frame,
    Function,
    Instance,
    Made,
    Mapping,
    Opaque,
    Partial,
    Sequence,
    Value,
    Values,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.worlds import World


_AS_GIVEN = frozenset({"param", "text", "int", "none"})
"""What is the same, whatever is patched; so are empty containers."""

_FACTORIES = frozenset({"default_factory", "factory"})

_APPLICATIONS = frozenset({"typer.Typer", "typer.main.Typer", "click.Group", "click.core.Group", "cyclopts.App"})

READERS = frozenset(
    {
        "model_validate", "model_validate_json", "model_validate_strings", "model_construct", "parse_obj", "parse_raw",
        "from_orm", "load", "aload",
    }
)  # fmt: skip
"""Class methods by which a library's class, one of Pydantic's or a block of Prefect's, makes objects of data."""


def construct(inter: Interpreter, cls: Class, arguments: Arguments, frame: Frame, expression: Expression) -> Values:
    """Make an object of a class."""
    if enums.names(inter, cls):
        return enums.members(inter, cls, arguments)
    if models.construct(inter, cls, arguments, frame):
        return NOTHING
    init = [f for f in attributes.in_class(inter, cls, "__init__") if isinstance(f, Function)]
    if init:
        bound = passing.bind(inter, init[0].parameters, calls.with_first(NOTHING, arguments))
        given = tuple(sorted(bound.items()))
    else:
        given = tuple(sorted(_fields(inter, cls, arguments).items()))
    site = (frame, expression[4:6]) if _is_filled(inter, cls) and expression is not None else None
    made: Value = inter.one(Instance, cls, given, site, exact.known(inter, cls, init[0] if init else None, arguments))
    itself: Values = frozenset((made,))
    for function in init:
        calls.call_function(inter, function, calls.with_first(itself, arguments), frame, None, want=False)
    if not init:
        _fill_in(inter, cls, dict(given), frame)
    for name in ("__new__", "__post_init__", "model_post_init", "__attrs_post_init__"):
        if any(isinstance(base, Class) and name in base.scope.bindings for base in attributes.line(inter, cls)):
            for value in attributes.in_class(inter, cls, name):
                if isinstance(value, Function):
                    calls.call_function(inter, value, Arguments((itself,)), frame, None, want=False)
    if frame.parent is None and expression is not None and (library := _application(inter, cls)) is not None:
        itself |= {inter.one(Opaque, library, NOTHING, (frame.module.path, *expression[4:6]))}
    held = frozenset(v for v in arguments.all() if isinstance(v, Function | Made | Bound | Partial))
    if held and not init and is_thread(inter, cls):
        return itself | {inter.one(Opaque, cls.scope.name, held, None)}
    return itself


def _fill_in(inter: Interpreter, cls: Class, given: dict[str, Values], frame: Frame) -> None:
    """Call what makes the defaults of the fields that an object is not given."""
    if cls.factories is None:
        cls.factories = {}
        for base in (one for one in attributes.line(inter, cls) if isinstance(one, Class)):
            for name, (_, (first, *_)) in base.scope.bindings.items():
                if first is not None and first[0] == "call" and name not in cls.factories:
                    cls.factories.update((name, (base.body, maker)) for key, maker in first[3] if key in _FACTORIES)
    for name, (body, maker) in cls.factories.items():
        for value in inter.evaluate(maker, body) if name not in given else ():
            calls.call(inter, value, calls.NO_ARGUMENTS, frame, None, want=False)


def _application(inter: Interpreter, cls: Class) -> str | None:
    """Return of which library's class for applications a class is derived: its objects have commands put into them."""
    dotted = [base.dotted for base in attributes.line(inter, cls) if isinstance(base, External)]
    return next((one for one in dotted if one in _APPLICATIONS), None)


def made_in(inter: Interpreter, function: Function, dotted: str, world: World) -> World:
    """Return what is patched for what a method assigns to an attribute of its object, which is used in some world.

    `self.client = Client()` gives what a test has in the place of `Client`, in the module where the method stands.
    """
    if not any(place is function.module for place, _ in world.patches):
        return UNPATCHED
    bindings = function.scope.bindings
    for form in bindings[dotted][1]:
        assigned = bindings[form[1]][1][form[2]] if form is not None and form[0] == "local" else form
        if assigned is not None and assigned[0] not in _AS_GIVEN and assigned[1:] != ((),):
            return inter.world(world.patches)
    return UNPATCHED


def read(inter: Interpreter, cls: Class, arguments: Arguments) -> Values:
    """Return what a library's class method makes of data; see `READERS`."""
    pairs = [*arguments.keywords, *_pairs(arguments.at(0))]
    return frozenset((inter.one(Instance, cls, _with((), pairs)),))


def changed(inter: Interpreter, values: Values, fields: Iterable[tuple[str, Values]], *, more: bool) -> Values:
    """Return copies of objects in which some fields are others, and with `more` perhaps further ones."""
    fields = tuple(fields)
    names = {name for name, _ in fields}
    return frozenset(
        inter.one(
            Instance,
            one.cls,
            _with(one.arguments, fields),
            one.site,
            () if more else tuple((name, value) for name, value in one.known if name not in names),
        )
        for one in values
        if isinstance(one, Instance)
    )


def method(inter: Interpreter, owner: Instance, name: str, arguments: Arguments) -> Values | None:
    """Call a method that an object has of a library's class; None where nothing is known of it."""
    match name:
        case "_replace":
            return changed(inter, frozenset((owner,)), arguments.keywords, more=arguments.literals is None)
        case "model_copy" | "copy":
            return changed(
                inter, frozenset((owner,)), _pairs(arguments.at(-1, "update")), more=bool(arguments.keywords)
            )
        case "submit" if prefect_rules.is_worker(inter, owner.cls):
            return NOTHING
        case _:
            return None


def _with(
    given: tuple[tuple[str, Values], ...], fields: Iterable[tuple[str, Values]]
) -> tuple[tuple[str, Values], ...]:
    merged = {**dict(given), **{name: passing.telling(values) for name, values in fields}}
    return tuple(sorted((name, values) for name, values in merged.items() if values))


def _pairs(values: Values) -> list[tuple[str, Values]]:
    return [(key, inner) for one in values if isinstance(one, Mapping) for key, inner in one.items if key is not None]


def as_tuple(inter: Interpreter, value: Instance) -> Value | None:
    """Return the places of a named tuple; None for an object that is none."""
    if not is_tuple(attributes.line(inter, value.cls)):
        return None
    given = dict(value.arguments)
    return inter.one(Sequence, tuple(given.get(name, NOTHING) for name in field_names(inter, value.cls)))


def is_tuple(line: tuple[Value, ...]) -> bool:
    """Whether a class, by its order of look-up, is one of named tuples."""
    return any(isinstance(base, External) and base.dotted.rpartition(".")[2] == "NamedTuple" for base in line)


def is_thread(inter: Interpreter, cls: Class) -> bool:
    """Whether a class's objects are started, and run then."""
    line = attributes.line(inter, cls)
    return any(isinstance(base, External) and base.dotted.rpartition(".")[2] in {"Thread", "Process"} for base in line)


def _is_filled(inter: Interpreter, cls: Class) -> bool:
    if cls.filled is None:
        cls.filled = any(
            (scope := base.module.facts.scopes[index]).name != "__init__" and len(scope.parameters) > 1
            for base in attributes.line(inter, cls)
            if isinstance(base, Class)
            for methods in base.scope.own.values()
            for index in methods
        ) or any(isinstance(base, Class) and registries.fillers(base) for base in attributes.line(inter, cls))
    return cls.filled


def field_names(inter: Interpreter, cls: Class) -> list[str]:
    """Return what the class of a record calls its fields, in order."""
    found = dict.fromkeys(
        name
        for base in reversed(attributes.line(inter, cls))
        if isinstance(base, Class)
        for name, (_, expressions) in base.scope.bindings.items()
        if expressions[0] is None or expressions[0][0] not in {"def", "class"}
    )
    return list(found)


def _fields(inter: Interpreter, cls: Class, arguments: Arguments) -> dict[str, Values]:
    found = {name: kept for name, values in arguments.keywords if (kept := passing.telling(values))}
    if arguments.positional:
        placed = zip(field_names(inter, cls), map(passing.telling, arguments.positional), strict=False)
        found.update({name: values for name, values in placed if values})
    return found
