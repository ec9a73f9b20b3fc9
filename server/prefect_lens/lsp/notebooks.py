"""Notebooks that are open in the editor: what their cells say now, and the credentials in it, told in the cell."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lsprotocol import types

from prefect_lens.features.severity import with_chosen
from prefect_lens.index.baseline import NAME as BASELINE
from prefect_lens.lsp.convert import to_diagnostics
from prefect_lens.lsp.uris import to_path
from prefect_lens.session.texts import lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.lsp.app import App
    from prefect_lens.session.folder import Folder

log = logging.getLogger(__name__)

SYNC = types.NotebookDocumentSyncOptions(
    notebook_selector=[
        types.NotebookDocumentFilterWithNotebook(
            notebook=types.NotebookDocumentFilterScheme(scheme="file", notebook_type="jupyter-notebook"),
            cells=[types.NotebookCellLanguage(language="python")],
        )
    ]
)
"""What the client is to tell of its notebooks."""


@dataclass
class _Open:
    """A notebook as the editor has it."""

    folder: Folder
    path: str
    cells: dict[str, str] = field(default_factory=dict[str, str])
    """The texts of its cells with code, by their URIs."""
    baseline: str | None = None
    """The folder's baseline of values that are no secret, as it was when it was last looked at."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell with code of a notebook that is open."""

    folder: Folder
    path: str
    """The notebook's."""
    text: str


class Notebooks:
    """All of them. Everything is called in the event loop; the search happens in a thread."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._open: dict[str, _Open] = {}

    def opened(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """Take a notebook that the editor has opened; what is told of its file is told in its cells from now on."""
        path = to_path(params.notebook_document.uri)
        folder = next((one for one in self._app.session.folders.values() if path and one.relative(path)), None)
        if path is None or folder is None or (inside := folder.relative(path)) is None:
            return
        self._open[params.notebook_document.uri] = notebook = _Open(folder, inside)
        folder.credentials.tell_in_cells(inside, on=True)
        self._take(notebook, params.cell_text_documents)

    def changed(self, params: types.DidChangeNotebookDocumentParams) -> None:
        """Take edits of a notebook: cells that came and went, and what is written in them."""
        notebook, cells = self._open.get(params.notebook_document.uri), params.change.cells
        if notebook is None or cells is None:
            return
        if (structure := cells.structure) is not None:
            self._forget(notebook, [one.uri for one in structure.did_close or ()])
            self._take(notebook, structure.did_open or ())
        for one in cells.text_content or ():
            uri = one.document.uri
            if uri in notebook.cells:
                notebook.cells[uri] = self._app.with_changes(notebook.cells[uri], one.changes)
                self._app.soon(self._tell(notebook, uri))

    def closed(self, params: types.DidCloseNotebookDocumentParams) -> None:
        """Let a notebook go; what was told in its cells is told of its file again."""
        if (notebook := self._open.pop(params.notebook_document.uri, None)) is not None:
            self._forget(notebook, tuple(notebook.cells))
            notebook.folder.credentials.tell_in_cells(notebook.path, on=False)

    def cell(self, uri: str) -> Cell | None:
        """Return a cell by its URI; None where no notebook that is open has it."""
        notebook = next((one for one in self._open.values() if uri in one.cells), None)
        return None if notebook is None else Cell(notebook.folder, notebook.path, notebook.cells[uri])

    def folder_changed(self, folder: Folder) -> None:
        """Tell anew what is found in a folder's cells, where other values are no secret than before."""
        for notebook in self._open.values():
            if notebook.folder is folder:
                self._app.soon(self._look_at_baseline(notebook))

    async def _look_at_baseline(self, notebook: _Open) -> None:
        baseline = await asyncio.to_thread(notebook.folder.text, BASELINE)
        if baseline != notebook.baseline:
            notebook.baseline = baseline
            for uri in notebook.cells:
                self._app.soon(self._tell(notebook, uri))

    def _take(self, notebook: _Open, cells: Iterable[types.TextDocumentItem]) -> None:
        for cell in cells:
            notebook.cells[cell.uri] = cell.text
            self._app.soon(self._tell(notebook, cell.uri))

    def _forget(self, notebook: _Open, uris: Iterable[str]) -> None:
        for uri in uris:
            if notebook.cells.pop(uri, None) is not None:
                self._app.client.publish(types.PublishDiagnosticsParams(uri, []))

    async def _tell(self, notebook: _Open, uri: str) -> None:
        text = notebook.cells.get(uri)
        if text is None:
            return
        credentials = notebook.folder.credentials
        found = await asyncio.to_thread(credentials.in_cell, notebook.path, text)
        if notebook.cells.get(uri) != text:
            return  # edited meanwhile, and asked for again
        shown = with_chosen(found, notebook.folder.severities)
        diagnostics = to_diagnostics(self._app.columns, shown, lambda _: lines(text), lambda _: uri)
        self._app.client.publish(types.PublishDiagnosticsParams(uri, diagnostics))
