"""What metaclasses do with the classes that are made by them: register them, and give them methods."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import attributes, calls, registries
from prefect_lens.index.uses import METACLASS_HOOKS
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Bound,
    Class,
    External,
    Function,
    Instance,
    Mapping,
    Record,
    Sequence,
    Text,
    Value,
    Values,
    Wrapped,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.interpret import Interpreter

NEW = "builtins.type.__new__"
MADE = "made"
"""How a class is wrapped that a call of `type` makes."""

_TYPE = "builtins.type"


def of(inter: Interpreter, cls: Class) -> Iterator[Class]:
    """Return the metaclass of a class, where that is the project's."""
    for base in attributes.line(inter, cls):
        if isinstance(base, Class) and base.body.parent is not None:
            for expression in base.scope.bases:
                if expression is not None and expression[0] == "meta":
                    found = inter.evaluate(expression[1], base.body.parent)
                    yield from (one for one in found if isinstance(one, Class))


def attribute(inter: Interpreter, cls: Class, name: str) -> Values:
    """Return what a class has from its metaclass."""
    found: Values = NOTHING
    for meta in of(inter, cls):
        values = attributes.in_class(inter, meta, name)
        values |= registries.put_in_class(inter, cls, attributes.line(inter, meta), name)
        found |= attributes.bind(inter, values, frozenset((cls,)), meta, cls.module.frame)
    return found


def is_one(inter: Interpreter, cls: Class) -> bool:
    """Whether a class makes classes."""
    return any(isinstance(base, External) and base.dotted == _TYPE for base in attributes.line(inter, cls))


def meet(inter: Interpreter, *metas: Class) -> None:
    """Have metaclasses told of all classes that they make."""
    for meta in metas:
        waiting = list(registries.subclasses(inter, meta)) if is_one(inter, meta) else []
        seen = set(waiting)
        while waiting:
            cls = waiting.pop()
            _make(inter, meta, cls)
            more = [one for one in registries.subclasses(inter, cls) if one not in seen]
            seen.update(more)
            waiting.extend(more)


def _make(inter: Interpreter, meta: Class, cls: Class) -> None:
    frame = cls.module.frame
    bases = [base for base in attributes.line(inter, cls)[1:] if isinstance(base, Class)]
    names = [name for name in cls.scope.bindings if " " not in name and "." not in name]
    items = tuple((name, inter.name_in(cls.body, name)) for name in names)
    namespace = inter.one(Mapping, items, frozenset((cls,)))  # whoever copies it still knows what becomes of it
    called = inter.one(Text, cls.scope.name)
    placed = (frozenset((called,)), frozenset((inter.one(Sequence, tuple(frozenset((b,)) for b in bases)),)))
    written = ((2, ... if bases else ()),)
    for hook in METACLASS_HOOKS:
        first = meta if hook == "__new__" else cls
        given = Arguments((frozenset((first,)), *placed, frozenset((namespace,))), literals=written)
        for function in attributes.in_class(inter, meta, hook):
            calls.call(inter, function, given, frame, None)


def new(arguments: Arguments) -> Values:
    """Return the class that `type.__new__` makes of a namespace."""
    return frozenset(
        one for value in arguments.all() if isinstance(value, Mapping) for one in value.keys if isinstance(one, Class)
    )


def made(inter: Interpreter, arguments: Arguments) -> Values:
    """Return the class that `type(name, bases, namespace)` makes; what it has stands for its objects, too."""
    given = [pair for one in arguments.at(2) if isinstance(one, Mapping) for pair in one.items if pair[0] is not None]
    fields = tuple(sorted((name, values) for name, values in given if name is not None))
    bases = {b for one in arguments.at(1) if isinstance(one, Sequence) for values in one.items for b in values}
    classes: list[Value] = [inter.one(Instance, base, fields) for base in bases if isinstance(base, Class)]
    return frozenset((inter.one(Wrapped, MADE, frozenset(classes or [inter.one(Record, fields)])),))


def construct(inter: Interpreter, cls: Wrapped) -> Values:
    """Return an object of a class that a call of `type` made."""
    return frozenset(
        inter.one(Record, tuple((name, _bound(inter, value, values)) for name, values in value.fields))
        if isinstance(value, Record)
        else value
        for value in cls.inner
    )


def _bound(inter: Interpreter, owner: Value, values: Values) -> Values:
    return frozenset(inter.one(Bound, one, frozenset((owner,))) if isinstance(one, Function) else one for one in values)
