"""A workspace folder as it was read. Made in threads; the event loop asks it only for what is worked out already."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from prefect_lens import workspace
from prefect_lens.index.facts import Facts, read_facts
from prefect_lens.index.settings import Settings
from prefect_lens.index.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from prefect_lens.facts_cache import FactsCache
    from prefect_lens.model import Diagnostic


@dataclass(frozen=True)
class Reading:
    """The index of a folder, and its answers to what is asked all the time."""

    snapshot: Snapshot = field(default_factory=Snapshot.empty)
    projects: tuple[str, ...] = ()
    """The roots of the projects that have tests."""
    settings: Mapping[str, Settings] = field(default_factory=dict[str, Settings])
    """What each project's own configuration says to us, by its root."""
    problems: tuple[Diagnostic, ...] = ()
    uses_prefect: bool = False
    is_wanted: bool = False
    """Whether there is something to say about its files: one names Prefect, or a configuration us."""
    is_whole: bool = True
    """Whether its Python files have been read: they are once they are wanted."""
    left_out: frozenset[str] = frozenset()
    """Files that were heard of, but lie where the index does not look."""
    unread: Mapping[str, Diagnostic] = field(default_factory=dict[str, "Diagnostic"])
    """The files that could not be read."""


def read_folder(root: Path, progress: Callable[[int, int], None], cache: FactsCache, before: Reading) -> Reading:
    """Return a folder as the disk has it; `progress` is told how many files of how many have been read.

    What was found out `before` about files that are the same now is kept.
    """
    loaded = workspace.load_all(root, progress, cache, before.snapshot, wanted=before.is_wanted)
    unread = {one.path: one.diagnostic for one in loaded.problems}
    return _answered(loaded.snapshot, frozenset(), unread, is_wanted=False, is_whole=loaded.is_whole)


def read_again(root: Path, reading: Reading, changes: Mapping[str, str | None]) -> Reading:
    """Return a folder after some of its files have changed.

    Args:
        root: the folder.
        reading: the folder as it was.
        changes: the unsaved text of each file, or None where the disk has it.
    """
    facts: dict[str, Facts | None] = {}
    configs: dict[str, str | None] = {}
    unread = dict(reading.unread)
    left_out = _left_out(root, reading, changes)
    for path in changes.keys() - left_out:
        unread.pop(path, None)
        is_config = PurePosixPath(path).name in workspace.TEXTS
        if not is_config and not path.endswith(".py"):
            continue
        text = changes[path]
        if text is None and (root / path).is_file():
            found = workspace.read(root / path, path)
            if isinstance(found, workspace.Problem):
                unread[path] = found.diagnostic
            else:
                text = found
        if is_config:
            configs[path] = text
        if path.endswith(".py"):
            facts[path] = None if text is None else read_facts(text)
    is_wanted = reading.is_wanted or workspace.is_for_us(configs.values())
    snapshot = reading.snapshot.update(facts, configs)
    return _answered(snapshot, left_out, unread, is_wanted=is_wanted, is_whole=reading.is_whole)


def disk_text(root: Path, path: str) -> str | None:
    """Return what the disk has of a file; None where it is not there or is no text."""
    text = workspace.read(root / path)
    return text if isinstance(text, str) else None


def _answered(
    snapshot: Snapshot, left_out: frozenset[str], unread: Mapping[str, Diagnostic], *, is_wanted: bool, is_whole: bool
) -> Reading:
    """Return a reading, with what is asked all the time worked out: the snapshot itself is lazy."""
    return Reading(
        snapshot,
        snapshot.tested_projects(),
        {project.root: project.settings for project in snapshot.projects},
        (*snapshot.problems(), *unread.values()),
        snapshot.uses_prefect,
        is_wanted or snapshot.uses_prefect,
        is_whole,
        left_out,
        unread,
    )


def _left_out(root: Path, reading: Reading, paths: Iterable[str]) -> frozenset[str]:
    """Return the files where the index does not look, known ones and new ones.

    The disk is asked of new files only; one that is not there yet is taken as it is.
    """
    known = reading.snapshot.paths
    new = {path for path in paths if path not in known and path not in reading.left_out and (root / path).exists()}
    return reading.left_out | (new - workspace.counted_among(root, new) if new else new)
