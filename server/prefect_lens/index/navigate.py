"""What a name at some place means, and which definitions the body of a definition calls."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from prefect_lens.index import attributes
from prefect_lens.index.values import Body, Key, Made

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Module
    from prefect_lens.model import Position

MOST = 2_000
"""Frames of helper functions that are followed from one body."""


def scope_at(module: Module, place: Position | None) -> int:
    """Return the function or class whose name stands at a place; the module where there is none."""
    if place is None:
        return 0
    scopes = enumerate(module.facts.scopes)
    return next((i for i, scope in scopes if i and (scope.line, scope.column) == (place.line, place.column)), 0)


def meant(inter: Interpreter, module: Module, around: Position | None, names: tuple[str, ...]) -> tuple[Key, ...]:
    """Return the definitions that a dotted name means in the function whose name stands at `around`."""
    frame = inter.generic(module, scope_at(module, around))
    values = inter.look_up(names[0], frame)
    for name in names[1:]:
        values = attributes.of_all(inter, values, name, frame)
    found = [value.made if isinstance(value, Body) else value for value in values]
    return tuple(dict.fromkeys(made.key for made in found if isinstance(made, Made)))


def callees(inter: Interpreter, module: Module, body: Position) -> tuple[Key, ...]:
    """Return the definitions that a body calls, itself or by helper functions, in the order of the calls."""
    start = inter.generic(module, scope_at(module, body))
    found: dict[Key, None] = {}
    seen: set[Frame] = {start}
    waiting = deque((start,))
    while waiting and len(seen) < MOST:
        frame = waiting.popleft()
        if not frame.walked:
            inter.walk(frame)
        for target, made in frame.edges:
            if made is not None:
                found[made.key] = None
            elif target is not None and target not in seen:
                seen.add(target)
                waiting.append(target)
    return tuple(found)
