"""What a call says that hands on containers: `step(*args, **options)`, as a decorator's wrapper does.

It is known where a container is what the function itself was given, and left as it is, or where it is written out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from prefect_lens.index import literals
from prefect_lens.index.values import UNKNOWN, Arguments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.facts import Expression, Parameter
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Partial

_STAR = ("star", None)
"""The key under which a dictionary is put into another one."""

_WITHOUT = "without"
"""The form of what is bound to the name of a dictionary when it loses a key."""

_DEFAULT = "setdefault"
"""What puts something into a dictionary unless it has that already."""

MOST = 8
"""A call that passes more than so much is one of data."""


def said(inter: Interpreter, expression: Expression, frame: Frame) -> literals.Literals | None:
    """Return what a call says that spreads containers: all places and names, with a constant or UNKNOWN for each.

    None is returned where not all of them are known.
    """
    _, _, positional, keywords, *_ = expression
    placed: list[Any] = []
    named: dict[str, Any] = {}
    for argument in positional:
        items = _items(argument[1], frame) if argument is not None and argument[0] == "star" else [argument]
        if items is None:
            return None
        placed.extend(_told(inter, items, frame))
    for name, argument in keywords:
        pairs = _pairs(argument, frame) if name is None else {name: argument}
        if pairs is None:
            return None
        named.update(zip(pairs, _told(inter, pairs.values(), frame), strict=True))
    return (*enumerate(placed), *named.items())


def kept(parameter: Parameter, places: list[str], others: set[str], arguments: Arguments, known: dict[Any, Any]) -> Any:
    """Return what `*args` or `**options` gets of a call, as `said` takes it in turn; UNKNOWN where that is too much.

    `places` are the names of the positional parameters and `others` those of all, `known` is what the call says.
    """
    found: tuple[Any, ...]
    if parameter.kind == "*":
        count = max((len(arguments.positional), *(place + 1 for place in known if isinstance(place, int))))
        found = tuple(literals.telling(known.get(place, UNKNOWN)) for place in range(len(places), count))
    else:
        given = {name for name, _ in arguments.keywords}.union(name for name in known if isinstance(name, str))
        found = tuple((name, literals.telling(known.get(name, UNKNOWN))) for name in sorted(given - others))
    return (parameter.kind, found) if len(found) <= MOST else UNKNOWN


def ahead(arguments: Arguments) -> literals.Literals | None:
    """Return what `functools.partial` is told for later."""
    said = arguments.said
    if said is None or arguments.more:
        return None
    known = dict(said)
    places = range(1, len(arguments.positional))
    return (
        *((place - 1, literals.telling(known.get(place, UNKNOWN))) for place in places),
        *((name, literals.telling(known.get(name, UNKNOWN))) for name, _ in arguments.keywords),
    )


def behind(partial: Partial, arguments: Arguments) -> literals.Literals | None:
    """Return what a call of a `functools.partial` says with what that was told before."""
    said = arguments.said
    if said is None or partial.says is None:
        return None
    first = len(partial.arguments.positional)
    now = ((place + first if isinstance(place, int) else place, value) for place, value in said)
    return tuple({**dict(partial.says), **dict(now)}.items())


def taken(inter: Interpreter, expression: Expression, frame: Frame) -> Any:
    """Return the constant that `options.get("dry", False)` gives, or `pop`, of a dictionary that is known."""
    match expression:
        case ("call", ("attr", ("local", *_) as options, "get" | "pop" as how), (("text", key), *default), (), *_):
            found = _pairs(options, frame)
            if found is not None and key in found:
                return _told(inter, (found[key],), frame)[0]
            if found is None or (how == "pop" and not default):
                return UNKNOWN
            return _told(inter, default, frame)[0] if default else None
        case _:
            return UNKNOWN


class _Pair(NamedTuple):
    """One item of a dictionary."""

    key: Expression
    value: Expression


class _Passed:
    """Stands for the form of what a parameter was given, of which only the constant is known."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _told(inter: Interpreter, forms: Any, frame: Frame) -> list[Any]:
    return [
        one.value if isinstance(one, _Passed) else literals.of(inter, one, frame) if one is not None else UNKNOWN
        for one in forms
    ]


def _items(expression: Expression, frame: Frame) -> list[Any] | None:
    match literals.bound(expression, frame):
        case ("seq", items) if all(one is None or one[0] != "star" for one in items):
            return list(items)
        case ("param", name):
            kind, found = _collected(name, frame)
            return [_Passed(value) for value in found] if kind == "*" else None
        case _:
            return None


def _pairs(expression: Expression, frame: Frame) -> dict[str, Any] | None:
    """Return what a dictionary has under each key: forms, or what stands for them; None where that is not known."""
    match literals.bound(expression, frame) or expression:
        case ("dict", pairs):
            return _together((one if key == _STAR else _Pair(key, one) for key, one in pairs), frame)
        case _Pair(key=("text", key), value=value):
            return {key: value}
        case ("plus", left, right, "__or__"):
            return _together((left, right), frame)
        case ("call", ("name", "dict"), (), keywords, *_) if all(name is not None for name, _ in keywords):
            return dict(keywords)
        case ("param", name):
            kind, found = _collected(name, frame)
            return {key: _Passed(value) for key, value in found} if kind == "**" else None
        case ("local", name, low, high):
            bound = frame.scope.bindings[name][1]
            return _after(name, bound[low:] if high == -1 else bound[low:high], frame)
        case _:
            return None


def _after(name: str, bound: tuple[Expression, ...], frame: Frame) -> dict[str, Any] | None:
    """Return what a dictionary that has a name holds after all that becomes of it; None where that is not sure."""
    found = _pairs(bound[0], frame)
    surely = [change for one in frame.scope.body for change in _changes(one, name)]
    for form in bound[1:]:
        ways = [way for one, way in surely if one == form]
        takes = form is not None and form[0] == _WITHOUT
        if found is None or form is None or (not ways and not (takes and form[1] not in found)):
            return None
        if takes:
            found.pop(form[1], None)
        elif len(set(ways)) > 1 or len(ways) != bound.count(form) or (more := _pairs(form, frame)) is None:
            return None
        else:
            found = {**more, **found} if ways[0] == _DEFAULT else {**found, **more}
    return found


def _together(dictionaries: Iterable[Any], frame: Frame) -> dict[str, Any] | None:
    """Return what several dictionaries have, of which later ones go before earlier ones."""
    found: dict[str, Any] = {}
    for one in dictionaries:
        if (more := _pairs(one, frame)) is None:
            return None
        found |= more
    return found


def _changes(expression: Expression, name: str) -> Iterator[tuple[Expression, str]]:
    """Yield what a statement of a function surely does to a dictionary that has a name.

    That is the form that is bound to the name then, and the method that does it.
    """
    match expression:
        case ("call", ("attr", ("local", base, *_), method), positional, keywords, *_) if base == name:
            match method, positional, keywords:
                case "update", (more,), ():
                    yield more, method
                case "update", (), _:
                    yield ("dict", tuple((("text", key), value) for key, value in keywords)), method
                case "setdefault", (key, value), ():
                    yield ("dict", ((key, value),)), method
                case "pop", (("text", key), *_), _:
                    yield (_WITHOUT, key), method
                case _:
                    pass
        case ("operator", "__setitem__", ("local", base, *_), key, value) if base == name:
            yield ("dict", ((key, value),)), "__setitem__"
        case ("call", function, positional, keywords, *_):
            for part in (function, *positional, *(value for _, value in keywords)):
                yield from _changes(part, name)
        case ("attr" | "star", base, *_) | ("or", (base, *_), *_):
            yield from _changes(base, name)
        case _:
            pass


def _collected(name: str, frame: Frame) -> tuple[str, tuple[Any, ...]]:
    """Return what `kept` found for a parameter; nothing where it was too much, or none of these."""
    found = literals.passed(name, frame)
    return cast("tuple[str, tuple[Any, ...]]", found) if isinstance(found, tuple) and found else ("", ())
