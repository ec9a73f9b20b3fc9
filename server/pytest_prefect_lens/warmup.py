"""A flow of ours, run in a process that is thrown away: to have all paths gone once before they are waited for."""

from __future__ import annotations

import functools
import os
import re
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import forking, haste

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def use(url: str, folder: Path, become: Callable[[], None]) -> bool:
    """Run a flow against an API, in a fork of this process; whether it went well."""
    child = os.fork()
    if child == 0:
        try:
            forking.settle_quietly()
            _move(folder)
            os.environ["PREFECT_API_URL"] = url
            haste.install(url)
            become()
            _run_a_flow()
        except BaseException:  # noqa: BLE001  this copy must not go on as the process that it was forked from
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def use_here(url: str) -> None:
    """Run a flow against the API that this process serves, from a thread of it; nothing of ours asks it any more then.

    Raises:
        Exception: whatever stands in the way of a flow.
    """
    settings: Any = import_module("prefect.settings")
    with settings.temporary_settings(updates={settings.PREFECT_API_URL: url}):
        _run_a_flow()
    for module, worker in (("prefect.logging.handlers", "APILogWorker"), ("prefect.events.worker", "EventsWorker")):
        found: Any = getattr(import_module(module), worker)
        found.drain_all(timeout=5)


def needed(folder: Path) -> list[str]:
    """Return what Prefect's server and a first flow run make beyond what is there: modules, and models of pydantic.

    A model is written as an entry point is, `module:Class`; Prefect has them built when they are first used.
    Must be called in a process that is thrown away: it starts threads that do not end.
    """
    before = {*sys.modules, *_models()}
    _move(folder)
    _serve_here(folder)
    _run_a_flow()
    return [name for name in [*sys.modules, *_models()] if name not in before]


def prepare(names: Sequence[str], is_spoiled: Callable[[], bool]) -> int:
    """Import and build what `needed` has found, up to one that spoils this process; return how many bore it."""
    for number, name in enumerate(names):
        module, _, model = name.partition(":")
        with suppress(Exception):  # one that is made at run time, or gone since
            found: Any = import_module(module)
            if model:
                functools.reduce(getattr, model.split("."), found).model_rebuild()
        if is_spoiled():
            return number
    with suppress(ImportError, AttributeError):
        for pattern in import_module("prefect.logging.highlighters").PrefectConsoleHighlighter.highlights:
            re.compile(pattern)  # kept by `re`; the first line that Prefect logs asks for all of them
    return len(names)


def _models() -> list[str]:
    """Return Prefect's models that are built."""
    models: list[Any] = [import_module("pydantic").BaseModel]
    for model in models:
        models += model.__subclasses__()
    return [
        f"{model.__module__}:{model.__qualname__}"
        for model in models
        if model.__module__.partition(".")[0] == "prefect" and getattr(model, "__pydantic_complete__", False)
    ]


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

    def fails() -> None:
        raise ValueError

    task, part = prefect.task(one), prefect.flow(fails)

    def whole() -> int:
        part(return_state=True)
        return task() + task.submit().result()

    prefect.flow(whole)()
    client: Any = import_module("prefect.client.orchestration").get_client(sync_client=True)
    with client:
        client.read_flow_runs()
