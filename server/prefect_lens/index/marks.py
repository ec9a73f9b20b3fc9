"""pytest's marks and the fixture decorator, as they stand on functions, classes and modules."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prefect_lens.index import containers
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Class,
    External,
    Frame,
    Function,
    Mark,
    Module,
    Number,
    Partial,
    Sequence,
    Text,
    Value,
    Values,
    Wrapped,
    texts,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter


_NEVER = ("never",)
_SKIPS: dict[str, Expression] = {
    "unittest.skip": None, "unittest.skipIf": ("int", 1), "unittest.skipUnless": ("int", 0),
}  # fmt: skip
"""Decorators that skip a test, and with which first argument they do; None for any."""


class Parameters(NamedTuple):
    """What `parametrize` gives to one argument."""

    name: str
    values: Values
    indirect: bool


def numbers(values: Values) -> set[int]:
    """Return the integers among the values; `False` and `True` are 0 and 1."""
    return {value.number for value in values if isinstance(value, Number)}


def is_fixture(inter: Interpreter, function: Function) -> bool:
    """Whether the fixture decorator stands on the function."""
    return fixture_arguments(inter, function) is not None


def fixture_arguments(inter: Interpreter, function: Function) -> Arguments | None:
    """Return what the fixture decorator on a function is given; None where there is none."""
    for expression in function.scope.decorators:
        if expression is None:
            continue
        called = expression[0] == "call"
        for value in inter.evaluate(expression[1] if called else expression, function.closure):
            given = value.arguments if isinstance(value, Partial) else Arguments()
            makers = value.target if isinstance(value, Partial) else (value,)
            if not any(_is_fixture_maker(maker) for maker in makers):
                continue
            if not called:
                return given
            passed: tuple[tuple[str | None, Expression], ...] = expression[3]
            keywords = tuple((key, inter.evaluate(e, function.closure)) for key, e in passed if key is not None)
            return Arguments((), (*keywords, *given.keywords))
    return None


def of_function(inter: Interpreter, function: Function) -> list[Mark]:
    """Return the marks on a function."""
    return list(_marks(inter, function.scope.decorators, function.closure))


def of_class(inter: Interpreter, cls: Class) -> list[Mark]:
    """Return the marks on a class and on its bases."""
    from prefect_lens.index import attributes  # noqa: PLC0415  both know classes

    found: list[Mark] = []
    for base in attributes.line(inter, cls):
        if isinstance(base, Class) and base.body.parent is not None:
            found.extend(_marks(inter, base.scope.decorators, base.body.parent))
            found.extend(_assigned(inter, base.body))
    return found


def of_module(inter: Interpreter, module: Module) -> list[Mark]:
    """Return the marks in a module's `pytestmark`."""
    return list(_assigned(inter, module.frame))


def used_fixtures(marks: Iterable[Mark]) -> list[str]:
    """Return the names in `usefixtures`."""
    return [
        name for mark in marks if mark.name == "usefixtures" for v in mark.arguments.positional for name in texts(v)
    ]


def is_skipped(marks: Iterable[Mark]) -> bool:
    """Whether the test never runs, whatever the circumstances."""
    return any(_skips(mark) for mark in marks)


def _skips(mark: Mark) -> bool:
    match mark.name:
        case "skip":
            return True
        case "skipif":
            return numbers(mark.arguments.at(0, "condition")) == {1}
        case "xfail":
            return numbers(mark.arguments.at(-1, "run")) == {0}
        case _:
            return False


def skips_row(inter: Interpreter, values: Values, frame: Frame) -> bool:
    """Whether the marks of a `pytest.param` have it run nothing."""
    return is_skipped(mark for value in values for mark in _as_marks(inter, value, frame))


def profile(marks: Iterable[Mark]) -> str | None:
    """Return the profile that `pytest.mark.prefect(profile=…)` asks for; the nearest has the last word."""
    found = [name for mark in marks if mark.name == "prefect" for name in texts(mark.arguments.at(-1, "profile"))]
    return found[-1] if found else None


def parameters(inter: Interpreter, marks: Iterable[Mark], frame: Frame) -> Iterator[Parameters]:
    """Return what `parametrize` gives to each argument."""
    for mark in marks:
        if mark.name != "parametrize":
            continue
        names = _argument_names(mark.arguments.at(0, "argnames"))
        indirect_values = mark.arguments.at(2, "indirect")
        indirect = set(texts(containers.elements(inter, indirect_values, frame)))
        everything = 1 in numbers(indirect_values)
        rows = containers.elements(inter, mark.arguments.at(1, "argvalues"), frame)
        for position, name in enumerate(names):
            found: set[Value] = set()
            for row in rows:
                match row:
                    case Wrapped(how="param", inner=inner):
                        found |= containers.part(inter, inner, position, frame)
                    case _ if len(names) == 1:
                        found.add(row)
                    case _:
                        found |= containers.part(inter, frozenset((row,)), position, frame)
            yield Parameters(name, frozenset(found), everything or name in indirect)


def _argument_names(values: Values) -> list[str]:
    for value in values:
        if isinstance(value, Text):
            return [name.strip() for name in value.text.split(",") if name.strip()]
        if isinstance(value, Sequence):
            return [name for item in value.items for name in texts(item)]
    return []


def _marks(inter: Interpreter, expressions: Iterable[Expression], frame: Frame) -> Iterator[Mark]:
    for expression in expressions:
        for value in inter.evaluate(expression, frame):
            yield from _as_marks(inter, value, frame)
        if expression is not None and expression[0] == "call":
            for value in inter.evaluate(expression[1], frame):
                if isinstance(value, External) and _SKIPS.get(value.dotted, _NEVER) in {None, *expression[2][:1]}:
                    yield inter.one(Mark, "skip", Arguments())


def _as_marks(inter: Interpreter, value: Value, frame: Frame) -> Iterator[Mark]:
    match value:
        case Mark():
            yield value
        case External(dotted=dotted) if ".mark." in dotted:
            yield inter.one(Mark, dotted.rpartition(".")[2], Arguments())
        case External(dotted="unittest.skip"):
            yield inter.one(Mark, "skip", Arguments())
        case Sequence():
            for item in containers.elements(inter, frozenset((value,)), frame):
                yield from _as_marks(inter, item, frame)
        case _:
            pass


def _assigned(inter: Interpreter, frame: Frame) -> Iterator[Mark]:
    if "pytestmark" in frame.scope.bindings:
        for value in inter.name_in(frame, "pytestmark"):
            yield from _as_marks(inter, value, frame)


def _is_fixture_maker(value: Value) -> bool:
    return isinstance(value, External) and value.dotted.rpartition(".")[2] in {"fixture", "yield_fixture"}


__all__ = ["NOTHING", "Parameters"]
