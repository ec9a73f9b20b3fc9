# ruff: noqa: PLR0917  what code is read, with what, from where, for whom: these go together everywhere
"""Which definitions a test runs, and by which calls.

The test's fixtures, set-up methods and body are put into the graph of calls that the interpreter keeps; what can be
reached from there, runs. A definition that is met before any other one is a direct match.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from prefect_lens.index import attributes, calls, fixtures, generated, marks, patches
from prefect_lens.index.values import (
    Class,
    Frame,
    Function,
    Instance,
    Key,
    Made,
    Mark,
    Value,
    Values,
)
from prefect_lens.model import How

if TYPE_CHECKING:
    from prefect_lens.index.collect import Collected
    from prefect_lens.index.config import Project
    from prefect_lens.index.fixtures import Fixtures
    from prefect_lens.index.interpret import Interpreter

MOST = 20_000
"""Frames that one test may reach before we stop looking."""

_BEFORE = ("setUpModule", "setup_module", "setup_function")
_AFTER = ("tearDownModule", "teardown_module", "teardown_function")
_METHODS_BEFORE = ("setUpClass", "setup_class", "asyncSetUp", "setUp", "setup_method", "setup")
_METHODS_AFTER = ("asyncTearDown", "tearDown", "teardown_method", "teardown", "tearDownClass", "teardown_class")


class Reached(NamedTuple):
    """How a test comes to a definition."""

    how: How
    path: tuple[str, ...]
    """Names from the test to the definition."""


def reach(inter: Interpreter, all_fixtures: Fixtures, test: Collected, project: Project) -> dict[Key, Reached]:
    """Return the definitions that a test runs."""
    all_marks = marks_of(inter, test)
    if marks.is_skipped(all_marks):
        return {}
    root = Frame(test.module, 0, None, {}, inter.world({}))
    about = test.case.node_id  # what was met before it became too deep counts
    inter.attempt(about, lambda: _put_in(inter, all_fixtures, test, project, root, all_marks), None)
    return _search(inter, root, test)


def marks_of(inter: Interpreter, test: Collected) -> list[Mark]:
    """Return the marks of a test, from the outside in."""
    found = marks.of_module(inter, test.module)
    for cls in test.classes:
        found.extend(marks.of_class(inter, cls))
    for function in test.functions:
        if isinstance(function, Function):
            found.extend(marks.of_function(inter, function))
    return found


def _put_in(
    inter: Interpreter, all_fixtures: Fixtures, test: Collected, project: Project, root: Frame, all_marks: list[Mark]
) -> None:
    owner: Instance | None = inter.one(Instance, test.classes[-1], ()) if test.classes else None
    direct: dict[str, Values] = {}
    indirect: dict[str, Values] = {}
    places = all_fixtures.places(test.module, test.classes, project)
    for item in marks.parameters(inter, [*all_marks, *generated.marks(inter, places, test)], root):
        into = indirect if item.indirect else direct
        into[item.name] = into.get(item.name, frozenset()) | item.values
    setup = fixtures.Setup(inter, all_fixtures, places, root, owner, indirect)
    if not test.is_unittest:
        used = [*setup.automatic(), *project.usefixtures, *marks.used_fixtures(all_marks)]
    else:
        used = [*setup.automatic(), *marks.used_fixtures(all_marks)]
    for name in dict.fromkeys(used):
        setup.value(name)
    _meet_hooks(inter, test, root, owner, _BEFORE, _METHODS_BEFORE)
    for value in test.functions:
        _start(inter, test, root, owner, value, setup, direct)
    _meet_hooks(inter, test, root, owner, _AFTER, _METHODS_AFTER)


def _start(
    inter: Interpreter,
    test: Collected,
    root: Frame,
    owner: Instance | None,
    value: Value,
    setup: fixtures.Setup,
    direct: dict[str, Values],
) -> None:
    function = value.body if isinstance(value, Made) else value
    if not isinstance(function, Function):
        return
    is_method = owner is not None and not _is_static(inter, test.classes[-1], test.case.names[-1])
    values: dict[str, Values] = {}
    if not test.is_unittest:
        for name in fixtures.wanted(function, method=is_method):
            values[name] = direct[name] if name in direct else setup.value(name)
    for cls in test.classes:
        for patch in patches.of_class(inter, cls):
            root.world = patches.with_patch(inter, root.world, patch)
    given = fixtures.given({name: v for name, v in values.items() if v}, owner if is_method else None)
    if isinstance(value, Made):
        calls.call(inter, value, given, root, None, want=False)
    else:
        calls.call_function(inter, function, given, root, None, want=False)


def _meet_hooks(
    inter: Interpreter,
    test: Collected,
    root: Frame,
    owner: Instance | None,
    functions: tuple[str, ...],
    methods: tuple[str, ...],
) -> None:
    for name in functions:
        if name in test.module.frame.scope.bindings:
            for value in inter.module_name(test.module, name):
                _meet(inter, value, root)
    if owner is None:
        return
    for name in methods:
        found = attributes.in_class(inter, owner.cls, name)
        for value in attributes.bind(inter, found, frozenset((owner,)), owner.cls, root):
            _meet(inter, value, root)


def _meet(inter: Interpreter, value: Value, root: Frame) -> None:
    """Call a set-up function, and keep what it leaves patched."""
    before = set(root.edges)
    calls.call(inter, value, calls.NO_ARGUMENTS, root, None, want=False)
    for target, _ in root.edges.keys() - before:
        if target is not None:
            inter.walk(target)
            root.world = patches.merged(inter, root.world, target.left)


def _is_static(inter: Interpreter, cls: Class, name: str) -> bool:
    return not any(isinstance(v, Function | Made) for v in attributes.in_class(inter, cls, name))


def _search(inter: Interpreter, root: Frame, test: Collected) -> dict[Key, Reached]:
    """Go through the graph as far as no definition is met; what lies behind definitions is known for each of them."""
    own = [id(value.scope) for value in test.functions if isinstance(value, Function)]
    found: dict[Key, Reached] = {}
    behind: list[tuple[tuple[str, ...], Frame]] = []
    seen: set[Frame] = {root}
    waiting: deque[tuple[Frame, tuple[str, ...]]] = deque(((root, (test.case.names[-1],)),))
    while waiting and len(seen) < MOST:
        frame, path = waiting.popleft()
        if frame is not root and not frame.walked:
            _walk(inter, frame)
        for (target, made), name in frame.edges.items():
            if made is not None:
                after = (*path, made.label)
                for key in (made.key, *made.also):
                    if key not in found:
                        found[key] = Reached(How.DIRECT, after)
                if target is not None:
                    behind.append((after, target))
            elif target is not None and target not in seen:
                seen.add(target)
                is_test = frame is root and id(target.scope) in own
                waiting.append((target, path if is_test else (*path, name)))
    direct = set(found)
    for path, frame in behind:
        for key, rest in _behind(inter, frame).items():
            if key not in direct and (key not in found or len(found[key].path) > len(path) + len(rest)):
                found[key] = Reached(How.INDIRECT, path + rest)
    return found


def _behind(inter: Interpreter, start: Frame) -> dict[Key, tuple[str, ...]]:
    """Return the definitions that are reached from a definition's body, with the names on the way."""
    if start.behind is not None:
        return start.behind
    found: dict[Key, tuple[str, ...]] = {}
    seen: set[Frame] = {start}
    waiting: deque[tuple[Frame, tuple[str, ...]]] = deque(((start, ()),))
    while waiting and len(seen) < MOST:
        frame, path = waiting.popleft()
        if not frame.walked:
            _walk(inter, frame)
        for (target, made), name in frame.edges.items():
            after = (*path, made.label if made is not None else name)
            if made is not None:
                for key in (made.key, *made.also):
                    if key not in found:
                        found[key] = after
            if target is not None and target not in seen:
                seen.add(target)
                waiting.append((target, after))
    start.behind = found
    return found


def _walk(inter: Interpreter, frame: Frame) -> None:
    inter.attempt(f"{frame.module.path}:{frame.scope.line + 1}", lambda: inter.walk(frame), None)
