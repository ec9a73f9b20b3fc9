"""One workspace folder: its files as the editor and the disk have them, and the index of them."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from prefect_lens import workspace
from prefect_lens.features import freshness
from prefect_lens.features.results import Results, forget
from prefect_lens.index import config
from prefect_lens.index.config import CONFIG_NAMES
from prefect_lens.index.facts import Facts, read_facts
from prefect_lens.index.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from prefect_lens.features.freshness import Hashes
    from prefect_lens.model import Diagnostic
    from prefect_lens.session.settings import Settings
    from prefect_lens.session.texts import Document

log = logging.getLogger(__name__)

MANY = 500
"""From so many changed files on, the folder is read anew: a branch was changed."""


class Folder:
    """A workspace folder that is open.

    Everything is called in the event loop; reading and parsing happen in threads. `snapshot`, `results` and `stale`
    are replaced, never changed.
    """

    def __init__(self, root: Path, settings: Settings, changed: Callable[[Folder], None]) -> None:
        self.root = root
        self.settings = settings
        self.snapshot = Snapshot.empty()
        self.is_complete = False
        self.results = Results()
        self.stale: frozenset[str] = frozenset()
        self.documents: dict[str, Document] = {}
        self._changed = changed
        self._hashes: dict[str, Hashes] = {}
        self._pending: dict[str, str | None] = {}
        """Files that have changed: the unsaved text, or None where the disk has it."""
        self._loaded: Snapshot | None = None
        self._loading: asyncio.Task[None] | None = None
        self._applying: asyncio.Task[None] | None = None
        self._during_load: set[str] = set()

    # --- changes come in ---------------------------------------------------------------------------------

    def load(self) -> None:
        """Start to read the whole folder; a reading that goes on is taken for this one where it has just begun."""
        if self._loading is not None:
            self._loading.cancel()
        self._loading = asyncio.create_task(self._load())

    def set_document(self, path: str, document: Document) -> None:
        """Take the editor's text of a file."""
        before = self.documents.get(path)
        self.documents[path] = document
        if before is None or before.text != document.text:
            self._take({path: document.text})

    def close_document(self, path: str) -> None:
        """Go back to what the disk has."""
        if self.documents.pop(path, None) is not None:
            self._take({path: None})

    def changed_on_disk(self, paths: Iterable[str]) -> None:
        """Read files again that something has written, made or removed; the editor's own texts win."""
        found = {path for path in paths if path not in self.documents and self.is_of_interest(path)}
        if len(found) > MANY or any(PurePosixPath(path).name == ".gitignore" for path in found):
            self.load()
        elif found:
            self._take(dict.fromkeys(found))

    def record(self, results: Results) -> None:
        """Take the results that a run has brought."""
        self.results = results
        self._take(
            dict.fromkeys(path for batch in results.batches for path, _ in batch.code if path not in self._hashes)
        )
        self.stale = freshness.stale(self.results, self._hashes.get)

    def close(self) -> None:
        """Stop to read."""
        for task in (self._loading, self._applying):
            if task is not None:
                task.cancel()

    # --- pictures go out ---------------------------------------------------------------------------------

    def relative(self, path: Path) -> str | None:
        """Return a file's path in this folder; None for one that is not in it."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return None

    def is_of_interest(self, path: str) -> bool:
        """Whether the index reads such a file."""
        inside = PurePosixPath(path)
        return inside.suffix == ".py" or inside.name in CONFIG_NAMES or inside.name == ".gitignore"

    def text(self, path: str) -> str | None:
        """Return a file's text as the editor has it, else as the disk has it; None where neither does.

        Reads the disk: for a thread, or for a single file.
        """
        document = self.documents.get(path)
        return document.text if document is not None else disk_text(self.root, path)

    def project_settings(self, root: str) -> config.Settings:
        """Return what a project's own configuration says to us."""
        return next((one.settings for one in self.snapshot.projects if one.root == root), config.Settings())

    async def caught_up(self) -> None:
        """Wait until what the editor has said so far is in the snapshot."""
        while self._pending and self._applying is not None:
            await asyncio.shield(self._applying)

    async def complete(self) -> None:
        """Wait until every file of the folder has been read."""
        while self._loading is not None or self._applying is not None:
            await asyncio.wait([task for task in (self._loading, self._applying) if task is not None])

    # --- in between --------------------------------------------------------------------------------------

    def _take(self, changes: Mapping[str, str | None]) -> None:
        if self._loading is not None:
            self._during_load.update(changes)
        self._pending |= changes
        self._wake()

    def _wake(self) -> None:
        if self._applying is None and (self._pending or self._loaded is not None):
            self._applying = asyncio.create_task(self._apply())

    async def _load(self) -> None:
        self._during_load.clear()
        try:
            self._loaded = await asyncio.to_thread(workspace.load, self.root)
        except OSError as error:
            log.warning("%s cannot be read: %s", self.root, error)
            self._loaded = Snapshot.empty()
        # What changed in the meantime may have been read before or after the change.
        self._pending |= dict.fromkeys(self._during_load) | {p: d.text for p, d in self.documents.items()}
        self._loading = None
        self._wake()

    async def _apply(self) -> None:
        try:
            while self._pending or self._loaded is not None:
                base, loaded = self._loaded or self.snapshot, self._loaded is not None
                changes, self._pending, self._loaded = self._pending, {}, None
                ours = frozenset(path for batch in self.results.batches for path, _ in batch.code)
                snapshot, hashes = await asyncio.to_thread(_updated, self.root, base, changes, ours)
                self.snapshot = snapshot
                self._hashes |= hashes
                if loaded:
                    self.is_complete = True
                self._refresh_results()
                self._changed(self)
        finally:
            self._applying = None

    def _refresh_results(self) -> None:
        if not self.results.batches and not self.results.troubles:
            return
        if self.is_complete:
            there = {test.node_id for test in self.snapshot.tests()}
            self.results = forget(self.results, (self.results.tests.keys() | self.results.troubles.keys()) - there)
        self.stale = freshness.stale(self.results, self._hashes.get)


def disk_text(root: Path, path: str) -> str | None:
    """Return what the disk has of a file; None where it is not there or is no text."""
    text = workspace.read(root / path)
    return text if isinstance(text, str) else None


def _updated(
    root: Path, snapshot: Snapshot, changes: Mapping[str, str | None], ours: frozenset[str]
) -> tuple[Snapshot, dict[str, Hashes]]:
    """Return the snapshot with the changes in it, and the hashes of the changed files that results speak of."""
    facts: dict[str, Facts | None] = {}
    configs: dict[str, str | None] = {}
    hashes: dict[str, Hashes] = {}
    for path, unsaved in changes.items():
        text = unsaved if unsaved is not None else disk_text(root, path)
        if PurePosixPath(path).name in CONFIG_NAMES:
            configs[path] = text
        if PurePosixPath(path).suffix == ".py":
            facts[path] = None if text is None else read_facts(text)
        if path in ours and (found := freshness.function_hashes(text or "")) is not None:
            hashes[path] = found
    return snapshot.update(facts, configs), hashes


def diagnostics_by_path(diagnostics: Iterable[Diagnostic]) -> dict[str, list[Diagnostic]]:
    """Return diagnostics in lists, one for each file."""
    found: dict[str, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        found.setdefault(diagnostic.location.path, []).append(diagnostic)
    return found
