"""Changes of files, which the editor makes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from prefect_lens.features.network import limited
from prefect_lens.index.config import join
from prefect_lens.lsp.convert import to_range

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefect_lens.features.edits import Edit
    from prefect_lens.lsp.app import App
    from prefect_lens.lsp.arguments import Arguments
    from prefect_lens.session.folder import Folder


async def limit_network(app: App, arguments: Arguments, _token: object) -> object:
    """Begin the configuration of the tests' environment with the hosts that they may reach."""
    folder, hosts = arguments.folder(app.session), arguments.texts("hosts")
    settings = join(folder.snapshot.project_of(arguments.required("path")).root, "pyproject.toml")
    text = await asyncio.to_thread(folder.text, settings) or ""
    edit = limited(text, hosts)
    if edit is None:
        app.client.show_message(f"{settings} cannot be changed for it. Add to `network` by hand: {', '.join(hosts)}")
    else:
        await change(app, folder, "Limit the tests' network", {settings: (text, [edit])})
    return None


async def change(app: App, folder: Folder, label: str, changes: Mapping[str, tuple[str, Sequence[Edit]]]) -> bool:
    """Change files of a folder, each given with its text; whether the editor did."""
    documents: list[Any] = []
    for path, (_, edits) in changes.items():
        uri, lines = app.file_uri(folder, path), app.lines(folder)(path)
        if await asyncio.to_thread(folder.text, path) is None:
            documents.append(types.CreateFile(uri, options=types.CreateFileOptions(ignore_if_exists=True)))
        texts = [types.TextEdit(to_range(app.columns, lines, one.span), one.text) for one in edits]
        documents.append(types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri), texts))
    return await app.client.apply_edit(label, types.WorkspaceEdit(document_changes=documents))
