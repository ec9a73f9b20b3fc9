"""Code that cannot lead to a flow or task, so that nobody needs to follow it.

A file is active when it names Prefect, when others can put functions into what it holds, when it imports by names that
it works out, or when it imports an active file. All others are plain: a function of theirs that is given only data, and
no function of an active file, cannot come to a definition, however long it runs.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from prefect_lens.index.values import (
    Arguments,
    Class,
    External,
    Function,
    Instance,
    Mapping,
    Mock,
    Module,
    Number,
    Path,
    Sequence,
    Text,
    Value,
    Values,
    World,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as Files

    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.packed import Packed

_ACTIVE_LIBRARIES = ("prefect", "pytest", "unittest", "mock", "importlib", "runpy")


def active(files: Files[str, Packed], find: Callable[[str, int, str], str | None]) -> frozenset[str]:
    """Return the paths of the active files; `find` says where an import leads."""
    importers: dict[str, list[str]] = {}
    decorating = set[str]().union(*(packed.decorating() for packed in files.values()))
    waiting: list[str] = []
    for path, packed in files.items():
        if packed.prefect or packed.is_open or not decorating.isdisjoint(packed.held):
            waiting.append(path)
        for dotted, level, whole in packed.imports():
            target = find(dotted, level, path)
            if target is None:
                continue
            importers.setdefault(target, []).append(path)
            if whole and not (target.endswith(".py") and posixpath.basename(target) != "__init__.py"):
                # what holds a package can come to everything in it
                folder = posixpath.dirname(target) if target.endswith(".py") else target
                importers.setdefault(folder + "/", []).append(path)
    found = set(waiting)
    while waiting:
        path = waiting.pop()
        users = importers.get(path, [])
        folder = posixpath.dirname(path)
        while folder:
            users = [*users, *importers.get(folder + "/", ())]
            folder = posixpath.dirname(folder)
        new = set(users) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


def leads_nowhere(inter: Interpreter, function: Function, arguments: Arguments, world: World) -> bool:
    """Whether a call cannot come to a definition."""
    if function.module.path in inter.active or function.closure.scope.kind not in {"module", "class"}:
        return False
    return (
        all(_is_data(inter, values) for values in world.patches.values())
        and all(_is_data(inter, values) for values in arguments.positional)
        and all(_is_data(inter, values) for _, values in arguments.keywords)
        and _is_data(inter, arguments.more)
    )


def _is_data(inter: Interpreter, values: Values) -> bool:
    if not values:
        return True
    found = inter.data.get(values)
    if found is None:
        inter.data[values] = True  # as far as it holds itself
        found = inter.data[values] = all(_is_datum(inter, value) for value in values)
    return found


def _is_datum(inter: Interpreter, value: Value) -> bool:
    match value:
        case Text() | Number() | Path():
            return True
        case External(dotted=dotted):
            return dotted.partition(".")[0] not in _ACTIVE_LIBRARIES
        case Instance(cls=cls, arguments=given):
            return _is_datum(inter, cls) and all(_is_data(inter, values) for _, values in given)
        case Class() | Function():
            at_the_top = value.body.parent if isinstance(value, Class) else value.closure
            return value.module.path not in inter.active and at_the_top is not None and at_the_top.parent is None
        case Module(path=path):
            return path not in inter.active
        case Sequence(items=items, rest=rest):
            return _is_data(inter, rest) and all(_is_data(inter, values) for values in items)
        case Mapping(items=pairs):
            return all(_is_data(inter, values) for _, values in pairs)
        case Mock(calls=calls, gives=gives):
            return not calls and _is_data(inter, gives)
        case _:
            return False
