"""What a name stands for: all that is bound to it, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index import decorators
from prefect_lens.index.values import NOTHING

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Values


def bound(inter: Interpreter, key: Any, bindings: tuple[Expression, ...], frame: Frame) -> Values:
    """Return what some bindings of a name come to; `key` is what the frame knows them by.

    One may ask for the name itself, `run = run.again()` in a loop: it is what it was bound to before.
    """
    found = NOTHING
    for expression in bindings:
        if found:
            frame.name(key, found)
        values = inter.evaluate(expression, frame)
        if expression is not None and expression[0] == "call" and frame.scope.kind in {"module", "class"}:
            values = decorators.rehome(inter, values, expression, frame)
        found |= values
    return found
