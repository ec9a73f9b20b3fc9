# ruff: noqa: PLR0917  what code is read, with what, from where, for whom: these go together everywhere
"""What happens when a value is called: which frame starts, with which arguments, and what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index import (
    attributes,
    containers,
    decorators,
    dispatch,
    fixture_values,
    generated,
    guards,
    libraries,
    literals,
    managers,
    metaclasses,
    mocks,
    models,
    objects,
    passing,
    patches,
    plain,
    prefect_rules,
    registries,
    special,
    spread,
    walking,
)
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Body,
    Bound,
    Class,
    Decorator,
    External,
    Frame,
    Function,
    Getter,
    Instance,
    Made,
    Mapping,
    Mark,
    Metafunc,
    Method,
    Mock,
    Module,
    Opaque,
    Partial,
    Patch,
    Path,
    Request,
    Sequence,
    Text,
    Value,
    Values,
    World,
    Wrapped,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.index.facts import Expression
    from prefect_lens.index.frames import Passed
    from prefect_lens.index.interpret import Interpreter

NO_ARGUMENTS = Arguments()


def evaluate(inter: Interpreter, expression: Expression, frame: Frame) -> Values:
    """Return the value of a call, as it is where the call is met: what is patched there counts."""
    met = frame.met.get(id(expression))
    if met is None:
        return _evaluate(inter, expression, frame, want=True)
    world, frame.world = frame.world, met
    try:
        return _evaluate(inter, expression, frame, want=True)
    finally:
        frame.world = world


def effect(inter: Interpreter, expression: Expression, frame: Frame) -> None:
    """Meet a call whose value nobody asks for."""
    if id(expression) not in frame.memo:
        frame.meet(expression)
        _evaluate(inter, expression, frame, want=False)
    elif frame.raised and id(expression) in frame.raised:
        frame.raising = True


def _evaluate(inter: Interpreter, expression: Expression, frame: Frame, *, want: bool) -> Values:
    raising = frame.raising
    functions = inter.evaluate(expression[1], frame)
    if guards.is_caught(expression):
        with guards.caught(inter, frame):
            arguments = passing.given(inter, expression, frame)
        frame.raising = raising
    else:
        arguments = passing.given(inter, expression, frame)
    if frame.raising and not raising and (inter.expecting is frame or not walking.is_entry(frame)):
        frame.raised = {*(frame.raised or ()), id(expression)}
        return NOTHING
    found: list[Values] = []
    before, all_raise = frame.raising, bool(functions)
    for function in functions:
        frame.raising = False
        found.append(call(inter, function, arguments, frame, expression, want=want))
        all_raise = all_raise and frame.raising
    frame.raising = before or all_raise
    if frame.raising:
        frame.raised = {*(frame.raised or ()), id(expression)}
    if not functions:
        name = _last_name(expression[1])
        with guards.caught(inter, frame):
            found.append(libraries.unknown(inter, name, arguments, frame) | libraries.holder(inter, name, arguments))
    return found[0] if len(found) == 1 else union(*found)


def call(
    inter: Interpreter,
    value: Value,
    arguments: Arguments,
    frame: Frame,
    expression: Expression,
    *,
    want: bool = True,
) -> Values:
    """Call a value from a frame; with `want` false nobody asks for what comes back."""
    match value:
        case Function():
            return call_function(inter, value, arguments, frame, None, want=want)
        case Bound(target=target, first=first):
            return call(inter, target, with_first(first, arguments), frame, expression, want=want)
        case Made():
            return prefect_rules.run(inter, value, arguments, frame, want=want)
        case Body(made=made):
            return prefect_rules.run_itself(inter, made, arguments, frame, want=want)
        case External() | Method() | Opaque() if frame.world.unguarded:
            with guards.caught(inter, frame):  # whoever is handed a function may catch what it raises
                return call(inter, value, arguments, frame, expression, want=want)
        case External():
            found = libraries.external(inter, value, arguments, frame, expression)
            # who is handed a function may catch what it raises
            frame.raising = inter.expecting is frame and passing.is_odd(inter, value, expression, frame)
            return found
        case Class():
            return objects.construct(inter, value, arguments, frame, expression)
        case Method(owner=owner, name=name):
            return _method_call(inter, owner, name, arguments, frame, expression)
        case Partial():
            merged = Arguments(
                value.arguments.positional + arguments.positional,
                value.arguments.keywords + arguments.keywords,
                value.arguments.more | arguments.more,
                spread=spread.behind(value, arguments),
            )
            return union(*(call(inter, target, merged, frame, expression, want=want) for target in value.target))
        case Instance():
            return method(inter, value, "__call__", frame, arguments)
        case Getter():
            return _get(inter, value, arguments.at(0), frame, expression)
        case Decorator():
            return prefect_rules.make(inter, value, arguments.at(0, "__fn", "fn"), frame, expression)
        case Mock():
            return mocks.call(inter, value, arguments, frame, expression)
        case Opaque():
            return libraries.call_held(inter, value, arguments, frame)
        case Wrapped(how="remote"):
            return NOTHING  # it is submitted to a work pool; the function does not run here
        case Wrapped(how=metaclasses.MADE):
            return metaclasses.construct(inter, value)
        case Wrapped(how=how) if how in dispatch.PLACES:
            return dispatch.call(inter, value, arguments, frame, expression)
        case Wrapped(how=how) if how in dispatch.BY_CONTEXT:
            return dispatch.in_context(inter, value, arguments, frame, expression)
        case Wrapped(inner=inner):
            return union(*(call(inter, item, arguments, frame, expression, want=want) for item in inner))
        case Patch() | Mark():
            return arguments.at(0)
        case _:
            return NOTHING


def _get(inter: Interpreter, getter: Getter, values: Values, frame: Frame, expression: Expression) -> Values:
    for name in getter.name.split("."):
        values = attributes.of_all(inter, values, name, frame)
    if not getter.calls:
        return values
    return union(*(call(inter, value, getter.arguments, frame, expression) for value in values))


def _method_call(
    inter: Interpreter, owner: Value, name: str, arguments: Arguments, frame: Frame, expression: Expression
) -> Values:
    match owner:
        case Made():
            return prefect_rules.method(inter, owner, name, arguments, frame, expression)
        case Sequence() | Mapping() | Text() | Path():
            return containers.method(inter, owner, name, arguments, frame)
        case Opaque():
            return libraries.opaque_method(inter, owner, name, arguments, frame, expression)
        case Request():
            return fixture_values.call_request(inter, owner, name, arguments, frame)
        case Metafunc():
            return generated.call_metafunc(inter, owner, arguments)
        case Patch():
            return patches.method(inter, owner, name, frame)
        case Function():
            return libraries.function_method(inter, owner, name, arguments, frame)
        case Mock():
            return mocks.configure(inter, owner, arguments, frame)
        case Wrapped(how=how) if how in dispatch.PLACES:
            return dispatch.method(inter, owner, name, arguments)
        case Wrapped() | Module():
            return frozenset((owner,))
        case Class() if name in objects.READERS:
            return (
                NOTHING if models.read(inter, owner, name, arguments, frame) else objects.read(inter, owner, arguments)
            )
        case Class():
            return frozenset((inter.one(Sequence, (), frozenset(registries.subclasses(inter, owner))),))
        case Instance() if (known := objects.method(inter, owner, name, arguments)) is not None:
            return known
        case Instance() if name in special.OF_MAPPINGS and attributes.in_class(inter, owner.cls, "__getitem__"):
            return special.of_mapping(inter, owner, name, arguments, frame)
        case Instance() if name == "start" and objects.is_thread(inter, owner.cls):
            return method(inter, owner, "run", frame)
        case _ if name in {"result", "aresult"}:
            return frozenset((owner,))
        case _:
            return libraries.unknown(inter, name, arguments, frame)


def call_function(
    inter: Interpreter, function: Function, arguments: Arguments, frame: Frame, made: Made | None, *, want: bool
) -> Values:
    """Call a function of the project, through a definition or by itself."""
    world = frame.world
    if entered := patches.of_function(inter, function):
        for patch in entered:
            world = patches.with_patch(inter, world, patch, function.scope)
        mocks = tuple(patch.stand_in for patch in entered if patch.gives_argument)
        arguments = Arguments(arguments.positional + mocks, arguments.keywords, arguments.more)
    if managers.of_function(inter, function):
        world = managers.entered(inter, function, frame, world)
    if world.unguarded and guards.is_guarded(function, arguments, world):
        world = guards.inside(inter, world)
    nowhere = made is None and plain.leads_nowhere(inter, function, arguments, world)
    if nowhere and not want:
        return NOTHING
    if nowhere:
        world = plain.telling(inter, world)
    given = passing.bind(inter, function.parameters, arguments)
    if inter.running.get((function.closure, function.index), 0) >= inter.most_growing:
        given = {name: values for name, values in given.items() if not plain.may_grow(inter, values)}
    patching = _sets(function) or any(patches.is_patcher(one) for values in arguments.positional for one in values)
    if nowhere and not patching and (kept := function.results.get(_key(given, world)[0])) is not None:
        return kept
    if not nowhere:
        given |= literals.told(inter, function, arguments)
    target = frame_of(inter, function, given, world)
    if not nowhere:
        inter.link(frame, target, function.label, made or decorators.own(function))
        walking.called(inter, frame, target, function)
    if patching:
        inter.walk(target)
        frame.world = patches.merged(inter, frame.world, target.left)
        frame.leave(target.left)
    return returns(inter, target) if want else NOTHING


def frame_of(inter: Interpreter, function: Function, arguments: dict[str, Values], world: World) -> Frame:
    """Return the one frame of the function with these arguments."""
    if len(function.frames) > inter.most_exact:
        arguments = {name: plain.coarse(inter, values) for name, values in arguments.items()}
        world = plain.coarse_world(inter, world)
    key, passed = _key(arguments, world)
    found = function.frames.get(key)
    if found is None:
        if function.question != inter.question:
            function.question, function.before = inter.question, len(function.frames)
        if len(function.frames) - function.before > inter.most_frames:
            key, passed = _key(plain.itself(inter, function, arguments), world)
            if (found := function.frames.get(key)) is not None:
                return found
        found = Frame(function.module, function.index, function.closure, passed, world)
        function.frames[key] = found
        inter.frames += 1
    return found


def _key(arguments: dict[str, Values], world: World) -> tuple[Any, Passed]:
    passed = tuple(sorted(arguments.items(), key=_name))
    return (world, passed) if passed else world, passed


def _name(argument: tuple[str, Values]) -> str:
    return argument[0]


def returns(inter: Interpreter, frame: Frame) -> Values:
    """Return what a frame gives back."""
    if frame.result is not None:
        return frame.result
    function = (frame.parent, frame.index)
    running = inter.running.get(function, 0)
    if inter.depth > inter.most_depth or running >= inter.most_running:
        return NOTHING
    scope = frame.scope
    frame.result, frame.gives_first = NOTHING, not frame.walked
    inter.depth += 1
    inter.running[function] = running + 1
    try:
        if scope.is_generator or _patches(scope.body) or (frame.world.unguarded and guards.collects(scope.body)):
            inter.walk(frame)
        literals.bury(inter, frame)
        values = union(*(inter.evaluate(expression, frame) for expression in scope.returns))
        if scope.is_generator:
            given = union(*(inter.evaluate(expression, frame) for expression in scope.yields))
            values = frozenset((inter.one(Sequence, (), given, inter.world(frame.left)),))
        elif not values and scope.annotation is not None and frame.parent is not None:
            values = inter.instance_of(scope.annotation, frame.parent)
    finally:
        inter.depth -= 1
        if running:
            inter.running[function] = running
        else:
            del inter.running[function]
    frame.result = inter.shared(values)
    return frame.result


def _sets(function: Function) -> bool:
    """Whether a function assigns a `global`: those who call it go on with what it has assigned."""
    if function.sets is None:
        function.sets = _sets_in(function.scope.body)
    return function.sets


def _sets_in(body: tuple[Expression, ...]) -> bool:
    return any(
        one is not None and (one[:2] == ("set", ("here",)) or (one[0] == "block" and _sets_in(one[1]))) for one in body
    )


def _patches(body: tuple[Expression, ...]) -> bool:
    """Whether what a body gives back may depend on what it patches on the way."""
    for expression in body:
        match expression:
            case ("with" | "set", *_):
                return True
            case ("block", inner) if _patches(inner):
                return True
            case ("try", *parts) if any(map(_patches, (parts[0], *parts[1], parts[2]))):
                return True
            case _:
                pass
    return False


def method(inter: Interpreter, value: Instance, name: str, frame: Frame, arguments: Arguments = NO_ARGUMENTS) -> Values:
    """Call a method that the language calls by itself."""
    values = attributes.in_class(inter, value.cls, name)
    bound = attributes.bind(inter, values, frozenset((value,)), value.cls, frame)
    return union(*(call(inter, item, arguments, frame, None) for item in bound))


def callables(values: Iterable[Value]) -> list[Value]:
    """Return those of the values that can be called, of the project's code."""
    kinds = (Function, Made, Body, Bound, Partial, Class, Mock, Opaque, Instance)
    return [value for value in values if isinstance(value, kinds)]


def with_first(first: Values, arguments: Arguments) -> Arguments:
    """Return the arguments with one more before them: what a method is bound to."""
    written, known = (
        tuple((place + 1 if isinstance(place, int) else place, value) for place, value in said)
        if said is not None
        else None
        for said in (arguments.literals, arguments.spread)
    )
    return Arguments((first, *arguments.positional), arguments.keywords, arguments.more, written, known)


def _last_name(expression: Expression) -> str:
    if expression is None:
        return ""
    match expression[0]:
        case "attr":
            return expression[2]
        case "name" | "local":
            return expression[1].rpartition(".")[2]
        case _:
            return ""
