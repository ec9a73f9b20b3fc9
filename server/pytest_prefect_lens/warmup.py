"""A flow of ours, run in a process that is thrown away: to have all paths gone once before they are waited for."""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import forking, haste

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def use(url: str, folder: Path, become: Callable[[], None]) -> bool:
    """Run a flow against an API, in a fork of this process; whether it went well."""
    child = os.fork()
    if child == 0:
        try:
            forking.settle_quietly()
            _move(folder)
            os.environ["PREFECT_API_URL"] = url
            haste.install()
            become()
            _run_a_flow()
        except BaseException:  # noqa: BLE001  this copy must not go on as the process that it was forked from
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def modules_needed(folder: Path) -> list[str]:
    """Return the modules that Prefect's server and a first flow run import beyond those that are there.

    Must be called in a process that is thrown away: it starts threads that do not end.
    """
    before = set(sys.modules)
    _move(folder)
    _serve_here(folder)
    _run_a_flow()
    return [name for name in list(sys.modules) if name not in before]


def _move(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    os.environ["PREFECT_HOME"] = str(folder)


def _serve_here(folder: Path) -> None:
    """Serve Prefect's API from a thread of this process, with a database of its own."""
    import socket  # noqa: PLC0415

    context: Any = import_module("prefect.context")
    listener = socket.create_server(("127.0.0.1", 0))
    os.environ["PREFECT_API_URL"] = f"http://127.0.0.1:{listener.getsockname()[1]}/api"
    os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = f"sqlite+aiosqlite:///{folder / 'prefect.db'}"
    os.environ["PREFECT__SERVER_EPHEMERAL"] = "1"
    os.environ["PREFECT_SERVER_UI_ENABLED"] = "false"
    context.GLOBAL_SETTINGS_CONTEXT = context.root_settings_context()
    uvicorn: Any = import_module("uvicorn")
    app: Any = import_module("prefect.server.api.server").create_app()
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()


def _run_a_flow() -> None:
    prefect: Any = import_module("prefect")

    def one() -> int:
        return 1

    task = prefect.task(one)

    def whole() -> int:
        return task() + task.submit().result()

    prefect.flow(whole)()
    client: Any = import_module("prefect.client.orchestration").get_client(sync_client=True)
    with client:
        client.read_flow_runs()
