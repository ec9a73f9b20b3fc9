"""Models of Pydantic that refuse what they are given as it is written: a text for a number.

Known is that of fields without a default, of models that have no validators and no configuration of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index import attributes, passing, uses
from prefect_lens.index.values import Class, External, Mapping

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Arguments, Frame, Value, Values, World
    from prefect_lens.index.worlds import Chain

_ERRORS = frozenset({"pydantic.ValidationError", "pydantic_core.ValidationError"})

_CHECKING: Chain = (("", -2, ""),)
"""Stands for a way to a model that refuses, which is found where it is met; nothing is on it."""

_READS = frozenset({"model_validate", "parse_obj"})


def way(expected: Values) -> Chain:
    """Return what has the calls of a test followed up to a model that refuses, where it expects what that raises."""
    return _CHECKING if {one.dotted for one in expected if isinstance(one, External)} & _ERRORS else ()


def are_asked(world: World) -> bool:
    """Whether a test has its data refused here: a dictionary is one then, and not what may stand for it."""
    return world.chain == _CHECKING


def construct(inter: Interpreter, cls: Class, arguments: Arguments, frame: Frame) -> bool:
    """Whether a call of a model raises; that is noted in the frame, too."""
    written = passing.sure(arguments)
    pairs = [(name, values) for name, values in arguments.keywords if name in written]
    if not pairs or not _is_plain(inter, cls):
        return False
    return _note(frame, refused=_refuses(inter, cls, pairs))


def read(inter: Interpreter, cls: Class, name: str, arguments: Arguments, frame: Frame) -> bool:
    """Whether a model's class method raises that makes an object of a dictionary; that is noted in the frame, too.

    What stands in the dictionary may be something else on another way: only a test that expects it tells.
    """
    if name not in _READS or not are_asked(frame.world):
        return False
    given = list(arguments.at(0, "obj"))
    if len(given) != 1 or not isinstance(given[0], Mapping) or not _is_plain(inter, cls):
        return False
    pairs = [(key, values) for key, values in given[0].items if key is not None and len(values) == 1]
    return _note(frame, refused=_refuses(inter, cls, pairs))


def _note(frame: Frame, *, refused: bool) -> bool:
    frame.raising = frame.raising or refused
    return refused


def _is_plain(inter: Interpreter, cls: Class) -> bool:
    """Whether a class is a model whose fields are checked by their annotations alone."""
    line = attributes.line(inter, cls)
    return [one.dotted for one in line if isinstance(one, External)] == ["pydantic.BaseModel"] and not any(
        isinstance(base, Class) and ("model_config" in base.scope.bindings or _has_methods_of_its_own(base))
        for base in line
    )


def _has_methods_of_its_own(cls: Class) -> bool:
    """Whether a class has a say in how its objects are made."""
    return any(
        scope.parent == cls.index
        and (
            scope.name in {"__init__", "__new__", "Config"}
            or any("validator" in uses.last(one) for one in scope.decorators)
        )
        for scope in cls.module.facts.scopes
    )


def _refuses(inter: Interpreter, cls: Class, pairs: Iterable[tuple[str, Values]]) -> bool:
    """Whether a model has a field for which it is given what does not fit."""
    for name, values in pairs:
        base = next((one for one in attributes.line(inter, cls) if name in _bindings(one)), None)
        match _bindings(base).get(name):
            case (_, (("typed", annotation),)) if isinstance(base, Class):
                if passing.misfit(inter.evaluate(annotation, base.body), values):
                    return True
            case _:
                pass
    return False


def _bindings(base: Value | None) -> dict[str, Any]:
    return base.scope.bindings if isinstance(base, Class) else {}
