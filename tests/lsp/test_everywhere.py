"""One environment, whichever way tests are run: by a click, on save, in the debugger, by the command."""

import json
import os

import pytest

from tests.cli.test_test import lens
from tests.lsp.dap import debugger
from tests.lsp.editor import ALL

pytestmark = pytest.mark.slow

PROJECT = """
#- pyproject.toml
[tool.prefect-lens]
interpreter = "PYTHON"
[tool.prefect-lens.environment]
inherit = ["KEPT"]
[tool.prefect-lens.environment.variables]
REGION = "eu-west-1"
TOKEN = { command = ["printf", "token-of-%s", "the-test"] }
#- flows.py
import json, os
from prefect import flow

@flow
def sees():
    found = {name: os.environ.get(name) for name in ("REGION", "TOKEN", "KEPT", "STRAY")}
    with open("seen", "a") as file:
        file.write(json.dumps(found) + "\\n")
#- test_flows.py
from flows import sees
def test_sees():
    sees()
"""
SEEN = {"REGION": "eu-west-1", "TOKEN": "token-of-the-test", "KEPT": "kept", "STRAY": None}


@pytest.fixture
def forks() -> bool:
    return False


async def test_each_way_of_running_a_test_gives_it_the_same_environment(open_editor, write, python, tmp_path, cache):
    debugpy = os.environ.get("PREFECT_LENS_TEST_DEBUGPY")
    if debugpy is None:
        pytest.skip("PREFECT_LENS_TEST_DEBUGPY names no folder with debugpy")
    folder = write(PROJECT.replace("PYTHON", python))
    environ = {"KEPT": "kept", "STRAY": "of the shell", "XDG_CACHE_HOME": str(cache)}
    ways = []

    def seen(way: str) -> None:
        ways.append(way)
        lines = (folder / "seen").read_text().splitlines()
        assert len(lines) == len(ways), way
        assert json.loads(lines[-1]) == SEEN, way

    async with open_editor(folder, environ=environ, notifications=[*ALL, "debug"]) as editor:
        editor.answers.append("Allow")
        editor.settings[""] = {"debugpy": debugpy}
        editor.notify("workspace/didChangeConfiguration", {"settings": None})
        await editor.click(await editor.lens("flows.py", "▶ Run 1 test"))
        seen("a click")

        await editor.open("flows.py")
        await editor.execute("runOnSave", on=True)
        await editor.edit("flows.py", "def sees():\n", "def sees():\n    # again\n")
        await editor.save("flows.py")
        await editor.until(
            lambda: [one for one in editor.notes_of("prefectLens/runs") if one["phase"] == "ended"][1:], "its end"
        )
        seen("a save")

        running = editor.execute("debug", scope="all")
        asked = (await editor.until(lambda: editor.notes_of("prefectLens/debug"), "the debugger's call"))[0]
        async with debugger(asked["host"], asked["port"]) as client:
            await client.attach()
            assert (await running)["counts"] == {"passed": 1}
        seen("the debugger")
    for more in ((), ("--", "-n", "1"), ("--", "--cov=.")):
        said = lens(folder, "test", "--allow", *more, HOME=str(tmp_path), **environ)
        assert said.returncode == 0, said.stdout + said.stderr
        seen(f"the command {more}")
