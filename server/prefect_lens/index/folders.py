"""What folders and paths have: parents, names, and the modules in them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from prefect_lens.index.config import join
from prefect_lens.index.values import NOTHING, Frame, Method, Path, Sequence, Text, Values

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter


def inside(inter: Interpreter, folder: str, name: str, frame: Frame) -> Values:
    """Return a module or package of a folder."""
    inside_ = name if folder in {"", "."} else f"{folder}/{name}"
    inter.asks(frame.module.path, name)
    for path in (f"{inside_}/__init__.py", f"{inside_}.py"):
        if inter.resolver.has(path):
            return frozenset((inter.module_at(path, frame.module),))
    return NOTHING


def of_path(inter: Interpreter, value: Path, name: str, frame: Frame) -> Values:
    """Return an attribute of a path."""
    match name:
        case "parent":
            return frozenset((inter.one(Path, posixpath.dirname(value.path) or "."),))
        case "parents":
            parts: list[Values] = []
            path: str = value.path
            while path not in {"", "."}:
                path = posixpath.dirname(path) or "."
                parts.append(frozenset((inter.one(Path, path),)))
            return frozenset((inter.one(Sequence, tuple(parts), NOTHING),))
        case "stem" | "name":
            last = posixpath.basename(value.path)
            return frozenset((inter.one(Text, last.rpartition(".")[0] if name == "stem" else last),))
        case _:
            # a folder without `__init__.py`, imported as a package
            portions = inter.resolver.portions(value.path, frame.module.path)
            found = next((found for folder in portions if (found := inside(inter, folder, name, frame))), NOTHING)
            below = next((one for folder in portions if (one := join(folder, name)) in inter.resolver.folders), None)
            if not found and below is not None:
                return frozenset((inter.one(Path, below),))
            return found or frozenset((inter.one(Method, value, name),))
