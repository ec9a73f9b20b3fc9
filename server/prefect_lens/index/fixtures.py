# ruff: noqa: PLR0917  what code is read, with what, from where, for whom: these go together everywhere
"""Which fixture a name means for a test, as pytest looks it up: class, module, `conftest.py` up the tree, plugins."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.index import attributes, calls, containers, marks, patches
from prefect_lens.index.config import join
from prefect_lens.index.fixture_values import CONFIG
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Class,
    External,
    Frame,
    Function,
    Instance,
    Module,
    Request,
    Value,
    Values,
    Wrapped,
    texts,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.config import Project
    from prefect_lens.index.facts import Scope
    from prefect_lens.index.interpret import Interpreter

BUILT_IN = {
    "monkeypatch": "pytest.monkeypatch",
    "mocker": "pytest_mock.mocker",
    "class_mocker": "pytest_mock.mocker",
    "module_mocker": "pytest_mock.mocker",
    "session_mocker": "pytest_mock.mocker",
    "package_mocker": "pytest_mock.mocker",
    "benchmark": "pytest_benchmark.benchmark",
    "pytestconfig": CONFIG,
}
"""The fixtures of pytest and its plugins that matter here, and what stands for them."""

LAZY = "fixture"
"""How the name of a fixture is wrapped that stands for it among a test's parameters."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """A fixture as one place defines it."""

    name: str
    function: Function
    holder: Class | None
    autouse: bool
    parameters: Values


class Fixtures:
    """All fixtures that the files of a workspace define, found as they are asked for."""

    def __init__(self, inter: Interpreter) -> None:
        self._inter = inter
        self._in: dict[Module | Class, dict[str, Fixture]] = {}

    def next(self, inter: Interpreter) -> Fixtures:
        """Return the fixtures of the next snapshot. Those of modules that are gone are nobody's any more."""
        new = Fixtures(inter)
        new._in = self._in
        return new

    def places(self, module: Module, classes: tuple[Class, ...], project: Project) -> list[Module | Class]:
        """Return where fixtures for a test are looked for, from the outside in."""
        found: list[Module | Class] = []
        for name in project.plugins:
            found.extend(self._plugin(name, module))
        folders: list[str] = []
        folder: str = posixpath.dirname(module.path) or "."
        while True:
            folders.append(folder)
            if folder in {".", project.root}:
                break
            folder = posixpath.dirname(folder) or "."
        for base in reversed(folders):
            conftest = self._inter.modules.get(join(base, "conftest.py"))
            if conftest is not None:
                self._inter.depends(module.path, conftest.path)
                found.extend(self._plugins_of(conftest))
                found.append(conftest)
        found.extend(self._plugins_of(module))
        found.append(module)
        for cls in classes:
            found.extend(base for base in reversed(attributes.line(self._inter, cls)) if isinstance(base, Class))
        return list(dict.fromkeys(found))

    def in_place(self, place: Module | Class) -> dict[str, Fixture]:
        """Return the fixtures that a module or class has, by name."""
        found = self._in.get(place)
        if found is None:
            found = self._in[place] = {fixture.name: fixture for fixture in self._read(place)}
        return found

    def _plugin(self, name: str, module: Module) -> Iterator[Module]:
        for plugin in self._inter.import_named(name, 0, module):
            if isinstance(plugin, Module):
                yield from self._plugins_of(plugin)
                yield plugin

    def _plugins_of(self, module: Module) -> Iterator[Module]:
        if "pytest_plugins" not in module.frame.scope.bindings:
            return
        values = self._inter.name_in(module.frame, "pytest_plugins")
        for name in [*texts(values), *texts(containers.elements(self._inter, values, module.frame))]:
            for plugin in self._inter.import_named(name, 0, module):
                if isinstance(plugin, Module) and plugin is not module:
                    yield plugin

    def _read(self, place: Module | Class) -> Iterator[Fixture]:
        inter = self._inter
        frame = place.frame if isinstance(place, Module) else place.body
        names = list(frame.scope.bindings)
        for dotted, level in frame.scope.stars:
            for source in inter.import_module(dotted, level, frame.module):
                if isinstance(source, Module) and source is not place:
                    names.extend(sorted(inter.exported(source)))
        for name in names:
            if " " in name or "." in name or not _may_be_fixture(frame, name):
                continue
            found = inter.module_name(place, name) if isinstance(place, Module) else inter.name_in(frame, name)
            for value in _functions(found):
                given = marks.fixture_arguments(inter, value)
                if given is None:
                    continue
                own = texts(given.at(-1, "name"))
                yield Fixture(
                    name=own[0] if own else name,
                    function=value,
                    holder=place if isinstance(place, Class) else None,
                    autouse=1 in marks.numbers(given.at(-1, "autouse")),
                    parameters=containers.elements(inter, given.at(-1, "params"), frame),
                )


class Setup:
    """The fixtures of one test, in the order in which they are set up."""

    def __init__(
        self,
        inter: Interpreter,
        fixtures: Fixtures,
        places: list[Module | Class],
        root: Frame,
        owner: Instance | None,
        indirect: dict[str, Values],
    ) -> None:
        self._inter = inter
        self._layers = [fixtures.in_place(place) for place in places]
        self._root = root
        self._owner = owner
        self._indirect = indirect
        self._done: dict[Fixture, Values] = {}

    @property
    def module(self) -> Module:
        """The module of the test."""
        return self._root.module

    def automatic(self) -> list[str]:
        """Return the names of the fixtures that every test here uses."""
        return list(dict.fromkeys(name for layer in self._layers for name, f in layer.items() if f.autouse))

    def value(self, name: str, frame: Frame | None = None) -> Values:
        """Set up a fixture, and return what it gives; `frame` is the code that asks, where it is not the test."""
        return self._value(name, len(self._layers), frame)

    def passed(self, values: Values) -> Values:
        """Return what a test or fixture gets of its parameters, among which fixtures may stand by their names."""
        lazy = [name for one in values if isinstance(one, Wrapped) and one.how == LAZY for name in texts(one.inner)]
        return union(values, *map(self.value, lazy)) if lazy else values

    def owner(self, which: str) -> Values:
        """Return the test's object, or its class."""
        if self._owner is None:
            return NOTHING
        return frozenset((self._owner if which == "instance" else self._owner.cls,))

    def _value(self, name: str, below: int, frame: Frame | None) -> Values:
        if name == "request":
            return frozenset((self._inter.one(Request, NOTHING, self),))
        for level in range(below - 1, -1, -1):
            fixture = self._layers[level].get(name)
            if fixture is not None:
                return self._set_up(fixture, level, frame)
        dotted = BUILT_IN.get(name)
        return frozenset((self._inter.one(External, dotted),)) if dotted is not None else NOTHING

    def _set_up(self, fixture: Fixture, level: int, frame: Frame | None) -> Values:
        if (done := self._done.get(fixture)) is not None:
            return done  # its patches are in the world already
        self._done[fixture] = NOTHING
        inter, scope = self._inter, fixture.function.scope
        keywords: list[tuple[str, Values]] = []
        for position, parameter in enumerate(scope.parameters):
            if position == 0 and fixture.holder is not None and parameter.kind == "positional":
                me = self._owner or inter.one(Instance, fixture.holder, ())
                keywords.append((parameter.name, frozenset((me,))))
            elif parameter.default is None and parameter.kind in {"positional", "keyword"}:
                if parameter.name == "request":
                    given = self._indirect.get(fixture.name, NOTHING) or fixture.parameters
                    given = frozenset(
                        inner
                        for value in given
                        for inner in (
                            containers.elements(inter, value.inner, self._root)
                            if isinstance(value, Wrapped) and value.how == "param"
                            else (value,)
                        )
                    )
                    values: Values = frozenset((inter.one(Request, self.passed(given), self),))
                else:
                    values = self._value(
                        parameter.name, level if parameter.name == fixture.name else len(self._layers), None
                    )
                keywords.append((parameter.name, values))
        bound = {name: values for name, values in keywords if values}
        target = calls.frame_of(inter, fixture.function, bound, self._root.world)
        inter.link(frame or self._root, target, fixture.name)
        inter.walk(target)
        self._root.world = patches.merged(inter, self._root.world, target.left)
        if frame is not None:
            frame.world = patches.merged(inter, frame.world, target.left)
            frame.leave(target.left)
        values = calls.returns(inter, target)
        if scope.is_generator:
            values = containers.elements(inter, values, self._root)
        self._done[fixture] = values
        return values


def wanted(function: Function, *, method: bool) -> list[str]:
    """Return the names of the arguments that pytest fills in."""
    found = [p.name for p in function.scope.parameters if p.kind in {"positional", "keyword"} and p.default is None]
    return found[1:] if method and found else found


def given(values: dict[str, Values], first: Value | None) -> Arguments:
    """Return the arguments of a test function."""
    return Arguments((frozenset((first,)),) if first is not None else (), tuple(values.items()))


def _may_be_fixture(frame: Frame, name: str) -> bool:
    if name not in frame.scope.bindings:
        return True
    scopes: tuple[Scope, ...] = frame.module.facts.scopes
    for expression in frame.scope.bindings[name][1]:
        if expression is None:
            continue
        if expression[0] == "def":
            index: int = expression[1]
            if scopes[index].decorators:
                return True
        if expression[0] in {"from", "local", "name", "attr", "call"}:
            return True
    return False


def _functions(values: Values) -> Iterator[Function]:
    for value in values:
        if isinstance(value, Function):
            yield value
        elif isinstance(value, Wrapped):
            yield from _functions(value.inner)
