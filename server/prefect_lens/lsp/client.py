"""The editor at the other end: what it can do, and what we tell and ask it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from prefect_lens.environment.provider import Secret
from prefect_lens.lsp.convert import capability

if TYPE_CHECKING:
    from prefect_lens.lsp.server import Server

log = logging.getLogger(__name__)

Progress = types.WorkDoneProgressBegin | types.WorkDoneProgressReport | types.WorkDoneProgressEnd

NOTIFICATIONS = frozenset(
    {"showOutput", "requestTrust", "status", "runs", "definitions", "copyText", "secret", "debug"}
)

MOST_SHOWN = 1500
"""The most characters of a text that goes into a message, where the client cannot show it otherwise."""


class Client:
    """What a client has said that it can do decides how it is told; each call has a fallback or does nothing."""

    def __init__(self, server: Server, capabilities: types.ClientCapabilities, notifications: frozenset[str]) -> None:
        self._server = server
        self._capabilities = capabilities
        self._notifications = notifications

    def can(self, path: str) -> bool:
        """Return whether the client has a capability."""
        return bool(capability(self._capabilities, path))

    def value(self, path: str) -> Any:
        """Return what the client says of a capability; None where it says nothing."""
        return capability(self._capabilities, path)

    def wants(self, notification: str) -> bool:
        """Return whether the client named one of our notifications."""
        return notification in self._notifications

    def notify(self, notification: str, params: Mapping[str, Any]) -> None:
        """Send one of our notifications, where the client named it."""
        if self.wants(notification):
            self._server.wire.tell(f"prefectLens/{notification}", dict(params))

    def notify_encoded(self, notification: str, params: Sequence[str]) -> None:
        """Send one of our notifications whose content is JSON already, in parts, where the client named it."""
        if self.wants(notification):
            self._server.wire.tell_encoded(f"prefectLens/{notification}", params)

    def show_output(self, title: str, text: str) -> None:
        """Show a long text."""
        if self.wants("showOutput"):
            self.notify("showOutput", {"title": title, "text": text})
        else:
            self.show_message(f"{title}\n{text[-MOST_SHOWN:]}")

    def copy_text(self, text: str) -> None:
        """Put a text where the user can paste it from."""
        if self.wants("copyText"):
            self.notify("copyText", {"text": text})
        else:
            self.show_message(text)

    def request_trust(self) -> None:
        """Ask the client to ask its user for trust."""
        if self.wants("requestTrust"):
            self.notify("requestTrust", {})
        else:
            self.show_message("Nothing of this workspace is run, since the editor says that you do not trust it.")

    def show_message(self, text: str, kind: types.MessageType = types.MessageType.Info) -> None:
        """Show a message."""
        self._server.window_show_message(types.ShowMessageParams(kind, text))

    def warn(self, text: str) -> None:
        """Show a warning."""
        self.show_message(text, types.MessageType.Warning)

    def log_message(self, text: str, kind: types.MessageType) -> None:
        """Write a line to the client's log."""
        self._server.window_log_message(types.LogMessageParams(kind, text))

    def publish(self, params: types.PublishDiagnosticsParams) -> None:
        """Tell the diagnostics of a file."""
        self._server.text_document_publish_diagnostics(params)

    def progress(self, token: types.ProgressToken, value: Progress) -> None:
        """Tell how something goes on."""
        self._server.protocol.notify(types.PROGRESS, types.ProgressParams(token, value))

    async def ask(
        self, text: str, answers: Sequence[str], kind: types.MessageType = types.MessageType.Info
    ) -> str | None:
        """Ask the user; None where there is no answer. The text says all, since some clients show no buttons."""
        actions = [types.MessageActionItem(answer) for answer in answers]
        answer = await self._asked(
            self._server.window_show_message_request_async(types.ShowMessageRequestParams(kind, text, actions))
        )
        return answer.title if isinstance(answer, types.MessageActionItem) else None

    async def secret(self, folder: str, what: str) -> Secret | None:
        """Have the client give a secret of a folder, which it keeps or asks its user for; None where there is none."""
        if not self.wants("secret"):
            return None
        params = {"folder": folder, "what": what}
        answer = await self._asked(self._server.protocol.send_request_async("prefectLens/secret", params))
        value, since = getattr(answer, "value", None), getattr(answer, "since", None)
        return Secret(value, since if isinstance(since, int | float) else None) if isinstance(value, str) else None

    async def keep_secret(self, folder: str, what: str, value: str) -> bool:
        """Have the client keep a secret of a folder; false where it cannot."""
        if not self.wants("secret"):
            return False
        params = {"folder": folder, "what": what, "value": value}
        answer = await self._asked(self._server.protocol.send_request_async("prefectLens/keepSecret", params))
        return getattr(answer, "kept", False) is True

    async def debug(self, params: Mapping[str, Any]) -> bool:
        """Have the client attach a debugger to a worker that waits for it; false where it cannot."""
        answer = await self._asked(self._server.protocol.send_request_async("prefectLens/debug", dict(params)))
        return getattr(answer, "attached", False) is True

    async def show_document(self, uri: str, range_: types.Range | None) -> bool:
        """Open a document at a place; false where the client cannot."""
        if not self.can("window.show_document.support"):
            return False
        params = types.ShowDocumentParams(uri, take_focus=True, selection=range_)
        answer = await self._asked(self._server.window_show_document_async(params))
        return isinstance(answer, types.ShowDocumentResult) and answer.success

    async def apply_edit(self, label: str, edit: types.WorkspaceEdit) -> bool:
        """Change files; false where the client cannot or did not."""
        if not self.can("workspace.apply_edit"):
            return False
        answer = await self._asked(self._server.workspace_apply_edit_async(types.ApplyWorkspaceEditParams(edit, label)))
        return isinstance(answer, types.ApplyWorkspaceEditResult) and answer.applied

    async def configuration(self, uris: Sequence[str]) -> Sequence[object] | None:
        """Return the client's section `prefectLens` for each folder; None where it cannot be asked."""
        if not self.can("workspace.configuration"):
            return None
        items = [types.ConfigurationItem(uri, "prefectLens") for uri in uris]
        answer = await self._asked(self._server.workspace_configuration_async(types.ConfigurationParams(items)))
        found = cast("Sequence[object]", answer) if isinstance(answer, Sequence) else ()
        return found if len(found) == len(uris) else None

    async def refresh_lenses(self) -> None:
        """Have the client ask for its lenses again, and for the hints in the code."""
        if self.can("workspace.code_lens.refresh_support"):
            await self._asked(self._server.workspace_code_lens_refresh_async(None))
        if self.can("workspace.inlay_hint.refresh_support"):
            await self._asked(self._server.workspace_inlay_hint_refresh_async(None))

    async def register(self, registrations: Sequence[types.Registration]) -> bool:
        """Register capabilities that the client takes later; false where it refuses."""
        if not registrations:
            return True
        params = types.RegistrationParams(registrations)
        return await self._asked(self._server.client_register_capability_async(params), failed=False) is not False

    async def begin_progress(self, token: types.ProgressToken) -> bool:
        """Have the client make a place for a progress display; false where it cannot."""
        if not self.can("window.work_done_progress"):
            return False
        params = types.WorkDoneProgressCreateParams(token)
        return await self._asked(self._server.window_work_done_progress_create_async(params), failed=False) is not False

    async def _asked(self, answer: Any, *, failed: object = None) -> Any:
        """Return a client's answer. One that fails to answer is its own trouble, and is written to the log."""
        try:
            return await answer
        except JsonRpcException as error:
            log.warning("The editor did not do what it was asked for: %s", error)
            return failed
