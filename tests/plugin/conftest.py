"""Projects to run, and a Prefect API to run them with."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import forkserver
from tests.plugin.driving import SERVER, Api, Project, write
from tests.pythons import MISSING, prefect_pythons

SERVES = """
import os, socket
from pathlib import Path
from pytest_prefect_lens import template
cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "prefect-lens"
kept, database = template.place(cache), Path(os.environ["PREFECT_HOME"]) / "prefect.db"
if template.use(kept, database):
    for name in ("API_DATABASE_MIGRATE", "SERVER_DATABASE_MIGRATE", "API_BLOCKS_REGISTER"):
        os.environ[f"PREFECT_{name}_ON_START"] = "false"
import uvicorn
from prefect.server.api.server import create_app
listener = socket.create_server(("127.0.0.1", 0))
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        template.keep(kept, database)
        print("listening on", listener.getsockname()[1], flush=True)
Server(uvicorn.Config(create_app(), log_level="error")).run([listener])
"""
"""Serves an API, with a database that was migrated for the runs of tests where there is one."""


@pytest.fixture
def project(tmp_path) -> Callable[[str], Project]:
    """Write files, given as `#- path` and their text, into a new folder."""

    def make(text: str) -> Project:
        return write(tmp_path / "project", text)

    return make


@pytest.fixture(
    scope="session", params=prefect_pythons() or [None], ids=lambda path: Path(path).parts[-3] if path else "none"
)
def api(request, tmp_path_factory) -> Iterator[Api]:
    """A server of each Prefect in turn, with a home of its own."""
    if request.param is None:
        pytest.skip(MISSING)
    home = tmp_path_factory.mktemp("prefect")
    environ = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_LOGGING_TO_API_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    server = subprocess.Popen(
        [request.param, "-c", SERVES],
        cwd=home,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
            **environ,
            "PYTHONPATH": str(SERVER),
            forkserver.FORK: "1",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        port = next((line.split()[-1] for line in server.stdout if line.startswith("listening on")), None)
        assert port is not None, "the server ended before it listened"
        yield Api(request.param, {**environ, "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"})
    finally:
        server.kill()
        server.wait()
