"""A save runs what the change affects, where the user wants that; off by default."""

import pytest

from tests.lsp.editor import Editor

pytestmark = pytest.mark.slow

PROJECT = """
#- flows.py
from prefect import flow

@flow
def one():
    return 1

@flow
def two():
    return 2
#- test_flows.py
import flows

def test_one():
    assert flows.one() == 1

def test_two():
    assert flows.two() == 2
"""


async def ended(editor: Editor, number: int) -> list[str]:
    """Wait until so many runs have ended; return the tests of the last one."""

    def over() -> list[dict]:
        notes = [note for note in editor.notes_of("prefectLens/runs") if note["phase"] == "ended"]
        return notes if len(notes) >= number else []

    notes = await editor.until(over, f"the end of run {number}")
    assert len(notes) == number
    return sorted(one["node_id"].rpartition("::")[2] for one in notes[-1]["summary"]["results"])


async def test_saving_runs_what_the_change_affects_once_it_is_wanted(open_editor, write, python):
    async with open_editor(write(PROJECT), python=python) as editor:
        await editor.open("flows.py")
        await editor.lens("flows.py", "8: ▶ Run 1 test")

        # Off by default: the only run is the one that is clicked.
        await editor.edit("flows.py", "return 2", "return 3")
        await editor.save("flows.py")
        await editor.click(await editor.lens("flows.py", "4: ▶ Run 1 test"))
        assert await ended(editor, 1) == ["test_one"]

        await editor.execute("runOnSave", on=True)
        await editor.edit("flows.py", "return 3", "return 4")
        await editor.save("flows.py")
        assert await ended(editor, 2) == ["test_two"]
        await editor.lens("flows.py", "8: ✗ 1 failed")
        await editor.edit("flows.py", "return 4", "return 2  # again")
        await editor.save("flows.py")
        await editor.edit("flows.py", "return 1", "return 1.0")  # what is typed after a save is for the next one
        assert await ended(editor, 3) == ["test_two"]
        await editor.lens("flows.py", "8: ✓ 1 passed")
        await editor.save("flows.py")
        assert await ended(editor, 4) == ["test_one"]

        # Off means off: what is wanted next is a click's.
        await editor.execute("runOnSave", on=False)
        await editor.edit("flows.py", "return 1.0", "return 0")
        await editor.save("flows.py")
        await editor.click(await editor.lens("flows.py", "8: ▶ Run 1 test"))
        assert await ended(editor, 5) == ["test_two"]

        # The setting turns it on as well, and a save while a run goes on has one run with the tests of both.
        editor.settings[""] = {**editor.settings[""], "runOnSave": True}
        known = len(editor.notes_of("workspace/configuration"))
        editor.notify("workspace/didChangeConfiguration", {"settings": None})
        await editor.until(lambda: len(editor.notes_of("workspace/configuration")) > known, "the question for them")
        await editor.edit("flows.py", "return 2", "return 22")
        await editor.save("flows.py")
        await editor.lens("flows.py", "8: ■ Running")
        await editor.edit("flows.py", "return 0", "return 1")
        await editor.save("flows.py")
        assert await ended(editor, 7) == ["test_one", "test_two"]
