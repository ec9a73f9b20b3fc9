"""A line that reaches another machine has a hint, and what can be done about it."""

import pytest

pytestmark = pytest.mark.slow

PROJECT = """
#- flows.py
import socket
from prefect import flow

@flow
def rates():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.connect(("192.0.2.1", 9))
#- test_flows.py
from flows import rates
def test_rates():
    rates()
"""


async def test_a_host_that_a_test_reaches_is_a_hint_that_can_be_configured(open_editor, write, python):
    folder = write(PROJECT)
    async with open_editor(folder, python=python) as editor:
        await editor.open("flows.py")
        summary = await editor.click(await editor.lens("flows.py", "▶ Run 1 test"))
        assert summary["outcome"] == "passed", summary
        [hint] = editor.diagnostics[editor.uri("flows.py")]["diagnostics"]
        assert (hint["code"], hint["severity"], hint["range"]["start"]["line"]) == ("PL306", 4, 6)
        assert hint["message"] == "Not hermetic: reaches 192.0.2.1"
        params = {
            "textDocument": {"uri": editor.uri("flows.py")},
            "range": hint["range"],
            "context": {"diagnostics": [hint], "only": ["quickfix"]},
        }
        actions = await editor.request("textDocument/codeAction", params)
        [action] = [one for one in actions if one["title"] == "Let the tests reach 192.0.2.1, and nothing else"]
        await editor.request("workspace/executeCommand", action["command"])
        created, change = editor.applied[-1]["documentChanges"]
        assert created["uri"] == change["textDocument"]["uri"] == editor.uri("pyproject.toml")
        assert 'network = ["192.0.2.1"]' in change["edits"][0]["newText"]
