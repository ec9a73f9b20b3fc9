"""Of which class something is that is passed: `isinstance(job, FastJob)`, `case FastJob():`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index import attributes, members, models, present
from prefect_lens.index.values import UNKNOWN, Class, External, Instance, Mapping

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Value, Values

_LITERALS = ("builtins.", "collections.", "typing.", "enum.")
"""Where the classes come from that containers, texts and numbers are of, and what is like them."""


def is_one(inter: Interpreter, told: Any, name: str, classes: tuple[str, ...], frame: Frame) -> bool | None:
    """Return whether what is passed is of one of some classes; None where it may be of one that is derived.

    `told` is the constant that it is, as far as that is known.
    """
    if (
        told is not UNKNOWN
        and told not in present.OBJECTS
        and not members.is_one(told)
        and all(_is_of_code(inter, cls) for cls in _wanted(inter, classes, frame))
    ):
        return False
    found = {_belongs(inter, value, classes, frame) for value in frame.argument(name)}
    return found.pop() if len(found) == 1 else None


def _belongs(inter: Interpreter, value: Value, classes: tuple[str, ...], frame: Frame) -> bool | None:
    wanted = _wanted(inter, classes, frame)
    if isinstance(value, Mapping) and models.are_asked(frame.world):
        return False if all(_is_of_code(inter, cls) for cls in wanted) else None
    if not isinstance(value, Instance):
        return None
    line = attributes.line(inter, value.cls)
    if any(cls in line for cls in wanted):
        return True
    return None if any(_may_be(inter, line, cls) for cls in wanted) else False


def _is_of_code(inter: Interpreter, cls: Value | None) -> bool:
    """Whether no literal is of a class: one of the project's that is no container or text itself."""
    return isinstance(cls, Class) and not any(
        isinstance(base, External) and base.dotted.startswith(_LITERALS) for base in attributes.line(inter, cls)
    )


def _wanted(inter: Interpreter, classes: tuple[str, ...], frame: Frame) -> list[Value | None]:
    return [cls for dotted in classes for cls in _named(inter, dotted, frame)]


def _may_be(inter: Interpreter, line: tuple[Value, ...], cls: Value | None) -> bool:
    """Whether an object, of whose class this is the order of look-up, may be of another class all the same."""
    if isinstance(cls, Class):
        return line[0] in attributes.line(inter, cls)
    is_plain = isinstance(cls, External) and cls.dotted.startswith("builtins.")
    return not is_plain or any(isinstance(base, External) for base in line)


def _named(inter: Interpreter, dotted: str, frame: Frame) -> Values | tuple[None]:
    first, *rest = dotted.split(".")
    values = inter.look_up(first, frame)
    for name in rest:
        values = attributes.of_all(inter, values, name, frame)
    return values or (None,)
