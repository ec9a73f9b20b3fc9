"""Which files can come to which, by what they say: their imports, and who fills what they hold.

Nothing is followed for it: each file's facts name what it imports, so that an edit costs the links of one file. Two
questions are answered from it. Which files are *active*, that is, may lead to a flow or task at all: those that name
Prefect, those whose containers others can fill, those that import by names that they work out, and whoever imports one
of these. And which files can come to a given one, so that a definition's tests are looked for only there.
"""

from __future__ import annotations

import hashlib
import posixpath
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from prefect_lens.index.packed import Packed

    Find = Callable[[str, int, str], str | None]

CONFTEST = "conftest.py"

NO_NAMES: tuple[str, ...] = ()

MOST_REACHING = 100
"""Files of which it is kept who can come to them: that may be a large part of all files."""


class Reaching(NamedTuple):
    """The files that can come to some file."""

    files: frozenset[str]
    folders: tuple[str, ...]
    """Folders whose `conftest.py` is among them: their tests get its fixtures without naming it."""

    def has(self, path: str) -> bool:
        """Whether a file can come there."""
        return path in self.files or path.startswith(self.folders)

    def among(self, paths: frozenset[str]) -> set[str]:
        """Return those of some files that can come there."""
        found = set(self.files & paths)
        if self.folders:
            found.update(path for path in paths if path.startswith(self.folders))
        return found


class Resolved(NamedTuple):
    """Where the imports of some files lead, among the paths and with the configuration that `state` stands for."""

    state: str
    edges: Mapping[str, tuple[str, ...]]

    def without(self, paths: Container[str]) -> Resolved:
        """Return it without some files, which may import something else."""
        return self._replace(edges={path: found for path, found in self.edges.items() if path not in paths})


def state(paths: Iterable[str], configs: Mapping[str, str]) -> str:
    """Return what stands for all that decides where an import leads, beside the import."""
    texts = (*sorted(paths), "", *(part for item in sorted(configs.items()) for part in item), "")
    return hashlib.blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Links:
    """The links of one state of the files."""

    def __init__(
        self, files: Mapping[str, Packed], find: Find, known: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        """Read the links of files; `known` are those that need not be looked for."""
        self._files = files
        self._edges: dict[str, tuple[str, ...]] = {}
        """For each file, where its imports lead: files, and folders with a slash behind their names."""
        self._importers: dict[str, tuple[str, ...]] = {}
        self._openers: dict[str, tuple[str, ...]] = {}
        """For each name that fills something when it is called or decorates: the files that hold what it fills."""
        importers: dict[str, list[str]] = {}
        openers: dict[str, list[str]] = {}
        names = dict(zip(files, files, strict=True))  # one object for all equal names
        known = known or {}
        for path, packed in files.items():
            edges = known.get(path)
            if edges is None:
                edges = tuple(names.setdefault(name, name) for name in _read(path, packed, find))
            self._edges[path] = edges
            for target in edges:
                importers.setdefault(target, []).append(path)
            for name in packed.opens:
                openers.setdefault(name, []).append(path)
        self._importers = {name: tuple(found) for name, found in importers.items()}
        self._openers = {name: tuple(found) for name, found in openers.items()}
        self._leading = self._active()
        self._wild: Reaching | None = None
        self._reaching: dict[str, Reaching] = {}

    @property
    def edges(self) -> Mapping[str, tuple[str, ...]]:
        """For each file, where its imports lead."""
        return self._edges

    @property
    def active(self) -> frozenset[str]:
        """The files that may lead to a flow or task."""
        return self._leading.files

    def leads(self, test_file: str) -> bool:
        """Whether a test file may lead to a flow or task, by itself or by its fixtures."""
        return self._leading.has(test_file)

    def after(self, changed: Mapping[str, Packed | None], files: Mapping[str, Packed], find: Find) -> Links:
        """Return the links when some files have changed, come or gone, or import from elsewhere."""
        new = Links({}, find)
        new._files = files
        new._edges, new._importers, new._openers = self._edges.copy(), self._importers.copy(), self._openers.copy()
        is_same = leads_same = True
        for path, packed in changed.items():
            before = self._files.get(path)
            old, now = self._edges.get(path, ()), _read(path, packed, find) if packed is not None else ()
            opened, opens = (one.opens if one is not None else NO_NAMES for one in (before, packed))
            _replace(new._importers, path, old, now)
            _replace(new._openers, path, opened, opens)
            if packed is None:
                new._edges.pop(path, None)
            else:
                new._edges[path] = now
            if before is None or packed is None or (old, opened) != (now, opens):
                is_same = leads_same = False
                continue
            used, uses = (new._openers.keys() & one.uses for one in (before, packed))
            is_same = is_same and used == uses and before.is_wild == packed.is_wild
            leads_same = leads_same and before.leads_as(packed)
        new._leading = self._leading if leads_same else new._active()
        if is_same:
            new._wild, new._reaching = self._wild, self._reaching
        return new

    def knows(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._edges

    def leads_elsewhere(self, path: str, find: Find) -> bool:
        """Whether what a file imports is found in other places by another look-up."""
        return self._edges[path] != _read(path, self._files[path], find)

    def reaching(self, path: str) -> Reaching:
        """Return the files that can come to a file, itself among them. Whoever makes up names can come anywhere."""
        known = self._reaching.get(path)
        if known is None:
            if self._wild is None:
                self._wild = self._closed(path for path, packed in self._files.items() if packed.is_wild)
            found = self._closed((path,))
            if len(self._reaching) >= MOST_REACHING:
                del self._reaching[next(iter(self._reaching))]
            known = self._reaching[path] = Reaching(
                found.files | self._wild.files, (*found.folders, *self._wild.folders)
            )
        return known

    def _active(self) -> Reaching:
        decorating = set[str]().union(*(packed.decorating() for packed in self._files.values()))
        return self._closed(
            path
            for path, packed in self._files.items()
            if packed.prefect or packed.is_open or not decorating.isdisjoint(packed.held)
        )

    def _closed(self, start: Iterable[str]) -> Reaching:
        found = set(start)
        waiting = list(found)
        while waiting:
            for user in self._users(waiting.pop()):
                if user not in found:
                    found.add(user)
                    waiting.append(user)
        conftests = (path for path in found if path.rpartition("/")[2] == CONFTEST)
        return Reaching(frozenset(found), tuple(sorted(path.removesuffix(CONFTEST) for path in conftests)))

    def _users(self, path: str) -> Iterator[str]:
        yield from self._importers.get(path, ())
        slash = path.rfind("/")
        while slash > 0:
            yield from self._importers.get(path[: slash + 1], ())
            slash = path.rfind("/", 0, slash)
        if self._openers and path in self._files:
            for name in self._files[path].uses:
                yield from self._openers.get(name, ())


def _read(path: str, packed: Packed, find: Find) -> tuple[str, ...]:
    """Return where a file's imports lead."""
    found: dict[str, None] = {}
    for dotted, level, whole in packed.imports():
        target = find(dotted, level, path)
        if target is None:
            continue
        found[target] = None
        if whole and not (target.endswith(".py") and posixpath.basename(target) != "__init__.py"):
            # what holds a package can come to everything in it
            found[(posixpath.dirname(target) if target.endswith(".py") else target) + "/"] = None
    return tuple(found)


def _replace(users: dict[str, tuple[str, ...]], path: str, before: Iterable[str], now: Iterable[str]) -> None:
    for gone in set(before) - set(now):
        if left := tuple(other for other in users[gone] if other != path):
            users[gone] = left
        else:
            del users[gone]
    for come in set(now) - set(before):
        users[come] = (*users.get(come, ()), path)
