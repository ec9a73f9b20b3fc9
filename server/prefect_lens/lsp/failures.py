"""What a person does about a failure: look at the traceback, say that it is expected."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prefect_lens.engine.cures import install
from prefect_lens.engine.installed import has_plugin
from prefect_lens.features.expecting import expecting
from prefect_lens.features.tracebacks import traceback_text
from prefect_lens.lsp.editing import change
from prefect_lens.model import Trouble
from prefect_lens.session.selection import NothingToRunError, test_id

if TYPE_CHECKING:
    from prefect_lens.features.edits import Edit
    from prefect_lens.lsp.app import App
    from prefect_lens.lsp.arguments import Arguments
    from prefect_lens.session.folder import Folder


async def show_traceback(app: App, arguments: Arguments, _token: object) -> object:
    """Show how tests failed."""
    folder, tests = arguments.folder(app.session), arguments.texts("tests")
    await app.session.settle(folder)
    text = await asyncio.to_thread(traceback_text, folder.results, frozenset(tests))
    text = text or "Nothing in it failed the last time."
    app.client.show_output(f"Traceback of {tests[0] if len(tests) == 1 else folder.root.name}", text)
    return {"text": text}


async def mark_expected(app: App, arguments: Arguments, _token: object) -> object:
    """Write into the tests that a run of them ends in a state, and is to."""
    folder, tests = arguments.folder(app.session), arguments.texts("tests")
    state = arguments.required("state")
    by_file: dict[str, dict[tuple[str, ...], None]] = {}
    for one in map(test_id, tests):
        by_file.setdefault(one.path, {})[one.names] = None
    changes: dict[str, tuple[str, tuple[Edit, ...]]] = {}
    for path, names in by_file.items():
        text = await asyncio.to_thread(folder.text, path) or ""
        if edits := expecting(text, names, state):
            changes[app.file_uri(folder, path)] = text, edits
    if not changes:
        raise NothingToRunError(f"{', '.join(by_file)} cannot be changed for it: write the mark by hand.")
    if await change(app, f"Expect {state}", changes):
        await _tell_of_the_plugin(app, folder, next(iter(by_file)))
    return None


async def _tell_of_the_plugin(app: App, folder: Folder, path: str) -> None:
    """Say that plain pytest does not know the mark, where it does not."""
    project = folder.snapshot.project_of(path).root
    found = await app.session.interpreters.find(folder, project)
    if isinstance(found, Trouble) or await asyncio.to_thread(has_plugin, found):
        return
    command = install(folder.root, project, found, ("prefect-lens",))
    app.client.show_message(f"Plain pytest knows this mark when prefect-lens is installed beside it. Run: {command}")
