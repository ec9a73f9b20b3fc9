"""Whoever shows what the session knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from prefect_lens.environment.approval import Person
    from prefect_lens.model import Diagnostic
    from prefect_lens.session.folder import Folder
    from prefect_lens.session.runs import Run


class Listener(Protocol):
    """Whoever shows what the session knows. It is called in the event loop and must not block."""

    def lenses_changed(self) -> None:
        """Lenses of any file may say something else."""
        ...

    def index_changed(self, folder: Folder) -> None:
        """The definitions or the tests of a folder may be others."""
        ...

    def folder_closed(self, folder: Folder) -> None:
        """A folder is not open any more, and has no definitions to show."""
        ...

    def standing_changed(self) -> None:
        """What a status bar shows may be another."""
        ...

    def run_changed(self, folder: Folder, run: Run) -> None:
        """A run has moved on."""
        ...

    def diagnostics_changed(self, folder: Folder, path: str, diagnostics: list[Diagnostic]) -> None:
        """A file has these diagnostics now, and no others."""
        ...

    def person(self, folder: Folder) -> Person:
        """Return who is asked about a folder's runs."""
        ...
