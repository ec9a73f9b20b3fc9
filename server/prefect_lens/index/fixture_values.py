"""pytest's `request`, as code in a fixture or test sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import calls
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    External,
    Frame,
    Method,
    Path,
    Request,
    Values,
    texts,
    union,
)

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter


CONFIG = "pytest.config"
"""What stands for pytest's configuration."""


def of_request(inter: Interpreter, value: Request, name: str) -> Values:
    """Return an attribute of `request`."""
    match name:
        case "param":
            return value.parameters
        case "path" | "fspath" if value.fixtures is not None:
            return frozenset((inter.one(Path, value.fixtures.module.path),))
        case "module" if value.fixtures is not None:
            return frozenset((value.fixtures.module,))
        case "config":
            return frozenset((inter.one(External, CONFIG),))
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
