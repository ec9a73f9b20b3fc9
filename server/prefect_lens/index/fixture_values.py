"""pytest's `request`, as code in a fixture or test sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import calls
from prefect_lens.index.values import NOTHING, Arguments, Frame, Method, Request, Values, texts, union

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter


def of_request(inter: Interpreter, value: Request, name: str) -> Values:
    """Return an attribute of `request`."""
    match name:
        case "param":
            return value.parameters
        case "instance" | "cls":
            return value.fixtures.owner(name) if value.fixtures is not None else NOTHING
        case "getfixturevalue" | "addfinalizer":
            return frozenset((inter.one(Method, value, name),))
        case _:
            return NOTHING


def call_request(inter: Interpreter, owner: Request, name: str, arguments: Arguments, frame: Frame) -> Values:
    """Call a method of `request`."""
    if name == "getfixturevalue":
        wanted = texts(arguments.at(0, "argname"))
        return union(*(owner.fixtures.value(fixture, frame) for fixture in wanted)) if owner.fixtures else NOTHING
    for value in arguments.at(0):
        calls.call(inter, value, calls.NO_ARGUMENTS, frame, None)
    return NOTHING
