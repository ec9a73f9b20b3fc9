"""Reads a workspace folder from the disk: which files count, and what they say. Never runs anything of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from prefect_lens.bulk import read_files
from prefect_lens.decoding import LARGEST, Problem, read
from prefect_lens.index.baseline import NAME as BASELINE
from prefect_lens.index.config import CONFIG_NAMES
from prefect_lens.index.deployments import NAME as DEPLOYMENTS
from prefect_lens.index.notebooks import SUFFIX as NOTEBOOK
from prefect_lens.index.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    import pathspec

    from prefect_lens.facts_cache import FactsCache
    from prefect_lens.index.packed import Packed

    Spec = pathspec.PathSpec[pathspec.Pattern]

TEXTS = (*CONFIG_NAMES, DEPLOYMENTS)
"""The files beside Python's whose text the index takes."""

SEARCHED = (".env", BASELINE)
"""The files that are read for nothing but the credentials that stand in them, or do not count; so are notebooks."""

_IGNORED = frozenset({"node_modules", "__pycache__", "site-packages"})


@dataclass(frozen=True, slots=True)
class Loaded:
    """A workspace as it stands on the disk."""

    snapshot: Snapshot
    problems: tuple[Problem, ...]
    """The files that could not be read; the snapshot has its own."""
    is_whole: bool = True
    """Whether the snapshot has the Python files: where none of them names Prefect, and nobody us, none is read."""


def load(folder: Path) -> Snapshot:
    """Return the snapshot of a folder."""
    return load_all(folder).snapshot


def load_all(
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    cache: FactsCache | None = None,
    before: Snapshot | None = None,
    *,
    wanted: bool = False,
) -> Loaded:
    """Return the snapshot of a folder, and what could not be read.

    Where no Python file names Prefect, and no configuration tells us anything, there is nothing to say about any: then
    they are left out.

    Args:
        folder: the folder.
        progress: is told now and then how many files of how many have been read.
        cache: what it knows is not read again.
        before: a snapshot of the folder's files at an earlier time, to begin with.
        wanted: Python files are read, whether or not one names Prefect.
    """
    before = before if before is not None else Snapshot.empty()
    facts: dict[str, Packed | None] = {}
    configs: dict[str, str | None] = {}
    unread: list[Problem] = []
    unknown: dict[str, os.stat_result | None] = {}
    for path, entry in _Walk(folder).files():
        name = path.rpartition("/")[2]
        if name in SEARCHED:
            continue
        if name in TEXTS:
            text = read(folder / path, path)
            if isinstance(text, Problem):
                unread.append(text)
                continue
            configs[path] = text
        if name.endswith(".py"):
            status = _status(entry) if cache is not None else None
            known = cache.get(path, status) if cache is not None and status is not None else None
            if known is not None:
                facts[path] = known
            else:
                unknown[path] = status
    is_whole = wanted or any(known.prefect for known in facts.values() if known is not None)
    is_whole = is_whole or is_for_us(configs.values())
    if not is_whole and not (is_whole := any(_names_prefect(folder / path) for path in unknown)):
        facts.clear()
        unknown.clear()
    for number, (path, found) in enumerate(read_files(folder, tuple(unknown))):
        if progress is not None and number % 100 == 0:
            progress(len(facts), len(facts) + len(unknown) - number)
        if isinstance(found, Problem):
            unread.append(found)
            continue
        facts[path] = found
        if cache is not None and (status := unknown[path]) is not None:
            cache.put(path, status, found)
    facts |= dict.fromkeys(before.paths - facts.keys())
    configs |= dict.fromkeys(before.configs - configs.keys())
    snapshot = before.update(facts, configs)
    return Loaded(snapshot.begin_with(cache.resolved) if cache is not None else snapshot, tuple(unread), is_whole)


def is_for_us(configs: Iterable[str | None]) -> bool:
    """Whether one of some configuration files tells us anything."""
    return any("tool.prefect-lens" in text for text in configs if text is not None)


def _names_prefect(path: Path) -> bool:
    try:
        return path.stat().st_size <= LARGEST and b"prefect" in path.read_bytes()
    except OSError:
        return False


def walk(folder: Path) -> Iterator[str]:
    """Return the Python and configuration files of a folder, relative to it.

    Left out are virtual environments, dot folders, `node_modules`, what `.gitignore` names, and folders to which a link
    leads that have another place in the folder, or hold it.
    """
    return (path for path, _ in _Walk(folder).files())


def statuses(folder: Path) -> Iterator[tuple[str, os.stat_result | None]]:
    """Return the files of `walk`, each with its status; None for one that is gone already."""
    return ((path, _status(entry)) for path, entry in _Walk(folder).files())


def counted_among(folder: Path, paths: Iterable[str]) -> frozenset[str]:
    """Return those of some files that `walk` would return; only what leads to them is looked at."""
    wanted = frozenset(paths)
    ways = frozenset(f"{parent}/" for path in wanted for parent in PurePosixPath(path).parents if parent.name)
    if any((folder / way).is_symlink() for way in ways):
        return wanted.intersection(walk(folder))  # where a link leads may have another place
    return wanted.intersection(path for path, _ in _Walk(folder, ways).files())


def is_counted(name: str) -> bool:
    """Whether a file of this name is read at all."""
    return name.endswith((".py", NOTEBOOK)) or name in TEXTS or name in SEARCHED


class _Walk:
    """A walk through a folder: first where no link leads, so that what a link leads to a second time is known."""

    def __init__(self, folder: Path, ways: Container[str] | None = None) -> None:
        """Prepare to enter all folders, or those of `ways`: paths that end with a slash."""
        self._folder = str(folder)
        self._ways = ways
        self._links: list[tuple[str, str, list[tuple[str, Spec]]]] = []
        self._entered: list[str] = []

    def files(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Yield the files that count, with their places on the disk, those of each folder together."""
        yield from self._below(self._folder, "", [])
        seen: set[tuple[int, int]] = set()
        while self._links:
            waiting, self._links = self._links, []
            for place, inside, ignored in waiting:
                seen.update(filter(None, map(_identity, self._entered)))
                self._entered.clear()
                target = os.path.realpath(place)
                if _identity(place) not in seen and not _holds(target, os.path.realpath(self._folder)):
                    yield from self._below(place, inside, ignored, seen)

    def _below(
        self, place: str, inside: str, ignored: list[tuple[str, Spec]], seen: Container[object] = ()
    ) -> Iterator[tuple[str, os.DirEntry[str]]]:
        waiting = [(place, inside, ignored)]
        while waiting:
            place, inside, ignored = waiting.pop()
            if seen and _identity(place) in seen:
                continue
            try:
                with os.scandir(place) as entries:
                    found = sorted(entries, key=_name)
            except OSError:
                continue
            names = {entry.name for entry in found}
            if inside and ("pyvenv.cfg" in names or "conda-meta" in names):
                continue
            self._entered.append(place)
            if ".gitignore" in names and (spec := _gitignore(Path(place, ".gitignore"))) is not None:
                ignored = [*ignored, (inside, spec)]
            folders: list[tuple[str, str, list[tuple[str, Spec]]]] = []
            for entry in found:
                name = entry.name
                try:
                    if entry.is_dir():
                        path = f"{inside}{name}/"
                        if name[0] == "." or name in _IGNORED or (self._ways is not None and path not in self._ways):
                            continue
                        if not ignored or not _is_ignored(path, ignored):
                            (self._links if entry.is_symlink() else folders).append((entry.path, path, ignored))
                    elif is_counted(name) and entry.is_file():
                        path = inside + name
                        if not ignored or name in SEARCHED or not _is_ignored(path, ignored):
                            yield path, entry
                except OSError:
                    continue
            waiting.extend(reversed(folders))


_name = attrgetter("name")


def _identity(place: str) -> tuple[int, int] | None:
    try:
        status = os.stat(place)  # noqa: PTH116  a `Path` for each folder takes longer than the walk
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _holds(folder: str, other: str) -> bool:
    """Whether a folder is another one, or lies around it."""
    return other == folder or other.startswith(folder.rstrip(os.sep) + os.sep)


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError:
        return None


def _gitignore(path: Path) -> Spec | None:
    text = read(path)
    if isinstance(text, Problem) or not text.strip():
        return None
    import pathspec  # noqa: PLC0415  most folders have no .gitignore

    try:
        return pathspec.PathSpec.from_lines("gitignore", text.splitlines())
    except ValueError:
        return None


def _is_ignored(path: str, ignored: list[tuple[str, Spec]]) -> bool:
    return any(spec.match_file(path[len(base) :]) for base, spec in ignored)


__all__ = ["LARGEST", "Loaded", "Problem", "is_counted", "load", "load_all", "read", "statuses", "walk"]
