"""The protocol's messages as calls of the session: what a handler hands on to."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types

from prefect_lens.audit.auditor import Auditor
from prefect_lens.audit.places import Places
from prefect_lens.audit.trigger import trigger
from prefect_lens.engine.cold import ColdWorkers
from prefect_lens.engine.folders import state_folder
from prefect_lens.engine.warm import WarmWorkers
from prefect_lens.environment.resolving import Vault
from prefect_lens.features.code_action import KINDS, code_actions, for_diagnostic
from prefect_lens.features.code_lens import code_lenses
from prefect_lens.features.credentials import for_credential
from prefect_lens.features.network import REACHED, for_reached
from prefect_lens.index.notebooks import as_python
from prefect_lens.index.problems import CREDENTIAL
from prefect_lens.lsp import commands
from prefect_lens.lsp.client import NOTIFICATIONS, Client
from prefect_lens.lsp.convert import SOURCE, Columns, from_range, in_words, to_code_action, to_code_lens, to_command
from prefect_lens.lsp.notebooks import Notebooks
from prefect_lens.lsp.outlet import Outlet
from prefect_lens.lsp.uris import to_path, to_uri
from prefect_lens.lsp.watching import watched_files
from prefect_lens.session.session import Session
from prefect_lens.session.settings import Settings, read_settings
from prefect_lens.session.texts import Document, edited, lines
from prefect_lens.session.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.features.code_action import Action
    from prefect_lens.features.view import View
    from prefect_lens.lsp.notebooks import Cell
    from prefect_lens.lsp.server import Server
    from prefect_lens.session.folder import Folder

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that an editor has to say its settings before a run goes on without them."""

WAITING = frozenset({"eglot", "emacs", "helix"})
"""Names of clients that stand still until a command is answered, or give it up after some seconds: Emacs' two after ten
(jsonrpc-default-request-timeout, lsp-response-timeout), Helix after twenty (`timeout` of its language-server)."""


class App:
    """A session with the editor that it serves; made when the editor has said what it is."""

    def __init__(self, server: Server, params: types.InitializeParams) -> None:
        options = _options(params.initialization_options)
        trusted = options.get("trusted")
        named = options.get("notifications")
        wanted = frozenset(cast("list[str]", named)) & NOTIFICATIONS if isinstance(named, list) else frozenset[str]()
        self.client = Client(server, params.capabilities, wanted)
        self.columns = Columns(server.workspace.position_encoding or types.PositionEncodingKind.Utf16)
        self.uris: dict[Path, str] = {}
        """The editor's own URIs of what it has opened: it would not know another spelling."""
        self._documents: dict[Path, Document] = {}
        self._given_settings = options.get("settings")
        self._has_settings = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        name = params.client_info.name.lower() if params.client_info else ""
        self.runs_in_background = options.get("runsAnswer", "started" if name in WAITING else "ended") == "started"
        """Whether a command that runs tests is answered before they have ended."""
        self.hears_of_files = self.client.can("workspace.did_change_watched_files.dynamic_registration")
        """Whether the editor tells which files have changed on the disk."""
        self.outlet = Outlet(self)
        trust = Trust(editor=trusted if isinstance(trusted, bool) else None, state=state_folder())
        vault = Vault(os.environ, state_folder())
        by = trigger("editor", os.environ, _name(params))
        auditor = Auditor(Places.of(os.environ), by, os.environ, self.client.warn)
        chosen = os.environ.get("PREFECT_LENS_WARM", "").lower()
        if chosen in ("0", "false", "no"):
            self.session = Session(self.outlet, ColdWorkers(), trust, vault, os.environ, auditor=auditor)
        else:
            warm = WarmWorkers(forks=False) if chosen == "ahead" else WarmWorkers()
            self.session = Session(self.outlet, warm, trust, vault, os.environ, preparing=warm, auditor=auditor)
        self.session.can_debug = self.client.wants("debug")
        self.notebooks = Notebooks(self)
        self._first_folders = _folders(params)

    # --- life --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the folders that the editor named. What else is to be asked of it comes after."""
        self._add_folders(self._first_folders)
        self.soon(self._introduce())

    def soon(self, work: Any) -> None:
        """Do something in the background; a failure of it is written to the log."""
        task = asyncio.ensure_future(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End everything that runs."""
        await self.session.close()
        self.outlet.close()
        for task in tuple(self._tasks):
            task.cancel()

    # --- documents and files -----------------------------------------------------------------------------

    def opened(self, params: types.DidOpenTextDocumentParams) -> None:
        """Take a document that the editor has opened."""
        document = params.text_document
        if (path := to_path(document.uri)) is not None:
            self.uris[path] = document.uri
            self._set(path, Document(document.text, document.version))

    def changed(self, params: types.DidChangeTextDocumentParams) -> None:
        """Take edits of a document."""
        path = to_path(params.text_document.uri)
        if path is None or (document := self._documents.get(path)) is None:
            log.warning("%s was changed, but is not open.", params.text_document.uri)
            return
        text = self.with_changes(document.text, params.content_changes)
        self._set(path, Document(text, params.text_document.version))

    def with_changes(self, text: str, changes: Iterable[types.TextDocumentContentChangeEvent]) -> str:
        """Return a text after the edits that the client tells."""
        for change in changes:
            span = None
            if isinstance(change, types.TextDocumentContentChangePartial):
                span = from_range(self.columns, lines(text), change.range)
            text = edited(text, span, change.text)
        return text

    def closed(self, params: types.DidCloseTextDocumentParams) -> None:
        """Let a document go."""
        if (path := to_path(params.text_document.uri)) is not None and self._documents.pop(path, None) is not None:
            self.uris.pop(path, None)
            self.session.close_document(path)

    def changed_on_disk(self, params: types.DidChangeWatchedFilesParams) -> None:
        """Take notice of files that have changed on the disk."""
        paths = [path for change in params.changes if (path := to_path(change.uri)) is not None]
        self.session.changed_on_disk(paths)

    def saved(self, params: types.DidSaveTextDocumentParams) -> None:
        """Take notice of a document that the editor has written."""
        if (path := to_path(params.text_document.uri)) is not None:
            self.session.saved(path)

    def document(self, path: Path) -> Document | None:
        """Return a text as the editor has it."""
        return self._documents.get(path)

    def _set(self, path: Path, document: Document) -> None:
        self._documents[path] = document
        self.session.set_document(path, document)

    # --- folders, settings, trust ------------------------------------------------------------------------

    def folders_changed(self, event: types.WorkspaceFoldersChangeEvent) -> None:
        """Open and close workspace folders."""
        for gone in event.removed:
            if (path := to_path(gone.uri)) is not None:
                self.session.remove_folder(path)
        self._add_folders([folder.uri for folder in event.added])
        self.soon(self.read_settings())

    def settings_changed(self, params: types.DidChangeConfigurationParams) -> None:
        """Take new settings: ask for them where the editor can be asked, else they are in the message."""
        section = _options(params.settings).get("prefectLens")
        if section is not None and not self.client.can("workspace.configuration"):
            self._given_settings = section
        self.soon(self.read_settings())

    async def read_settings(self) -> None:
        """Read the settings of each folder."""
        roots = list(self.session.folders)
        values = await self.client.configuration([self.folder_uri(root) for root in roots])
        for root, value in zip(roots, values or [self._given_settings] * len(roots), strict=True):
            self.session.set_settings(root, self._settings(value, root))

    def trust_granted(self) -> None:
        """Take the user's trust in the workspace."""
        self.session.grant_trust()

    def folder_uri(self, root: Path) -> str:
        """Return a folder's URI as the editor writes it."""
        return self.uris.get(root) or to_uri(root)

    def file_uri(self, folder: Folder, path: str) -> str:
        """Return a file's URI as the editor writes it."""
        absolute = folder.root / path
        return self.uris.get(absolute) or to_uri(absolute)

    def _settings(self, value: object, root: Path) -> Settings:
        settings, wrong = read_settings(value, root)
        for sentence in wrong:
            log.warning("%s", sentence)
        return settings

    def _add_folders(self, uris: Sequence[str]) -> None:
        for uri in uris:
            if (path := to_path(uri)) is not None and path not in self.session.folders:
                self.uris[path] = uri
                folder = self.session.add_folder(path, self._settings(self._given_settings, path))
                for name, document in self._documents.items():
                    if (inside := folder.relative(name)) is not None:
                        folder.set_document(inside, document)

    async def _introduce(self) -> None:
        """Ask the editor for what it tells only when asked, and register what it takes only then."""
        try:
            await self.read_settings()
        finally:
            self._has_settings.set()
            self.session.settings_are_known()
        if not await self.client.register(watched_files(self.client)):
            self.hears_of_files = False

    async def settings_read(self) -> None:
        """Wait until the editor has said its settings for the first time, if it says them at all."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._has_settings.wait(), PATIENCE)

    # --- requests ----------------------------------------------------------------------------------------

    async def code_lenses(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        """Return the lenses of a file."""
        if (place := await self.place(params.text_document.uri, may_be_last=True)) is None:
            return []
        folder, path = place
        view = await self.session.view_of(folder, path)
        found = await asyncio.to_thread(code_lenses, view, path)
        if not view.why_unsure:
            folder.keep_lenses(path)
        text, uri = self.lines(folder)(path), self.folder_uri(folder.root)
        return [to_code_lens(self.columns, text, uri, one) for one in found]

    async def resolve_lens(self, lens: types.CodeLens) -> types.CodeLens:
        """Return a lens as it is now. It keeps its place and its part; a definition that has gone keeps what it had."""
        data = _options(lens.data)
        root = to_path(str(data.get("folder")))
        if root is None or (folder := self.session.folders.get(root)) is None:
            return lens
        path = str(data.get("entrypoint")).rpartition(":")[0]
        now = await asyncio.to_thread(self._lens_now, await self.session.view_of(folder, path), folder, data)
        return lens if now is None else types.CodeLens(lens.range, now, lens.data)

    def _lens_now(self, view: View, folder: Folder, data: Mapping[str, object]) -> types.Command | None:
        entrypoint = str(data.get("entrypoint"))
        for one in code_lenses(view, entrypoint.rpartition(":")[0]):
            if one.definition.entrypoint == entrypoint and one.call.command == data.get("command"):
                return to_command(one.call, one.title, self.folder_uri(folder.root), one.tooltip)
        return None

    async def code_actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """Return what can be done at a place."""
        only = params.context.only
        return [
            one
            for one in await self._code_actions(params)
            if only is None or any(f"{one.kind}.".startswith(f"{kind}.") for kind in map(_text, only))
        ]

    async def _code_actions(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        if (cell := self.notebooks.cell(params.text_document.uri)) is not None:
            return self._in_cell(params, cell)
        if (place := await self.place(params.text_document.uri)) is None:
            return []
        folder, path = place
        span = from_range(self.columns, self.lines(folder)(path), params.range)
        view, uri = await self.session.view_of(folder, path), self.folder_uri(folder.root)
        found = [to_code_action(uri, one) for one in await asyncio.to_thread(code_actions, view, path, span)]
        for diagnostic in params.context.diagnostics:
            if diagnostic.source == SOURCE and diagnostic.code == CREDENTIAL:
                at = from_range(self.columns, self.lines(folder)(path), diagnostic.range).start
                actions = for_credential(path, folder.text(path) or "", at, may_run=view.may_run)
                found += [to_code_action(uri, one, diagnostic) for one in actions]
            elif diagnostic.source == SOURCE:
                actions = self._for_diagnostic(path, diagnostic, may_run=view.may_run)
                if diagnostic.code == REACHED:
                    actions = (*for_reached(path, diagnostic.message), *actions)
                found += [to_code_action(uri, one, diagnostic) for one in actions]
        return found

    def _in_cell(self, params: types.CodeActionParams, cell: Cell) -> list[types.CodeAction]:
        code, may_run = as_python(cell.text), self.session.trust.may_run
        found: list[types.CodeAction] = []
        for diagnostic in params.context.diagnostics:
            if diagnostic.source == SOURCE and diagnostic.code == CREDENTIAL:
                at = from_range(self.columns, lines(cell.text), diagnostic.range).start
                actions = for_credential(cell.path, code, at, may_run=may_run, cell=params.text_document.uri)
                found += [to_code_action(self.folder_uri(cell.folder.root), one, diagnostic) for one in actions]
        return found

    def _for_diagnostic(self, path: str, diagnostic: types.Diagnostic, *, may_run: bool) -> tuple[Action, ...]:
        data = _options(diagnostic.data)
        given = data.get("tests")
        return for_diagnostic(
            in_words(path, diagnostic),
            tuple(str(test) for test in cast("list[object]", given)) if isinstance(given, list) else (),
            may_run=may_run,
            debug_at=(path, diagnostic.range.start.line) if self.client.wants("debug") else None,
            swallowed=str(data.get("swallowed", "")) if self.client.can("workspace.apply_edit") else "",
        )

    async def execute(self, params: types.ExecuteCommandParams) -> object:
        """Execute a command."""
        return await commands.execute(self, params)

    def progress_cancelled(self, token: types.ProgressToken) -> None:
        """Stop the run that a progress display shows."""
        if (run := self.outlet.run_of(token)) is not None:
            self.session.cancel(run)

    def lines(self, folder: Folder) -> Any:
        """Return a function that gives the lines of a folder's files, reading each once."""
        known: dict[str, list[str]] = {}

        def of(path: str) -> list[str]:
            if path not in known:
                known[path] = lines(folder.text(path) or "")
            return known[path]

        return of

    async def place(self, uri: str, *, may_be_last: bool = False) -> tuple[Folder, str] | None:
        """Return the folder and the path of a document, when the index has heard of its last edit.

        With `may_be_last` at once, where an earlier session's lenses are known.
        """
        path = to_path(uri)
        if path is None or (place := self.session.place(path)) is None:
            return None
        folder, inside = place
        if not (may_be_last and inside in folder.last):
            await folder.caught_up()
        return place


CODE_ACTION_KINDS = KINDS


def _text(kind: types.CodeActionKind | str) -> str:
    return kind.value if isinstance(kind, types.CodeActionKind) else kind


def _options(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def _folders(params: types.InitializeParams) -> list[str]:
    """Return the URIs of the workspace folders, also of a client that knows only one."""
    if params.workspace_folders:
        return [folder.uri for folder in params.workspace_folders]
    if params.root_uri:
        return [params.root_uri]
    return [to_uri(Path(params.root_path))] if params.root_path else []


def _name(params: types.InitializeParams) -> str | None:
    """Return what the editor calls itself, with its version."""
    about = params.client_info
    return None if about is None else " ".join(filter(None, (about.name, about.version)))


async def _logged(work: Any) -> None:
    try:
        await work
    except Exception:  # an edge: background work has nobody to tell
        log.exception("Something in the background failed.")
