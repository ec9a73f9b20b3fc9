"""Constants of modules that decide branches: `if DRY_RUN:` below `DRY_RUN = False`.

A test may put another one in its place; one that is bound anew or assigned anywhere else decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index import uses
from prefect_lens.index.values import UNKNOWN, Module, Number, Text

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Values

_FARTHEST = 3
"""Imports of one name by another module that are followed."""


def of(inter: Interpreter, dotted: str, frame: Frame) -> Any:
    """Return the constant that a name is which a function does not bind, or an attribute of a module; else UNKNOWN."""
    first, *rest = dotted.split(".")
    at = frame
    while at.parent is not None:
        if at.scope.kind != "class" and first in at.scope.bindings:
            return UNKNOWN
        at = at.parent
    if not rest:
        return _of_module(inter, frame.module, first, frame)
    found = list(inter.look_up(first, frame)) if len(rest) == 1 else []
    return _of_module(inter, found[0], rest[0], frame) if len(found) == 1 and isinstance(found[0], Module) else UNKNOWN


def _of_module(inter: Interpreter, module: Module, name: str, frame: Frame, depth: int = 0) -> Any:
    if (patched := frame.world.patches.get((module, name))) is not None:
        return _only(patched) if depth == 0 else UNKNOWN
    bound = module.frame.scope.bindings.get(name, (0, ()))[1]
    if len(bound) != 1 or inter.users.paths(uses.ASSIGNED + name, frame.module.path):
        return UNKNOWN
    match bound[0]:
        case ("int" | "text", value):
            return value
        case ("from", dotted, level, original) if depth < _FARTHEST:
            sources = [one for one in inter.import_module(dotted, level, module) if one is not module]
            if len(sources) == 1 and isinstance(sources[0], Module):
                return _of_module(inter, sources[0], original, frame, depth + 1)
            return UNKNOWN
        case _:
            return UNKNOWN


def _only(values: Values) -> Any:
    """Return the number or text that stands in for a constant."""
    match list(values):
        case [Number(number=value)] | [Text(text=value)]:
            return value
        case _:
            return UNKNOWN
