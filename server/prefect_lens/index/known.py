"""What was found out about a workspace's files: by whom which tests are run, and what that was learned from.

An answer lives as long as no file changes that it was learned from, so that an edit costs the work of the files that
build on the one under the cursor. Answers are plain values. The reading behind them, frames and values, is only kept
so that the next question is cheap; when it takes too much memory it is dropped, and read again where it is needed.
"""

from __future__ import annotations

import contextlib
import gc
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from prefect_lens.index import makers, marks
from prefect_lens.index.answers import Answers
from prefect_lens.index.arrivals import shifted
from prefect_lens.index.collect import collect
from prefect_lens.index.definitions import definitions
from prefect_lens.index.fixtures import Fixtures
from prefect_lens.index.followed import Followed, Holders, Recent, Root, reaching
from prefect_lens.index.interpret import Interpreter
from prefect_lens.index.layout import Layout
from prefect_lens.index.links import MOST_REACHING, NO_NAMES, Links, Reaching, Resolved, state
from prefect_lens.index.module_table import ModuleTable
from prefect_lens.index.neutral import neutral
from prefect_lens.index.packed import Packed, pack
from prefect_lens.index.reach import marks_of, rewire, search, start
from prefect_lens.index.registries import Users
from prefect_lens.index.resolve import Modules
from prefect_lens.model import Match

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterator, Mapping

    from prefect_lens.index.config import Project
    from prefect_lens.index.definitions import Defined
    from prefect_lens.index.facts import Facts
    from prefect_lens.index.moves import Place
    from prefect_lens.index.values import Key
    from prefect_lens.model import Definition, TestCase

MOST_FRAMES = 20_000
"""Calls of functions that are kept from one question to the next: some twenty-five megabytes."""

MOST_OF_ALL = 6 * MOST_FRAMES
"""So many are kept where tests come to so much code that fewer would have it followed again for each of them."""

FEW_FOLLOWED = 20
"""With fewer test files than so many from one time that calls are let go of to the next, more of them are kept."""

MOST_DROPPED = 1_000
"""Modules that have been read and dropped before garbage is looked for."""


@dataclass(eq=False)
class Begun:
    """How far the tests of a file have been followed."""

    found: list[Followed] = field(default_factory=list[Followed])
    """What came of the first of them."""
    root: Root | None = None
    """Where the next one starts, if it has been begun."""


@dataclass(eq=False)
class Known:
    """What is known about one state of the files, worked out as it is asked for."""

    files: Mapping[str, Packed]
    layout: Layout
    links: Links
    factories: frozenset[str]
    """The names of the functions that may return a flow or task that they made."""
    interpreter: Interpreter
    fixtures: Fixtures
    answers: Answers = field(default_factory=lambda: Answers({}, {}, {}, {}, {}))
    holders: Holders = field(default_factory=Holders)
    sure: set[str] | None = None
    """The files with what all callers are known, as far as answers were worked out; None for all of them."""
    adopted: dict[str, Packed] = field(default_factory=dict[str, "Packed"])
    """The files whose modules have been changed in place since they were made, as they are now."""
    near: dict[str, tuple[Reaching, list[str]]] = field(default_factory=dict[str, "tuple[Reaching, list[str]]"])
    """For each file that was asked about: who can come to it, and the test files among them."""
    complete: set[str] = field(default_factory=set[str])
    """The files of which all those test files have been followed."""
    recent: Recent = field(default_factory=Recent)
    begun: dict[str, Begun] = field(default_factory=dict[str, "Begun"])
    """How far files have been followed in which somebody left off."""
    is_over: bool = False
    """Whether there is a next state of the files: what is found out now might be taken for an answer about that."""
    room: int = field(default_factory=lambda: MOST_FRAMES)
    """How many calls are kept."""
    followed: int = 0
    """How many test files have been followed since some were let go of."""

    @staticmethod
    def about(files: Mapping[str, Packed], configs: Mapping[str, str], resolved: Resolved | None = None) -> Known:
        """Return what is known of files before anybody asked; `resolved` is what was known of them before."""
        layout = Layout(files, configs)
        modules = Modules(files, configs, layout.of)
        holds = resolved is not None and resolved.state == state(files, configs)
        links = Links(files, modules.find, resolved.edges if resolved is not None and holds else None)
        inter = Interpreter(ModuleTable(files), modules, Users(files), links.active, lambda path: layout.of(path).root)
        return Known(files, layout, links, makers.closed(files), inter, Fixtures(inter))

    def after(self, changed: Mapping[str, Packed | None], files: Mapping[str, Packed]) -> Known:
        """Return what is still known when some files have new contents, have come (None before) or gone (None now)."""
        old, users = self.interpreter, self.interpreter.users
        moved = frozenset(path for path in changed if (path in files) != (path in self.files))
        layout, resolver = self.layout, old.resolver
        linked: dict[str, Packed | None] = dict(changed)
        gone, waiting = set[str](), list(changed)
        if moved:
            layout = layout.after(moved, files)
            resolver = Modules(files, layout.configs, layout.of)
            for path in shifted(moved, self.links, old, files, resolver):
                waiting.append(path)
                linked[path] = files.get(path)
        for path, packed in changed.items():
            before = self.files.get(path)
            for one in (before, packed):
                waiting.extend(users.askers(one) if one is not None else ())
            users = users.after(
                path, before.uses if before is not None else NO_NAMES, packed.uses if packed is not None else NO_NAMES
            )
        links = self.links.after(linked, files, resolver.find)
        waiting.extend(links.active ^ self.links.active)
        while waiting:
            path = waiting.pop()
            if path not in gone:
                gone.add(path)
                waiting.extend(old.dependents.get(path, ()))
        factories = self.factories
        if any(_origins(self.files.get(path)) != _origins(packed) for path, packed in changed.items()):
            factories = makers.closed(files)
        inter = old.next(old.modules.next(files, gone), resolver, users, links.active, gone)
        self.is_over = True
        return Known(
            files,
            layout,
            links,
            factories,
            inter,
            self.fixtures.next(inter),
            self.answers.without(gone) if factories == self.factories else self.answers.without_definitions(gone),
            self.holders.without(gone),
            self.sure | gone if self.sure is not None else None,
            {path: packed for path, packed in self.adopted.items() if path not in gone},
            {} if moved else self.near,
            room=self.room,
        )

    def apart(self) -> Known:
        """Return what is known of these files, for who goes on asking about them after there is a next state.

        It has modules of its own: what they come to with these files is not taken for an answer about the next.
        """
        inter = self.interpreter.anew()
        fixtures, answers, holders = Fixtures(inter), self.answers.apart(), self.holders.without(set())
        new = Known(self.files, self.layout, self.links, self.factories, inter, fixtures, answers, holders, set())
        new.near, new.complete = self.near.copy(), self.complete.copy()
        return new

    def adopt(self, path: str, new: Facts) -> tuple[Packed, dict[Place, Place]] | None:
        """Take in what a file says now, if it means nothing to others but what it said before; None if it may.

        Returned is what is kept as the file's facts, and where their places stand now.
        """
        if self.sure is not None and path not in self.sure:
            return None  # who has called into it was followed, and forgotten
        if not pack(new).looks_like(self.files[path]):
            return None
        self.begun.clear()
        found = neutral(self.interpreter, self.interpreter.modules[path], new, self.factories)
        if found is None:
            return None
        if found.rewired:
            again = rewire(self.interpreter, found.rewired)
            for behind in again.behinds:
                self.holders.leads(behind)
            self.holders.add(again.followed)
            self.recent.forget(again.keys)
        packed = self.adopted[path] = self.interpreter.modules[path].packed
        return packed, found.places

    def of(self, files: Mapping[str, Packed]) -> Known:
        """Return itself, as knowledge of files of which some have been adopted."""
        self.files = self.interpreter.modules.files = files
        return self

    def is_beyond(self, files: Mapping[str, Packed], but: Container[str] = ()) -> bool:
        """Whether it has adopted what these files do not say; `but` are those that do not matter."""
        return any(files.get(path) is not packed and path not in but for path, packed in self.adopted.items())

    @cached_property
    def uses_prefect(self) -> bool:
        """Whether any file names Prefect."""
        return any(packed.prefect for packed in self.files.values())

    def definitions(self, path: str) -> tuple[Defined, ...]:
        """Return the definitions of a file."""
        found = self.answers.definitions.get(path)
        if found is None:
            found = ()
            if path in self.links.active:
                self._begin()
                found = definitions(self.interpreter, self.interpreter.modules[path], self.factories)
            self.answers.definitions[path] = found
            if elsewhere := frozenset(one.definition.location.path for one in found) - {path}:
                self.answers.elsewhere[path] = elsewhere
        return found

    def definition_of(self, key: Key) -> Definition | None:
        """Return the definition that a key stands for."""
        return next((defined.definition for defined in self.definitions(key[1]) if defined.key == key), None)

    def tests(self, path: str) -> tuple[TestCase, ...]:
        """Return the tests of a file."""
        found = self.answers.tests.get(path)
        if found is None:
            found = ()
            project = self.layout.of(path)
            if self._is_tested(path, project) and (module := self.interpreter.modules.get(path)) is not None:
                self._begin()
                found = tuple(test.case for test in collect(self.interpreter, module, project))
            self.answers.tests[path] = found
        return found

    @staticmethod
    def _is_tested(path: str, project: Project) -> bool:
        return project.is_test_file(path) or project.has_doctests(path)

    def profiles(self, path: str) -> dict[TestCase, str]:
        """Return the profiles that the tests of a file ask for by a mark; none where the project has no profile."""
        found = self.answers.profiles.get(path)
        if found is None:
            found = self.answers.profiles[path] = {}
            inter, project = self.interpreter, self.layout.of(path)
            module = inter.modules.get(path) if project.settings.profiles and project.is_test_file(path) else None
            for test in collect(inter, module, project) if module is not None else ():
                asked = inter.attempt(test.case.node_id, lambda t=test: marks.profile(marks_of(inter, t)), None)
                if asked is not None:
                    found[test.case] = asked
        return found

    def reached(self, path: str, pause: Callable[[], bool] | None = None) -> tuple[Followed, ...]:
        """Return what the tests of a file run.

        `pause` is asked now and then whether to leave off for now.

        Raises:
            Interrupted: when it says so. What has been followed is kept for the next time.
        """
        known = self.answers.reached.get(path)
        if known is None:
            project = self.layout.of(path)
            found: list[Followed] = []
            if (path in self.layout.test_files or path in self.layout.doctested) and (
                self.links.leads(path) or project.plugins
            ):
                found = self._follow(path, project, pause)
            known = self.answers.reached[path] = tuple(found)
            self.holders.add(known)
            if known:
                self.recent.clear()
        return known

    def _follow(self, path: str, project: Project, pause: Callable[[], bool] | None) -> list[Followed]:
        if path not in self.begun:
            self._begin()
            self.followed += 1
        inter, begun = self.interpreter, self.begun.setdefault(path, Begun())
        inter.pause = pause
        try:
            for test in collect(inter, inter.modules[path], project)[len(begun.found) :]:
                about = test.case.node_id
                if (root := begun.root) is None:
                    root = inter.attempt(about, lambda t=test: start(inter, self.fixtures, t, project), None)
                begun.root = root
                if root is not None:
                    inter.attempt(about, lambda r=root: search(inter, r), None)
                begun.found.append(root.followed if root is not None else Followed(test.case))
                begun.root = None
                inter.breathe()
        finally:
            inter.pause = None
        return self.begun.pop(path).found

    def users(self, path: str) -> Iterator[str]:
        """Return the other files that may lead to what a file defines."""
        return (other for other in self.links.reaching(path).files if other != path and other in self.links.active)

    def makers(self, path: str) -> Iterator[str]:
        """Return the other files that may make definitions of what a file has in it."""
        definitions, elsewhere = self.answers.definitions, self.answers.elsewhere
        return (other for other in self.users(path) if other not in definitions or path in elsewhere.get(other, ()))

    def waiting(self, path: str) -> list[str]:
        """Return the test files that may come to what a file defines and have not been followed yet."""
        if path in self.complete:
            return []
        reaching = self.links.reaching(path)
        known = self.near.get(path)
        if known is None or known[0] is not reaching:
            among = reaching.among(self.layout.test_files | self.layout.doctested) | self.layout.with_plugins
            if len(self.near) >= MOST_REACHING:
                del self.near[next(iter(self.near))]
            known = self.near[path] = reaching, sorted(among)
        found = [path for path in known[1] if path not in self.answers.reached]
        if not found:
            self.complete.add(path)
        return found

    def matches(self, key: Key, label: str, *, keep: bool) -> tuple[Match, ...]:
        """Return the tests that run a definition, as far as test files have been followed; see `waiting`.

        `keep` says that somebody is likely to ask again.
        """
        found = self.recent.get(key, label)
        if found is None:
            ways = reaching(key, self.holders, self.answers.reached)
            unsorted = (Match(case, reached.how, (*reached.path[:-1], label)) for case, reached in ways)
            found = tuple(sorted(unsorted, key=lambda match: match.rank))
            if keep:
                self.recent.put(key, label, found)
        return found

    def _begin(self) -> None:
        """Forget what was read for earlier questions, where it has become too much."""
        if self.interpreter.modules.is_full:
            self.interpreter.settle()
        if self.interpreter.frames > self.room:
            self.forget_plain()
            if self.interpreter.frames > self.room:
                if self.followed < FEW_FOLLOWED and self.room < MOST_OF_ALL:
                    self.room *= 2
                else:
                    self.forget()
                self.followed = 0

    def forget_plain(self) -> None:
        """Forget the calls of code that leads nowhere: they were followed for what comes back, and that is known."""
        plain = self.interpreter.modules.forget_calls(self.links.active)
        self.sure = (set(self.files) if self.sure is None else self.sure) - plain
        self.interpreter.answered.clear()
        self.interpreter.met_users.clear()
        self.interpreter.frames = self.interpreter.modules.frames

    def tidy(self) -> None:
        """Have no search for garbage go through what was read: nearly all of it stays.

        What edits have left behind is garbage, and looked for when it has become half of what there is.
        """
        if self.interpreter.modules.dropped > max(MOST_DROPPED, len(self.interpreter.modules) // 2):
            self.interpreter.modules.dropped = 0
            gc.unfreeze()
            gc.collect()
        gc.freeze()

    def forget(self) -> None:
        """Forget what was read, and keep what was answered."""
        self.sure, self.adopted = set(), {}
        self.begun.clear()
        for followed in self.answers.reached.values():
            for one in followed:
                one.root = None
        self.interpreter = self.interpreter.anew()
        self.fixtures = Fixtures(self.interpreter)
        gc.unfreeze()
        gc.collect()


def _origins(packed: Packed | None) -> makers.Origins:
    return packed.made_from() if packed is not None else ()


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
