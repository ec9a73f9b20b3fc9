"""Which projects are made ready for a run before anybody asks for one: those of a trusted folder that are looked at."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from prefect_lens.model import Interpreter, Trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from prefect_lens.engine.workers import Preparing, Warmth
    from prefect_lens.session.folder import Folder

log = logging.getLogger(__name__)


class Readiness:
    """Tells an engine which projects are likely to be run."""

    def __init__(
        self, engine: Preparing | None, interpreter: Callable[[Folder, str], Awaitable[Interpreter | Trouble]]
    ) -> None:
        self._engine = engine
        self._interpreter = interpreter
        self._told: set[tuple[Path, str]] = set()
        self._telling: set[asyncio.Task[None]] = set()

    def look(self, folder: Folder) -> None:
        """Have the projects of a folder made ready: its only one, of several those that have a document open.

        Must be called for folders alone in which something may be run unasked.
        """
        if self._engine is None or not folder.is_complete or not folder.reading.uses_prefect:
            return
        projects = set(folder.reading.projects)
        if len(projects) > 1:
            projects &= {folder.snapshot.project_of(path).root for path in folder.documents}
        for project in sorted(projects):
            if (folder.root, project) not in self._told:
                self._told.add((folder.root, project))
                task = asyncio.create_task(self._tell(self._engine, folder, project))
                self._telling.add(task)
                task.add_done_callback(self._telling.discard)

    def forget(self, root: Path) -> None:
        """Have a folder's projects made ready anew when they are looked at next: what that depends on has changed."""
        self._told = {key for key in self._told if key[0] != root}

    def limit(self, folders: Iterable[Folder]) -> None:
        """Keep as much ready as the settings of these folders say; the largest counts, since there is one engine."""
        settings = [folder.settings for folder in folders]
        if self._engine is not None and settings:
            minutes = max(one.warm_minutes for one in settings)
            self._engine.limit(max(one.warm_projects for one in settings), 60 * minutes)

    async def standing(self) -> tuple[Warmth, ...]:
        """Return how ready the engine is for the runs of each project."""
        return await self._engine.standing() if self._engine is not None else ()

    async def close(self) -> None:
        """End what was made ready; returns when no process of it is left."""
        for task in self._telling:
            task.cancel()
        if self._engine is not None:
            await self._engine.close()

    async def _tell(self, engine: Preparing, folder: Folder, project: str) -> None:
        try:
            found = await self._interpreter(folder, project)
            if isinstance(found, Interpreter):
                engine.prepare(found, folder.root, project)
                imports = await asyncio.to_thread(folder.snapshot.patiently().imports, project)
                engine.mention(found, folder.root, project, imports)
        except Exception:  # an edge: a run that was not prepared runs all the same
            log.exception("%s could not be made ready.", folder.root)
