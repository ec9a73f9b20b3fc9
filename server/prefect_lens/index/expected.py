"""What a test expects to be raised, and what does not run for it.

A test that expects an exception and passes has come to where that is raised. Where of all code that it comes to one
function alone raises such a one, and there is one way alone to that function, each call on this way raises: what stands
behind it does not run, and in the function itself nothing that stands behind its last `raise` or ends in a `return`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import makers, models, uses, walking
from prefect_lens.index.values import Class, External, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.facts import Expression, Scope
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Module, Value
    from prefect_lens.index.worlds import Chain

_ASKING = frozenset({"isinstance", "issubclass"})
"""What is given a class without making anything of it."""

MOST_FILES = 40
"""Files that raise exceptions of one name; where there are more, nobody looks which of them it is."""

MOST_CALLS = 500
"""Calls that are looked at for the way to where an exception is raised."""

_RUNNERS = frozenset({"run", "run_until_complete"})
"""What runs a coroutine that it is given at once."""

_SEARCHING: Chain = (("", -1, ""),)
"""Stands for a way that is still looked for, also in code that leads to no definition; nothing is on it."""


def chain(inter: Interpreter, managers: Iterable[Expression], body: tuple[Expression, ...], frame: Frame) -> Chain:
    """Return the functions on the way from a `with` to where the exception that it expects is raised.

    Nothing is returned where that is not sure.
    """
    if len(body) != 1 or not walking.is_entry(frame) or frame.scope.is_generator:
        return ()
    for manager in managers:
        if manager is not None and manager[0] == "call" and makers.called(manager) in walking.RAISES:
            sources = _sources(inter, manager, frame)
            if sources:
                return _way(inter, sources, body, frame)
            return models.way(inter.evaluate(manager[2][0], frame)) if manager[2] else ()
    return ()


def follows(frame: Frame, scope: Scope) -> bool:
    """Whether a function that is on such a way is still on it with another body."""
    places = [place for place, (path, index, _) in enumerate(frame.first_world.chain) if _is(frame, path, index)]
    names = [frame.first_world.chain[place + 1][2] for place in places if place + 1 < len(frame.first_world.chain)]
    return all(_calls_once(scope.body, name) for name in names)


def minds(inter: Interpreter, frame: Frame, after: Frame) -> bool:
    """Whether it matters to a test that expects an exception that a function calls others now."""
    sources = frame.module.watched.get(frame.index)
    if not sources:
        return False
    others = {target for target, _ in frame.edges.keys() ^ after.edges.keys() if target is not None}
    found = _callers(inter, others)
    return found is None or any((one.module.path, one.index) in sources for one in found)


def is_source(frame: Frame) -> bool:
    """Whether a frame is of the function that raises what is expected."""
    way = frame.world.chain
    return bool(way) and _is(frame, *way[-1][:2])


def is_next(frame: Frame, target: Frame) -> bool:
    """Whether a call is one that comes to where what is expected is raised."""
    way = target.world.chain
    if not way or not any(_is(target, path, index) for path, index, _ in way):
        return False
    place = next(place for place, (path, index, _) in enumerate(way) if _is(target, path, index))
    return place == 0 or _is(frame, *way[place - 1][:2])


def dead(body: tuple[Expression, ...], *, alone: bool = True) -> Iterator[Expression]:
    """Yield what does not run of a body that raises: what stands behind its last `raise`, and what ends in `return`.

    `alone` says that no other body of the function raises.
    """
    raising = [place for place, one in enumerate(body) if _raises(one)]
    for place, one in enumerate(body):
        if alone and raising and place > raising[-1]:
            yield one
            continue
        match one:
            case ("block", (*_, ("return",)), *_) if not _raises(one):
                yield one
            case ("block", inner, ("loop", _)):
                yield from dead(inner, alone=False)
            case ("block", inner, *_) | ("with", _, inner):
                yield from dead(inner, alone=alone and raising == [place])
            case ("try", tried, handlers, final):
                for inner in (tried, *handlers, final):
                    yield from dead(inner, alone=False)
            case _:
                pass


def _is(frame: Frame, path: str, index: int) -> bool:
    return frame.index == index and frame.module.path == path


def _raises(expression: Expression) -> bool:
    return any(True for _ in uses.raised((expression,)))


def _sources(inter: Interpreter, manager: Expression, frame: Frame) -> set[tuple[str, int]]:
    """Return the functions that may raise what a context manager expects; nothing where others may do so, too."""
    arguments = manager[2]
    expected = list(inter.evaluate(arguments[0], frame)) if arguments else []
    keywords = dict(manager[3])
    match = keywords.get("match", arguments[1] if len(arguments) > 1 else None)
    patterns = texts(inter.evaluate(match, frame)) if match is not None else []
    if len(expected) != 1 or len(patterns) > 1 or (walking.can_raise(inter, frame.world)):
        return set()
    name = _name(expected[0])
    if name is None or (not patterns and isinstance(expected[0], External)):
        return set()
    found: set[tuple[str, int]] = set()
    for one in _derived(inter, name, frame.module):
        paths = inter.users.paths(uses.RAISED + one, frame.module.path)
        if len(paths) > MOST_FILES:
            return set()
        for path in paths:
            inter.depends(frame.module.path, path)
            found.update((path, index) for index in _sites(inter.modules[path], one, patterns))
    return set() if any(_mentions(module, name, frame) for module in _around(inter, frame.module)) else found


def _name(value: Value) -> str | None:
    match value:
        case Class():
            return value.scope.name
        case External(dotted=dotted):
            return dotted.rpartition(".")[2]
        case _:
            return None


def _derived(inter: Interpreter, name: str, asker: Module) -> set[str]:
    """Return the name of a class and those of all that may be derived from it."""
    found, waiting = {name}, [name]
    while waiting:
        base = waiting.pop()
        for path in inter.users.paths(base, asker.path)[: MOST_FILES + 1]:
            inter.depends(asker.path, path)
            for scope in inter.modules[path].facts.scopes:
                if scope.kind == "class" and scope.name not in found and any(_ends(e, base) for e in scope.bases):
                    found.add(scope.name)
                    waiting.append(scope.name)
    return found


def _ends(expression: Expression, name: str) -> bool:
    match expression:
        case ("attr", _, attribute):
            return attribute == name
        case ("name" | "local", str() as found, *_):
            return found.rpartition(".")[2] == name
        case _:
            return False


def _sites(module: Module, name: str, patterns: list[str]) -> Iterator[int]:
    """Yield the scopes of a module that raise something of a name which may say what is expected."""
    scopes = module.facts.scopes
    sites: list[tuple[int, str, Expression]] | None = module.kept.get(uses.RAISED)
    if sites is None:
        found = ((index, *one) for index, scope in enumerate(scopes) for one in uses.raised(scope.body))
        sites = module.kept[uses.RAISED] = [
            (index, (said or "").rpartition(".")[2], text) for index, said, text in found
        ]
    for index, raised, message in sites:
        if raised == name and all(_may_say(scopes[index], message, one) for one in patterns):
            yield index


def _may_say(scope: Scope, message: Expression, pattern: str) -> bool:
    """Whether a message may be one that a pattern is found in, going by the words that are written there."""
    if message is not None and message[0] == "local" and (bound := scope.bindings.get(message[1])) is not None:
        message = bound[1][message[2]] if message[2] < len(bound[1]) else None
    match message:
        case ("text", text):
            parts = [text]
        case ("join", pieces):
            parts = [one[1] if one is not None and one[0] == "text" else "" for one in pieces]
        case _:
            return True
    try:
        if re.search(pattern, "".join(parts)):
            return True
    except (re.error, RecursionError):
        return True
    return len(parts) > 1 and any(len(word) > 3 and word in pattern for part in parts for word in part.split())


def _around(inter: Interpreter, module: Module) -> Iterator[Module]:
    """Yield a test's module and the conftest files that count for it."""
    yield module
    folder = module.path
    while folder:
        folder = folder.rpartition("/")[0]
        if (found := inter.modules.get(f"{folder}/conftest.py" if folder else "conftest.py")) is not None:
            yield found


def _mentions(module: Module, name: str, frame: Frame) -> bool:
    """Whether something that a test may use hands an exception on as a value: then others may raise it."""
    scopes = module.facts.scopes
    places: list[int] | None = module.kept.get(name)
    if places is None:
        places = module.kept[name] = [index for index, scope in enumerate(scopes) if _says(scope, name)]
    return any(
        (module is frame.module and index == frame.index)
        or scopes[index].kind != "function"
        or not scopes[index].name.startswith("test")
        for index in places
    )


def _says(scope: Scope, name: str) -> bool:
    values = tuple(one for _, bound in scope.bindings.values() for one in bound)
    defaults = tuple(parameter.default for parameter in scope.parameters)
    return _has_name((scope.body, scope.returns, scope.yields, scope.decorators, values, defaults), name)


def _has_name(part: Any, name: str) -> bool:
    if not isinstance(part, tuple) or not part:
        return False
    parts = cast("tuple[Any, ...]", part)
    if (
        parts[0] == "call"
        and len(parts) == 6
        and ((called := makers.called(parts)) in _ASKING or called in walking.RAISES)
    ):
        parts = parts[3:]
    elif _ends(parts, name):
        return True
    return any(_has_name(inner, name) for inner in parts)


def _way(inter: Interpreter, sources: set[tuple[str, int]], body: tuple[Expression, ...], frame: Frame) -> Chain:
    """Return the functions on the one way from a body to a function."""
    start = frame.beside({})
    start.walked = True
    if any(path not in inter.active for path, _ in sources):
        start.world = inter.world(frame.world.patches, _SEARCHING)
    before, inter.expecting = inter.expecting, None
    walking.run(inter, body, start)
    inter.expecting = before
    callers = _callers(inter, [start])
    for one in callers or ():
        one.module.watched.setdefault(one.index, set()).update(sources)
    if callers is None:
        return ()
    found: list[tuple[str, int, str]] = []
    level = {one for one in callers if (one.module.path, one.index) in sources}
    while level and start not in level:
        one = next(iter(level))
        link = (one.module.path, one.index, one.scope.name)
        if link in found or one.scope.is_generator or any(not _is(other, *link[:2]) for other in level):
            return ()
        found.insert(0, link)
        level = {caller for other in level for caller in callers[other]}
        if any(not _calls_once(body if caller is start else caller.scope.body, link[2]) for caller in level):
            return ()
    return tuple(found) if level == {start} else ()


def _callers(inter: Interpreter, starts: Iterable[Frame]) -> dict[Frame, set[Frame]] | None:
    """Return all that some calls come to, with the calls of each; None where that is too much to look at."""
    callers: dict[Frame, set[Frame]] = {start: set() for start in starts}
    waiting = list(callers)
    while waiting:
        caller = waiting.pop()
        inter.walk(caller)
        for target, _ in list(caller.edges):
            if target is not None:
                if target not in callers:
                    callers[target] = set()
                    waiting.append(target)
                callers[target].add(caller)
        if len(callers) > MOST_CALLS:
            return None
    return callers


def _calls_once(body: tuple[Expression, ...], name: str) -> bool:
    """Whether a body calls something of a name in one place alone, and there at once and once."""
    found = list(_calls(body, name, aside=False))
    return len({place for place, _ in found}) == 1 and not any(aside for _, aside in found)


def _calls(part: Any, name: str, *, aside: bool) -> Iterator[tuple[tuple[int, int], bool]]:
    """Yield the places of the calls of a name, and whether each is in a loop or handed to who may run it later."""
    if not isinstance(part, tuple) or not part:
        return
    parts = cast("tuple[Any, ...]", part)
    if parts[0] == "call" and len(parts) == 6 and _is_call_of(parts, name):
        yield parts[4:], aside
    match parts:
        case ("block", inner, ("loop", _)):
            yield from _calls(inner, name, aside=True)
        case ("star" | "keyed", *inner):
            yield from _calls(tuple(inner), name, aside=True)
        case ("call", function, positional, keywords, _, _):
            yield from _calls(function, name, aside=aside)
            yield from _calls((positional, keywords), name, aside=aside or makers.called(parts) not in _RUNNERS)
        case _:
            for inner in parts:
                yield from _calls(inner, name, aside=aside)


def _is_call_of(expression: Expression, name: str) -> bool:
    called = makers.called(expression)
    if called == "fn" and expression[1][1] is not None:
        called = makers.called(("call", expression[1][1]))
    return called == name
