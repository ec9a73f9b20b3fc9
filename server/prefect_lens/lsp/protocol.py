"""pygls' protocol, made to answer what it would pass over, and without its own copy of the documents."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import JsonRPCNotification, LanguageServerProtocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cattrs import Converter
    from pygls.lsp.server import LanguageServer

    from prefect_lens.lsp.server import Server

log = logging.getLogger(__name__)

_BATCH = 200
"""Parts of a message that are written at once."""


class Protocol(LanguageServerProtocol):
    """The wire: what comes in goes to the server's handlers.

    Documents are kept by the session alone, since pygls' lines are not the protocol's (form feeds and Unicode's line
    separators end a line there), and a change of a document that was never opened is an error there.
    """

    def __init__(self, server: LanguageServer, converter: Converter) -> None:
        super().__init__(server, converter)
        ours = cast("Server", server)
        self._ours = ours
        handlers: dict[str, Callable[[Any], Any]] = {
            types.EXIT: lambda _: ours.stop(0 if self._shutdown else 1),
            # The app is made later, by `initialize`.
            types.TEXT_DOCUMENT_DID_OPEN: lambda params: ours.app.opened(params),  # noqa: PLW0108
            types.TEXT_DOCUMENT_DID_CHANGE: lambda params: ours.app.changed(params),  # noqa: PLW0108
            types.TEXT_DOCUMENT_DID_CLOSE: lambda params: ours.app.closed(params),  # noqa: PLW0108
            types.NOTEBOOK_DOCUMENT_DID_OPEN: lambda params: ours.app.notebooks.opened(params),  # noqa: PLW0108
            types.NOTEBOOK_DOCUMENT_DID_CHANGE: lambda params: ours.app.notebooks.changed(params),  # noqa: PLW0108
            types.NOTEBOOK_DOCUMENT_DID_CLOSE: lambda params: ours.app.notebooks.closed(params),  # noqa: PLW0108
            types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS: lambda params: ours.app.folders_changed(params.event),
            types.WINDOW_WORK_DONE_PROGRESS_CANCEL: lambda params: ours.app.progress_cancelled(params.token),
            types.WORKSPACE_EXECUTE_COMMAND: self._execute,
        }
        for method, handler in handlers.items():
            self.fm.add_builtin_feature(method, handler)  # pyright: ignore[reportUnknownMemberType]

    async def _execute(self, params: types.ExecuteCommandParams) -> object:
        """Execute a command. A coroutine, so that cancelling the request cancels it, which pygls' own does not."""
        return await self._ours.app.execute(params)

    # --- nonsense is answered ----------------------------------------------------------------------------

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Return a message as its type. A request that has none is answered here, since nobody later knows its id."""
        if "jsonrpc" not in data:
            return data
        method, id_ = data.get("method"), data.get("id")
        if isinstance(method, str) and self.get_message_type(method) is None:
            data.setdefault("params", None)  # pygls expects it of messages that it does not know
        try:
            return super().structure_message(data)
        except JsonRpcException:
            if isinstance(method, str) and isinstance(id_, str | int):
                what = f"The parameters of {method} are not what the protocol says."
                self._send_response(id_, error=JsonRpcInvalidParams(what).to_response_error())
            log.warning("A message that makes no sense was passed over: %.200r", data)
            return JsonRPCNotification(method="", jsonrpc="", params=None)

    def handle_message(self, message: Any) -> None:
        """Hand a message to its handler."""
        if not hasattr(message, "jsonrpc"):
            log.warning("A message that is none of JSON-RPC 2.0 was passed over: %.200r", message)
            return
        method, id_ = getattr(message, "method", None), getattr(message, "id", None)
        if method is not None and id_ is not None:
            wrong: JsonRpcException | None = None
            if self._shutdown:
                wrong = JsonRpcInvalidRequest("The server is shutting down.")
            elif method == types.INITIALIZE and self._ours.is_initialized:
                wrong = JsonRpcInvalidRequest("The server is initialized already.")
            elif method != types.INITIALIZE and not self._ours.is_initialized:
                wrong = JsonRpcServerNotInitialized("The first request must be initialize.")
            if wrong is not None:
                self._send_response(id_, error=wrong.to_response_error())
                return
        elif method is not None and method != types.EXIT and not self._ours.is_initialized:
            return
        super().handle_message(message)

    def tell(self, method: str, params: dict[str, Any]) -> None:
        """Send a notification that is plain JSON: pygls' own way copies all of it first, megabytes of definitions."""
        self._send_data({"jsonrpc": self.VERSION, "method": method, "params": params})

    def tell_encoded(self, method: str, params: Sequence[str]) -> None:
        """Send a notification whose content is ASCII's JSON already, in parts: all of it at once takes much memory."""
        if self.writer is None:
            return
        parts = (f'{{"jsonrpc": "{self.VERSION}", "method": "{method}", "params": ', *params, "}")
        size = f"Content-Length: {sum(map(len, parts))}\r\n"
        self.writer.write(f"{size}Content-Type: {self.CONTENT_TYPE}; charset={self.CHARSET}\r\n\r\n".encode())
        for first in range(0, len(parts), _BATCH):
            self.writer.write("".join(parts[first : first + _BATCH]).encode())

    def refuse(self, error: JsonRpcException) -> None:
        """Answer a message that has no id to answer to."""
        self._send_data({"jsonrpc": self.VERSION, "id": None, "error": {"code": error.code, "message": error.message}})
