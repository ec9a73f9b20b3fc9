"""A run has a Prefect of its own, whatever the shell, the profile and the files in the working folder say."""

import json
import os
import socket
import subprocess
import threading
from textwrap import dedent

import pytest

from tests.engine.running import contents, interpreter, run
from tests.pythons import python_with

pytestmark = pytest.mark.slow

ASKING = """
#- test_settings.py
import json, os, socket
from prefect import flow, get_client, task
from prefect.settings import get_current_settings

@task
def one():
    return 1

@flow
def total():
    return one() + one()

def test_flow():
    assert total() == 2
    settings = get_current_settings()
    with open(os.environ["ANSWER"], "w") as answer:
        json.dump({
            "api": settings.api.url,
            "key": settings.api.key.get_secret_value() if settings.api.key else None,
            "home": str(settings.home),
            "database": settings.server.database.connection_url.get_secret_value(),
            "block": settings.results.default_storage_block,
            "level": settings.logging.level,
            "retries": settings.tasks.default_retries,
            "environment": {name: value for name, value in os.environ.items() if name.upper().startswith("PREFECT")},
        }, answer)
"""


class Trap:
    """An address that no run may ever talk to."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/api"
        self.visitors = 0
        threading.Thread(target=self.wait, daemon=True).start()

    def wait(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.visitors += 1
            connection.close()


@pytest.fixture
def trap():
    trap = Trap()
    yield trap
    trap.listener.close()


SHELL = {
    "PREFECT_API_URL": "{url}",
    "prefect_api_key": "pnu_shell",
    "PREFECT_PROFILE": "local",
    "PREFECT_API_DATABASE_CONNECTION_URL": "sqlite+aiosqlite:///{home}/.prefect/prefect.db",
    "PREFECT_HOME": "{home}/.prefect",
    "PREFECT_LOGGING_LEVEL": "DEBUG",
}

FILES = {
    "shell": "",
    ".env": """
        #- .env
        PREFECT_API_URL={url}
        PREFECT_API_KEY=pnu_dotenv
        PREFECT_HOME={home}/.prefect
        PREFECT_PROFILES_PATH={home}/.prefect/profiles.toml
        PREFECT_API_DATABASE_CONNECTION_URL=sqlite+aiosqlite:///{home}/.prefect/prefect.db
        PREFECT_SERVER_DATABASE_CONNECTION_URL=sqlite+aiosqlite:///{home}/.prefect/prefect.db
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE=true
        PREFECT_LOCAL_STORAGE_PATH={home}/.prefect/storage
        PREFECT_DEFAULT_RESULT_STORAGE_BLOCK=s3-bucket/production
        PREFECT_CLIENT_CUSTOM_HEADERS={{"X-Secret": "dotenv"}}
        PREFECT_LOGGING_LEVEL=DEBUG
        PREFECT_TASKS_DEFAULT_RETRIES=3
    """,
    "prefect.toml": """
        #- prefect.toml
        home = "{home}/.prefect"
        profiles_path = "{home}/.prefect/profiles.toml"
        [api]
        url = "{url}"
        key = "pnu_toml"
        [server.database]
        connection_url = "sqlite+aiosqlite:///{home}/.prefect/prefect.db"
        [server.ephemeral]
        enabled = true
        [results]
        local_storage_path = "{home}/.prefect/storage"
        default_storage_block = "s3-bucket/production"
        [logging]
        level = "DEBUG"
        [tasks]
        default_retries = 3
    """,
    "[tool.prefect]": """
        #- pyproject.toml
        [tool.prefect]
        home = "{home}/.prefect"
        [tool.prefect.api]
        url = "{url}"
        key = "pnu_pyproject"
        [tool.prefect.server.database]
        connection_url = "sqlite+aiosqlite:///{home}/.prefect/prefect.db"
        [tool.prefect.server.docket]
        url = "redis://{home}"
        [tool.prefect.logging]
        level = "DEBUG"
        [tool.prefect.tasks]
        default_retries = 3
    """,
    "conftest": """
        #- conftest.py
        import os
        os.environ["PREFECT_API_URL"] = "{url}"
        os.environ["PREFECT_HOME"] = "{home}/.prefect"
        os.environ["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = "sqlite+aiosqlite:///{home}/.prefect/prefect.db"
        os.environ["PREFECT_LOGGING_LEVEL"] = "DEBUG"
        import prefect.context
    """,
}


@pytest.mark.parametrize("hostile", FILES)
async def test_what_addresses_prefect_loses_and_what_tunes_it_stays(  # noqa: PLR0917  fixtures
    project, home, trap, every_python, hostile, monkeypatch, tmp_path
):
    place = {"url": trap.url, "home": home}
    folder = project(ASKING + dedent(FILES[hostile]).format(**place))
    if hostile == "shell":
        for name, value in SHELL.items():
            monkeypatch.setenv(name, value.format(**place))
    monkeypatch.setenv("ANSWER", str(tmp_path / "answer"))
    before = contents(home)

    result = await run(folder, every_python, "test_settings.py")

    assert [case.outcome for case in result.cases] == ["passed"], (result.trouble, result.output)
    answer = json.loads((tmp_path / "answer").read_text())
    assert answer["api"].startswith("http://127.0.0.1:")
    assert answer["api"] != trap.url
    assert not answer["key"]
    assert str(home) not in json.dumps({**answer, "environment": {**answer["environment"], "PREFECT_LENS": ""}})
    assert answer["block"] is None
    if hostile in ("shell", "conftest"):
        assert answer["level"] == "DEBUG"
    else:
        assert [answer["level"], answer["retries"]] == on_the_command_line(every_python, folder, tmp_path)
    assert trap.visitors == 0
    assert contents(home) == before


def on_the_command_line(interpreter, folder, tmp_path):
    """What the files in the folder make of Prefect's behaviour; old versions do not read all of them."""
    code = "from prefect.settings import get_current_settings as s; print(s().logging.level, s().tasks.default_retries)"
    environment = {
        "PATH": os.environ["PATH"],
        "PREFECT_HOME": str(tmp_path / "elsewhere"),
        "PREFECT_PROFILES_PATH": "/none",
    }
    said = subprocess.check_output(
        [interpreter.path, "-W", "ignore", "-c", code], cwd=folder, env=environment, text=True
    )
    level, retries = said.split()
    return [level, int(retries)]


HARNESS = """
#- conftest.py
import pytest
from prefect.testing.utilities import prefect_test_harness

@pytest.fixture(autouse=True, scope="session")
def prefect():
    with prefect_test_harness():
        yield
"""


async def test_a_conftest_with_prefects_own_harness_works_and_stays_in(  # noqa: PLR0917  fixtures
    project, home, trap, every_python, monkeypatch, tmp_path
):
    folder = project(ASKING + HARNESS + dedent(FILES[".env"]).format(url=trap.url, home=home))
    monkeypatch.setenv("ANSWER", str(tmp_path / "answer"))
    before = contents(home)
    result = await run(folder, every_python, "test_settings.py")
    assert [case.outcome for case in result.cases] == ["passed"], (result.trouble, result.output)
    assert trap.visitors == 0
    assert contents(home) == before


STUBBORN = {
    "conftest": """
        #- conftest.py
        import prefect.context
        settings = prefect.context.get_settings_context()
        settings.settings.api.url = "{url}"
        prefect.context.root_settings_context = lambda: settings
    """,
    # A whole group of settings as JSON beats the variables of its members.
    ".env": """
        #- .env
        PREFECT_API={{"url": "{url}", "key": "pnu_json"}}
    """,
}


@pytest.mark.parametrize("where", STUBBORN)
async def test_where_prefect_will_not_listen_no_test_runs(project, trap, python, where):
    result = await run(project(ASKING + dedent(STUBBORN[where]).format(url=trap.url)), python, "test_settings.py")
    assert [trouble.code for trouble in result.trouble] == ["PL911"]
    told = "a conftest or a plugin" if where == "conftest" else where
    assert f"PREFECT_API_URL does not come from this run but from {told};" in result.trouble[0].what
    assert result.cases == ()
    assert trap.visitors == 0


@pytest.mark.parametrize("hostile", ["conftest", "stubborn"])
async def test_workers_of_xdist_are_held_too(project, home, trap, monkeypatch, tmp_path, hostile):  # noqa: PLR0917
    path = python_with("xdist", "prefect")
    text = FILES["conftest"] if hostile == "conftest" else STUBBORN["conftest"]
    folder = project(ASKING + dedent(text).format(url=trap.url, home=home))
    monkeypatch.setenv("ANSWER", str(tmp_path / "answer"))
    before = contents(home)
    result = await run(folder, interpreter(path), "test_settings.py", pytest_args=("-n", "1"))
    if hostile == "conftest":
        assert [case.outcome for case in result.cases] == ["passed"], (result.trouble, result.output)
        assert json.loads((tmp_path / "answer").read_text())["api"] != trap.url
    else:
        assert result.trouble
        assert "PREFECT_API_URL does not come from this run" in f"{result.trouble} {result.output}"
        assert result.cases == ()
    assert trap.visitors == 0
    assert contents(home) == before
