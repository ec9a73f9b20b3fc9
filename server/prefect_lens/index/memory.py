"""What an interpreter keeps: the values that it made, each once, and which file's answers came from which."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Self, TypeVar
from weakref import WeakValueDictionary, ref

from prefect_lens.index.values import NOTHING, UNPATCHED, Frame, Key, Opaque, Value, Values, World
from prefect_lens.index.worlds import Chain

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.index.module_table import ModuleTable
    from prefect_lens.index.registries import Users
    from prefect_lens.index.resolve import Modules

log = logging.getLogger(__name__)

T = TypeVar("T")

MOST_ANSWERS = 50_000
"""Answers that are held so that equal ones are one object."""


class Interrupted(Exception):  # noqa: N818  nothing is wrong
    """A test is not followed to its end now. What was found out on the way is kept."""


class Memory:
    """The files that are read, and everything that was found out about them."""

    def __init__(
        self,
        modules: ModuleTable,
        resolver: Modules,
        users: Users,
        active: frozenset[str],
        root_of: Callable[[str], str],
    ) -> None:
        self.modules = modules
        self.resolver = resolver
        self.root_of = root_of
        """The root of the project that a file belongs to."""
        self.dependents: dict[str, set[str]] = {}
        """For each file, the files whose answers came from it."""
        self.asked: dict[str, set[str]] = {}
        """For each part of a module's name: the files that asked for it otherwise than by an import statement."""
        self.users = users
        self.active = active
        """The files that may lead to a definition."""
        self.data: dict[Values, bool] = {}
        """Which values are data, for a call of code that leads to no definition."""
        self.telling: dict[World, World] = {}
        """Worlds without what tells nothing to plain code."""
        self.registered: dict[Opaque, set[Value]] = {}
        """What decorators of a library's object were put on."""
        self.question = 0
        """Counts the tests that are followed."""
        self.coarse: dict[Values, Values] = {}
        """What is left of values where too many calls of a function are to be told apart; see `plain.coarse`."""
        self.coarse_worlds: dict[World, World] = {}
        """The same of worlds."""
        self.hooks: dict[Key, set[Value]] = {}
        """What was put on definitions as hooks, by their methods."""
        self.hooked: set[Key] = set()
        """The definitions whose hooks have been looked for."""
        self.declared: dict[Any, Any] = {}
        """What the parsers of command lines take, by the module that uses them; see `command_lines`."""
        self.operators: dict[str, bool] = {}
        """The special methods, by whether a class that may lead to a definition has them."""
        self.pause: Callable[[], bool] | None = None
        """Whether the one who has a test followed wants it to be left for now; asked between two calls."""
        self.frames = 0
        """How many frames were made: what this takes of memory."""
        self.met_users: set[tuple[str, str]] = set()
        """The uses of a name in a file that have been met; see `registries.meet_users`."""
        self.depth = 0
        self.running: dict[tuple[Frame | None, int], int] = {}
        """How many calls of a function are being followed for their value."""
        self.interned: dict[Any, ref[Any]] = {}
        """The values that have been made, by what they are made of."""
        self.answered: dict[Values, Values] = {}
        """The sets of values that have been answered, each once."""
        self.worlds = WeakValueDictionary[tuple[frozenset[tuple[tuple[Any, str], Values]], Chain, bool], World]()

    def next(
        self, modules: ModuleTable, resolver: Modules, users: Users, active: frozenset[str], gone: set[str]
    ) -> Self:
        """Return the interpreter of the next snapshot, which shares what is known about the files that are not gone."""
        new = type(self)(modules, resolver, users, active, self.root_of)
        new.dependents = self.dependents
        new.asked = self.asked
        new.frames = self.frames
        new.question = self.question
        new.interned = self.interned
        new.answered = self.answered
        new.worlds = self.worlds
        new.registered = {
            key: found for key, found in self.registered.items() if not key.site or key.site[0] not in gone
        }
        new.hooks = {key: found for key, found in self.hooks.items() if key[1] not in gone}
        new.met_users = {met for met in self.met_users if met[1] not in gone}
        new.hooked = {key for key in self.hooked if key[1] not in gone}
        return new

    def anew(self) -> Self:
        """Return an interpreter of the same files that has read none of them yet."""
        new = type(self)(self.modules.anew(), self.resolver, self.users, self.active, self.root_of)
        new.dependents = self.dependents
        new.asked = self.asked
        return new

    def attempt(self, about: str, question: Callable[[], T], otherwise: T) -> T:
        """Answer a question from outside. One that cannot be answered costs its own answer, no other's."""
        try:
            return question()
        except Interrupted:
            raise
        except RecursionError:
            log.warning("%s leads too deep to be followed to its end", about)
        except Exception:  # a mistake of ours; the lenses of all other code are worth more than its being seen at once
            log.exception("%s cannot be followed", about)
        self.depth = 0
        self.running.clear()
        return otherwise

    def breathe(self) -> None:
        """Leave the test that is followed, where that is wanted: between two calls, where nothing is half done.

        Raises:
            Interrupted: always then.
        """
        if self.pause is not None and self.pause():
            raise Interrupted

    def settle(self) -> None:
        """Let go of what can be found out again, between two questions."""
        self.modules.settle()
        self.data.clear()
        self.telling.clear()
        self.coarse.clear()
        self.coarse_worlds.clear()
        self.declared.clear()
        if len(self.answered) > MOST_ANSWERS:
            self.answered.clear()
        for key in [key for key, value in self.interned.items() if value() is None]:
            del self.interned[key]

    def one(self, kind: Callable[..., Any], *fields: Any) -> Any:
        """Return the one value of its kind with these fields."""
        key = (kind, *fields)
        known = self.interned.get(key)
        found = known() if known is not None else None
        if found is None:
            found = kind(*fields)
            self.interned[key] = ref(found)
        return found

    def shared(self, values: Values) -> Values:
        """Return one object for all equal answers: they are most of what is kept."""
        return self.answered.setdefault(values, values) if values else NOTHING

    def world(self, patched: dict[tuple[Any, str], Values], chain: Chain = (), *, unguarded: bool = False) -> World:
        """Return the one world with these patches, in which the calls of a chain raise."""
        if not patched and not chain and not unguarded:
            return UNPATCHED
        key = frozenset(patched.items()), chain, unguarded
        found = self.worlds.get(key)
        if found is None:
            found = self.worlds[key] = World(dict(patched), chain, unguarded=unguarded)
        return found

    def depends(self, path: str, on: str) -> None:
        """Note that what is known about one file came from another."""
        if path != on:
            self.dependents.setdefault(on, set()).add(path)

    def asks(self, path: str, name: str) -> None:
        """Note that what is known about a file depends on whether there is a module or folder of a name."""
        self.asked.setdefault(name, set()).add(path)

    def asks_for_any(self, path: str) -> None:
        """Note that what is known about a file depends on which files there are."""
        self.asks(path, "*")
