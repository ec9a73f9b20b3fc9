"""Strings and paths: what their methods give, and what is put together of them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from prefect_lens.index import enums, special
from prefect_lens.index.values import NOTHING, Arguments, Frame, Number, Path, Sequence, Text, Value, Values, texts

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter

MOST_TEXTS = 30
"""A text of which more forms are possible is taken as not known."""

_CHANGES = frozenset(
    {"strip", "lower", "upper", "title", "capitalize", "removesuffix", "removeprefix", "rstrip", "lstrip", "casefold"}
)
"""Methods of a text that give another one."""

_SPLITS = frozenset({"split", "rsplit", "partition", "rpartition", "splitlines"})
"""Methods of a text that give its parts."""


def text_method(inter: Interpreter, owner: Text, name: str, arguments: Arguments) -> Values:
    """Return what a method of a string gives."""
    match name:
        case "as_posix" | "format":
            return frozenset((owner,))
        case "replace":
            old, new = arguments.at(0), arguments.at(1)
            return frozenset(
                inter.one(Text, owner.text.replace(a.text, b.text))
                for a in old
                for b in new
                if isinstance(a, Text) and isinstance(b, Text) and a.text
            )
        case "join":
            inner = [value for value in arguments.at(0) if isinstance(value, Sequence)]
            if len(inner) != 1 or inner[0].rest:
                return NOTHING
            return joining(inter, owner.text, inner[0].items)
        case _ if name in _CHANGES or name in _SPLITS:
            return _changed(inter, owner.text, name, arguments)
        case _:
            return NOTHING


def _changed(inter: Interpreter, text: str, name: str, arguments: Arguments) -> Values:
    """Return what one of a text's methods makes of it, where its arguments are known."""
    given = [known for values in arguments.positional for known in _known(values)]
    if len(given) != len(arguments.positional) or arguments.keywords:
        return NOTHING
    try:
        made = getattr(text, name)(*given)
    except (TypeError, ValueError):
        return NOTHING
    if isinstance(made, str):
        return frozenset((inter.one(Text, made),))
    return frozenset((inter.one(Sequence, tuple(frozenset((inter.one(Text, part),)) for part in made)),))


def _known(values: Values) -> list[str | int]:
    return [v.text if isinstance(v, Text) else v.number for v in values if isinstance(v, Text | Number)]


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


def joined(inter: Interpreter, a: Text | Path, b: Text) -> Values:
    """Return two strings put together."""
    if isinstance(a, Path):
        return frozenset((inter.one(Path, posixpath.normpath(a.path + b.text)),))
    return frozenset((inter.one(Text, a.text + b.text),))


def slash(inter: Interpreter, lefts: Values, rights: Values) -> Values:
    """Return `left / right`, for paths."""
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
    places = [inter.evaluate(expression, frame) for expression in parts]
    for values in places:
        special.ask(inter, values, "__format__", frame)
    for values in map(enums.as_data, places):
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
