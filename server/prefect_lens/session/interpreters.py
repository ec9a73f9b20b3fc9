"""The interpreters of the projects that are open: found by reading, each time anew, and remembered for a status bar."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prefect_lens.engine.interpreter import find_interpreter
from prefect_lens.features.standing import FolderStanding, ProjectStanding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from prefect_lens.model import Interpreter, Trouble
    from prefect_lens.session.folder import Folder


class Interpreters:
    """What runs the tests of each project."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._found: dict[tuple[Path, str], Interpreter | Trouble] = {}

    async def find(self, folder: Folder, project: str) -> Interpreter | Trouble:
        """Return what runs the tests of a project."""
        found = await asyncio.to_thread(
            find_interpreter,
            folder.root,
            project,
            setting=folder.settings.interpreter,
            editor=folder.settings.editor_interpreter,
            configured=folder.project_settings(project).interpreter,
            environ=self._environ,
        )
        self._found[folder.root, project] = found
        return found

    async def standings(self, folders: Iterable[Folder]) -> tuple[FolderStanding, ...]:
        """Return the folders, their projects, and what was found last for each."""
        found: list[FolderStanding] = []
        for folder in folders:
            reading = folder.reading
            projects = [
                ProjectStanding(
                    project,
                    self._found.get((folder.root, project)) or await self.find(folder, project),
                    tuple(name for name, _ in folder.project_settings(project).profiles),
                    folder.settings.profile,
                )
                for project in reading.projects or (".",)
                if folder.is_complete and reading.uses_prefect
            ]
            is_read = None if folder.is_complete else folder.read
            found.append(FolderStanding(str(folder.root), tuple(projects), reading.uses_prefect, is_read))
        return tuple(found)

    def forget(self, root: Path) -> None:
        """Forget what was found for the projects of a folder."""
        self._found = {key: found for key, found in self._found.items() if key[0] != root}
