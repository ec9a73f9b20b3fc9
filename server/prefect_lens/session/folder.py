"""One workspace folder: its files as the editor and the disk have them, and the index of them."""

from __future__ import annotations

import asyncio
import logging
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from prefect_lens import workspace
from prefect_lens.environment.choosing import chosen
from prefect_lens.facts_cache import FactsCache
from prefect_lens.features import freshness
from prefect_lens.features.observing import observations
from prefect_lens.features.results import Results, forget
from prefect_lens.index.facts import digest, normalize
from prefect_lens.index.observed import Observed
from prefect_lens.index.settings import Settings as ProjectSettings
from prefect_lens.last_lenses import LastLenses
from prefect_lens.observations import Observations, Unchanged
from prefect_lens.session import evidence
from prefect_lens.session.credentials import Credentials
from prefect_lens.session.reading import Reading, disk_text, read_again, read_folder
from prefect_lens.session.throttle import Throttle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from prefect_lens.features.freshness import Hashes
    from prefect_lens.index.environment import Environment
    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.model import Definition, Match, RunResult, Trouble
    from prefect_lens.session.settings import Settings
    from prefect_lens.session.texts import Document

log = logging.getLogger(__name__)

MANY = 500
"""From so many changed files on, the folder is read anew: a branch was changed."""


KEEPING = 5.0
"""Seconds between two times that what lenses say is kept."""

WIDE = frozenset({".gitignore", "pyvenv.cfg"})
"""Files that decide whether others count."""


class Folder:
    """A workspace folder that is open.

    Everything is called in the event loop; reading and parsing happen in threads. `reading`, `results` and `stale`
    are replaced, never changed.
    """

    def __init__(
        self, root: Path, settings: Settings, changed: Callable[[Folder], None], advanced: Callable[[], None]
    ) -> None:
        self.root = root
        self.settings = settings
        self.reading = Reading()
        self.is_complete = False
        self.read = (0, 0)
        """How many files of how many have been read, while a reading of the whole folder goes on."""
        self.results = Results()
        self.observed = Observed()
        """What runs have shown of which tests run what."""
        self.stale: frozenset[str] = frozenset()
        self.documents: dict[str, Document] = {}
        self.last: Mapping[str, Mapping[Definition, tuple[Match, ...]]] = {}
        """What the lenses of open documents said at the end of an earlier session, until the index is complete."""
        self._last = LastLenses(root)
        self._keeping = Throttle(self._keep, KEEPING)
        self._to_keep: set[str] = set()
        aside = self.reading.snapshot.step_aside  # all snapshots of a folder share their turns
        self.credentials = Credentials(root, self.text, self.documents, lambda: changed(self), aside)
        self._changed = changed
        self._advanced = advanced
        self._recording = asyncio.Lock()
        self._observations = Observations(root)
        self._refined: Snapshot | None = None
        """The snapshot with what runs have shown, once it is asked for."""
        self._known: set[str] = set()
        """Tests with results that the index knew: when it knows them no more, they are gone, results and all."""
        self._hashes: dict[str, Hashes] = {}
        self._pending: dict[str, str | None] = {}
        """Files that have changed: the unsaved text, or None where the disk has it."""
        self._taken = self._applied = 0
        """How often changes came in, and how many of these times are in the index."""
        self._news = asyncio.Event()
        self._loaded: Reading | None = None
        self._loading: asyncio.Task[None] | None = None
        self._saving: asyncio.Task[None] | None = None
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
            if not self.is_complete:
                known = self.said_last(path)
                others = {other: found for other, found in self.last.items() if other != path}
                self.last = others if known is None else others | {path: known}
            self._take({path: document.text})

    def said_last(self, path: str) -> Mapping[Definition, tuple[Match, ...]] | None:
        """Return what the lenses of an open document said when that was last known, above the same text.

        Reads the disk: for a thread.
        """
        document = self.documents.get(path)
        return None if document is None else self._last.get(path, digest(normalize(document.text)))

    def close_document(self, path: str) -> None:
        """Go back to what the disk has."""
        if self.documents.pop(path, None) is not None:
            self._take({path: None})

    def changed_on_disk(self, paths: Iterable[str]) -> None:
        """Read files again that something has written, made or removed; the editor's own texts win."""
        found = {path for path in paths if path not in self.documents}
        counted = {path for path in found if workspace.is_counted(PurePosixPath(path).name)}
        if len(counted) > MANY or any(PurePosixPath(path).name in WIDE for path in found):
            self.load()
        elif counted:
            self._take(dict.fromkeys(counted))

    async def record(self, run: RunResult, whole: frozenset[str], before: Mapping[str, str]) -> None:
        """Take what a run has told; the arguments are those of `evidence.recorded`."""
        async with self._recording:
            await self._replace(await asyncio.to_thread(evidence.recorded, self.results, run, whole, self.root, before))

    async def clear(self) -> None:
        """Forget what runs have told, and have shown."""
        async with self._recording:
            await self._replace(Results())
        self.observed, self._refined = Observed(), None
        await asyncio.to_thread(self._observations.forget)

    async def observe(self, snapshot: Snapshot, moment: float, whole: frozenset[str], run: RunResult) -> None:
        """Take what a run has shown of which tests run what, and keep it for the next start.

        Args:
            snapshot: the index as it was when the run began.
            moment: when that was, in seconds since the epoch.
            whole: the test functions that were to run with all their parameters.
            run: what it told.
        """
        try:
            new = await asyncio.to_thread(observations, snapshot, run, whole, Unchanged(self.root, moment))
            await asyncio.to_thread(self._observations.add, new)
        except Exception:  # an edge: a mistake of ours costs what was seen, and no result
            log.exception("What a run has shown could not be taken in.")
            return
        if new:
            self.observed, self._refined = self.observed.after(new), None
            self._changed(self)

    def close(self) -> None:
        """Stop to read."""
        self._keeping.stop()
        self.credentials.close()
        for task in (self._loading, self._applying):
            if task is not None:
                task.cancel()

    # --- pictures go out ---------------------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot:
        """The index, with what runs have shown. What it is asked for may take a while: for a thread."""
        if self._refined is None:
            self._refined = self.reading.snapshot.observing(self.observed)
        return self._refined

    def relative(self, path: Path) -> str | None:
        """Return a file's path in this folder; None for one that is not in it."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return None

    def text(self, path: str) -> str | None:
        """Return a file's text as the editor has it, else as the disk has it; None where neither does.

        Reads the disk: for a thread, or for a single file.
        """
        document = self.documents.get(path)
        return document.text if document is not None else disk_text(self.root, path)

    def project_settings(self, root: str) -> ProjectSettings:
        """Return what a project's own configuration says to us."""
        return self.reading.settings.get(root, ProjectSettings())

    def environment(self, project: str, profile: str | None = None) -> Environment | Trouble | None:
        """Return what the tests of a project find in their environment, as it and the editor's settings say.

        `profile` goes before the one that was chosen.
        """
        return chosen(self.project_settings(project), profile or self.settings.profile, self.settings.environment)

    def severities(self, path: str) -> Mapping[str, str]:
        """Return the severities that were chosen for a file: by the editor, else by the file's project."""
        root = self.snapshot.project_of(path).root if not PurePosixPath(path).is_absolute() else "."
        return dict(self.project_settings(root).severity) | dict(self.settings.severity)

    def keep_lenses(self, path: str) -> None:
        """Keep what the lenses of an open document say now, for the next start."""
        if self.is_complete and path in self.documents:
            self._to_keep.add(path)
            self._keeping.hint()

    async def caught_up(self) -> None:
        """Wait until what the editor has said so far is in the index."""
        said = self._taken
        while self._applied < said and self._applying is not None:
            await self._news.wait()

    async def complete(self) -> None:
        """Wait until every file of the folder has been read that matters."""
        while self._loading is not None or self._applying is not None:
            if self._loading is not None:
                await asyncio.wait([self._loading])
            await self.caught_up()

    # --- in between --------------------------------------------------------------------------------------

    async def _replace(self, results: Results) -> None:
        """Put new results in the place of the old ones, and find out which of them are older than the code by now."""
        paths = {path for batch in results.batches for path, _ in batch.code}
        texts = {path: d.text if (d := self.documents.get(path)) is not None else None for path in paths}
        new = {path: texts[path] for path in paths - self._hashes.keys()}  # the others are kept up to date
        hashes = await asyncio.to_thread(_hashes, self.root, new)
        there = await asyncio.to_thread(_there, self.snapshot, results.tests.keys() | results.troubles.keys())
        self.results = results
        self._known |= there
        self._hashes = {path: found for path, found in self._hashes.items() if path in paths} | hashes
        self.stale = freshness.stale(results, self._hashes.get)
        # What was typed meanwhile is seen now that these files are of interest.
        if new:
            self._take({path: d.text if (d := self.documents.get(path)) is not None else None for path in new})

    def _take(self, changes: Mapping[str, str | None]) -> None:
        if self._loading is not None:
            self._during_load.update(changes)
        self._pending |= changes
        self._taken += 1
        if self.is_complete:
            self.credentials.search(changes)
        self._wake()

    def _wake(self) -> None:
        if self._applying is None and (self._pending or self._loaded is not None):
            self._applying = asyncio.create_task(self._apply())

    async def _load(self) -> None:
        self._during_load.clear()
        loop = asyncio.get_running_loop()

        def progress(done: int, total: int) -> None:
            self.read = done, total
            loop.call_soon_threadsafe(self._advanced)

        try:
            if not self.is_complete:
                self.observed = await asyncio.to_thread(self._observations.load)
            cache = await asyncio.to_thread(FactsCache, self.root)
            self._loaded = await asyncio.to_thread(read_folder, self.root, progress, cache, self.reading)
            self._saving = asyncio.create_task(asyncio.to_thread(_save, cache, self._loaded.snapshot))
            self._saving.add_done_callback(self._saved)
        except Exception:  # an edge: a mistake of ours must not leave the folder waiting
            log.exception("%s could not be read.", self.root)
            self._loaded = self.reading
        # What changed in the meantime may have been read before or after the change.
        self._pending |= dict.fromkeys(self._during_load) | {p: d.text for p, d in self.documents.items()}
        self._taken += 1
        self._loading = None
        self._wake()

    def _saved(self, task: asyncio.Task[None]) -> None:
        if self._saving is task:
            self._saving = None  # the cache takes memory

    async def _apply(self) -> None:
        try:
            while self._pending or self._loaded is not None:
                base, loaded = self._loaded or self.reading, self._loaded is not None
                changes, self._pending, self._loaded, taken = self._pending, {}, None, self._taken
                ours = {path for batch in self.results.batches for path, _ in batch.code}
                # Which files a new reading has read anew, nobody told.
                again = {path: d.text if (d := self.documents.get(path)) else None for path in ours if loaded}
                hashed = again | {path: text for path, text in changes.items() if path in ours}
                watched = frozenset(self._known)
                reading, hashes, there = await asyncio.to_thread(_applied, self.root, base, changes, hashed, watched)
                self.reading, self._applied, self._refined = reading, taken, None
                self._hashes |= hashes
                is_enough = reading.is_whole or not reading.is_wanted
                self.is_complete = is_enough and (self.is_complete or loaded)
                if loaded:
                    self.last = {}
                    self.credentials.search_all()
                self._refresh_results(watched - there)
                self._tell()
                self._changed(self)
                if not is_enough and self._loading is None:
                    self.load()  # the first file names Prefect, or us: now the others matter
        except Exception:  # an edge: a mistake of ours must not end the updates after it
            log.exception("The index of %s could not be brought up to date.", self.root)
        finally:
            self._applying = None
            self._tell()

    async def _keep(self) -> None:
        paths, self._to_keep = self._to_keep, set()
        await asyncio.to_thread(_keep, self._last, self.snapshot.patiently(), paths)

    def _tell(self) -> None:
        """Wake who waits for the index to catch up."""
        self._news.set()
        self._news = asyncio.Event()

    def _refresh_results(self, gone: frozenset[str]) -> None:
        if not self.results.batches and not self.results.troubles:
            return
        if self.is_complete:
            self._known &= self.results.tests.keys() | self.results.troubles.keys()
            self.results = forget(self.results, self._known & gone)
        self.stale = freshness.stale(self.results, self._hashes.get)


def _keep(last: LastLenses, snapshot: Snapshot, paths: Iterable[str]) -> None:
    for path in paths:
        found = {one: snapshot.matches(one) for one in snapshot.definitions_at(path)}
        last.put(path, snapshot.digest(path), found)


def _save(cache: FactsCache, snapshot: Snapshot) -> None:
    cache.save(snapshot.resolved())


def _applied(
    root: Path,
    reading: Reading,
    changes: Mapping[str, str | None],
    hashed: Mapping[str, str | None],
    watched: frozenset[str],
) -> tuple[Reading, dict[str, Hashes], frozenset[str]]:
    """Return the folder with its changes, the hashes of the files that results speak of, which watched tests it has."""
    new = read_again(root, reading, changes)
    return new, _hashes(root, hashed), _there(new.snapshot, watched)


def _there(snapshot: Snapshot, node_ids: Iterable[str]) -> frozenset[str]:
    """Return those of some node IDs that the index knows a test of."""
    return frozenset(filter(snapshot.has_test, node_ids))


def _hashes(root: Path, texts: Mapping[str, str | None]) -> dict[str, Hashes]:
    """Return the hashes of the functions in some files; of one that is no Python at the moment there are none."""
    hashes: dict[str, Hashes] = {}
    for path, unsaved in texts.items():
        text = unsaved if unsaved is not None else disk_text(root, path)
        if (found := freshness.function_hashes(text or "")) is not None:
            hashes[path] = found
    return hashes
