"""A plain client of the language server, so that a test reads like what a person does in an editor.

It speaks JSON-RPC by itself, without the libraries that the server uses, and waits for messages, never for time.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests import forkserver

SERVER = Path(__file__).parents[2] / "server"
LONG = 60.0
"""Seconds after which a test gives up. Nothing waits for as long when all is well."""

NONE_READY = {"PREFECT_LENS_WARM": "0"}
"""A variable of a server that keeps no worker ready: for a single run those cost more than they save."""
FORKS = {forkserver.FORK_WORKER: "1", forkserver.FORK_PARENT: "1"}
"""Variables of a server whose workers share their imports; not where it is the subject how a run is ended."""

EVERYTHING = {
    "workspace": {
        "codeLens": {"refreshSupport": True},
        "configuration": True,
        "workspaceFolders": True,
        "applyEdit": True,
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "didChangeConfiguration": {"dynamicRegistration": True},
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}, "showMessage": {}},
    "textDocument": {"publishDiagnostics": {"relatedInformation": True, "versionSupport": True}, "codeLens": {}},
}

ALL = ["showOutput", "requestTrust", "status", "runs", "definitions", "copyText", "secret"]


class ServerError(Exception):
    """The server answered a request with an error."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code = error["code"]
        self.message = error["message"]


@dataclass
class Lens:
    line: int
    title: str
    command: dict[str, Any]
    raw: dict[str, Any]


@dataclass
class Text:
    text: str
    version: int = 1


@dataclass
class Editor:
    """An editor with some folders open."""

    folders: list[Path]
    process: asyncio.subprocess.Process
    settings: dict[str, Any] = field(default_factory=dict)
    answers: deque[str | None] = field(default_factory=deque)
    """What the user will click when the server asks."""
    secrets: dict[str, str] = field(default_factory=dict)
    """What the editor keeps, by what it is asked for."""
    kept_since: float | None = None
    """Since when, in seconds since the epoch."""
    attaches: bool = True
    """Whether the editor says that its debugger attaches."""
    capabilities: dict[str, Any] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    """Requests of the server that the editor answers with an error."""
    server_capabilities: dict[str, Any] = field(default_factory=dict)
    diagnostics: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The last that was published for each URI."""
    notes: list[tuple[str, Any]] = field(default_factory=list)
    """Every notification and request of the server, in order."""
    applied: list[dict[str, Any]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    texts: dict[Path, Text] = field(default_factory=dict)
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)
    _number: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    # --- what a person does ------------------------------------------------------------------------------

    async def open(self, path: str) -> None:
        file = self.file(path)
        self.texts[file] = Text(file.read_text("utf-8"))
        document = {"uri": self.uri(path), "languageId": "python", "version": 1, "text": self.texts[file].text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    async def edit(self, path: str, old: str, new: str) -> None:
        """Replace a text that is there once, as an incremental edit in UTF-16 (or what was negotiated)."""
        known = self.texts[self.file(path)]
        assert known.text.count(old) == 1, f"{old!r} is {known.text.count(old)} times in {path}"
        start = known.text.index(old)
        change = {"range": {"start": self._at(known.text, start), "end": self._at(known.text, start + len(old))}}
        known.text = known.text.replace(old, new)
        known.version += 1
        document = {"uri": self.uri(path), "version": known.version}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change | {"text": new}]})

    async def save(self, path: str) -> None:
        self.file(path).write_text(self.texts[self.file(path)].text, "utf-8")
        self.notify("textDocument/didSave", {"textDocument": {"uri": self.uri(path)}})

    async def close_file(self, path: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": self.uri(path)}})
        del self.texts[self.file(path)]

    async def lenses(self, path: str) -> list[Lens]:
        found = await self.request("textDocument/codeLens", {"textDocument": {"uri": self.uri(path)}})
        return [
            Lens(lens["range"]["start"]["line"] + 1, lens["command"]["title"], lens["command"], lens) for lens in found
        ]

    async def titles(self, path: str) -> list[str]:
        """The lenses of a file as `line: title`."""
        return [f"{lens.line}: {lens.title}" for lens in await self.lenses(path)]

    async def lens(self, path: str, title: str) -> Lens:
        """Wait for a lens whose `line: title` holds a text."""

        async def there() -> Lens | None:
            return next((one for one in await self.lenses(path) if title in f"{one.line}: {one.title}"), None)

        return await self.until(there, f"a lens {title!r} in {path}")

    def click(self, lens: Lens) -> asyncio.Future[Any]:
        """Do what a lens does; the future is what the command answers."""
        return self.request("workspace/executeCommand", self.command_of(lens))

    def execute(self, command: str, **arguments: Any) -> asyncio.Future[Any]:
        params = {"command": f"prefectLens.server.{command}", "arguments": [arguments]}
        return self.request("workspace/executeCommand", params)

    @staticmethod
    def command_of(lens: Lens) -> dict[str, Any]:
        return {"command": lens.command["command"], "arguments": lens.command["arguments"]}

    def problems(self, path: str) -> list[str]:
        """The diagnostics of a file as `line: code first line of the message`."""
        found = self.diagnostics.get(self.uri(path), {"diagnostics": []})["diagnostics"]
        return sorted(f"{d['range']['start']['line'] + 1}: {d['code']} {d['message'].splitlines()[0]}" for d in found)

    def notes_of(self, method: str) -> list[Any]:
        return [params for name, params in self.notes if name == method]

    # --- waiting and speaking ----------------------------------------------------------------------------

    async def until(self, holds: Any, what: str) -> Any:
        """Return what `holds` returns when that is something; it is asked again after each message of the server."""
        async with asyncio.timeout(LONG) as limit:
            try:
                while True:
                    self._news.clear()
                    value = holds()
                    if inspect.isawaitable(value):
                        value = await value
                    if value:
                        return value
                    await self._news.wait()
            except asyncio.CancelledError:
                if limit.expired():
                    log = "\n".join(self.log[-30:])
                    raise AssertionError(f"{what} did not come.\nLast messages: {self.notes[-8:]}\n{log}") from None
                raise

    def request(self, method: str, params: Any) -> asyncio.Future[Any]:
        """Send a request; its answer is what the future becomes, its number is `last_number`."""
        self._number += 1
        future: Any = asyncio.get_running_loop().create_future()
        self._answers[self._number] = future
        self.send({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        return future

    @property
    def last_number(self) -> int:
        return self._number

    def notify(self, method: str, params: Any) -> None:
        self.send({"jsonrpc": "2.0", "method": method, "params": params})

    def send(self, message: Any) -> None:
        self.send_bytes(json.dumps(message).encode())

    def send_bytes(self, body: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))

    def file(self, path: str) -> Path:
        return self.folders[0] / path

    def uri(self, path: str) -> str:
        return uri(self.file(path))

    async def initialize(self, notifications: list[str], *, trusted: bool | None, **more: Any) -> Any:
        options: dict[str, Any] = {"notifications": notifications}
        if trusted is not None:
            options["trusted"] = trusted
        folders = [{"uri": uri(folder), "name": folder.name} for folder in self.folders]
        answer = await self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folders[0]["uri"] if folders else None,
                "capabilities": self.capabilities,
                "initializationOptions": options,
                "workspaceFolders": folders,
                **more,
            },
        )
        self.server_capabilities = answer["capabilities"]
        self.notify("initialized", {})
        return answer

    async def quit(self) -> int:
        """Shut the server down as the protocol says, and return its exit status."""
        await self.request("shutdown", None)
        self.notify("exit", None)
        return await asyncio.wait_for(self.process.wait(), 10)

    # --- hearing -----------------------------------------------------------------------------------------

    def listen(self) -> None:
        self._tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._read_log())]

    async def _read(self) -> None:
        assert self.process.stdout is not None
        reader = self.process.stdout
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                [length] = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                self._take(json.loads(await reader.readexactly(int(length.partition(b":")[2]))))
        for future in self._answers.values():
            if not future.done():
                future.set_exception(ConnectionError("The server has gone.\n" + "\n".join(self.log[-30:])))
        self._news.set()

    async def _read_log(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.log.append(line.decode(errors="replace").rstrip())

    def _take(self, message: dict[str, Any]) -> None:
        if "method" not in message:
            future = self._answers.pop(message["id"], None) if message["id"] is not None else None
            if future is None:
                self.notes.append(("error without a request", message.get("error")))
                self._news.set()
            elif not future.done():
                if "error" in message:
                    future.set_exception(ServerError(message["error"]))
                else:
                    future.set_result(message["result"])
            return
        method, params = message["method"], message.get("params")
        self.notes.append((method, params))
        if method == "textDocument/publishDiagnostics":
            self.diagnostics[params["uri"]] = params
        if "id" in message and method in self.refused:
            self.send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32603, "message": "Internal error"}})
        elif "id" in message:
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": self._answer(method, params)})
        self._news.set()

    def _answer(self, method: str, params: Any) -> Any:
        match method:
            case "workspace/configuration":
                return [self.settings.get(item.get("scopeUri"), self.settings.get("")) for item in params["items"]]
            case "window/showDocument":
                return {"success": True}
            case "window/showMessageRequest":
                title = self.answers.popleft() if self.answers else None
                return None if title is None else {"title": title}
            case "prefectLens/secret":
                since = {} if self.kept_since is None else {"since": self.kept_since}
                return {"value": self.secrets.get(params["what"]), **since}
            case "prefectLens/keepSecret":
                self.secrets[params["what"]] = params["value"]
                return {"kept": True}
            case "prefectLens/debug":
                return {"attached": self.attaches}
            case "workspace/applyEdit":
                self.applied.append(params["edit"])
                return {"applied": True}
            case _:
                return None

    def _at(self, text: str, offset: int) -> dict[str, int]:
        before = text[:offset]
        line = before.rpartition("\n")[2]
        match self.server_capabilities.get("positionEncoding", "utf-16"):
            case "utf-8":
                column = len(line.encode())
            case "utf-32":
                column = len(line)
            case _:
                column = len(line.encode("utf-16-le")) // 2
        return {"line": before.count("\n"), "character": column}


def uri(path: Path) -> str:
    return "file://" + quote(str(path))


MAIN = "import sys; from prefect_lens.lsp.server import main; sys.exit(main())"


async def start_server(environ: dict[str, str], program: str = MAIN) -> asyncio.subprocess.Process:
    """Start a server that speaks on its standard input and output."""
    ours = ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH")
    base = {name: value for name, value in os.environ.items() if name not in ours}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        program,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**base, "PYTHONPATH": str(SERVER), **environ},
        limit=1 << 26,
    )


@contextlib.asynccontextmanager
async def editor(
    *folders: Path,
    home: Path,
    trusted: bool | None = True,
    python: str | None = None,
    capabilities: dict[str, Any] | None = None,
    notifications: list[str] | None = None,
    environ: dict[str, str] | None = None,
    encodings: list[str] | None = None,
    refused: frozenset[str] = frozenset(),
    program: str = MAIN,
):
    """Start a server with folders open, and end it whatever happens."""
    homes = {"HOME": str(home), "XDG_STATE_HOME": str(home / "state")}
    process = await start_server({**homes, **(environ or {})}, program)
    found = dict(EVERYTHING if capabilities is None else capabilities)
    if encodings is not None:
        found["general"] = {"positionEncodings": encodings}
    settings = {"": {"interpreter": python}} if python is not None else {}
    one = Editor(list(folders), process, settings=settings, capabilities=found, refused=refused)
    one.listen()
    try:
        await asyncio.wait_for(one.initialize(ALL if notifications is None else notifications, trusted=trusted), LONG)
        yield one
        if process.returncode is None:
            assert await asyncio.wait_for(one.quit(), LONG) == 0
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        for task in one._tasks:
            task.cancel()
