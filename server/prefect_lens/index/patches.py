"""`mock.patch`, `monkeypatch.setattr` and their like: what is patched does not run, what stands in for it may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index import attributes, calls, containers, exact, mocks, plain, walking
from prefect_lens.index.values import (
    MOCKED,
    NOTHING,
    UNKNOWN,
    Arguments,
    Class,
    External,
    Frame,
    Function,
    Instance,
    Made,
    Mapping,
    Mock,
    Module,
    Number,
    Patch,
    Sequence,
    Text,
    Value,
    Values,
    World,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.index.facts import Expression, Scope
    from prefect_lens.index.interpret import Interpreter

Place = tuple[Any, str]

_PATCHERS = ("pytest.monkeypatch", "pytest_mock.mocker")


def external(
    inter: Interpreter, dotted: str, arguments: Arguments, frame: Frame, expression: Expression
) -> Values | None:
    """Call something of the libraries that patch; None where it is none of it."""
    if dotted.startswith(("unittest.mock.", "mock.")):
        name = dotted.partition("mock.")[2]
        if name in mocks.MAKERS:
            return frozenset((mocks.make(inter, arguments, frame, expression),))
        patches = _patches(inter, name, arguments, frame, expression)
        return frozenset(patches) if patches is not None else None
    if dotted.startswith("pytest_mock.mocker."):
        name = dotted.removeprefix("pytest_mock.mocker.")
        if name in mocks.MAKERS:
            return frozenset((mocks.make(inter, arguments, frame, expression),))
        patches = _patches(inter, name, arguments, frame, expression) or ()
        for patch in patches:
            put(inter, frame, (*patch.places, *patch.one_by_one), patch.stand_in)
        return NOTHING.union(*(patch.stand_in for patch in patches))
    if dotted == "pytest.monkeypatch.setattr":
        first = arguments.at(0, "target")
        if len(arguments.positional) + len(arguments.keywords) == 2 and texts(first):
            put(inter, frame, _places(inter, texts(first), frame), arguments.at(1, "name", "value"))
        else:
            names = texts(arguments.at(1, "name"))
            put(inter, frame, [(owner, name) for owner in first for name in names], arguments.at(2, "value"))
        return NOTHING
    if dotted == "pytest.monkeypatch.setitem":
        changed = inter.one(Mapping, tuple((key, arguments.at(2, "value")) for key in texts(arguments.at(1, "name"))))
        patch = _of_dictionary(inter, Arguments((arguments.at(0, "dic"), frozenset((changed,)))), frame)
        put(inter, frame, patch.places, patch.stand_in)
        return NOTHING
    if dotted == "pytest.monkeypatch.context":
        return frozenset((inter.one(External, "pytest.monkeypatch"),))
    return NOTHING if dotted.startswith("pytest.monkeypatch.") else None


def put(inter: Interpreter, frame: Frame, places: Any, stand_in: Values) -> None:
    """Patch places from here on; see `stay`."""
    stand_in = stand_in or frozenset((inter.one(Mock),))
    stay(inter, frame, dict.fromkeys(_counted(places, stand_in, frame.scope), stand_in))


def stay(inter: Interpreter, frame: Frame, found: dict[Place, Values]) -> None:
    """Have patches in place from here on, for as long as the frame's caller goes on."""
    if found:
        frame.world = merged(inter, frame.world, found)
        frame.leave(found)


def assign(inter: Interpreter, frame: Frame, owners: Values, name: str, values: Values) -> None:
    """Follow `owner.name = …`. Data in place of data changes nothing that matters here."""
    if any(isinstance(owner, Instance) for owner in owners):
        owners = frozenset(owner for owner in owners if not _sets_by_itself(inter, frame, owner, name, values))
        stay(inter, frame, exact.put(inter, frame, owners, name, values))
    if plain.is_data(inter, values) and not _may_fail(inter, frame, owners, name, values):
        owners = frozenset(
            owner for owner in owners if not plain.is_data(inter, attributes.of(inter, owner, name, frame))
        )
    put(inter, frame, [(owner, name) for owner in owners], values)


def _sets_by_itself(inter: Interpreter, frame: Frame, owner: Value, name: str, values: Values) -> bool:
    """Whether an object does something of its own when an attribute is set: by a property, or `__setattr__`."""
    if not isinstance(owner, Instance):
        return False
    itself = frozenset((owner,))
    for one in attributes.in_class(inter, owner.cls, name):
        if isinstance(one, Instance) and attributes.in_class(inter, one.cls, "__set__"):
            calls.method(inter, one, "__set__", frame, Arguments((itself, values)))
            return True
    for base in attributes.line(inter, owner.cls):
        if isinstance(base, Class) and (setter := _setter(inter, base, name)) is not None:
            calls.call(inter, setter, Arguments((itself, values)), frame, None, want=False)
            return True
    calls.method(inter, owner, "__setattr__", frame, Arguments((frozenset((inter.one(Text, name),)), values)))
    return False


def _setter(inter: Interpreter, cls: Class, name: str) -> Function | None:
    """Return the function below `@name.setter` in a class."""
    for expression in cls.scope.bindings.get(name, (0, ()))[1]:
        if expression is not None and expression[0] == "def":
            function = inter.function(cls.body, expression[1])
            if any(d is not None and d[::2] == ("attr", "setter") for d in function.scope.decorators):
                return function
    return None


def _may_fail(inter: Interpreter, frame: Frame, owners: Values, name: str, values: Values) -> bool:
    """Whether an assignment decides if something raises: of an exception, of none any more, of a mock that may.

    So does a mock of which it is known what it gives: a branch may hang on that.
    """
    if name == "side_effect":
        raised = any(
            (isinstance(owner, Mock) and owner.raises) or (owner, name) in frame.world.patches for owner in owners
        )
        return raised or mocks.are_exceptions(inter, values)
    mocked = [value for value in values if isinstance(value, Mock)]
    if any(value.raises or _tells(value) for value in mocked):
        return True
    return bool(mocked) and walking.can_raise(inter, frame.world)


def _tells(mock: Mock) -> bool:
    """Whether a mock was told what to give."""
    return mock.says is not UNKNOWN and mock.says is not MOCKED


def lift(inter: Interpreter, frame: Frame, places: Any) -> None:
    """Take patches away from here on. A generator does so when it goes on: while it waits, they are in place."""
    left = {place: values for place, values in frame.world.patches.items() if place not in places}
    if len(left) < len(frame.world.patches):
        frame.world = inter.world(left, frame.world.chain, unguarded=frame.world.unguarded)
        if not frame.scope.is_generator:
            frame.left = {place: values for place, values in frame.left.items() if place not in places}


def held(values: Values, frame: Frame, *, stays: bool = False) -> dict[Place, Values]:
    """Return what is patched while context managers are entered; `stays` says that they are beyond a loop's turn."""
    found: dict[Place, Values] = {}
    for value in values:
        match value:
            case Patch():
                places = (*value.places, *value.one_by_one) if stays else value.places
                found |= dict.fromkeys(_counted(places, value.stand_in, frame.scope), value.stand_in)
            case Sequence(within=within):
                found |= within.patches
            case _:
                pass
    return found


def entered(inter: Interpreter, values: Values, frame: Frame) -> World:
    """Return the world inside a `with` over some values. A generator may wait inside, and its user be patched, too."""
    found = held(values, frame)
    if frame.scope.is_generator:
        frame.leave(found)
    return merged(inter, frame.world, found)


def with_patch(inter: Interpreter, world: World, patch: Patch, scope: Scope) -> World:
    """Return the world with a patch in it, as it is in a function that it decorates."""
    return merged(inter, world, dict.fromkeys(_counted(patch.places, patch.stand_in, scope), patch.stand_in))


def merged(inter: Interpreter, world: World, more: dict[Place, Values]) -> World:
    """Return the world with more patches in it."""
    return inter.world({**world.patches, **more}, world.chain, unguarded=world.unguarded) if more else world


def of_function(inter: Interpreter, function: Function) -> tuple[Patch, ...]:
    """Return the patches among a function's decorators, from the inside out."""
    if function.patches is None:
        function.patches = ()
        function.patches = _among(inter, function.scope.decorators, function.closure)
    return function.patches


def of_class(inter: Interpreter, cls: Class) -> tuple[Patch, ...]:
    """Return the patches among a class's decorators."""
    if cls.patches is None:
        cls.patches = ()
        closure = cls.body.parent
        cls.patches = _among(inter, cls.scope.decorators, closure) if closure is not None else ()
    return cls.patches


def method(inter: Interpreter, owner: Patch, name: str, frame: Frame) -> Values:
    """Call a method of a patch: `start` puts it in place."""
    if name in {"start", "__enter__"}:
        put(inter, frame, (*owner.places, *owner.one_by_one), owner.stand_in)
        return owner.stand_in
    if name in {"stop", "__exit__"}:
        lift(inter, frame, (*owner.places, *owner.one_by_one))
    return NOTHING


def is_patcher(value: Value) -> bool:
    """Whether a value is a fixture that patches."""
    return isinstance(value, External) and value.dotted in _PATCHERS


def _among(inter: Interpreter, decorators: tuple[Any, ...], frame: Frame) -> tuple[Patch, ...]:
    found: list[Patch] = []
    for expression in reversed(decorators):
        if expression is not None and expression[0] == "call":
            found.extend(value for value in inter.evaluate(expression, frame) if isinstance(value, Patch))
    return tuple(found)


def _patches(
    inter: Interpreter, name: str, arguments: Arguments, frame: Frame, expression: Expression
) -> tuple[Patch, ...] | None:
    match name:
        case "patch":
            named = texts(arguments.at(0, "target"))
            places = _places(inter, named, frame)
            new, at, name_at = arguments.at(-1, "new"), 1, 0
        case "patch.object":
            named = texts(arguments.at(1, "attribute"))
            places = tuple((owner, n) for owner in arguments.at(0, "target") for n in named)
            new, at, name_at = arguments.at(-1, "new"), 2, 1
        case "patch.multiple":
            owners: list[Value] = list(arguments.at(0, "target"))
            for text in texts(arguments.at(0, "target")):
                owners.extend(_value_at(inter, text, frame))
            mock: Values = frozenset((mocks.make(inter, Arguments(), frame, expression),))
            default: Values = frozenset((inter.one(External, "unittest.mock.DEFAULT"),))
            return tuple(
                inter.one(
                    Patch,
                    tuple((o, n) for o in owners),
                    mock if not values or values == default else values,
                    False,  # noqa: FBT003
                )
                for n, values in arguments.keywords
                if n != "target"
            )
        case "patch.dict":
            return (_of_dictionary(inter, arguments, frame),)
        case "patch.stopall":
            return (inter.one(Patch, (), NOTHING, False),)  # noqa: FBT003
        case _:
            return None
    given = len(arguments.positional) > at or any(key == "new" for key, _ in arguments.keywords)
    if given:
        new = new or arguments.at(at)
    made = arguments.at(-1, "new_callable")
    if not new and made and not any(isinstance(one, External) for one in made):
        new = NOTHING.union(*(calls.call(inter, one, calls.NO_ARGUMENTS, frame, None) for one in made))
    stand_in = new or frozenset((mocks.make(inter, arguments, frame, expression),))
    gives = not given and not made
    if len(named) <= 1:
        return (inter.one(Patch, places, stand_in, gives),)
    loops = expression is not None and any(_is_of_loop(one, frame) for one in expression[2][name_at : name_at + 1])
    return (inter.one(Patch, (), stand_in, gives, places if loops else ()),)


def _is_of_loop(expression: Expression, frame: Frame) -> bool:
    """Whether an expression is another one in each turn of a loop around it."""
    match expression:
        case ("local", str() as name, *_):
            return any(_is_element(one) for one in frame.scope.bindings[name][1])
        case ("join", parts):
            return any(_is_of_loop(part, frame) for part in parts)
        case ("plus", left, right):
            return _is_of_loop(left, frame) or _is_of_loop(right, frame)
        case _:
            return False


def _is_element(expression: Expression) -> bool:
    while expression is not None and expression[0] == "part":
        expression = expression[1]
    return expression is not None and expression[0] == "each"


def _of_dictionary(inter: Interpreter, arguments: Arguments, frame: Frame) -> Patch:
    """Return `patch.dict(target, values, clear, name=…)`."""
    target = arguments.at(0, "in_dict")
    for text in _only(texts(target)):
        target |= _value_at(inter, text, frame)
    given = [value for value in arguments.at(1, "values") if isinstance(value, Mapping)]
    named = tuple((key, values) for key, values in arguments.keywords if key not in {"in_dict", "values", "clear"})
    cleared = any(isinstance(value, Number) and value.number for value in arguments.at(2, "clear"))
    owners: Values = frozenset(value for value in target if isinstance(value, Mapping))
    contents: set[Value] = set()
    for owner in containers.opened(inter, owners, frame):
        if isinstance(owner, Mapping):
            own: containers.Pairs = () if cleared else owner.items
            for more in given:
                own = containers.over(own, more.items)
            contents.add(inter.one(Mapping, containers.over(own, named), owner.keys))
    return inter.one(Patch, tuple((owner, containers.CONTENTS) for owner in owners), frozenset(contents), False)  # noqa: FBT003


def _only(names: list[str]) -> list[str]:
    """Return the one name; none of several, of which each is patched in some runs of the test alone."""
    return names if len(names) == 1 else []


def _places(inter: Interpreter, targets: list[str], frame: Frame) -> tuple[Place, ...]:
    found: list[Place] = []
    for target in targets:
        owner, _, name = target.rpartition(".")
        found.extend((value, name) for value in _value_at(inter, owner, frame))
    return tuple(found)


def _value_at(inter: Interpreter, dotted: str, frame: Frame) -> Values:
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        modules = inter.import_named(".".join(parts[:length]), 0, frame.module)
        values = frozenset(module for module in modules if isinstance(module, Module))
        if values:
            for part in parts[length:]:
                values = attributes.of_all(inter, values, part, frame)
            return values
    return frozenset(one for one in inter.import_named(dotted, 0, frame.module) if isinstance(one, External))


def _counted(places: Iterable[Place], stand_in: Values, scope: Scope) -> list[Place]:
    """Return those of the places whose patching can matter: of libraries, where a branch may hang on what stands in."""
    tells = any(isinstance(value, Mock) and _tells(value) for value in stand_in)
    may_raise = any(map(walking.raises, stand_in)) or any(
        name.endswith(".side_effect") and any(map(mocks.looks_like_exception, expressions))
        for name, (_, expressions) in scope.bindings.items()
    )
    return [
        place
        for place in places
        if isinstance(place[0], Module | Class | Instance | Made | Function | Mock | Mapping)
        or (isinstance(place[0], External) and (may_raise or tells or place[1] == "argv"))
    ]


__all__ = ["Patch", "Text", "entered", "external", "merged", "method", "of_class", "of_function", "put", "with_patch"]
