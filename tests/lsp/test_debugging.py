"""A debugger attaches to a run, which has its whole environment, and nobody else sees what is secret in it."""

import os
from pathlib import Path

import pytest

from tests.lsp.dap import debugger
from tests.lsp.editor import ALL

pytestmark = pytest.mark.slow

PROJECT = """
#- pyproject.toml
[tool.pytest.ini_options]
addopts = "--cov -n 2"
[tool.prefect-lens.environment]
[tool.prefect-lens.environment.variables]
TOKEN = { command = ["printf", "token-of-%s", "the-test"] }
#- flows.py
import os
from prefect import flow, task

@task
def size(text):
    length = len(text)
    return length

@flow
def sized():
    return size(os.environ["TOKEN"])
#- test_flows.py
from flows import sized
def test_sized():
    assert sized() == 17
"""
SECRET = b"token-of-the-test"


@pytest.fixture
def forks() -> bool:
    return False


@pytest.fixture
def debugpy() -> str:
    if not (folder := os.environ.get("PREFECT_LENS_TEST_DEBUGPY")):
        pytest.skip("PREFECT_LENS_TEST_DEBUGPY names no folder with debugpy")
    return folder


async def test_a_breakpoint_is_hit_in_a_run_with_its_secrets_beside_coverage_and_xdist(
    open_editor, write, python, debugpy
):
    folder = write(PROJECT)
    async with open_editor(folder, python=python, notifications=[*ALL, "debug"]) as editor:
        editor.answers.append("Allow")
        without = await editor.click(await editor.lens("flows.py", "10: Debug"))
        assert without["trouble"]["code"] == "PL916"
        assert without["trouble"]["cure"].endswith("pip install debugpy")

        editor.settings[""] |= {"debugpy": debugpy}
        editor.notify("workspace/didChangeConfiguration", {"settings": None})
        editor.attaches = False
        assert (await editor.click(await editor.lens("flows.py", "10: Debug")))["ending"] == "cancelled"

        editor.attaches = True
        running = editor.execute("debug", scope="tests", tests=["test_flows.py::test_sized"], path="flows.py", line="6")
        asked = (await editor.until(lambda: editor.notes_of("prefectLens/debug")[1:], "the debugger's call"))[0]
        assert asked["stopAt"] == {"uri": editor.uri("flows.py"), "line": 6}
        async with debugger(asked["host"], asked["port"]) as client:
            await client.attach(**{str(folder / "flows.py"): 7})
            frame = await client.stopped()
            assert (frame["name"], frame["line"]) == ("size", 7)
            assert await client.evaluate(frame, "length, text[:5]") == "(17, 'token')"
            assert not seen_by_others(SECRET)
            await client.request("continue", threadId=frame["thread"])
            summary = await running
        assert (summary["counts"], summary["ending"]) == ({"passed": 1}, "complete"), summary
        assert SECRET.decode() not in str(editor.notes)


def seen_by_others(secret: bytes) -> list[str]:
    """Return where in the system's list of processes a secret stands."""
    found: list[str] = []
    for file in (file for name in ("cmdline", "environ") for file in Path("/proc").glob(f"[0-9]*/{name}")):
        try:
            if secret in file.read_bytes():
                found.append(str(file))
        except OSError:
            pass  # it has gone, or is another user's
    return found
