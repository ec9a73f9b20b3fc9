"""Which files a client is to watch for us, and what to do when it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from prefect_lens.workspace import SEARCHED, TEXTS

if TYPE_CHECKING:
    from prefect_lens.lsp.client import Client

PATTERNS = ("**/*.py", "**/*.ipynb", "**/{" + ",".join((*sorted(TEXTS), *SEARCHED, ".gitignore", "pyvenv.cfg")) + "}")
"""No star within braces: some clients, such as Eglot 1.9, cannot read that."""


def watched_files(client: Client) -> list[types.Registration]:
    """Return what is registered once the client is there, where it can be."""
    found: list[types.Registration] = []
    if client.can("workspace.did_change_watched_files.dynamic_registration"):
        watchers = [types.FileSystemWatcher(pattern) for pattern in PATTERNS]
        options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
        found.append(types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options))
    if client.can("workspace.did_change_configuration.dynamic_registration"):
        options = types.DidChangeConfigurationRegistrationOptions("prefectLens")
        found.append(types.Registration("settings", types.WORKSPACE_DID_CHANGE_CONFIGURATION, options))
    return found
