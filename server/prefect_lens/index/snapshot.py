"""The index of a workspace at one moment: immutable from outside, its answers worked out as they are asked for.

`update` takes in changed files and hands out the next snapshot. What is known about a file lives as long as no file
changes that it was learned from; so a keystroke costs the work of the files that import the one under the cursor.
Snapshots that came from one another share that knowledge, under one lock.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from prefect_lens.index import cone, deployed, following, navigate, problems
from prefect_lens.index.collect import inherited
from prefect_lens.index.config import Project, config_problems
from prefect_lens.index.deployments import NAME, read_deployments
from prefect_lens.index.known import Known, without_collector
from prefect_lens.index.layered import Layered
from prefect_lens.index.links import Resolved, state
from prefect_lens.index.moves import Moved, moves
from prefect_lens.index.observed import NOTHING, Current
from prefect_lens.index.packed import Packed, pack, unpack
from prefect_lens.index.scopes import scope_problems
from prefect_lens.index.turns import Turns
from prefect_lens.model import Definition, Deployment, Diagnostic, How, Position, TestCase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, KeysView, Mapping

    from prefect_lens.index.facts import Facts, SyntaxProblem
    from prefect_lens.index.moves import Place
    from prefect_lens.index.observed import Observed
    from prefect_lens.index.values import Key
    from prefect_lens.model import Match


FEW = 3
"""Of so many edited files it is looked at whether the edits mean anything."""


class Snapshot:
    """A workspace as its files are at one moment."""

    def __init__(
        self,
        files: Layered[Packed],
        errors: dict[str, SyntaxProblem],
        configs: dict[str, str],
        known: Known | None,
        lock: Turns,
        *,
        moved: dict[str, dict[Place, Place]],
        digests: dict[str, str],
        observed: Observed = NOTHING,
    ) -> None:
        self._files = files
        self._errors = errors
        self._configs = configs
        self._lazy = known
        self._lock = lock
        self._moves = moved
        self._moved = Moved(moved)
        self._digests = digests
        self._current = Current(observed, self.digest)
        self._before: Resolved | None = None

    @staticmethod
    def empty() -> Snapshot:
        """Return the snapshot of a workspace without files."""
        return Snapshot(Layered({}), {}, {}, None, Turns(), moved={}, digests={})

    def update(self, facts: Mapping[str, Facts | Packed | None], configs: Mapping[str, str | None]) -> Snapshot:
        """Return the snapshot after some files changed; None stands for a file that is gone.

        A file with a syntax error keeps the facts that it had before, where it had any, and has a problem.
        """
        errors = dict(self._errors)
        changed: dict[str, Packed | None] = {}
        edited: dict[str, Facts] = {}
        moves_of, digests = dict(self._moves), dict(self._digests)
        for path, new in facts.items():
            if new is None:
                if path in self._files:
                    changed[path] = None
                for of in (errors, moves_of, digests):
                    of.pop(path, None)
                continue
            if new.problem is None:
                errors.pop(path, None)
            else:
                errors[path] = new.problem
                if path in self._files:
                    continue
            old = self._files.get(path)
            digests[path] = new.digest
            moves_of.pop(path, None)
            if old is None:
                digests.pop(path)  # the facts have it
                changed[path] = new if isinstance(new, Packed) else pack(new)
            elif old != new:
                now = unpack(new) if isinstance(new, Packed) else new
                if (places := moves(unpack(old), now)) is None:
                    edited[path] = now
                elif any(before != after for before, after in places.items()):
                    moves_of[path] = places
        reconfigured = any(self._configs.get(path) != text and not is_declaring(path) for path, text in configs.items())
        texts = {path: text for path, text in (self._configs | dict(configs)).items() if text is not None}
        known = None
        with self._lock:
            adopted: dict[str, Packed | None] = {}
            if (last := self._lazy) and not (reconfigured or last.is_over or last.is_beyond(self._files, facts)):
                known = last
                for path, now in list(edited.items()) if not changed and len(edited) <= FEW else ():
                    if (kept := known.adopt(path, now)) is not None:
                        adopted[path], moves_of[path] = kept
                        del edited[path]
            changed |= {path: pack(now) for path, now in edited.items()}
            files = self._files.after(changed | adopted)
            if known is not None:
                known = known.after(changed, files) if changed else known.of(files)
        observed = self._current.observed
        new = Snapshot(files, errors, texts, known, self._lock, moved=moves_of, digests=digests, observed=observed)
        return new.begin_with(self._before.without(facts) if known is None and self._before is not None else None)

    def observing(self, observed: Observed) -> Snapshot:
        """Return this snapshot with what runs have shown: it goes before what the code lets one think."""
        return self._as(observed, self._lock)

    def patiently(self) -> Snapshot:
        """Return this snapshot for one who works ahead: whoever waits for an answer goes first."""
        return self._as(self._current.observed, self._lock.patiently())

    def step_aside(self) -> None:
        """Wait while somebody waits for an answer: for a thread that does something else beside."""
        self._lock.step_aside()

    def _as(self, observed: Observed, lock: Turns) -> Snapshot:
        mine = self._files, self._errors, self._configs, self._lazy, lock
        return Snapshot(*mine, moved=self._moves, digests=self._digests, observed=observed).begin_with(self._before)

    def begin_with(self, resolved: Resolved | None) -> Snapshot:
        """Take where the imports of its files led an earlier time, and return itself. It holds for the same state."""
        self._before = resolved
        return self

    def resolved(self) -> Resolved:
        """Return where the imports of its files lead."""
        with self._lock:
            edges = self._known.links.edges
            # a file that is broken now has those of what it said before
            whole = {path: found for path, found in edges.items() if path not in self._errors}
            return Resolved(state(self._files, self._configs), whole)

    @property
    def paths(self) -> KeysView[str]:
        """The Python files."""
        return self._files.keys()

    @property
    def configs(self) -> KeysView[str]:
        """The other files whose texts are known."""
        return self._configs.keys()

    @property
    def uses_prefect(self) -> bool:
        """Whether any file names Prefect."""
        with self._lock:
            return self._known.uses_prefect

    @property
    def projects(self) -> tuple[Project, ...]:
        """The projects that have Python files, by their roots."""
        with self._lock:
            return self._known.layout.projects

    def project_of(self, path: str) -> Project:
        """Return the project of a file or, with a name that need not exist, of a folder."""
        with self._lock:
            return self._known.layout.of(path)

    def definitions(self, path: str | None = None) -> tuple[Definition, ...]:
        """Return the definitions of a file, or all, in the order of files and lines."""
        with self._lock:
            paths = sorted(self._files) if path is None else (path,)
            return tuple(found for one in paths for _, found in self._defined(one))

    def definitions_at(self, path: str) -> tuple[Definition, ...]:
        """Return what a file defines, and what other files make of its functions."""
        with self._lock:
            makers = sorted(self._known.makers(path))
        found = list(self.definitions(path))
        for other in makers:
            found += [one for one in self.definitions(other) if one.location.path == path]
        return tuple(found)

    def callers(self, definition: Definition) -> tuple[Definition, ...]:
        """Return the flows and tasks that call a flow or task."""
        with self._lock:
            paths = sorted({definition.path, *self._known.users(definition.path)})
        candidates = (one for path in paths for one in self.definitions(path) if one != definition)
        return tuple(one for one in candidates if definition in self.callees(one))

    def definition(self, entrypoint: str) -> Definition | None:
        """Return the definition of an entrypoint; the last one, where several have the name."""
        path = entrypoint.rpartition(":")[0]
        with self._lock:
            found = [one for _, one in self._defined(path) if one.entrypoint == entrypoint]
        return found[-1] if found else None

    def tests(self, path: str | None = None) -> tuple[TestCase, ...]:
        """Return the tests of a file, or all, in the order of files and lines."""
        with self._lock:
            paths = sorted(self._files) if path is None else (path,)
            return tuple(self._moved.test(test) for one in paths for test in self._known.tests(one))

    def tested_projects(self) -> tuple[str, ...]:
        """Return the roots of the projects that have tests."""
        with self._lock:
            files = self._known.layout.by_project
        return tuple(root for root, paths in files.items() if any(map(self.tests, paths)))

    def test_files(self) -> dict[str, Project]:
        """Return the files that pytest would collect, whether or not a test in them is known, with their projects."""
        with self._lock:
            return {path: self._known.layout.of(path) for path in sorted(self._known.layout.test_files)}

    def matches(self, definition: Definition) -> tuple[Match, ...]:
        """Return the tests that run a definition: direct ones first, then by node ID."""
        following.behind(definition.path, lambda: self._known, self._lock)
        return self.matches_so_far(definition)

    def matches_so_far(self, definition: Definition) -> tuple[Match, ...]:
        """Return those of the tests that run a definition that have been found already."""
        with self._lock:
            key = next((key for key, one in self._defined(definition.path) if one == definition), None)
            if key is None:
                return ()
            found = self._known.matches(key, definition.label, keep=not self._lock.is_patient)
            return self._current.refined(definition, self._moved.matches(found), self._test)

    def exercised(self, test: TestCase) -> tuple[Definition, ...]:
        """Return the definitions that a test runs, direct ones first."""
        ran, spared = self._current.shown(test.node_id)
        guessed = self.guessed(test.path).get(test.node_id, {})
        found = {one: how is not How.DIRECT for one, how in guessed.items() if one.entrypoint not in spared}
        found |= {one: True for one in map(self.definition, sorted(ran)) if one is not None and one not in guessed}
        return tuple(sorted(found, key=lambda one: (found[one], one.location)))

    def guessed(self, path: str) -> dict[str, dict[Definition, How]]:
        """Return what each test of a file runs as far as the code tells, by node ID."""
        found: dict[str, dict[Definition, How]] = {}
        following.follow((path,), lambda: self._known, self._lock)
        with self._lock:
            for one in self._known.reached(path):
                for key, reached in one.all().items():
                    if (definition := self._definition_of(key)) is not None:
                        found.setdefault(one.case.node_id, {})[definition] = reached.how
        return found

    def digest(self, path: str) -> str:
        """Return what stands for the contents of a Python file; "" for one that is not there."""
        if (edited := self._digests.get(path)) is not None:
            return edited
        return self._files[path].digest if path in self._files else ""

    def has_test(self, node_id: str) -> bool:
        """Whether there is a test of a node ID, parameters left out."""
        return any(test.node_id == node_id for test in self.tests(node_id.partition("::")[0]))

    def profiles(self, path: str) -> Mapping[TestCase, str | None]:
        """Return the environment's profiles that the tests of a file ask for by a mark."""
        with self._lock:
            return {self._moved.test(case): profile for case, profile in self._known.profiles(path).items()}

    def named(self, path: str, around: Position | None, names: tuple[str, ...]) -> tuple[Definition, ...]:
        """Return the definitions that a dotted name in a file means, in the function whose name stands at `around`."""
        with self._lock:
            known = self._known
            if (module := known.interpreter.modules.get(path)) is None:
                return ()
            before = self._moved.before(path, around)
            keys = known.interpreter.attempt(
                f"{path}: {'.'.join(names)}", lambda: navigate.meant(known.interpreter, module, before, names), ()
            )
            return tuple(found for key in keys if (found := self._definition_of(key)) is not None)

    def callees(self, definition: Definition) -> tuple[Definition, ...]:
        """Return the flows and tasks that a flow or task calls, in the order of the calls."""
        body = definition.location
        with self._lock:
            known = self._known
            start = self._moved.before(body.path, body.span.start)
            if start is None or (module := known.interpreter.modules.get(body.path)) is None:
                return ()
            keys = known.interpreter.attempt(
                definition.entrypoint, lambda: navigate.callees(known.interpreter, module, start), ()
            )
            return tuple(found for key in keys if (found := self._definition_of(key)) is not None)

    def imports(self, project: str) -> tuple[str, ...]:
        """Return the modules that the files of a project import and the workspace does not have, by their full names.

        Among them are names of what stands in a module: `from a.b import c` may ask for a module `a.b.c`. Reads what
        each file imports: for a thread.
        """
        with self._lock:
            of = self._known.layout.of
            files = [packed for path, packed in self._files.items() if of(path).root == project]
        others = {"prefect", "pytest", *sys.stdlib_module_names}
        others |= {part.removesuffix(".py") for path in self._files for part in path.split("/")}
        found = {name for packed in files for name, level, _ in packed.imports() if level == 0}
        return tuple(sorted(name for name in found if name.partition(".")[0] not in others))

    def deployments(self) -> tuple[tuple[Deployment, Definition | None], ...]:
        """Return the deployments that the files declare, each with its flow where that is known."""
        declaring = [(path, text) for path, text in sorted(self._configs.items()) if is_declaring(path)]
        return tuple(
            (one, deployed.flow_of(self, one)) for path, text in declaring for one in read_deployments(path, text)[0]
        )

    def parameters(self, definition: Definition) -> tuple[str, ...] | None:
        """Return what a flow or task takes from its caller; None where it takes anything, or where that is not sure."""
        body = definition.location
        with self._lock:
            start = self._moved.before(body.path, body.span.start)
            module = self._known.interpreter.modules.get(body.path)
            return None if start is None or module is None else deployed.taken(module.facts, start)

    def may_have(self, path: str, name: str) -> bool:
        """Whether a module binds a name, or may get it by `from … import *`."""
        with self._lock:
            module = self._known.interpreter.modules.get(path)
            return module is not None and (name in module.frame.scope.bindings or bool(module.frame.scope.stars))

    def problems(self, path: str | None = None) -> tuple[Diagnostic, ...]:
        """Return what is wrong with a file, or with all, the configuration files among them."""
        found = [problems.syntax_error(one, error) for one, error in self._errors.items() if path in {None, one}]
        configs = self._configs if path is None else {p: text for p, text in self._configs.items() if p == path}
        found.extend(config_problems(configs))
        found.extend(scope_problems(configs, lambda: tuple(one.entrypoint for one in self.definitions())))
        for one, text in configs.items():
            if is_declaring(one):
                declared, wrong = read_deployments(one, text)
                found.extend(wrong)
                found.extend(problem for item in declared for problem in deployed.problems_of(self, item))
        return tuple(sorted(found, key=lambda diagnostic: diagnostic.location))

    def dependents(self, path: str) -> frozenset[str]:
        """Return the files whose answers come from a file, as far as anybody asked."""
        with self._lock:
            return cone.dependents(self._known.interpreter, path)

    def follow(self, path: str, enough: Callable[[], bool]) -> bool:
        """Have the tests followed that may come to what a file defines; return whether all of them are.

        It ends before that when `enough` says so, which is asked all the time, or when the snapshot is an old one.
        """
        return following.behind(path, self._if_new, self._lock, enough)

    def follow_tests(self, path: str, enough: Callable[[], bool]) -> bool:
        """Have the tests of a file followed; return whether all of them are. It ends as `follow` does."""
        return following.follow((path,), self._if_new, self._lock, enough)

    def sources(self, paths: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return for each file those that its answers come from, as far as anybody asked, and all that these import."""
        with self._lock:
            return cone.sources(self._known.interpreter, self._files, paths)

    def _test(self, node_id: str) -> TestCase | None:
        """Return the test that a run told of."""
        path, *names = node_id.split("::")
        if (found := next((test for test in self.tests(path) if test.node_id == node_id), None)) is not None:
            return found
        return inherited(self._known.interpreter.modules.get(path), tuple(names), self.project_of(path).root)

    def _defined(self, path: str) -> Iterable[tuple[Key, Definition]]:
        return ((defined.key, self._moved.definition(defined.definition)) for defined in self._known.definitions(path))

    def _definition_of(self, key: Key) -> Definition | None:
        found = self._known.definition_of(key)
        return self._moved.definition(found) if found is not None else None

    def _if_new(self) -> Known | None:
        """Return what is known, where no later snapshot goes on with it."""
        is_old = self._lazy is not None and (self._lazy.is_over or self._lazy.is_beyond(self._files))
        return None if is_old else self._known

    @property
    def _known(self) -> Known:
        if self._lazy is None or self._lazy.is_beyond(self._files):
            with without_collector():
                self._lazy = Known.about(self._files, self._configs, self._before)
        elif self._lazy.is_over:
            self._lazy = self._lazy.apart()
        return self._lazy


def is_declaring(path: str) -> bool:
    """Whether a file declares deployments, and says nothing of tests."""
    return path.rpartition("/")[2] == NAME
