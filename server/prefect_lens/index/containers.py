"""Lists, tuples, dictionaries, strings and paths: what is put into them, and what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import calls, enums, objects, patches, special, strings
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Class,
    External,
    Frame,
    Function,
    Instance,
    Made,
    Mapping,
    Number,
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


Pairs = tuple[tuple["str | None", Values], ...]

CONTENTS = "[]"
"""The name under which a patch holds what is in a dictionary."""

MOST_ELEMENTS = 60
"""In longer containers, no element is told from the others."""


def sequence(inter: Interpreter, items: tuple[Expression, ...], frame: Frame) -> Values:
    """Return the list or tuple of some expressions."""
    placed: list[Values] = []
    rest: Values = NOTHING
    known = True
    for item_ in items:
        if item_ is not None and item_[0] == "star":
            inner = inter.evaluate(item_[1], frame)
            spread = [value for value in inner if isinstance(value, Sequence)]
            if known and len(inner) == 1 and spread and not spread[0].rest and len(items) > 1:
                placed.extend(spread[0].items)
            else:
                known = False
                rest |= elements(inter, inner, frame)
        elif known:
            placed.append(inter.evaluate(item_, frame))
        else:
            rest |= inter.evaluate(item_, frame)
    whole: Value = inter.one(Sequence, tuple(placed), rest)
    if known or rest:
        return frozenset((whole,))
    # something is spread of which nothing is known: how much there is, is open
    return frozenset((whole, inter.one(Sequence, (), union(*placed)) if placed else inter.one(Sequence, (NOTHING,))))


def mapping(inter: Interpreter, pairs: tuple[tuple[Expression, Expression], ...], frame: Frame) -> Values:
    """Return the dictionary of some pairs of expressions."""
    found: Pairs = ()
    others: set[Value] = set()
    for key, value in pairs:
        values = inter.evaluate(value, frame)
        if key is not None and key[0] == "star":
            inner = [one for one in opened(inter, values, frame) if isinstance(one, Mapping)]
            if len(inner) == 1:
                found = over(found, inner[0].items)
            else:
                found += tuple(pair for one in inner for pair in one.items)
            others = others.union(*(one.keys for one in inner))
            continue
        known = enums.as_data(inter.evaluate(key, frame))
        if special.is_defined(inter, "__hash__"):
            special.ask(inter, known, "__hash__", frame)
        names = texts(known) + [None] * any(not isinstance(k, Text) for k in known) or [None]
        others |= {k for k in known if not isinstance(k, Text | Number)}
        more = tuple((name, values) for name in names)
        found = over(found, more) if len(names) == 1 else found + more
    return frozenset((inter.one(Mapping, found, frozenset(others)),))


def over(pairs: Pairs, more: Pairs) -> Pairs:
    """Return what is in a dictionary after other pairs are put over its own."""
    hidden = {key for key, _ in more if key is not None}
    return tuple(pair for pair in pairs if pair[0] not in hidden) + more


def opened(inter: Interpreter, values: Values, frame: Frame) -> Values:
    """Return the values as containers that they are now: some dictionary is patched, some object is a tuple."""
    if not any(isinstance(value, Instance) or (isinstance(value, Mapping) and frame.world.patches) for value in values):
        return values
    found: set[Value] = set()
    for value in values:
        if isinstance(value, Mapping):
            found |= frame.world.patches.get((value, CONTENTS), frozenset((value,)))
        else:
            found.add((isinstance(value, Instance) and objects.as_tuple(inter, value)) or value)
    return frozenset(found)


def elements(inter: Interpreter, values: Values, frame: Frame) -> Values:
    """Return what a loop over the values gives."""
    found: set[Value] = set()
    for value in opened(inter, values, frame):
        match value:
            case Sequence(items=items, rest=rest):
                found |= rest.union(*items)
            case Mapping(items=items, keys=keys):
                found |= keys
                found |= {inter.one(Text, key) for key, _ in items if key is not None}
            case Record(fields=fields):
                found |= union(*(values for _, values in fields))
            case Instance():
                for method in ("__iter__", "__aiter__"):
                    found |= elements(inter, calls.method(inter, value, method, frame) - {value}, frame)
                for method in ("__next__", "__anext__"):
                    found |= calls.method(inter, value, method, frame)
            case Class() if enums.names(inter, value):
                found |= enums.members(inter, value)
            case Class():
                names = [n for n, (_, e) in value.scope.bindings.items() if e[-1] is None or e[-1][0] != "def"]
                found |= union(*(inter.name_in(value.body, name) for name in names))
            case _:
                pass
    return frozenset(found)


def part(inter: Interpreter, values: Values, position: int, frame: Frame) -> Values:
    """Return what stands at a place of an unpacking."""
    found: set[Value] = set()
    for value in opened(inter, values, frame):
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
        patches.stay(inter, frame, one.left)
    return frozenset((inter.one(Mapping, tuple(sorted(found, key=lambda pair: pair[0] or ""))),))


def item(inter: Interpreter, base: Expression, index: Expression, frame: Frame) -> Values:
    """Return a subscript, as it is written."""
    return subscript(inter, inter.evaluate(base, frame), inter.evaluate(index, frame), frame)


def subscript(inter: Interpreter, bases: Values, keys: Values, frame: Frame) -> Values:
    """Return what containers have under some keys."""
    found: set[Value] = set()
    bases, keys = opened(inter, bases, frame), enums.as_data(keys)
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
            case Record(fields=fields):
                numbers = [key.number for key in keys if isinstance(key, Number)]
                is_known = len(numbers) == len(keys) == 1 and -len(fields) <= numbers[0] < len(fields)
                found |= fields[numbers[0]][1] if is_known else union(*(values for _, values in fields))
            case Instance():
                found |= calls.method(inter, value, "__getitem__", frame, Arguments((keys,)))
            case External(dotted="typing.Annotated" | "typing_extensions.Annotated"):
                found = found.union(*(item for key in keys if isinstance(key, Sequence) for item in key.items))
            case External(dotted="sys.modules"):
                found = found.union(*(inter.import_named(name, 0, frame.module) for name in texts(keys)))
            case Class() if enums.names(inter, value):
                known = [name for name in texts(keys) if name in enums.names(inter, value)]
                found |= union(*(enums.member(inter, value, name) for name in known)) or enums.members(inter, value)
            case Class() | Function() | Made():
                found.add(value)  # `Generic[T]`, an enumeration by name
            case External(dotted=dotted) if dotted.rpartition(".")[2][:1].isupper() and dotted.startswith("prefect"):
                found.add(value)  # `BaseWorker[Configuration]`
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
    if isinstance(owner, Mapping) and (owner, CONTENTS) in frame.world.patches:
        return union(*(method(inter, one, name, arguments, frame) for one in frame.world.patches[owner, CONTENTS]))
    if isinstance(owner, Mapping):
        match name:
            case "get" | "pop" | "setdefault" | "__getitem__":
                keys = enums.as_data(arguments.at(0))
                has_all = bool(keys) and {key.text for key in keys if isinstance(key, Text)} <= {
                    k for k, _ in owner.items
                }
                return get(owner, keys) | (NOTHING if has_all and name != "setdefault" else arguments.at(1))
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
    if isinstance(owner, Sequence) and name in {"pop", "popleft", "__getitem__", "get", "get_nowait"}:
        return elements(inter, frozenset((owner,)), frame)
    if isinstance(owner, Sequence) and name == "sort":
        special.builtin(inter, name, Arguments((frozenset((owner,)), *arguments.positional), arguments.keywords), frame)
    if isinstance(owner, Sequence) and name in {"copy", "__iter__"}:
        return frozenset((owner,))
    if isinstance(owner, Sequence) and name == "__next__":
        return elements(inter, frozenset((owner,)), frame)
    if isinstance(owner, Path):
        return strings.path_method(inter, owner, name, arguments, frame.module.path)
    if isinstance(owner, Text):
        return strings.text_method(inter, owner, name, arguments)
    return NOTHING


def plus(inter: Interpreter, lefts: Values, rights: Values, frame: Frame, method: str = "__add__") -> Values:
    """Return `left + right` or `left | right`."""
    found = set(special.operator(inter, method, lefts, (rights,), frame))
    for a in lefts:
        for b in rights:
            if isinstance(a, Text | Path) and isinstance(b, Text):
                found |= strings.joined(inter, a, b)
            elif isinstance(a, Sequence) and isinstance(b, Sequence):
                if a.rest:
                    found.add(inter.one(Sequence, a.items, a.rest.union(b.rest, *b.items)))
                else:
                    found.add(inter.one(Sequence, a.items + b.items, b.rest))
            elif isinstance(a, Mapping) and isinstance(b, Mapping):
                found.add(inter.one(Mapping, over(a.items, b.items), a.keys | b.keys))
    if not found:
        found |= {v for v in lefts | rights if isinstance(v, Sequence | Mapping)}
    return frozenset(found)


def unwrapped(inter: Interpreter, values: Values, frame: Frame) -> Values:
    """Return what `.map` passes on for an argument: the elements of what can be looped over, else the thing itself."""
    found: set[Value] = set()
    for value in values:
        if isinstance(value, Sequence | Mapping):
            found |= elements(inter, frozenset((value,)), frame)
        else:
            found.add(value)
    return frozenset(found)
