"""`pytest_generate_tests`: what a conftest, a module or a class gives to the arguments of its tests."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from prefect_lens.index import calls
from prefect_lens.index.values import (
    NOTHING,
    UNPATCHED,
    Arguments,
    Class,
    Frame,
    Function,
    Instance,
    Mark,
    Metafunc,
    Method,
    Module,
    Values,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.collect import Collected
    from prefect_lens.index.interpret import Interpreter

HOOK = "pytest_generate_tests"

_MOST = 200
"""Frames that one hook may reach."""


def marks(inter: Interpreter, places: Iterable[Module | Class], test: Collected) -> Iterator[Mark]:
    """Return the calls of `metafunc.parametrize` for a test, as the marks that would say the same.

    A hook is followed once for each class, whatever its conditions: what it gives to an argument that a test has not
    does no harm.
    """
    cls = test.classes[-1] if test.classes else None
    for place in places:
        frame = place.frame if isinstance(place, Module) else place.body
        if HOOK not in frame.scope.bindings:
            continue
        for value in inter.name_in(frame, HOOK):
            if isinstance(value, Function):
                meta = inter.one(Metafunc, value, cls, test.module)
                _follow(inter, value, meta, place)
                yield from meta.marks


def of_metafunc(inter: Interpreter, value: Metafunc, name: str) -> Values:
    """Return an attribute of `metafunc`."""
    match name:
        case "cls":
            return frozenset((value.cls,)) if value.cls is not None else NOTHING
        case "module":
            return frozenset((value.module,))
        case "parametrize":
            return frozenset((inter.one(Method, value, name),))
        case _:
            return NOTHING


def call_metafunc(inter: Interpreter, owner: Metafunc, arguments: Arguments) -> Values:
    """Note what `metafunc.parametrize` is given."""
    mark = inter.one(Mark, "parametrize", arguments)
    if mark not in owner.marks:
        owner.marks.append(mark)
    return NOTHING


def _follow(inter: Interpreter, hook: Function, meta: Metafunc, place: Module | Class) -> None:
    given: Values = frozenset((meta,))
    me: Values = frozenset((inter.one(Instance, place, ()),)) if isinstance(place, Class) else NOTHING
    start = Frame(hook.module, 0, None, (), UNPATCHED)  # it runs while tests are collected, and is no part of any
    calls.call_function(inter, hook, Arguments((me, given) if me else (given,)), start, None, want=False)
    seen: set[Frame] = {start}
    waiting = deque((start,))
    while waiting and len(seen) < _MOST:
        frame = waiting.popleft()
        if frame is not start:
            inter.walk(frame)
        for target, _ in frame.edges:
            if target is not None and target not in seen:
                seen.add(target)
                waiting.append(target)
