"""What came of following tests: what each runs by itself, and, shared by all of them, what that leads to.

A test is followed as far as to the first definitions; what lies behind one of these is found once for each way in which
it is called. So an edit that changes whom a task calls changes a few of these, whoever runs it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from prefect_lens.index.frames import Frame
from prefect_lens.index.worlds import UNPATCHED
from prefect_lens.model import How

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prefect_lens.index.frames import Function, Module
    from prefect_lens.index.values import Key
    from prefect_lens.model import Match, TestCase


T = TypeVar("T")
Group = tuple[T, ...] | set[T]

MOST_RECENT = 10_000
"""Tests of definitions that are kept: some two megabytes."""


def rank(path: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Return what is least of the best of several ways: the shortest, and of equally short ones the first by name."""
    return len(path), path


class Reached(NamedTuple):
    """How a test comes to a definition."""

    how: How
    path: tuple[str, ...]
    """Names from the test to the definition."""


class Behind:
    """The definitions that one way of calling a definition leads to, with the names on the way."""

    __slots__ = ("names", "path")

    def __init__(self, path: str, names: dict[Key, tuple[str, ...]]) -> None:
        self.path = path
        """The file of the definition's body."""
        self.names = names


class Followed:
    """A test, and what it runs."""

    __slots__ = ("behind", "case", "direct", "root")

    def __init__(self, case: TestCase, root: Root | None = None) -> None:
        self.case = case
        self.root = root
        """The frame that everything of the test starts from; None where that was forgotten."""
        self.direct: dict[Key, Reached] = {}
        """The definitions that are met before any other one."""
        self.behind: tuple[tuple[tuple[str, ...], Behind], ...] = ()
        """What these lead to, and the names on the way to it."""

    def reached(self, key: Key) -> Reached | None:
        """Return how the test comes to a definition: by the shortest way."""
        if (found := self.direct.get(key)) is not None:
            return found
        ways = [path + rest for path, behind in self.behind if (rest := behind.names.get(key)) is not None]
        return Reached(How.INDIRECT, min(ways, key=rank)) if ways else None

    def apart(self) -> Followed:
        """Return what is known now, as a value that nobody forgets or goes on from."""
        new = Followed(self.case)
        new.direct, new.behind = self.direct, self.behind
        return new

    def all(self) -> dict[Key, Reached]:
        """Return everything that it runs."""
        keys = dict.fromkeys((*self.direct, *(key for _, behind in self.behind for key in behind.names)))
        return {key: found for key in keys if (found := self.reached(key)) is not None}


class Root(Frame):
    """The frame that everything of a test starts from."""

    __slots__ = ("followed", "own")

    def __init__(self, module: Module, case: TestCase, functions: Iterable[Function]) -> None:
        super().__init__(module, 0, None, (), UNPATCHED)
        self.followed = Followed(case, self)
        self.own = tuple((function.closure, function.index) for function in functions)
        """What tells the frames of the test function itself: where it was defined, and which it is there."""


_FEW = 8


def _with(group: Group[T], one: T) -> Group[T]:
    """Return a group with one more in it. Most hold one or two, for which a set takes four times as much."""
    if one in group:
        return group
    if isinstance(group, set):
        group.add(one)
        return group
    return (*group, one) if len(group) < _FEW else {*group, one}


def _without(group: Group[T], gone: set[T]) -> Group[T]:
    left = tuple(one for one in group if one not in gone)
    return left if len(left) <= _FEW else set(left)


class Holders:
    """Which files' tests may run a definition. What they say of it themselves decides: here may be too many."""

    def __init__(self) -> None:
        self._direct: dict[Key, Group[str]] = {}
        self._users: dict[Behind, Group[str]] = {}
        """For each stretch behind a definition: the files whose tests come there."""
        self._leading: dict[Key, Group[Behind]] = {}

    def without(self, gone: set[str]) -> Holders:
        """Return the holders when nothing is known of some files any more."""
        new = Holders()
        new._direct, new._leading = self._direct, self._leading.copy()
        dropped: dict[Key, set[Behind]] = {}
        for behind, files in self._users.items():
            if behind.path not in gone:
                new._users[behind] = files
                continue
            for key in behind.names:
                dropped.setdefault(key, set()).add(behind)
        for key, behinds in dropped.items():
            new._leading[key] = _without(new._leading[key], behinds)
        return new

    def add(self, followed: Iterable[Followed]) -> None:
        """Take what came of following some tests."""
        for one in followed:
            for key in one.direct:
                self._direct[key] = _with(self._direct.get(key, ()), one.case.path)
            for _, behind in one.behind:
                if behind not in self._users:
                    self.leads(behind)
                self._users[behind] = _with(self._users.get(behind, ()), one.case.path)

    def leads(self, behind: Behind) -> None:
        """Take where a stretch leads now."""
        for key in behind.names:
            self._leading[key] = _with(self._leading.get(key, ()), behind)

    def files(self, key: Key) -> set[str]:
        """Return the files whose tests may run a definition."""
        found = set(self._direct.get(key, ()))
        return found.union(*(self._users.get(behind, ()) for behind in self._leading.get(key, ())))


class Recent:
    """The tests of the definitions that somebody looks at, so that an edit that is nothing to them costs nothing."""

    def __init__(self) -> None:
        self._found: dict[Key, tuple[str, tuple[Match, ...]]] = {}
        self._size = 0

    def get(self, key: Key, label: str) -> tuple[Match, ...] | None:
        """Return the tests of a definition that people know by a name."""
        known = self._found.get(key)
        return known[1] if known is not None and known[0] == label else None

    def put(self, key: Key, label: str, found: tuple[Match, ...]) -> None:
        """Keep the tests of a definition; of what nobody has asked about for longest, none."""
        self.forget((key,))
        self._found[key] = label, found
        self._size += len(found)
        while self._size > MOST_RECENT:
            self.forget((next(iter(self._found)),))

    def forget(self, keys: Iterable[Key]) -> None:
        """Keep no tests of some definitions."""
        for key in keys:
            if (known := self._found.pop(key, None)) is not None:
                self._size -= len(known[1])

    def clear(self) -> None:
        """Keep nothing."""
        self._found.clear()
        self._size = 0


def reaching(
    key: Key, holders: Holders, followed: Mapping[str, tuple[Followed, ...]]
) -> Iterator[tuple[TestCase, Reached]]:
    """Yield the tests that run a definition, as far as their files have been followed."""
    for path in holders.files(key):
        for one in followed.get(path, ()):
            if (reached := one.reached(key)) is not None:
                yield one.case, reached
