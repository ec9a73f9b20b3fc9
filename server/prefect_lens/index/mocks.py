"""Stand-ins of `unittest.mock`: what they call and give, and the mocks that are their attributes and results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prefect_lens.index import (
    attributes,
    calls,
    containers,
    patches,
    results,
)
from prefect_lens.index.values import (
    MOCKED,
    NOTHING,
    UNKNOWN,
    Arguments,
    Body,
    Bound,
    Class,
    External,
    Frame,
    Function,
    Instance,
    Made,
    Method,
    Mock,
    Module,
    Partial,
    Sequence,
    Value,
    Values,
    union,
)

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter

MAKERS = ("Mock", "MagicMock", "AsyncMock", "NonCallableMock", "PropertyMock", "create_autospec", "stub", "async_stub")
RESULT = "()"
"""Stands for a mock's result among the names of its attributes."""

WRAPPED = "wraps"
"""The name under which a mock holds the object that it wraps."""

_DEEPEST = 6
_EXCEPTION = re.compile(r"\.(?:[A-Z]\w*)?(?:Error|Exception|Timeout|Exit|Interrupt|Failure)$")
_OPTIONS = frozenset({"side_effect", "wraps", "return_value", "spec", "spec_set", "name", "unsafe", "new", "autospec"})
_CALLED = (Function, Made, Body, Bound, Partial, Class, Mock)


def make(inter: Interpreter, arguments: Arguments, frame: Frame, expression: Expression) -> Mock:
    """Return the mock that a call makes."""
    site = (frame.module.path, *expression[4:6]) if expression is not None else (frame.module.path,)
    runs = arguments.at(-1, "side_effect") | arguments.at(-1, "wraps")
    gives = arguments.at(-1, "return_value") if _is_given(arguments, "return_value") else NOTHING
    gives |= _one_by_one(inter, runs, frame)
    given = [(name, values) for name, values in arguments.keywords if name not in _OPTIONS and values]
    held = _configured(inter, site, given)
    if wrapped := frozenset(v for v in arguments.at(-1, "wraps") if isinstance(v, Instance | Made | Module)):
        held = (*held, (WRAPPED, wrapped))
    if are_exceptions(inter, runs):
        return inter.one(Mock, NOTHING, gives, held, True, site)  # noqa: FBT003
    runs = frozenset(v for v in runs if isinstance(v, _CALLED))
    return inter.one(Mock, runs, gives, held, False, site, results.said(arguments))  # noqa: FBT003


def _configured(
    inter: Interpreter, site: tuple[Any, ...], given: list[tuple[str, Values]]
) -> tuple[tuple[str, Values], ...]:
    """Return the attributes of a mock; `run.side_effect` is one of the mock that is its attribute `run`."""
    found = {name: values for name, values in given if "." not in name}
    for name in dict.fromkeys(name.partition(".")[0] for name, _ in given if "." in name):
        inner = [(key.partition(".")[2], values) for key, values in given if key.startswith(f"{name}.")]
        told = dict(inner)
        runs, gives = told.get("side_effect", NOTHING), told.get("return_value", NOTHING)
        below = _configured(inter, (*site, name), [(key, v) for key, v in inner if key not in _OPTIONS])
        raises = are_exceptions(inter, runs)
        called = frozenset(v for v in runs if isinstance(v, _CALLED))
        found[name] = frozenset((inter.one(Mock, called, gives, below, raises, (*site, name)),))
    return tuple(found.items())


def configure(inter: Interpreter, mock: Mock, arguments: Arguments, frame: Frame) -> Values:
    """Follow `mock.configure_mock(…)`: what it sets stays set."""
    given = [(name, values) for name, values in arguments.keywords if values]
    places = {(mock, name): values for name, values in given if name in {"side_effect", "return_value"}}
    below = _configured(inter, mock.site, [(name, v) for name, v in given if name not in _OPTIONS])
    patches.stay(inter, frame, {**places, **{(mock, name): values for name, values in below}})
    return NOTHING


def attribute(inter: Interpreter, mock: Mock, name: str, frame: Frame) -> Values:
    """Return an attribute of a mock that nobody has set."""
    match name:
        case "configure_mock":
            return frozenset((inter.one(Method, mock, name),))
        case "return_value":
            return mock.gives or _child(inter, mock, RESULT)
        case "side_effect":
            return mock.calls
        case _:
            given = dict(mock.attributes)
            if name not in given and WRAPPED in given:
                return attributes.of_all(inter, given[WRAPPED], name, frame)
            return given[name] if name in given else _child(inter, mock, name)


def call(inter: Interpreter, mock: Mock, arguments: Arguments, frame: Frame, expression: Expression) -> Values:
    """Call a mock: it calls what stands behind it, and gives what that gives or what it was told to."""
    patched = frame.world.patches
    runs = patched.get((mock, "side_effect"), mock.calls)
    if are_exceptions(inter, runs) or (mock.raises and (mock, "side_effect") not in patched):
        frame.raising = True
        return NOTHING
    found = [calls.call(inter, one, arguments, frame, expression) for one in runs if isinstance(one, _CALLED)]
    found.append(_one_by_one(inter, runs, frame))
    found.append(patched.get((mock, "return_value"), mock.gives))
    return union(*found) or _child(inter, mock, RESULT)


def are_exceptions(inter: Interpreter, values: Values) -> bool:
    """Whether values are exceptions, or their classes, and nothing else."""
    return bool(values) and all(is_exception(inter, value) for value in values)


def is_exception(inter: Interpreter, value: Value) -> bool:
    """Whether a value is an exception or the class of one; one that a library makes stands as its class."""
    match value:
        case External(dotted=dotted):
            return bool(_EXCEPTION.search(dotted))
        case Class():
            return any(is_exception(inter, base) for base in attributes.line(inter, value) if base is not value)
        case Instance(cls=cls):
            return is_exception(inter, cls)
        case _:
            return False


def looks_like_exception(expression: Expression) -> bool:
    """Whether an expression names an exception, or makes one."""
    while expression is not None and expression[0] == "call":
        expression = expression[1]
    if expression is None or expression[0] not in {"attr", "name", "local"}:
        return False
    return bool(_EXCEPTION.search(f".{expression[2] if expression[0] == 'attr' else expression[1]}"))


def _child(inter: Interpreter, mock: Mock, name: str) -> Values:
    if len(mock.site) > _DEEPEST:
        return frozenset((mock,))
    is_told = mock.says is UNKNOWN or any("." in key for key, _ in mock.attributes)
    says = UNKNOWN if is_told or not mock.site else MOCKED
    return frozenset((inter.one(Mock, NOTHING, NOTHING, (), False, (*mock.site, name), says),))  # noqa: FBT003


def _one_by_one(inter: Interpreter, runs: Values, frame: Frame) -> Values:
    """Return what `side_effect=[…]` gives, call by call."""
    listed: frozenset[Value] = frozenset(one for one in runs if isinstance(one, Sequence))
    return containers.elements(inter, listed, frame)


def _is_given(arguments: Arguments, name: str) -> bool:
    return any(key == name for key, _ in arguments.keywords)
