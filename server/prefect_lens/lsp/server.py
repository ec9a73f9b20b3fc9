"""Starting the server on standard input and output, and ending it, whoever ends first."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import sys
import threading
from functools import partial
from typing import Any, BinaryIO, NoReturn, cast

from lsprotocol import types
from pygls.exceptions import JsonRpcInternalError, JsonRpcParseError
from pygls.io_ import StdinAsyncReader, StdoutWriter, run_async
from pygls.lsp.server import LanguageServer
from pygls.protocol import default_converter

from prefect_lens import __version__
from prefect_lens.lsp import notebooks, questions
from prefect_lens.lsp.app import CODE_ACTION_KINDS, App
from prefect_lens.lsp.commands import COMMANDS
from prefect_lens.lsp.convert import PREFIX
from prefect_lens.lsp.lean import make_lean, use_one_heap
from prefect_lens.lsp.parent import watch_parent
from prefect_lens.lsp.protocol import Protocol

log = logging.getLogger("prefect_lens")

PATIENCE = 6.0
"""Seconds that everything gets to end when the editor has gone."""


def main() -> NoReturn:
    """Serve one editor on standard input and output; end the process when it has gone, and nothing of ours is left."""
    stdin, stdout = _own_streams()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.getLogger("prefect_lens").addHandler(handler)
    logging.getLogger("prefect_lens").setLevel(logging.INFO)
    # What pygls logs is told again to `report_server_error`, and its log of each message would hold the user's code.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)
    # Most of what is made is the index, and stays: looking for garbage as often as Python does takes a third of all.
    gc.set_threshold(20_000, 20, 100)
    use_one_heap()
    make_lean()
    server = Server()
    try:
        asyncio.Runner().run(_serve(server, stdin, stdout))
        status = server.exit_status
    except (KeyboardInterrupt, BrokenPipeError):
        status = 1
    except BaseException:
        log.critical("The server has failed.", exc_info=True)
        status = 1
    logging.shutdown()
    os._exit(status)  # threads that read a large folder have nobody to read it for any more, and are not waited for


class Server(LanguageServer):
    """pygls' server with our handlers; all that it knows is in its `app`, once the editor has introduced itself."""

    def __init__(self) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]  pygls says nothing of the rest
            "prefect-lens",
            __version__,
            protocol_cls=Protocol,
            converter_factory=default_converter,
            max_workers=2,
            notebook_document_sync=notebooks.SYNC,
        )
        self.wire = cast("Protocol", self.protocol)
        self._app: App | None = None
        self._leaving: asyncio.Future[None] | None = None
        self.exit_status = 1
        self.stopped = threading.Event()
        _register(self)

    @property
    def app(self) -> App:
        """The session and its editor."""
        assert self._app is not None, "requests before `initialize` are refused by the protocol"
        return self._app

    @property
    def is_initialized(self) -> bool:
        """Whether the editor has introduced itself."""
        return self._app is not None

    def introduce(self, params: types.InitializeParams) -> None:
        """Take the editor's introduction."""
        self._app = App(self, params)

    def stop(self, exit_status: int) -> None:
        """Stop to read."""
        self.exit_status = exit_status
        self.stopped.set()

    def leave(self) -> None:
        """End everything and be gone: the editor has died, and who knows who holds our standard input open."""
        log.warning("The editor (process %s) has gone.", self.process_id)
        self.stopped.set()
        self._leaving = asyncio.ensure_future(self._leave())

    async def _leave(self) -> None:
        try:
            await asyncio.wait_for(self.close(), PATIENCE)
        finally:
            os._exit(1)

    async def close(self) -> None:
        """End everything that runs."""
        if self._app is not None:
            await self._app.close()

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Write what went wrong to the log. What a request asked for has been answered with the error already."""
        if isinstance(error, ValueError):  # the message was no JSON, so that nobody knows its id
            self.wire.refuse(JsonRpcParseError(f"Parse Error: {error}"))
        elif isinstance(error, JsonRpcInternalError):
            log.error("%s\n%s", error, "".join(_traceback(error)))
        elif "Notification" in getattr(source, "__name__", ""):
            log.error("%s", error)


def _traceback(error: JsonRpcInternalError) -> list[str]:
    data: object = error.data
    return cast("dict[str, list[str]]", data).get("traceback", []) if isinstance(data, dict) else []


def _register(server: Server) -> None:
    """Say which messages the server takes, which is also what it says that it can do."""
    feature = server.feature

    @feature(types.INITIALIZE)
    def _(params: types.InitializeParams) -> None:
        server.introduce(params)

    @feature(types.INITIALIZED)
    def _(_params: types.InitializedParams) -> None:
        server.app.start()
        loop = asyncio.get_running_loop()
        watch_parent(server.process_id, partial(loop.call_soon_threadsafe, server.leave))

    @feature(types.SHUTDOWN)
    async def _(_params: None) -> None:
        await server.close()

    @feature(types.TEXT_DOCUMENT_DID_SAVE)
    def _(params: types.DidSaveTextDocumentParams) -> None:
        server.app.saved(params)

    @feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def _(params: types.DidChangeWatchedFilesParams) -> None:
        server.app.changed_on_disk(params)

    @feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def _(params: types.DidChangeConfigurationParams) -> None:
        server.app.settings_changed(params)

    @feature(types.TEXT_DOCUMENT_CODE_LENS)
    async def _(params: types.CodeLensParams) -> list[types.CodeLens]:
        return await server.app.code_lenses(params)

    @feature(types.CODE_LENS_RESOLVE)
    async def _(lens: types.CodeLens) -> types.CodeLens:
        return await server.app.resolve_lens(lens)

    @feature(types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=list(CODE_ACTION_KINDS)))
    async def _(params: types.CodeActionParams) -> list[types.CodeAction]:
        return await server.app.code_actions(params)

    @feature(types.TEXT_DOCUMENT_INLAY_HINT)
    async def _(params: types.InlayHintParams) -> list[types.InlayHint]:
        return await questions.inlay_hints(server.app, params)

    @feature(types.TEXT_DOCUMENT_HOVER)
    async def _(params: types.HoverParams) -> types.Hover | None:
        return await questions.show_hover(server.app, params)

    @feature(types.TEXT_DOCUMENT_COMPLETION)
    async def _(params: types.CompletionParams) -> list[types.CompletionItem]:
        return await questions.completions(server.app, params)

    @feature(types.TEXT_DOCUMENT_IMPLEMENTATION)
    async def _(params: types.ImplementationParams) -> list[types.Location]:
        return await questions.implementations(server.app, params)

    @feature(types.WORKSPACE_SYMBOL)
    async def _(params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
        return await questions.symbols(server.app, params)

    @feature(types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY)
    async def _(params: types.CallHierarchyPrepareParams) -> list[types.CallHierarchyItem]:
        return await questions.prepare_hierarchy(server.app, params)

    @feature(types.CALL_HIERARCHY_INCOMING_CALLS)
    async def _(params: types.CallHierarchyIncomingCallsParams) -> list[types.CallHierarchyIncomingCall]:
        return await questions.incoming(server.app, params)

    @feature(types.CALL_HIERARCHY_OUTGOING_CALLS)
    async def _(params: types.CallHierarchyOutgoingCallsParams) -> list[types.CallHierarchyOutgoingCall]:
        return await questions.outgoing(server.app, params)

    @feature("prefectLens/trustGranted")
    def _(_params: dict[str, Any]) -> None:  # of a type that fits the server, as `object`, pygls would hand over that
        server.app.trust_granted()

    for name in COMMANDS:
        # Only their names are needed: `executeCommand` hands all of them to `commands.execute`.
        server.command(PREFIX + name)(lambda: None)


async def _serve(server: Server, stdin: BinaryIO, stdout: BinaryIO) -> None:
    server.protocol.set_writer(StdoutWriter(stdout))
    try:
        await run_async(
            stop_event=server.stopped,
            reader=StdinAsyncReader(stdin, server.thread_pool),
            protocol=server.protocol,
            error_handler=server.report_server_error,
        )
    finally:
        await server.close()


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """Return the streams of the protocol, and keep everybody else off them.

    What a library prints, or a child process writes, goes to standard error; what they read is empty.
    """
    stdin = os.fdopen(os.dup(0), "rb")
    stdout = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return stdin, stdout


if __name__ == "__main__":
    sys.exit(main())
