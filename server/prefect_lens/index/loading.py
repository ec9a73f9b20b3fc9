"""Modules and flows that code loads by a path, a name or an entrypoint."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from prefect_lens.index import attributes
from prefect_lens.index.config import join
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Class,
    External,
    Frame,
    Function,
    Made,
    Mapping,
    Module,
    Path,
    Record,
    Sequence,
    Text,
    Value,
    Values,
    texts,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.interpret import Interpreter

_KINDS: dict[str, type[Value]] = {"function": Function, "coroutinefunction": Function, "class": Class, "module": Module}
"""What the predicates of `inspect` let through, by their names behind `is`."""


def load_entrypoint(inter: Interpreter, arguments: Arguments, frame: Frame) -> Values:
    """Return the flow of an entrypoint: `path:name`, or `module.name`."""
    found: set[Value] = set()
    for values in (*arguments.positional[:1], arguments.at(-1, "entrypoint", "path")):
        for value in values:
            text = value.text if isinstance(value, Text) else value.path if isinstance(value, Path) else None
            if text is None:
                continue
            where, colon, name = text.rpartition(":")
            if not colon:
                where, _, name = text.rpartition(".")
                sources = inter.import_named(where, 0, frame.module) if where else NOTHING
            elif where.endswith(".py"):
                sources = module_at(inter, frozenset((inter.one(Text, where),)), frame)
            else:
                sources = inter.import_named(where, 0, frame.module)
            sources = frozenset(source for source in sources if isinstance(source, Module))
            for part in name.split("."):
                sources = attributes.of_all(inter, sources, part, frame)
            found |= sources
    return frozenset(found)


def load_source(inter: Interpreter, arguments: Arguments, frame: Frame) -> Values:
    """Return the flow of `from_source` with a literal entrypoint."""
    entrypoint = arguments.at(1, "entrypoint")
    bases = [value.path for value in arguments.at(0, "source") if isinstance(value, Path)]
    moved = [inter.one(Text, join(base, text)) for base in bases for text in texts(entrypoint)]
    return load_entrypoint(inter, Arguments((frozenset(moved) or entrypoint,)), frame)


def module_at(inter: Interpreter, values: Values, frame: Frame) -> Values:
    """Return the modules of paths; a relative string is looked for from the project's root and from the file."""
    found: set[Value] = set()
    for value in values:
        match value:
            case Path(path=path):
                candidates = [path]
            case Text(text=text):
                text = text.replace("\\", "/").removeprefix("./")
                folder = posixpath.dirname(frame.module.path)
                candidates = [join(inter.root_of(frame.module.path), text), text, join(folder, text)]
            case _:
                continue
        for path in candidates:
            inter.asks(frame.module.path, posixpath.basename(path).removesuffix(".py"))
            if path in inter.modules:
                found.add(inter.module_at(path, frame.module))
                break
    return frozenset(found)


def modules_in(inter: Interpreter, folders: Values, frame: Frame) -> Values:
    """Return what `pkgutil.iter_modules` gives for folders."""
    inter.asks_for_any(frame.module.path)
    found: set[Value] = set()
    for folder in folders:
        if isinstance(folder, Path):
            paths = [
                *inter.resolver.matching(folder.path, "*.py"),
                *inter.resolver.matching(folder.path, "*/__init__.py"),
            ]
            for path in paths:
                if (name := inter.resolver.dotted(path).rpartition(".")[2]) != posixpath.basename(folder.path):
                    fields = (
                        ("module_finder", NOTHING),
                        ("name", frozenset((inter.one(Text, name),))),
                        ("ispkg", NOTHING),
                    )
                    found.add(inter.one(Record, fields))
    return frozenset((inter.one(Sequence, (), frozenset(found)),))


def named(inter: Interpreter, name: str, arguments: Arguments, frame: Frame) -> Values:
    """Return the module that `importlib.import_module` gives for a name."""
    stripped = name.lstrip(".")
    level = len(name) - len(stripped)
    if level and (packages := texts(arguments.at(1, "package"))):
        return union(*(inter.import_named(f"{p}.{stripped}", 0, frame.module) for p in packages))
    return inter.import_named(stripped, level, frame.module)


def run_path(inter: Interpreter, arguments: Arguments, frame: Frame) -> Values:
    """Return what `runpy` gives: the names of a module that runs now."""
    modules = module_at(inter, arguments.at(0), frame) or union(
        *(inter.import_named(name, 0, frame.module) for name in texts(arguments.at(0)))
    )
    for module in modules:
        if isinstance(module, Module):
            inter.link(frame, module.frame, posixpath.basename(module.path))
    return names_of(inter, modules, frame)


def members_of(inter: Interpreter, owners: Values, predicate: Values, frame: Frame) -> Values:
    """Return what `inspect.getmembers` gives of modules: all pairs, or those that a predicate is likely to ask for."""
    asked = {one.dotted.rpartition(".is")[2] for one in predicate if isinstance(one, External)}
    kinds = tuple(_KINDS[name] for name in asked if name in _KINDS) or ((Made,) if predicate else ())
    found: set[Value] = set()
    for mapping in names_of(inter, owners, frame) if owners else ():
        for name, values in mapping.items if isinstance(mapping, Mapping) else ():
            kept = frozenset(one for one in values if not kinds or isinstance(one, kinds))
            if kept and name is not None:
                found.add(inter.one(Sequence, (frozenset((inter.one(Text, name),)), kept)))
    return frozenset((inter.one(Sequence, (), frozenset(found)),))


def names_of(inter: Interpreter, modules: Values, frame: Frame) -> Values:
    """Return the names of modules with their values, as `vars` does; of the one that asks, where there are none."""
    found: list[tuple[str | None, Values]] = []
    for module in modules or (frame.module,):
        if isinstance(module, Module):
            names = _names(inter, module, {module})
            found.extend((name, inter.module_name(module, name)) for name in dict.fromkeys(names))
    return frozenset((inter.one(Mapping, tuple(found)),))


def names_in(inter: Interpreter, frame: Frame) -> Values:
    """Return the names of a call with their values, as `locals` does."""
    names = (name for name in frame.scope.bindings if " " not in name and "." not in name)
    return frozenset((inter.one(Mapping, tuple((name, inter.name_in(frame, name)) for name in names)),))


def _names(inter: Interpreter, module: Module, seen: set[Value]) -> Iterator[str]:
    """Yield the names of a module, those that it has by `from … import *` among them."""
    yield from (name for name in module.frame.scope.bindings if " " not in name and "." not in name)
    for dotted, level in module.frame.scope.stars:
        for source in inter.import_module(dotted, level, module):
            if isinstance(source, Module) and source not in seen:
                seen.add(source)
                yield from (name for name in _names(inter, source, seen) if not name.startswith("_"))
