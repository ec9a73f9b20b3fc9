"""The editor's user, who is asked before something is fetched for a run, and for secrets that the editor keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from prefect_lens.environment.approval import Answer

if TYPE_CHECKING:
    from prefect_lens.environment.approval import Deed
    from prefect_lens.environment.provider import Secret
    from prefect_lens.lsp.app import App
    from prefect_lens.session.folder import Folder

ALLOW = "Allow"
ONCE = "Allow Until the Editor Closes"


class AskedPerson:
    """See `prefect_lens.environment.approval.Person`."""

    cure = "Run again, and allow it when you are asked.", False

    def __init__(self, app: App, folder: Folder) -> None:
        self._app = app
        self._folder = folder

    async def allows(self, deeds: tuple[Deed, ...]) -> Answer:
        """See `Person.allows`."""
        what = " · ".join(deed.sentence for deed in deeds)
        text = f"For their environment, the tests of {self._folder.root.name} want: {what}"
        match await self._app.client.ask(text, [ALLOW, ONCE], types.MessageType.Warning):
            case "Allow":
                return Answer.ALWAYS
            case "Allow Until the Editor Closes":
                return Answer.ONCE
            case _:
                return Answer.NO

    async def secret(self, what: str) -> Secret | None:
        """See `Person.secret`."""
        return await self._app.client.secret(self._app.folder_uri(self._folder.root), what)
