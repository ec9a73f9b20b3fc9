"""Reads a workspace folder from the disk: which files count, and what they say. Never runs anything of it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_lens.bulk import read_files
from prefect_lens.decoding import LARGEST, Problem, read
from prefect_lens.index.baseline import NAME as BASELINE
from prefect_lens.index.config import CONFIG_NAMES
from prefect_lens.index.deployments import NAME as DEPLOYMENTS
from prefect_lens.index.notebooks import SUFFIX as NOTEBOOK
from prefect_lens.index.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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


def load(folder: Path) -> Snapshot:
    """Return the snapshot of a folder."""
    return load_all(folder).snapshot


def load_all(
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    cache: FactsCache | None = None,
    before: Snapshot | None = None,
) -> Loaded:
    """Return the snapshot of a folder, and what could not be read.

    Args:
        folder: the folder.
        progress: is told now and then how many files of how many have been read.
        cache: what it knows is not read again.
        before: a snapshot of the folder's files at an earlier time, to begin with.
    """
    before = before if before is not None else Snapshot.empty()
    facts: dict[str, Packed | None] = {}
    configs: dict[str, str | None] = {}
    unread: list[Problem] = []
    unknown: dict[str, os.stat_result | None] = {}
    for path in walk(folder):
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
            status = _status(folder / path) if cache is not None else None
            known = cache.get(path, status) if cache is not None and status is not None else None
            if known is not None:
                facts[path] = known
            else:
                unknown[path] = status
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
    return Loaded(snapshot.begin_with(cache.resolved) if cache is not None else snapshot, tuple(unread))


def walk(folder: Path) -> Iterator[str]:
    """Return the Python and configuration files of a folder, relative to it.

    Left out are virtual environments, dot folders, `node_modules`, what `.gitignore` names, and folders that a link
    leads to a second time.
    """
    seen: set[tuple[int, int]] = set()
    yield from _walk(str(folder), "", [], seen)


def is_counted(name: str) -> bool:
    """Whether a file of this name is read at all."""
    return name.endswith((".py", NOTEBOOK)) or name in TEXTS or name in SEARCHED


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _walk(folder: str, inside: str, ignored: list[tuple[str, Spec]], seen: set[tuple[int, int]]) -> Iterator[str]:
    try:
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    names = {entry.name for entry in found}
    if inside and ("pyvenv.cfg" in names or "conda-meta" in names):
        return
    if ".gitignore" in names and (spec := _gitignore(Path(folder, ".gitignore"))) is not None:
        ignored = [*ignored, (inside, spec)]
    folders: list[os.DirEntry[str]] = []
    for entry in found:
        path = inside + entry.name
        try:
            if entry.is_dir():
                folders.append(entry)
            elif (
                is_counted(entry.name)
                and entry.is_file()
                and (entry.name in SEARCHED or not _is_ignored(path, ignored))
            ):
                yield path
        except OSError:
            continue
    for entry in folders:
        path = f"{inside}{entry.name}/"
        if entry.name.startswith(".") or entry.name in _IGNORED or _is_ignored(path, ignored):
            continue
        yield from _walk(entry.path, path, ignored, seen)


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


__all__ = ["LARGEST", "Loaded", "Problem", "is_counted", "load", "load_all", "read", "walk"]
