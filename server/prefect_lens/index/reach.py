# ruff: noqa: PLR0917  what code is read, with what, from where, for whom: these go together everywhere
"""Which definitions a test runs, and by which calls.

The test's fixtures, set-up methods and body are put into the graph of calls that the interpreter keeps; what can be
reached from there, runs. A definition that is met before any other one is a direct match.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, NamedTuple

from prefect_lens.index import attributes, calls, fixtures, generated, guards, marks, patches
from prefect_lens.index.followed import Behind, Followed, Reached, Root, rank
from prefect_lens.index.values import (
    Arguments,
    Class,
    Frame,
    Function,
    Instance,
    Key,
    Made,
    Mark,
    Module,
    Value,
    Values,
)
from prefect_lens.model import How

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.collect import Collected
    from prefect_lens.index.config import Project
    from prefect_lens.index.fixtures import Fixtures
    from prefect_lens.index.interpret import Interpreter

MOST = 20_000
"""Frames that one test may reach before we stop looking."""

_BEFORE = ("setUpModule", "setup_module", "setup_function")
_AFTER = ("tearDownModule", "teardown_module", "teardown_function")
_HOOKS_BEFORE = ("pytest_runtest_setup", "pytest_runtest_call")
_HOOKS_AFTER = ("pytest_runtest_teardown",)
_METHODS_BEFORE = ("setUpClass", "setup_class", "asyncSetUp", "setUp", "setup_method", "setup")
_METHODS_AFTER = ("asyncTearDown", "tearDown", "teardown_method", "teardown", "tearDownClass", "teardown_class")


def start(inter: Interpreter, all_fixtures: Fixtures, test: Collected, project: Project) -> Root:
    """Return the frame from which everything of a test starts, with its calls; see `search`."""
    root = Root(test.module, test.case, [value for value in test.functions if isinstance(value, Function)])
    all_marks = marks_of(inter, test)
    if marks.is_skipped(all_marks):
        return root
    inter.question += 1
    root.world = inter.world({}, unguarded=not _may_fail(test, all_marks))
    about = test.case.node_id  # what was met before it became too deep counts
    inter.attempt(about, lambda: _put_in(inter, all_fixtures, test, project, root, all_marks), None)
    return root


def _may_fail(test: Collected, all_marks: list[Mark]) -> bool:
    """Whether a test may fail and be taken for a success all the same."""
    decorators = (one for f in test.functions if isinstance(f, Function) for one in f.scope.decorators)
    return any(mark.name in {"xfail", "prefect"} for mark in all_marks) or any(map(guards.may_catch, decorators))


class Rewired(NamedTuple):
    """What came of searching again."""

    behinds: list[Behind]
    """The stretches behind definitions that go through one of the frames."""
    followed: list[Followed]
    """The tests that come to one of the frames before they come to a definition."""
    keys: set[Key]
    """The definitions that others run now, or by other ways."""


def rewire(inter: Interpreter, changed: list[Frame]) -> Rewired:
    """Search again after some frames call others than before, and all else about them is the same."""
    before, through = set(changed), set(changed)
    waiting = list(changed)
    while waiting:
        frame = waiting.pop()
        for caller in frame.callers:
            if inter.modules.get(caller.module.path) is not caller.module:
                continue
            is_before = frame in before and (frame, None) in caller.edges and caller not in before
            if is_before or caller not in through:
                through.add(caller)
                if is_before:
                    before.add(caller)
                waiting.append(caller)
    behinds: list[Behind] = []
    keys: set[Key] = set()
    for frame in through:
        if frame.behind is not None:
            names = frame.behind.names
            frame.behind.names = _behind(inter, frame)
            keys.update(key for key, _ in names.items() ^ frame.behind.names.items())
            behinds.append(frame.behind)
    roots = [frame for frame in before if isinstance(frame, Root)]
    for root in roots:
        one = root.followed
        direct, behind = one.direct, one.behind
        search(inter, root)
        if (direct, behind) != (one.direct, one.behind):
            keys.update(direct, one.direct, *(stretch.names for _, stretch in (*behind, *one.behind)))
    return Rewired(behinds, [root.followed for root in roots], keys)


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
    plugins = [place for place in places if isinstance(place, Module) and place is not test.module]
    _meet_functions(inter, plugins, root, _HOOKS_BEFORE)
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
    _meet_functions(inter, plugins, root, _HOOKS_AFTER)


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
            values[name] = setup.passed(direct[name]) if name in direct else setup.value(name)
    mocked: list[Values] = []
    for cls in test.classes:
        for patch in patches.of_class(inter, cls):
            root.world = patches.with_patch(inter, root.world, patch, function.scope)
            mocked.extend([patch.stand_in] * patch.gives_argument)
    given = fixtures.given({name: v for name, v in values.items() if v}, owner if is_method else None)
    if mocked and not patches.of_function(inter, function):
        given = Arguments((*given.positional, *mocked), given.keywords)
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
    _meet_functions(inter, [test.module], root, functions)
    if owner is None:
        return
    for name in methods:
        found = attributes.in_class(inter, owner.cls, name)
        for value in attributes.bind(inter, found, frozenset((owner,)), owner.cls, root):
            _meet(inter, value, root)


def _meet_functions(inter: Interpreter, modules: Iterable[Module], root: Frame, names: tuple[str, ...]) -> None:
    for module in modules:
        for name in names:
            if name in module.frame.scope.bindings:
                for value in inter.module_name(module, name):
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


def search(inter: Interpreter, root: Root) -> None:
    """Go through the graph as far as no definition is met; what lies behind definitions is known for each of them.

    Raises:
        Interrupted: where `inter.pause` says so. The next time it goes on about where it was.
    """
    found: dict[Key, Reached] = {}
    behind: dict[Frame, tuple[tuple[str, ...], Behind]] = {}
    outwards = _Outwards(root, (root.followed.case.names[-1],))
    for frame, path in outwards:
        if frame is not root and not frame.walked:
            _walk(inter, frame)
        edges = tuple(frame.edges.items())
        for (target, made), name in edges:
            if made is not None:
                after = (*path, made.label)
                for key in (made.key, *made.also):
                    if key not in found or rank(after) < rank(found[key].path):
                        found[key] = Reached(How.DIRECT, after)
                if target is not None and (target not in behind or rank(after) < rank(behind[target][0])):
                    if target.behind is None:
                        target.behind = Behind(target.module.path, _behind(inter, target))
                    behind[target] = after, target.behind
            elif target is not None:
                is_test = frame is root and (target.parent, target.index) in root.own
                outwards.add(target, path if is_test else (*path, name))
        if len(frame.edges) != len(edges):
            outwards.again(frame, path)  # what lies behind a definition called something on its behalf
    root.forget_scope()
    root.followed.direct, root.followed.behind = found, tuple(behind.values())


def _behind(inter: Interpreter, start: Frame) -> dict[Key, tuple[str, ...]]:
    """Return the definitions that are reached from a definition's body, with the names on the way."""
    found: dict[Key, tuple[str, ...]] = {}
    outwards = _Outwards(start, ())
    for frame, path in outwards:
        if not frame.walked:
            _walk(inter, frame)
        for (target, made), name in frame.edges.items():
            after = (*path, made.label if made is not None else name)
            if made is not None:
                for key in (made.key, *made.also):
                    if key not in found or rank(after) < rank(found[key]):
                        found[key] = after
            if target is not None:
                outwards.add(target, after)
    return found


class _Outwards:
    """Frames from the nearest on, each with the names on the way to it: the fewest, and of equally many the first.

    So what is told of a way is the same in each run, in whatever order the calls were found.
    """

    def __init__(self, start: Frame, path: tuple[str, ...]) -> None:
        self._waiting: list[tuple[int, tuple[str, ...], int, Frame]] = []
        self._added = 0
        self._seen: set[Frame] = set()
        self.add(start, path)

    def add(self, frame: Frame, path: tuple[str, ...]) -> None:
        """Have a frame looked at in its turn."""
        if frame not in self._seen:
            self._added += 1
            heapq.heappush(self._waiting, (*rank(path), self._added, frame))

    def again(self, frame: Frame, path: tuple[str, ...]) -> None:
        """Have a frame looked at once more."""
        self._seen.discard(frame)
        self.add(frame, path)

    def __iter__(self) -> Iterator[tuple[Frame, tuple[str, ...]]]:
        while self._waiting and len(self._seen) < MOST:
            _, path, _, frame = heapq.heappop(self._waiting)
            if frame not in self._seen:
                self._seen.add(frame)
                yield frame, path


def _walk(inter: Interpreter, frame: Frame) -> None:
    inter.attempt(f"{frame.module.path}:{frame.scope.line + 1}", lambda: inter.walk(frame), None)
    inter.breathe()
