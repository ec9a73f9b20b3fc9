"""Lists, tuples, dictionaries, strings and paths: what is put into them, and what comes out."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from prefect_lens.index import calls
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Body,
    Class,
    Frame,
    Function,
    Instance,
    Made,
    Mapping,
    Method,
    Number,
    Partial,
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
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter


MOST_ELEMENTS = 60
"""In longer containers, no element is told from the others."""

MOST_TEXTS = 30
"""A text of which more forms are possible is taken as not known."""


def sequence(inter: Interpreter, items: tuple[Expression, ...], frame: Frame) -> Values:
    """Return the list or tuple of some expressions."""
    placed: list[Values] = []
    rest: Values = NOTHING
    known = True
    for item_ in items:
        if item_ is not None and item_[0] == "star":
            inner = inter.evaluate(item_[1], frame)
            whole = [value for value in inner if isinstance(value, Sequence)]
            if known and len(inner) == 1 and whole and not whole[0].rest and len(items) > 1:
                placed.extend(whole[0].items)
            else:
                known = False
                rest |= elements(inter, inner, frame)
        elif known:
            placed.append(inter.evaluate(item_, frame))
        else:
            rest |= inter.evaluate(item_, frame)
    return frozenset((inter.one(Sequence, tuple(placed), rest),))


def mapping(inter: Interpreter, pairs: tuple[tuple[Expression, Expression], ...], frame: Frame) -> Values:
    """Return the dictionary of some pairs of expressions."""
    found: list[tuple[str | None, Values]] = []
    others: set[Value] = set()
    for key, value in pairs:
        values = inter.evaluate(value, frame)
        if key is not None and key[0] == "star":
            for inner in values:
                if isinstance(inner, Mapping):
                    found.extend(inner.items)
                    others |= inner.keys
            continue
        known = inter.evaluate(key, frame)
        names = texts(known) + [None] * any(not isinstance(k, Text) for k in known) or [None]
        others |= {k for k in known if not isinstance(k, Text | Number)}
        found.extend((name, values) for name in names)
    return frozenset((inter.one(Mapping, tuple(found), frozenset(others)),))


def elements(inter: Interpreter, values: Values, frame: Frame) -> Values:
    """Return what a loop over the values gives."""
    found: set[Value] = set()
    for value in values:
        match value:
            case Sequence(items=items, rest=rest):
                found |= rest.union(*items)
            case Mapping(items=items, keys=keys):
                found |= keys
                found |= {inter.one(Text, key) for key, _ in items if key is not None}
            case Record(fields=fields):
                found |= union(*(values for _, values in fields))
            case Instance():
                found |= elements(inter, calls.method(inter, value, "__iter__", frame), frame)
                found |= calls.method(inter, value, "__next__", frame)
            case Class():
                names = [n for n, (_, e) in value.scope.bindings.items() if e[-1] is None or e[-1][0] != "def"]
                found |= union(*(inter.name_in(value.body, name) for name in names))
            case _:
                pass
    return frozenset(found)


def part(inter: Interpreter, values: Values, position: int, frame: Frame) -> Values:
    """Return what stands at a place of an unpacking."""
    found: set[Value] = set()
    for value in values:
        if isinstance(value, Sequence):
            known = -len(value.items) <= position < len(value.items) and (position >= 0 or not value.rest)
            found |= value.items[position] if known else value.rest if position >= 0 else value.rest.union(*value.items)
        elif isinstance(value, Record):
            found |= value.fields[position][1] if position < len(value.fields) else NOTHING
        else:
            found |= elements(inter, frozenset((value,)), frame)
    return frozenset(found)


def slice_of(inter: Interpreter, values: Values, low: int | None, high: int | None, frame: Frame) -> Values:
    """Return a stretch of a container: all of it, where its places are not known."""
    found: set[Value] = set()
    for value in values:
        if isinstance(value, Sequence) and not value.rest:
            found.add(inter.one(Sequence, value.items[low:high], NOTHING))
        elif isinstance(value, Text | Path):
            continue
        else:
            found.add(inter.one(Sequence, (), elements(inter, frozenset((value,)), frame)))
    return frozenset(found)


def keyed(inter: Interpreter, expression: Expression, frame: Frame) -> Values:
    """Return the dictionary that a comprehension makes: each element under its own key, where both are known."""
    _, iterable, target, key, value = expression
    inner = inter.evaluate(iterable, frame)
    if target[0] != "local" or not 0 < len(each := elements(inter, inner, frame)) <= MOST_ELEMENTS:
        return mapping(inter, ((key, value),), frame)
    found: list[tuple[str | None, Values]] = []
    for element in each:
        itself = frozenset((element,))
        one = frame.beside({target[1]: itself, target[1:]: itself})
        values = inter.evaluate(value, one)
        found.extend((name, values) for name in texts(inter.evaluate(key, one)) or [None])
        for (called, made), name in one.edges.items():
            frame.call(called, name, made)
    return frozenset((inter.one(Mapping, tuple(sorted(found, key=lambda pair: pair[0] or ""))),))


def item(inter: Interpreter, base: Expression, index: Expression, frame: Frame) -> Values:
    """Return a subscript."""
    bases, keys = inter.evaluate(base, frame), inter.evaluate(index, frame)
    found: set[Value] = set()
    for value in bases:
        match value:
            case Mapping():
                found |= get(value, keys)
            case Sequence(items=items, rest=rest):
                numbers = [key.number for key in keys if isinstance(key, Number)]
                if len(numbers) == len(keys) == 1 and not rest and -len(items) <= numbers[0] < len(items):
                    found |= items[numbers[0]]
                else:
                    found |= rest.union(*items)
            case Instance():
                found |= calls.method(inter, value, "__getitem__", frame, Arguments((keys,)))
            case Class() | Function() | Made():
                found.add(value)  # `Generic[T]`, an enumeration by name
            case _:
                pass
    if not found:  # something is there: under a key that is not what it seems
        found |= union(*(get(value, NOTHING) for value in bases if isinstance(value, Mapping)))
    return frozenset(found)


def get(value: Mapping, keys: Values) -> Values:
    """Return what a dictionary has under one of the keys: everything, where the key is not known."""
    names = {key.text for key in keys if isinstance(key, Text)}
    if not names:
        return union(*(values for _, values in value.items))
    return union(*(values for key, values in value.items if key is None or key in names))


def method(inter: Interpreter, owner: Value, name: str, arguments: Arguments, frame: Frame) -> Values:
    """Return what a method of a container or string gives."""
    if isinstance(owner, Mapping):
        match name:
            case "get" | "pop" | "setdefault" | "__getitem__":
                return get(owner, arguments.at(0)) | arguments.at(1)
            case "values":
                return frozenset((inter.one(Sequence, (), union(*(values for _, values in owner.items))),))
            case "keys":
                return frozenset((inter.one(Sequence, (), elements(inter, frozenset((owner,)), frame)),))
            case "items":
                pairs = frozenset(
                    inter.one(Sequence, (frozenset((inter.one(Text, key),)) if key else NOTHING, values))
                    for key, values in owner.items
                )
                return frozenset((inter.one(Sequence, (), pairs),))
            case "copy":
                return frozenset((owner,))
            case _:
                return NOTHING
    if isinstance(owner, Sequence) and name in {"pop", "popleft", "__getitem__"}:
        return elements(inter, frozenset((owner,)), frame)
    if isinstance(owner, Sequence) and name in {"copy", "__iter__"}:
        return frozenset((owner,))
    if isinstance(owner, Sequence) and name == "__next__":
        return elements(inter, frozenset((owner,)), frame)
    if isinstance(owner, Path):
        return path_method(inter, owner, name, arguments, frame.module.path)
    if isinstance(owner, Text):
        if name in {"strip", "lower", "as_posix", "format"}:
            return frozenset((owner,))
        if name == "replace":
            old, new = arguments.at(0), arguments.at(1)
            return frozenset(
                inter.one(Text, owner.text.replace(a.text, b.text))
                for a in old
                for b in new
                if isinstance(a, Text) and isinstance(b, Text) and a.text
            )
        if name == "join":
            inner = [value for value in arguments.at(0) if isinstance(value, Sequence)]
            if len(inner) != 1 or inner[0].rest:
                return NOTHING
            return joining(inter, owner.text, inner[0].items)
        if name in {"upper", "title", "capitalize", "removesuffix", "removeprefix", "rstrip", "lstrip"}:
            return changed(inter, owner.text, name, arguments)
        if name == "split":
            separator = next((t.text for t in arguments.at(0) if isinstance(t, Text) and t.text), None)
            parts = tuple(frozenset((inter.one(Text, p),)) for p in owner.text.split(separator))
            return frozenset((inter.one(Sequence, parts, NOTHING),))
    return NOTHING


def changed(inter: Interpreter, text: str, name: str, arguments: Arguments) -> Values:
    """Return a text that one of its methods changes; the arguments are texts, too."""
    given = [values for values in (texts(argument) for argument in arguments.positional) if len(values) == 1]
    if len(given) != len(arguments.positional) or len(given) > 1:
        return NOTHING
    try:
        return frozenset((inter.one(Text, getattr(text, name)(*(one for (one,) in given))),))
    except TypeError:
        return NOTHING


def joining(inter: Interpreter, separator: str, items: tuple[Values, ...]) -> Values:
    """Return the texts of some places with another one between them."""
    written: list[str] = []
    for values in items:
        found = texts(values)
        if len(found) != 1:
            return NOTHING
        written.append(found[0])
    return frozenset((inter.one(Text, separator.join(written)),))


def path_method(inter: Interpreter, owner: Path, name: str, arguments: Arguments, asker: str) -> Values:
    """Return what a method of a path gives."""
    match name:
        case "resolve" | "absolute" | "as_posix" | "expanduser" | "__str__" | "__fspath__":
            return frozenset((owner,))
        case "joinpath":
            found: Values = frozenset((owner,))
            for part_ in arguments.positional:
                found = frozenset(_slash(inter, left, right) for left in found for right in part_) - {owner}
            return found
        case "with_name" | "with_suffix" | "with_stem":
            folder, last = posixpath.split(owner.path)
            stem, suffix = posixpath.splitext(last)
            before = {"with_name": "", "with_suffix": stem, "with_stem": ""}[name]
            behind = suffix if name == "with_stem" else ""
            return frozenset(
                inter.one(Path, posixpath.join(folder, before + text + behind)) for text in texts(arguments.at(0))
            )
        case "glob" | "rglob" | "iterdir":
            patterns = texts(arguments.at(0)) if name != "iterdir" else ["*"]
            prefix = "**/" if name == "rglob" else ""
            inter.asks_for_any(asker)
            found = frozenset(
                inter.one(Path, path)
                for pattern in patterns
                for path in inter.resolver.matching(owner.path, prefix + pattern)
            )
            return frozenset((inter.one(Sequence, (), found),))
        case _:
            return NOTHING


def plus(inter: Interpreter, left: Expression, right: Expression, frame: Frame) -> Values:
    """Return `left + right` or `left | right`."""
    lefts, rights = inter.evaluate(left, frame), inter.evaluate(right, frame)
    found: set[Value] = set()
    for a in lefts:
        for b in rights:
            if isinstance(a, Text | Path) and isinstance(b, Text):
                found |= joined(inter, a, b)
            elif isinstance(a, Sequence) and isinstance(b, Sequence):
                if a.rest:
                    found.add(inter.one(Sequence, a.items, a.rest.union(b.rest, *b.items)))
                else:
                    found.add(inter.one(Sequence, a.items + b.items, b.rest))
            elif isinstance(a, Mapping) and isinstance(b, Mapping):
                found.add(inter.one(Mapping, a.items + b.items, a.keys | b.keys))
    if not found:
        found |= {v for v in lefts | rights if isinstance(v, Sequence | Mapping)}
    return frozenset(found)


def joined(inter: Interpreter, a: Text | Path, b: Text) -> Values:
    """Return two strings put together."""
    if isinstance(a, Path):
        return frozenset((inter.one(Path, posixpath.normpath(a.path + b.text)),))
    return frozenset((inter.one(Text, a.text + b.text),))


def slash(inter: Interpreter, left: Expression, right: Expression, frame: Frame) -> Values:
    """Return `left / right`, for paths."""
    lefts, rights = inter.evaluate(left, frame), inter.evaluate(right, frame)
    return frozenset(
        _slash(inter, a, b) for a in lefts if isinstance(a, Path) for b in rights if isinstance(b, Text | Path)
    )


def _slash(inter: Interpreter, a: Value, b: Value) -> Value:
    if isinstance(a, Path) and isinstance(b, Text):
        return inter.one(Path, posixpath.normpath(posixpath.join(a.path, b.text.replace("\\", "/"))))
    return b


def join(inter: Interpreter, parts: tuple[Expression, ...], frame: Frame) -> Values:
    """Return an f-string, where all of its parts are known."""
    known = [("", False)]
    for expression in parts:
        values = inter.evaluate(expression, frame)
        written = [
            (value.path, True) if isinstance(value, Path) else (value.text, False)
            for value in values
            if isinstance(value, Path | Text)
        ]
        if not values or len(written) < len(values) or len(known) * len(written) > MOST_TEXTS:
            return NOTHING
        known = [(before + more, path or is_path) for before, path in known for more, is_path in written]
    return frozenset(
        inter.one(Path, posixpath.normpath(text)) if path else inter.one(Text, text) for text, path in known
    )


def unwrapped(inter: Interpreter, values: Values, frame: Frame) -> Values:
    """Return what `.map` passes on for an argument: the elements of what can be looped over, else the thing itself."""
    found: set[Value] = set()
    for value in values:
        if isinstance(value, Sequence | Mapping):
            found |= elements(inter, frozenset((value,)), frame)
        else:
            found.add(value)
    return frozenset(found)


__all__ = [
    "Body",
    "Method",
    "Partial",
    "elements",
    "get",
    "item",
    "join",
    "mapping",
    "method",
    "part",
    "plus",
    "sequence",
    "slash",
    "unwrapped",
]
