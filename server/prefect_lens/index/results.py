"""What a call surely gives back where a test says so: `return_value=[]`, `lambda: None`, a function in the test.

A flow of which a test has a step give nothing leaves the rest out: `if not rows: return`, `for row in rows`. It may be
the step itself that is stood in for, or what the step gives on: `@task def extract(): return client.fetch()`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import literals, patches, spread, walking
from prefect_lens.index.values import MOCKED, UNKNOWN, Arguments, Body, Bound, Exact, Function, Made, Mock

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression, Scope
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Value, Values

PLACE = "return_value is"
"""The name under which a world has the constant that was assigned to a mock's `return_value`."""

_EMPTY = ".empty"

_DEEPEST = 4
"""Functions that give on, one within the other, what is known of the innermost."""


def of_name(inter: Interpreter, name: str, frame: Frame) -> Any:
    """Return the constant that a call gave a name of a function; what `literals.constant` tells of it."""
    bound = frame.scope.bindings[name][1]
    return of_call(inter, bound[0], frame) if len(bound) == 1 else UNKNOWN


def of_call(inter: Interpreter, expression: Expression, frame: Frame, depth: int = 0) -> Any:
    """Return the constant that a call gives."""
    if expression is None or expression[0] != "call" or walking.is_entry(frame):
        return UNKNOWN
    if (value := spread.taken(inter, expression, frame)) is not UNKNOWN:
        return value
    called_by = expression[1]
    if walking.STATE in dict(expression[3]) or called_by is None:
        return UNKNOWN
    if not frame.world.patches and called_by[0] != "local":  # nobody stands in for what is called
        named = called_by[1] if called_by[0] == "attr" and called_by[2] == "fn" else called_by
        values = inter.look_up(named[1], frame) if named is not None and named[0] == "name" else ()
        return _same([_constant(one) for one in values])
    if (submitted := _submitted(inter, expression, frame)) is not None:
        return _same([_given_on(inter, one, submitted, frame, depth) for one in inter.evaluate(submitted[1][1], frame)])
    called = inter.evaluate(called_by, frame.beside({}))
    found = [_given(one, frame) for one in called]
    if UNKNOWN in found and frame.world.patches:
        found = [
            _given_on(inter, one, expression, frame, depth) if given is UNKNOWN else given
            for one, given in zip(called, found, strict=True)
        ]
    return _same(found)


def is_empty(inter: Interpreter, dotted: str, frame: Frame) -> bool | None:
    """Whether `rows.empty` holds, of a table that a call gave; None where that is open."""
    name = dotted.removesuffix(_EMPTY)
    if name == dotted or name not in frame.scope.bindings:
        return None
    value = of_name(inter, name, frame)
    return True if value == () or value is MOCKED else None


def said(arguments: Arguments) -> Any:
    """Return the constant that a new mock gives."""
    names = {name for name, _ in arguments.keywords}
    if names & {"side_effect", "wraps"} or arguments.more or arguments.literals is None:
        return UNKNOWN
    return dict(arguments.literals).get("return_value", UNKNOWN) if "return_value" in names else MOCKED


def assign(inter: Interpreter, expression: Expression, frame: Frame) -> None:
    """Follow `owner.name = …`, also what it says of what a mock gives."""
    _, base, name, value = expression
    owners = inter.evaluate(base, frame)
    patches.assign(inter, frame, owners, name, inter.evaluate(value, frame))
    if name in {"return_value", "side_effect"}:
        told = literals.constant(value) if name == "return_value" and value is not None else UNKNOWN
        said: Values = frozenset((inter.one(Exact, told),))
        mocks = [one for one in owners if isinstance(one, Mock) and told is not _of_mock(one, frame)]
        patches.stay(inter, frame, {(one, PLACE): said for one in mocks})


def gives_on(scope: Scope) -> Expression:
    """Return the call whose result a function gives back in any case; None where it does not."""
    if scope.is_generator or len(scope.returns) != 1 or _returns_on_the_way(scope.body):
        return None
    given = scope.returns[0]
    if given is not None and given[0] == "local":
        bound = scope.bindings[given[1]][1]
        given = bound[0] if len(bound) == 1 else None
    return given if given is not None and given[0] == "call" else None


def _submitted(inter: Interpreter, expression: Expression, frame: Frame) -> Expression:
    """Return the call `task.submit(…)` of which a call asks for the result."""
    match expression[1]:
        case ("attr", future, "result"):
            call = literals.bound(future, frame)
        case _:
            return None
    match call:
        case ("call", ("attr", task, "submit"), *_):
            tasks = inter.evaluate(task, frame)
            return call if tasks and all(isinstance(one, Made) for one in tasks) else None
        case _:
            return None


def _function(value: Value | None) -> Function | None:
    """Return the function that runs when a value is called, where it is one of the project's."""
    match value:
        case Function():
            return value
        case Bound(target=target):
            return _function(target)
        case Made(body=body):
            return _function(body)
        case Body(made=made):
            return _function(made)
        case _:
            return None


def _given_on(inter: Interpreter, value: Value, expression: Expression, frame: Frame, depth: int) -> Any:
    """Return the constant that a function of the project gives because what it calls gives it."""
    function = _function(value)
    if function is None or depth >= _DEEPEST or walking.STATE in dict(expression[3]):
        return UNKNOWN
    call = gives_on(function.scope)
    if call is None:
        return UNKNOWN
    aside = frame.beside({})
    inter.evaluate(expression, aside)
    return _same(
        [
            of_call(inter, call, target, depth + 1)
            for target, _ in aside.edges
            if target is not None and (target.module, target.index) == (function.module, function.index)
        ]
    )


def _same(found: list[Any]) -> Any:
    return found[0] if found and all(one is found[0] or one == found[0] for one in found) else UNKNOWN


def _given(value: Value, frame: Frame) -> Any:
    match value:
        case Mock(calls=calls, raises=raises):
            runs = frame.world.patches.get((value, "side_effect"), calls)
            if not runs and not raises:
                return _of_mock(value, frame)
            return _same([_given(one, frame) for one in runs])
        case Bound(target=target):
            return _given(target, frame)
        case Made() | Body():
            made = value.made if isinstance(value, Body) else value
            is_patched = (made, "fn") in frame.world.patches
            return UNKNOWN if made.body is None or is_patched else _given(made.body, frame)
        case Function(scope=scope) if scope.kind == "lambda" or (scope.parent > 0 and not scope.is_generator):
            if not scope.returns:
                return UNKNOWN if scope.kind == "lambda" or _raises(scope.body) else None
            surely = len(scope.returns) == 1 and not _returns_on_the_way(scope.body)
            return literals.constant(scope.returns[0]) if surely else UNKNOWN
        case _:
            return _constant(value)


def _constant(value: Value) -> Any:
    """Return the text or number that a function of the project gives in any case: `return False`."""
    function = _function(value)
    return constant(function.scope) if function is not None else UNKNOWN


def constant(scope: Scope) -> Any:
    """Return the text or number that a function gives in any case, going by its body alone; else UNKNOWN."""
    form = scope.returns[0] if len(scope.returns) == 1 and not scope.is_generator else None
    if form is not None and form[0] == "local":
        bound = scope.bindings[form[1]][1]
        form = bound[0] if len(bound) == 1 else None
    if form is None or form[0] not in {"text", "int"} or _returns_on_the_way(scope.body):
        return UNKNOWN
    return literals.constant(form)


def _of_mock(mock: Mock, frame: Frame) -> Any:
    return next((one.value for one in frame.world.patches.get((mock, PLACE), ()) if isinstance(one, Exact)), mock.says)


def _raises(body: tuple[Expression, ...]) -> bool:
    return any(one is not None and one[0] == "raise" for one in body)


def _returns_on_the_way(body: tuple[Expression, ...]) -> bool:
    return any(
        part is not None and (part[0] == "return" or (part[0] in {"block", "with", "try"} and _mentions_return(part)))
        for part in body
    )


def _mentions_return(part: Any) -> bool:
    if not isinstance(part, tuple):
        return False
    parts = cast("tuple[Any, ...]", part)
    return parts[:1] == ("return",) or any(map(_mentions_return, parts))
