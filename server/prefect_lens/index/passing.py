"""What a call passes to each parameter, as far as it can matter to who calls whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Mapping,
    Number,
    Parameters,
    Sequence,
    Text,
    Values,
)

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter

LONGEST_KEY = 120
"""Longer strings, and such with spaces, are data; shorter ones may be keys, names of attributes, entrypoints."""


def bind(inter: Interpreter, parameters: Parameters, arguments: Arguments) -> dict[str, Values]:
    """Return what each parameter gets. What cannot matter to who calls whom is left out."""
    found: dict[str, Values] = {}
    position, given = 0, dict(arguments.keywords)
    spare: dict[str, Values] = dict(given)
    for name, kind in parameters:
        values = NOTHING
        match kind:
            case "positional":
                if position < len(arguments.positional):
                    values = arguments.positional[position]
                    position += 1
                else:
                    values = given.get(name, NOTHING) or arguments.more
                spare.pop(name, None)
            case "keyword":
                values = given.get(name, NOTHING) or arguments.more
                spare.pop(name, None)
            case "*":
                if rest := arguments.positional[position:]:
                    values = frozenset((inter.one(Sequence, tuple(telling(v) for v in rest), NOTHING),))
                elif arguments.more:
                    values = frozenset((inter.one(Sequence, (), arguments.more),))
            case _:
                pairs = tuple((key, telling(v)) for key, v in sorted(spare.items()))
                if any(v for _, v in pairs):
                    values = frozenset((inter.one(Mapping, pairs),))
        if values := telling(values):
            found[name] = inter.shared(values)
    return found


def telling(values: Values) -> Values:
    """Return the values without those that only data can be."""
    if not values or not any(isinstance(value, Text | Number) for value in values):
        return values
    return frozenset(
        value
        for value in values
        if not isinstance(value, Number)
        and not (isinstance(value, Text) and (len(value.text) > LONGEST_KEY or not value.text or " " in value.text))
    )
