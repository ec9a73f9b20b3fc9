"""Projects to run, and a Prefect API to run them with."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.plugin.driving import Api, Project, write
from tests.pythons import MISSING, prefect_pythons


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
    code = (
        "import uvicorn, socket, threading; from prefect.server.api.server import create_app\n"
        "listener = socket.create_server(('127.0.0.1', 0))\n"
        "class Server(uvicorn.Server):\n"
        "    async def startup(self, sockets=None):\n"
        "        await super().startup(sockets)\n"
        "        print('listening on', listener.getsockname()[1], flush=True)\n"
        "Server(uvicorn.Config(create_app(), log_level='error')).run([listener])\n"
    )
    server = subprocess.Popen(
        [request.param, "-W", "ignore", "-c", code],
        cwd=home,
        env={**{k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}, **environ},
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
