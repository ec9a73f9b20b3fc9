"""Objects that are surely passed: `run(client=FakeClient())` leaves out what `run` does `if client is None`.

Sure is what a call of a class or of a mock's maker gives, as it is written or by a name that stands for it alone. What
comes out of functions may be nothing on some way, but where they give a container in any case, with something in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index import attributes, literals, mocks, uses
from prefect_lens.index.values import MOCKED, NOTHING, OBJECT, SOME, UNKNOWN, Body, Bound, Class, External, Function

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression, Scope
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Value

OBJECTS = frozenset({MOCKED, OBJECT, SOME})
"""What stands for an object, and is no literal."""

_PLAIN = frozenset({"ABC", "BaseModel", "BaseSettings", "Block", "Generic", "NamedTuple", "Protocol", "object"})
"""Classes of libraries, by their last names, whose objects are true unless a derived class says otherwise."""

_MOCKS = ("unittest.mock.", "mock.", "pytest_mock.mocker.")

_TRUTH = ("__bool__", "__len__")


def made(inter: Interpreter, expression: Expression, frame: Frame) -> Any:
    """Return what stands for the object that an argument is; `UNKNOWN` where it is not sure that it is one."""
    if expression is not None and expression[0] == "local":
        _, name, low, high = expression
        bound = frame.scope.bindings[name][1]
        bound = bound[low:] if high == -1 else bound[low:high]
        expression = bound[0] if len(bound) == 1 else None
    match expression:
        case ("or", (*_, ("call", _, *_) as default), *_):
            return UNKNOWN if made(inter, default, frame) is UNKNOWN else SOME
        case ("call", function, *_):
            found = {_of(inter, one) for one in inter.evaluate(function, frame)}
            return found.pop() if len(found) == 1 else UNKNOWN
        case _:
            return UNKNOWN


def _of(inter: Interpreter, called: Value) -> Any:
    match called:
        case External(dotted=dotted) if dotted.startswith(_MOCKS) and dotted.rpartition(".")[2] in mocks.MAKERS:
            return MOCKED
        case Class():
            return _of_class(inter, called)
        case Bound(target=target):
            return _of(inter, target)
        case Body(made=made):
            return UNKNOWN if made.body is None else _of(inter, made.body)
        case Function(scope=scope) if not scope.is_generator and gives_something(scope):
            return ...
        case _:
            return UNKNOWN


def gives_something(scope: Scope) -> bool:
    """Whether a function gives a container with something in it, wherever it ends."""
    on_the_way = sum(one[0] == "return" for one in uses.flat(scope.body))
    return len(scope.returns) > on_the_way and all(literals.constant(one) is ... for one in scope.returns)


def _of_class(inter: Interpreter, cls: Class) -> Any:
    line = attributes.line(inter, cls)
    if attributes.in_class(inter, cls, "__new__") != NOTHING:
        return UNKNOWN
    if any(isinstance(base, Class) and not base.scope.bindings.keys().isdisjoint(_TRUTH) for base in line):
        return SOME
    others = [base for base in line if not isinstance(base, Class)]
    plain = all(isinstance(base, External) and base.dotted.rpartition(".")[2] in _PLAIN for base in others)
    return OBJECT if plain else SOME
