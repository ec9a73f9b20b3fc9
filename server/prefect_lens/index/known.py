"""What was found out about a workspace's files: by whom which tests are run, and what that was learned from.

An answer lives as long as no file changes that it was learned from, so that an edit costs the work of the files that
build on the one under the cursor. Answers are plain values. The reading behind them, frames and values, is only kept
so that the next question is cheap; when it takes too much memory it is dropped, and read again where it is needed.
"""

from __future__ import annotations

import contextlib
import gc
import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from prefect_lens.index import makers, marks, plain
from prefect_lens.index.collect import collect
from prefect_lens.index.config import Project, find_project
from prefect_lens.index.definitions import Defined, definitions
from prefect_lens.index.fixtures import Fixtures
from prefect_lens.index.interpret import Interpreter
from prefect_lens.index.module_table import ModuleTable
from prefect_lens.index.reach import Reached, marks_of, reach
from prefect_lens.index.registries import Users
from prefect_lens.index.resolve import Modules

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from prefect_lens.index.packed import Packed
    from prefect_lens.index.values import Key
    from prefect_lens.model import Definition, TestCase

MOST_FRAMES = 100_000
"""Frames that are kept from one question to the next: some four hundred megabytes."""

MOST_MODULES = 3_000
"""Modules that are kept while one file's definitions are asked for after another's."""

MANY = 500
"""When more files than these were followed at once, what was read for them is most of what there is."""

Reaching = dict["Key", list[tuple["TestCase", Reached]]]
"""For each definition that a test file runs, the tests that do and how."""


class Projects:
    """The projects of a workspace's folders."""

    def __init__(self, configs: Mapping[str, str]) -> None:
        self._configs = configs
        self._by_folder: dict[str, Project] = {}

    def of(self, path: str) -> Project:
        """Return the project of a file or, with a name that need not exist, of a folder."""
        folder = posixpath.dirname(path) or "."
        found = self._by_folder.get(folder)
        if found is None:
            found = self._by_folder[folder] = find_project(folder, self._configs)
        return found


class Answers(NamedTuple):
    """What was answered about files, by their paths."""

    definitions: dict[str, tuple[Defined, ...]]
    tests: dict[str, tuple[TestCase, ...]]
    reached: dict[str, Reaching]
    profiles: dict[str, dict[TestCase, str]]

    def without(self, gone: set[str]) -> Answers:
        """Return the answers but those about some files."""
        new = Answers(self.definitions.copy(), self.tests.copy(), self.reached.copy(), self.profiles.copy())
        for path in gone:
            for answers in new:
                answers.pop(path, None)
        return new

    def without_definitions(self, gone: set[str]) -> Answers:
        """Return the answers about tests but those about some files."""
        return self.without(gone)._replace(definitions={})


@dataclass(slots=True, eq=False)
class Known:
    """What is known about one state of the files, worked out as it is asked for."""

    files: Mapping[str, Packed]
    projects: Projects
    factories: frozenset[str]
    """The names of the functions that may return a flow or task that they made."""
    interpreter: Interpreter
    fixtures: Fixtures
    waiting: set[str]
    """The files whose tests have not been followed yet."""
    answers: Answers = field(default_factory=lambda: Answers({}, {}, {}, {}))
    holders: dict[Key, set[str]] = field(default_factory=dict["Key", set[str]])
    """For each definition, the files that had a test for it at some time."""

    @staticmethod
    def about(files: Mapping[str, Packed], configs: Mapping[str, str]) -> Known:
        """Return what is known of files before anybody asked."""
        projects = Projects(configs)
        modules = Modules(files, configs, projects.of)
        inter = Interpreter(
            ModuleTable(files),
            modules,
            Users(files),
            plain.active(files, modules.find),
            lambda path: projects.of(path).root,
        )
        return Known(files, projects, makers.closed(files), inter, Fixtures(inter), set(files))

    def after(self, changed: Mapping[str, Packed], files: Mapping[str, Packed]) -> Known:
        """Return what is still known when some files have new contents and none has come or gone."""
        old, users = self.interpreter, self.interpreter.users
        gone, waiting = set[str](), list(changed)
        for path, packed in changed.items():
            waiting.extend(users.askers(packed))
            waiting.extend(users.askers(self.files[path]))
            users = users.after(path, self.files[path].uses, packed.uses)
        active = old.active
        if not all(packed.leads_as(self.files[path]) for path, packed in changed.items()):
            active = plain.active(files, old.resolver.find)
            waiting.extend(active ^ old.active)
        while waiting:
            path = waiting.pop()
            if path not in gone:
                gone.add(path)
                waiting.extend(old.dependents.get(path, ()))
        factories = self.factories
        if any(packed.origins != self.files[path].origins for path, packed in changed.items()):
            factories = makers.closed(files)
        inter = old.next(old.modules.next(files, gone), users, active, gone)
        return Known(
            files,
            self.projects,
            factories,
            inter,
            self.fixtures.next(inter),
            self.waiting | gone,
            self.answers.without(gone) if factories == self.factories else self.answers.without_definitions(gone),
            self.holders,
        )

    def definitions(self, path: str) -> tuple[Defined, ...]:
        """Return the definitions of a file."""
        found = self.answers.definitions.get(path)
        if found is None:
            if not self.holders and len(self.interpreter.modules) > MOST_MODULES:
                self._forget()  # no test has asked yet: files are read for their definitions, one after the other
            self._begin()
            module = self.interpreter.modules.get(path)
            found = self.answers.definitions[path] = (
                definitions(self.interpreter, module, self.factories) if module is not None else ()
            )
        return found

    def definition_of(self, key: Key) -> Definition | None:
        """Return the definition that a key stands for."""
        return next((defined.definition for defined in self.definitions(key[1]) if defined.key == key), None)

    def tests(self, path: str) -> tuple[TestCase, ...]:
        """Return the tests of a file."""
        found = self.answers.tests.get(path)
        if found is None:
            found = ()
            project = self.projects.of(path)
            if project.is_test_file(path) and (module := self.interpreter.modules.get(path)) is not None:
                self._begin()
                found = tuple(test.case for test in collect(self.interpreter, module, project))
            self.answers.tests[path] = found
        return found

    def profiles(self, path: str) -> dict[TestCase, str]:
        """Return the profiles that the tests of a file ask for by a mark; none where the project has no profile."""
        found = self.answers.profiles.get(path)
        if found is None:
            found = self.answers.profiles[path] = {}
            inter, project = self.interpreter, self.projects.of(path)
            module = inter.modules.get(path) if project.settings.profiles and project.is_test_file(path) else None
            for test in collect(inter, module, project) if module is not None else ():
                asked = inter.attempt(test.case.node_id, lambda t=test: marks.profile(marks_of(inter, t)), None)
                if asked is not None:
                    found[test.case] = asked
        return found

    def reached(self, path: str) -> Reaching:
        """Return what the tests of a file run."""
        found = self.answers.reached.get(path)
        if found is None:
            found = Reaching()
            self._begin()
            inter, fixtures, project = self.interpreter, self.fixtures, self.projects.of(path)
            module = inter.modules.get(path) if project.is_test_file(path) else None
            for test in collect(inter, module, project) if module is not None else ():
                answer = inter.attempt(
                    test.case.node_id, lambda t=test: reach(inter, fixtures, t, project), dict["Key", Reached]()
                )
                for key, reached in answer.items():
                    found.setdefault(key, []).append((test.case, reached))
            self.answers.reached[path] = found
            self.waiting.discard(path)
            for key in found:
                self.holders.setdefault(key, set()).add(path)
        return found

    def reaching(self, key: Key) -> Iterator[tuple[TestCase, Reached]]:
        """Return the tests that run a definition. The first one to ask waits until all tests have been followed."""
        if self.waiting:
            many = len(self.waiting) > MANY
            with without_collector():
                for path in sorted(self.waiting):  # neighbours share what they import
                    self.reached(path)
            if many:
                gc.freeze()  # what was read stays: no search for garbage is to go through it with each edit
        for path in self.holders.get(key, ()):
            yield from self.answers.reached.get(path, {}).get(key, ())

    def _begin(self) -> None:
        """Forget what was read for earlier questions, where it has become too much."""
        if self.interpreter.frames > MOST_FRAMES:
            self._forget()

    def _forget(self) -> None:
        self.interpreter = self.interpreter.anew()
        self.fixtures = Fixtures(self.interpreter)
        gc.unfreeze()
        gc.collect()


@contextlib.contextmanager
def without_collector() -> Generator[None]:
    """Keep Python from looking for garbage again and again while much is made that stays."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
