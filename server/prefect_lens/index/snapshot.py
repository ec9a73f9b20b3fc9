"""The index of a workspace at one moment: immutable from outside, its answers worked out as they are asked for.

`update` takes in changed files and hands out the next snapshot. What is known about a file lives as long as no file
changes that it was learned from; so a keystroke costs the work of the files that import the one under the cursor.
Snapshots that came from one another share that knowledge, under one lock.
"""

from __future__ import annotations

import posixpath
import threading
from typing import TYPE_CHECKING

from prefect_lens.index import navigate, problems
from prefect_lens.index.collect import Collected, collect
from prefect_lens.index.config import Project, config_problems, find_project
from prefect_lens.index.definitions import Defined, definitions
from prefect_lens.index.fixtures import Fixtures
from prefect_lens.index.interpret import Interpreter
from prefect_lens.index.reach import Reached, reach
from prefect_lens.index.resolve import Modules
from prefect_lens.index.values import Key, Module
from prefect_lens.model import Definition, Diagnostic, How, Location, Match, Position, Severity, Span, TestCase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prefect_lens.index.facts import Facts, SyntaxProblem


class _Known:
    """What was found out so far; shared by the snapshots of one workspace as far as it holds for them."""

    def __init__(self, files: Mapping[str, Facts], configs: Mapping[str, str]) -> None:
        self.configs = configs
        self._projects: dict[str, Project] = {}
        self.resolver = Modules(files, configs, self.project_of)
        modules = {path: Module(path, facts) for path, facts in files.items()}
        self.interpreter = Interpreter(modules, self.resolver, lambda path: self.project_of(path).root)
        self.fixtures = Fixtures(self.interpreter)
        self.definitions: dict[str, tuple[Defined, ...]] = {}
        self.tests: dict[str, tuple[Collected, ...]] = {}
        self.reached: dict[str, dict[Key, list[tuple[TestCase, Reached]]]] = {}
        self.waiting: set[str] = set(files)
        """The files whose tests have not been followed yet."""
        self.reaching: dict[Key, set[str]] = {}
        """For each definition, the files that had a test for it at some time."""

    def project_of(self, path: str) -> Project:
        folder = posixpath.dirname(path) or "."
        found = self._projects.get(folder)
        if found is None:
            found = self._projects[folder] = find_project(folder, self.configs)
        return found

    def after(self, changed: Mapping[str, Facts]) -> _Known:
        """Return what is still known when some files have new contents and none has come or gone."""
        old = self.interpreter
        gone, waiting = set[str](), list(changed)
        for path, facts in changed.items():
            waiting.extend(old.users.askers(facts))
            waiting.extend(old.users.askers(old.modules[path].facts))
        while waiting:
            path = waiting.pop()
            if path not in gone:
                gone.add(path)
                waiting.extend(old.dependents.get(path, ()))
        new = _Known.__new__(_Known)
        new.configs = self.configs
        new._projects = self._projects  # noqa: SLF001  the same class
        new.resolver = self.resolver
        modules = dict(old.modules)
        for path in gone:
            if path in modules:
                modules[path] = Module(path, changed.get(path) or modules[path].facts)
        new.interpreter = old.next(modules, gone)
        new.fixtures = Fixtures(new.interpreter, self.fixtures, gone)
        new.definitions = {path: found for path, found in self.definitions.items() if path not in gone}
        new.tests = {path: found for path, found in self.tests.items() if path not in gone}
        new.reached = {path: found for path, found in self.reached.items() if path not in gone}
        new.waiting = (self.waiting | gone) & modules.keys()
        new.reaching = self.reaching
        return new


class Snapshot:
    """A workspace as its files are at one moment."""

    def __init__(
        self,
        files: dict[str, Facts],
        errors: dict[str, SyntaxProblem],
        configs: dict[str, str],
        known: _Known | None,
        lock: threading.RLock,
    ) -> None:
        self._files = files
        self._errors = errors
        self._configs = configs
        self._lazy = known
        self._lock = lock

    @staticmethod
    def empty() -> Snapshot:
        """Return the snapshot of a workspace without files."""
        return Snapshot({}, {}, {}, None, threading.RLock())

    def update(self, facts: Mapping[str, Facts | None], configs: Mapping[str, str | None]) -> Snapshot:
        """Return the snapshot after some files changed; None stands for a file that is gone.

        A file with a syntax error keeps the facts that it had before, where it had any, and has a problem.
        """
        files, errors, texts = dict(self._files), dict(self._errors), dict(self._configs)
        changed: dict[str, Facts] = {}
        moved = False
        for path, new in facts.items():
            if new is None:
                moved = files.pop(path, None) is not None or moved
                errors.pop(path, None)
                continue
            if new.problem is None:
                errors.pop(path, None)
            else:
                errors[path] = new.problem
                if path in files:
                    continue
            old = files.get(path)
            moved = moved or old is None
            if old != new:
                files[path] = changed[path] = new
        for path, text in configs.items():
            before = texts.get(path)
            moved = moved or before != text
            if text is None:
                texts.pop(path, None)
            else:
                texts[path] = text
        known = None
        if self._lazy is not None and not moved:
            with self._lock:
                known = self._lazy.after(changed) if changed else self._lazy
        return Snapshot(files, errors, texts, known, self._lock)

    @property
    def paths(self) -> Iterable[str]:
        """The Python files."""
        return self._files.keys()

    @property
    def uses_prefect(self) -> bool:
        """Whether any file names Prefect."""
        return any(facts.prefect for facts in self._files.values())

    @property
    def projects(self) -> tuple[Project, ...]:
        """The projects that have Python files, by their roots."""
        with self._lock:
            found = {(p := self._known.project_of(path)).root: p for path in self._files}
            return tuple(found[root] for root in sorted(found))

    def project_of(self, path: str) -> Project:
        """Return the project of a file or, with a name that need not exist, of a folder."""
        with self._lock:
            return self._known.project_of(path)

    def definitions(self, path: str | None = None) -> tuple[Definition, ...]:
        """Return the definitions of a file, or all, in the order of files and lines."""
        with self._lock:
            paths = sorted(self._files) if path is None else (path,)
            return tuple(defined.definition for one in paths for defined in self._defined(one))

    def definition(self, entrypoint: str) -> Definition | None:
        """Return the definition of an entrypoint; the last one, where several have the name."""
        path = entrypoint.rpartition(":")[0]
        with self._lock:
            found = [d.definition for d in self._defined(path) if d.definition.entrypoint == entrypoint]
        return found[-1] if found else None

    def tests(self, path: str | None = None) -> tuple[TestCase, ...]:
        """Return the tests of a file, or all, in the order of files and lines."""
        with self._lock:
            paths = sorted(self._files) if path is None else (path,)
            return tuple(test.case for one in paths for test in self._collected(one))

    def matches(self, definition: Definition) -> tuple[Match, ...]:
        """Return the tests that run a definition: direct ones first, then by node ID."""
        with self._lock:
            defined = next((d for d in self._defined(definition.path) if d.definition == definition), None)
            if defined is None:
                return ()
            found = [
                Match(case, reached.how, (*reached.path[:-1], _last(definition)))
                for path in self._files_reaching(defined.key)
                for case, reached in self._reached(path).get(defined.key, ())
            ]
        return tuple(sorted(found, key=lambda match: (match.how is not How.DIRECT, match.test.node_id)))

    def exercised(self, test: TestCase) -> tuple[Definition, ...]:
        """Return the definitions that a test runs, direct ones first."""
        with self._lock:
            found = [
                (reached.how is not How.DIRECT, definition)
                for key, matches in self._reached(test.path).items()
                for case, reached in matches
                if case == test and (definition := self._definition_of(key)) is not None
            ]
        return tuple(one for _, one in sorted(found, key=lambda pair: (pair[0], pair[1].location)))

    def named(self, path: str, around: Position | None, names: tuple[str, ...]) -> tuple[Definition, ...]:
        """Return the definitions that a dotted name in a file means, in the function whose name stands at `around`."""
        with self._lock:
            known = self._known
            if (module := known.interpreter.modules.get(path)) is None:
                return ()
            keys = known.interpreter.attempt(
                f"{path}: {'.'.join(names)}", lambda: navigate.meant(known.interpreter, module, around, names), ()
            )
            return tuple(found for key in keys if (found := self._definition_of(key)) is not None)

    def callees(self, definition: Definition) -> tuple[Definition, ...]:
        """Return the flows and tasks that a flow or task calls, in the order of the calls."""
        body = definition.location
        with self._lock:
            known = self._known
            if (module := known.interpreter.modules.get(body.path)) is None:
                return ()
            keys = known.interpreter.attempt(
                definition.entrypoint, lambda: navigate.callees(known.interpreter, module, body.span.start), ()
            )
            return tuple(found for key in keys if (found := self._definition_of(key)) is not None)

    def problems(self, path: str | None = None) -> tuple[Diagnostic, ...]:
        """Return what is wrong with a file, or with all, the configuration files among them."""
        found = [_syntax_error(one, error) for one, error in self._errors.items() if path in {None, one}]
        configs = self._configs if path is None else {p: text for p, text in self._configs.items() if p == path}
        found.extend(config_problems(configs))
        return tuple(sorted(found, key=lambda diagnostic: diagnostic.location))

    def dependents(self, path: str) -> frozenset[str]:
        """Return the files whose answers come from a file, as far as anybody asked."""
        with self._lock:
            found, waiting = set[str](), [path]
            while waiting:
                for other in self._known.interpreter.dependents.get(waiting.pop(), ()):
                    if other not in found:
                        found.add(other)
                        waiting.append(other)
            return frozenset(found)

    @property
    def _known(self) -> _Known:
        if self._lazy is None:
            self._lazy = _Known(self._files, self._configs)
        return self._lazy

    def _defined(self, path: str) -> tuple[Defined, ...]:
        known = self._known
        found = known.definitions.get(path)
        if found is None:
            module = known.interpreter.modules.get(path)
            found = known.definitions[path] = definitions(known.interpreter, module) if module is not None else ()
        return found

    def _definition_of(self, key: Key) -> Definition | None:
        return next((defined.definition for defined in self._defined(key[1]) if defined.key == key), None)

    def _collected(self, path: str) -> tuple[Collected, ...]:
        known = self._known
        found = known.tests.get(path)
        if found is None:
            module, project = known.interpreter.modules.get(path), known.project_of(path)
            found = ()
            if module is not None and project.is_test_file(path):
                found = collect(known.interpreter, module, project)
            known.tests[path] = found
        return found

    def _reached(self, path: str) -> dict[Key, list[tuple[TestCase, Reached]]]:
        known = self._known
        found = known.reached.get(path)
        if found is None:
            found = dict[Key, list[tuple[TestCase, Reached]]]()
            inter, project = known.interpreter, known.project_of(path)
            for test in self._collected(path):
                answer = inter.attempt(
                    test.case.node_id, lambda t=test: reach(inter, known.fixtures, t, project), dict[Key, Reached]()
                )
                for key, reached in answer.items():
                    found.setdefault(key, []).append((test.case, reached))
            known.reached[path] = found
            known.waiting.discard(path)
            for key in found:
                known.reaching.setdefault(key, set()).add(path)
        return found

    def _files_reaching(self, key: Key) -> tuple[str, ...]:
        known = self._known
        for path in list(known.waiting):
            self._reached(path)
        return tuple(path for path in known.reaching.get(key, ()) if path in self._files)


def _last(definition: Definition) -> str:
    return definition.qualname.rpartition("<locals>.")[2]


def _syntax_error(path: str, error: SyntaxProblem) -> Diagnostic:
    at = Position(error.line, error.column)
    message = f"Syntax error: {error.message}."
    return Diagnostic(
        Location(path, Span(at, Position(error.line, error.column + 1))), Severity.ERROR, problems.SYNTAX_ERROR, message
    )
