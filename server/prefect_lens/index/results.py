"""What a call surely gives back where a test says so: `return_value=[]`, `lambda: None`, a function in the test.

A flow of which a test has a step give nothing leaves the rest out: `if not rows: return`, `for row in rows`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import literals, patches, walking
from prefect_lens.index.values import MOCKED, UNKNOWN, Arguments, Bound, Exact, Function, Mock

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Value, Values

PLACE = "return_value is"
"""The name under which a world has the constant that was assigned to a mock's `return_value`."""

_EMPTY = ".empty"


def of_name(inter: Interpreter, name: str, frame: Frame) -> Any:
    """Return the constant that a call gave a name of a function; what `literals.constant` tells of it."""
    bound = frame.scope.bindings[name][1]
    return of_call(inter, bound[0], frame) if len(bound) == 1 else UNKNOWN


def of_call(inter: Interpreter, expression: Expression, frame: Frame) -> Any:
    """Return the constant that a call gives."""
    if expression is None or expression[0] != "call" or walking.is_entry(frame):
        return UNKNOWN
    if not frame.world.patches and expression[1] is not None and expression[1][0] != "local":
        return UNKNOWN  # nobody stands in for what is called
    return _same([_given(one, frame) for one in inter.evaluate(expression[1], frame.beside({}))])


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
        case Function(scope=scope) if scope.kind == "lambda" or (scope.parent > 0 and not scope.is_generator):
            if not scope.returns:
                return UNKNOWN if scope.kind == "lambda" or _raises(scope.body) else None
            surely = len(scope.returns) == 1 and not _returns_on_the_way(scope.body)
            return literals.constant(scope.returns[0]) if surely else UNKNOWN
        case _:
            return UNKNOWN


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
