"""Serves Prefect's API for one run: the process that `api` starts or forks. Standard library alone."""

from __future__ import annotations

import gc
import json
import os
import socket
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from pytest_prefect_lens.backlog import Backlog
    from pytest_prefect_lens.cleaning import Cleaner
    from pytest_prefect_lens.remembered import Remembered

CLEAN = "/prefect-lens/clean"
"""What is asked for, below the secret path, to have the database cleaned."""


def serve() -> None:
    """Serve Prefect's API until the parent is gone."""
    about = json.loads(os.environ.pop("PREFECT_LENS_API"))
    run(about, socket.socket(fileno=about["socket"]), lambda: None)


def run(about: dict[str, Any], listener: socket.socket, become: Callable[[], None]) -> None:
    """Serve on a socket, `about` being what `api` says of it; `become` makes Prefect usable. Does not return."""
    say = os.fdopen(os.dup(1), "wb", buffering=0)
    if (alive := about["alive"]) is not None:
        os.set_inheritable(alive, False)  # noqa: FBT003
    os.dup2(2, 1)  # what Prefect prints is no word of ours
    threading.Thread(target=_go_with_parent, daemon=True).start()
    try:
        import asyncio  # noqa: PLC0415  the worker has none of it from us

        from pytest_prefect_lens import backlog, cleaning, haste, remembered, routes, shortcut, template, warmup  # noqa: PLC0415

        database = Path(about["database"])
        kept = template.place(Path(about["cache"]))
        if template.use(kept, database):
            for name in ("API_DATABASE_MIGRATE", "SERVER_DATABASE_MIGRATE", "API_BLOCKS_REGISTER"):
                os.environ[f"PREFECT_{name}_ON_START"] = "false"
        waiting = backlog.Backlog()
        haste.install(backlog=waiting)
        become()
        uvicorn: Any = import_module("uvicorn")
        app: Any = routes.create()
        cleaner = cleaning.Cleaner(database)
    except BaseException as error:
        from pytest_prefect_lens import blame  # noqa: PLC0415

        say.write(json.dumps(blame.describe(error)).encode("ascii") + b"\n")
        raise

    def keep() -> None:
        template.keep(kept, database)
        cleaner.keep()

    remembering = remembered.Remembered(_before_ready(shortcut.through(app), keep))
    wrapped = _behind(about["secret"], remembering, cleaner, waiting)
    config = uvicorn.Config(wrapped, log_level="error", lifespan="on", ws_ping_interval=None)

    server = uvicorn.Server(config)
    start_up = server.startup

    async def start_up_and_tell(sockets: list[socket.socket] | None = None) -> None:
        await start_up(sockets=sockets)
        if server.started:
            if about["warm"] is not None:
                await asyncio.to_thread(warmup.use_here, about["warm"])
            gc.collect()
            gc.freeze()  # what is there now stays
            say.write(b"ready\n")
            if alive is not None:
                os.write(alive, b"ready\n")

    server.startup = start_up_and_tell
    server.run(sockets=[listener])


def _go_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)  # a clean shutdown takes seconds, and what it would save is removed with the run's folder


def _behind(secret: str, app: Remembered, cleaner: Cleaner, backlog: Backlog) -> Callable[..., Awaitable[None]]:
    """Serve the application below a path that nobody guesses: other users of this machine reach loopback too.

    The oldest Prefects have no setting for that.
    """

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket"):
            if not scope["path"].startswith(f"{secret}/"):
                await _refuse(scope, send)
                return
            if scope["path"] == f"{secret}{CLEAN}":
                backlog.begin_anew()
                is_clean = await cleaner.clean()
                app.forget()
                await _answer(send, 204 if is_clean else 409)
                return
            raw = scope.get("raw_path") or b""
            scope = {**scope, "path": scope["path"][len(secret) :], "raw_path": raw[len(secret) :]}
            path = scope["path"].removeprefix("/api")
            body = b""
            if backlog.wants_body(path):
                body, receive = await _read(receive)
            async with backlog.around(scope["type"], scope.get("method", ""), path, body):
                await app(scope, receive, send)
        else:
            await app(scope, receive, send)

    return wrapped


async def _read(receive: Any) -> tuple[bytes, Any]:
    """Return the body of a request, and what gives it once more to whoever handles the request."""
    messages: list[Any] = []
    while not messages or messages[-1].get("more_body", False):
        messages.append(await receive())
    body = b"".join(message.get("body", b"") for message in messages)

    async def again() -> Any:
        return messages.pop(0) if messages else await receive()

    return body, again


async def _refuse(scope: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _answer(send, 404)


async def _answer(send: Any, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _before_ready(app: Any, work: Callable[[], None]) -> Callable[..., Awaitable[None]]:
    """Do `work` when the application has started, before it hears its first request."""

    async def wrapped(scope: Any, receive: Any, send: Any) -> None:
        async def send_on(message: Any) -> None:
            if message["type"] == "lifespan.startup.complete":
                work()
            await send(message)

        await app(scope, receive, send_on if scope["type"] == "lifespan" else send)

    return wrapped
