"""The credentials that stand in a folder's files: searched for in the background, in unsaved texts too."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from prefect_lens import workspace
from prefect_lens.clean_files import CleanFiles
from prefect_lens.index import problems
from prefect_lens.index.baseline import NAME as BASELINE
from prefect_lens.index.baseline import read_baseline
from prefect_lens.index.credentials import MARK, Credential, find_credentials, find_in_cell
from prefect_lens.model import Diagnostic, Location, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

Found = dict[str, tuple[Credential, ...]]


class Credentials:
    """What has been found so far. Everything is called in the event loop; the search happens in a thread."""

    def __init__(
        self,
        root: Path,
        text: Callable[[str], str | None],
        unsaved: Container[str],
        changed: Callable[[], None],
        pause: Callable[[], None],
    ) -> None:
        """Begin with nothing found.

        Args:
            root: the folder.
            text: gives the text of a file, as the editor or the disk has it; called in a thread.
            unsaved: the files that the editor has, at any moment.
            changed: told when something else is found than before.
            pause: called in the thread before each file; returns when nobody waits for anything more urgent.
        """
        self._root = root
        self._text = text
        self._unsaved = unsaved
        self._changed = changed
        self._pause = pause
        self._found: Found = {}
        self._in_cells: set[str] = set()
        """The notebooks that the editor has open: what is found in them is told in their cells."""
        self._waiting: set[str] = set()
        self._is_all_wanted = False
        self._searching: asyncio.Task[None] | None = None

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What was found, as a person sees it. The value itself is not told."""
        return tuple(
            _diagnostic(path, one) for path, found in self._found.items() if path not in self._in_cells for one in found
        )

    def tell_in_cells(self, path: str, *, on: bool) -> None:
        """Tell what is found in a notebook no more of its file, or again."""
        (self._in_cells.add if on else self._in_cells.discard)(path)
        if path in self._found:
            self._changed()

    def in_cell(self, path: str, text: str) -> list[Diagnostic]:
        """Return what is found in the text of a notebook's cell, with places in the cell; for a thread."""
        baseline = read_baseline(self._text(BASELINE) or "")
        return [_diagnostic(path, one) for one in find_in_cell(path, text, baseline)]

    def search_all(self) -> None:
        """Search the whole folder."""
        self._is_all_wanted = True
        self._wake()

    def search(self, paths: Iterable[str]) -> None:
        """Search files that have changed."""
        self._waiting |= set(paths)
        self._is_all_wanted = self._is_all_wanted or BASELINE in self._waiting
        self._wake()

    async def searched(self) -> None:
        """Wait until the search that goes on has ended."""
        if self._searching is not None:
            await asyncio.wait([self._searching])

    def close(self) -> None:
        """Search no more."""
        if self._searching is not None:
            self._searching.cancel()

    def _wake(self) -> None:
        if self._searching is None:
            self._searching = asyncio.create_task(self._search())

    async def _search(self) -> None:
        try:
            while self._waiting or self._is_all_wanted:
                paths, self._waiting = None if self._is_all_wanted else self._waiting, set()
                self._is_all_wanted = False
                found = await asyncio.to_thread(self._searched, paths)
                before = self._found
                kept = {} if paths is None else {path: one for path, one in before.items() if path not in paths}
                self._found = kept | found
                if self._found != before:
                    self._changed()
        except Exception:  # an edge: what cannot be searched must not end the searches after it
            log.exception("%s could not be searched for credentials.", self._root)
        finally:
            self._searching = None

    def _searched(self, paths: Iterable[str] | None) -> Found:
        """Return what is found in some files, or in all: of these, those are read that may hold something."""
        baseline = read_baseline(self._text(BASELINE) or "")
        searched = self._to_read() if paths is None else sorted(paths)
        found = {path: self._in_file(path, baseline) for path in searched if path != BASELINE}
        return {path: there for path, there in found.items() if there}

    def _in_file(self, path: str, baseline: frozenset[str] = frozenset()) -> tuple[Credential, ...]:
        self._pause()
        text = self._text(path)
        return find_credentials(path, text, baseline) if text is not None else ()

    def _to_read(self) -> Iterator[str]:
        """Yield the files of the folder but those that hold none, baseline or not: which these are is kept."""
        clean = CleanFiles(self._root)
        for path, status in workspace.statuses(self._root):
            if status is None or path in self._unsaved:
                yield path
            elif not clean.has(path, status):
                if self._in_file(path):
                    yield path
                elif path not in self._unsaved:
                    clean.add(path, status)
        clean.save()


def _diagnostic(path: str, one: Credential) -> Diagnostic:
    where = "" if one.cell is None else f" in cell {one.cell[0]}, line {one.cell[1]}"
    message = (
        f"This looks like a credential ({one.kind}){where}, for everybody to read who has the file. "
        f"Let it come from where secrets live, and change it; or say in this line: # {MARK}"
    )
    return Diagnostic(Location(path, one.span), Severity.WARNING, problems.CREDENTIAL, message)
