"""Changes of files, which the editor makes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from prefect_lens.features.network import limited
from prefect_lens.index.config import join
from prefect_lens.lsp.convert import to_range
from prefect_lens.session.texts import lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefect_lens.features.edits import Edit
    from prefect_lens.lsp.app import App
    from prefect_lens.lsp.arguments import Arguments


async def limit_network(app: App, arguments: Arguments, _token: object) -> object:
    """Begin the configuration of the tests' environment with the hosts that they may reach."""
    folder, hosts = arguments.folder(app.session), arguments.texts("hosts")
    settings = join(folder.snapshot.project_of(arguments.required("path")).root, "pyproject.toml")
    text = await asyncio.to_thread(folder.text, settings)
    edit = limited(text or "", hosts)
    if edit is None:
        app.client.show_message(f"{settings} cannot be changed for it. Add to `network` by hand: {', '.join(hosts)}")
    else:
        await change(app, "Limit the tests' network", {app.file_uri(folder, settings): (text, [edit])})
    return None


async def change(app: App, label: str, changes: Mapping[str, tuple[str | None, Sequence[Edit]]]) -> bool:
    """Change documents, each by its URI with its text, None where it is to be made; whether the editor did."""
    documents: list[Any] = []
    for uri, (text, edits) in changes.items():
        if text is None:
            documents.append(types.CreateFile(uri, options=types.CreateFileOptions(ignore_if_exists=True)))
        told = lines(text or "")
        texts = [types.TextEdit(to_range(app.columns, told, one.span), one.text) for one in edits]
        documents.append(types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(uri), texts))
    return await app.client.apply_edit(label, types.WorkspaceEdit(document_changes=documents))
