"""What the session has to say, said to the editor: not more often than a person can see."""

from __future__ import annotations

import asyncio
import hashlib
import json
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from prefect_lens.features.standing import standing
from prefect_lens.index.following import never
from prefect_lens.lsp import payloads
from prefect_lens.lsp.convert import to_diagnostics, to_range
from prefect_lens.lsp.lean import give_back
from prefect_lens.lsp.person import AskedPerson
from prefect_lens.lsp.progress import Display
from prefect_lens.lsp.uris import to_uri
from prefect_lens.session.looking import within
from prefect_lens.session.runs import Over, Run, Waiting
from prefect_lens.session.texts import lines
from prefect_lens.session.throttle import Throttle

if TYPE_CHECKING:
    from prefect_lens.lsp.app import App
    from prefect_lens.model import Definition, Diagnostic
    from prefect_lens.session.folder import Folder

INTERVAL = 0.3
"""Seconds between two updates of the same thing."""

STRETCH = 10.0
"""Seconds of the processor's time after which the tests that have been found are told, while others are looked for."""

NOT_ALL = b""
"""Stands for definitions of which not all tests were told."""


class Outlet:
    """A listener of the session."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lenses = Throttle(app.client.refresh_lenses, INTERVAL)
        self._standing = Throttle(self._tell_standing, INTERVAL)
        self._told_standing: payloads.Json | None = None
        self._definitions: dict[Path, Throttle] = {}
        self._told_definitions: dict[Path, bytes] = {}
        """What stands for all the definitions that were told of a folder: they themselves take megabytes."""
        self._shown: dict[str, _Shown] = {}

    def lenses_changed(self) -> None:
        """Have the lenses asked for again."""
        self._lenses.hint()

    def standing_changed(self) -> None:
        """Tell how the server stands."""
        if self._app.client.wants("status"):
            self._standing.hint()

    def index_changed(self, folder: Folder) -> None:
        """Tell the definitions of a folder."""
        self._app.notebooks.folder_changed(folder)
        if self._app.client.wants("definitions") and folder.is_complete:
            tell = partial(self._tell_definitions, folder)
            self._definitions.setdefault(folder.root, Throttle(tell, INTERVAL)).hint()

    def folder_closed(self, folder: Folder) -> None:
        """Take back the definitions of a folder."""
        if (throttle := self._definitions.pop(folder.root, None)) is not None:
            throttle.stop()
        if self._told_definitions.pop(folder.root, None) is not None:
            self._notify_definitions(folder, [], is_all=True)

    def diagnostics_changed(self, folder: Folder, path: str, diagnostics: list[Diagnostic]) -> None:
        """Publish the diagnostics of a file."""
        app = self._app
        related = app.client.can("text_document.publish_diagnostics.related_information")
        found = to_diagnostics(
            app.columns, diagnostics, app.lines(folder), partial(app.file_uri, folder), related=related
        )
        document = app.document(folder.root / path)
        version = document.version if document is not None else None
        app.client.publish(types.PublishDiagnosticsParams(app.file_uri(folder, path), found, version))

    def run_changed(self, folder: Folder, run: Run) -> None:
        """Tell how a run goes on; its end at once, what lies between a few times a second."""
        if (shown := self._shown.get(run.id)) is None:
            shown = self._shown[run.id] = _Shown(self._app, folder, run)
        if isinstance(run.phase, Over):
            del self._shown[run.id]
            shown.end()
        else:
            shown.hint()

    def show_progress(self, run: Run, token: types.ProgressToken | None) -> None:
        """Show a run's progress: at the client's own token where it gave one, else where the server makes a place."""
        if (shown := self._shown.get(run.id)) is not None:
            shown.show_progress(token)

    def run_of(self, token: types.ProgressToken) -> str | None:
        """Return the run that a progress display shows."""
        return next((id_ for id_, shown in self._shown.items() if shown.is_at(token)), None)

    def person(self, folder: Folder) -> AskedPerson:
        """Return the editor's user, as one who is asked about a folder."""
        return AskedPerson(self._app, folder)

    def close(self) -> None:
        """Say nothing more."""
        for throttle in (self._lenses, self._standing, *self._definitions.values()):
            throttle.stop()

    async def _tell_standing(self) -> None:
        session = self._app.session
        live = [run for _, run in session.runs.values() if not isinstance(run.phase, Waiting)]
        running = (sum(run.done for run in live), sum(run.total for run in live)) if live else None
        value = standing(await session.folder_standings(), running, may_run=session.trust.may_run)
        told = payloads.standing(value, lambda folder: self._app.folder_uri(Path(folder)))
        if told != self._told_standing:
            self._told_standing = told
            self._app.client.notify("status", told)

    async def _tell_definitions(self, folder: Folder) -> None:
        is_all = False
        while not is_all:
            found = await asyncio.to_thread(self._definitions_of, folder)
            if found is None or folder.root not in self._definitions:
                return  # there are newer ones, which are told next; or nobody wants to hear of them
            told, is_all = found
            digest = _digest(told) if is_all else NOT_ALL
            if not is_all or digest != self._told_definitions.get(folder.root):
                self._told_definitions[folder.root] = digest
                self._notify_definitions(folder, told, is_all=is_all)
                del told, found
                await asyncio.to_thread(give_back)  # all has been looked at, and little is made from here on

    def _notify_definitions(self, folder: Folder, definitions: list[str], *, is_all: bool) -> None:
        uri = json.dumps(self._app.folder_uri(folder.root))
        listed = (part for one in definitions for part in (", ", one))
        next(listed, None)
        end = "]}" if is_all else '], "searching": true}'
        self._app.client.notify_encoded("definitions", (f'{{"folder": {uri}, "definitions": [', *listed, end))

    def _definitions_of(self, folder: Folder) -> tuple[list[str], bool] | None:
        """Return the definitions of a folder, and whether all of their tests have been found.

        Who has seen all of them before does not see fewer. They are encoded one by one: as dictionaries they take five
        times that. None where the folder has been read anew meanwhile.
        """
        reading, snapshot = folder.reading, folder.snapshot.patiently()
        is_late = never if self._told_definitions.get(folder.root) else within(STRETCH)
        found: list[str] = []
        is_all = True
        for one in snapshot.definitions():
            is_all = is_all and snapshot.follow(one.path, lambda: folder.reading is not reading or is_late())
            if folder.reading is not reading:
                return None
            tests = len(snapshot.matches_so_far(one))
            told = payloads.definition(one, to_uri(folder.root / one.path), self._range(folder, one), tests)
            found.append(json.dumps(told))
        return found, is_all

    def _range(self, folder: Folder, definition: Definition) -> payloads.Json:
        place = definition.declared_at or definition.location
        # Before a name in its `def` stands nothing but ASCII, so that most files need not be read for this.
        known = definition.declared_at is None and definition.qualname.isascii()
        text = [] if known else lines(folder.text(place.path) or "")
        range_ = to_range(self._app.columns, text, place.span)
        return {
            "start": {"line": range_.start.line, "character": range_.start.character},
            "end": {"line": range_.end.line, "character": range_.end.character},
        }


def _digest(told: list[str]) -> bytes:
    return hashlib.blake2b("".join(told).encode(), digest_size=16).digest()


class _Shown:
    """A run as the editor sees it."""

    def __init__(self, app: App, folder: Folder, run: Run) -> None:
        self._app = app
        self._folder = folder
        self._run = run
        self._throttle = Throttle(self._tell, INTERVAL)
        self._told_cases = 0
        self._told_states: dict[str, Any] = {}
        self._display: Display | None = None

    def hint(self) -> None:
        self._throttle.hint()

    def show_progress(self, token: types.ProgressToken | None) -> None:
        if self._display is None:
            self._display = Display(self._app.client, self._run, token)
            self._app.soon(self._display.begin())

    def is_at(self, token: types.ProgressToken) -> bool:
        return self._display is not None and self._display.token == token

    def end(self) -> None:
        self._throttle.stop()
        self._tell_run()
        if self._display is not None:
            self._display.end()

    async def _tell(self) -> None:
        self._tell_run()
        if self._display is not None:
            self._display.report()

    def _tell_run(self) -> None:
        run = self._run
        if not self._app.client.wants("runs"):
            return
        states = {
            state["entrypoint"]: state
            for state in payloads.states(self._app.session.view(self._folder), run.plan.definitions, run.plan.asked)
        }
        is_over = isinstance(run.phase, Over)
        news = [state for name, state in states.items() if is_over or self._told_states.get(name) != state]
        self._told_states = states
        cases, self._told_cases = run.cases[self._told_cases :], len(run.cases)
        told: payloads.Json = {
            "folder": self._app.folder_uri(self._folder.root),
            "run": run.id,
            "phase": "ended" if is_over else "queued" if isinstance(run.phase, Waiting) else "running",
            "title": run.plan.title,
            "total": run.total,
            "done": run.done,
            "definitions": news,
            "cases": [payloads.case(one) for one in cases],
        }
        if isinstance(run.phase, Over):
            told["summary"] = payloads.summary(run.id, run.phase.summary)
        self._app.client.notify("runs", told)
