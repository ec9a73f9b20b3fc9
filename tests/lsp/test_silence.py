"""An interpreter that is started and never says a word: nothing that a person looks at waits for it."""

import asyncio
import os
import sys
from shlex import quote

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")

PROJECT = """
#- flows.py
from prefect import flow

@flow
def etl():
    return 1

@flow
def lonely():
    return 2
#- test_flows.py
from flows import etl, lonely

def test_etl():
    assert etl() == 1
"""


@pytest.fixture
def heard(tmp_path):
    """What the silent interpreter lets one hear: that it has begun, and, by the end of it, that it has ended."""
    os.mkfifo(tmp_path / "heard")
    return tmp_path / "heard"


@pytest.fixture
def python(tmp_path, heard):
    """An interpreter that waits for what nobody will say."""
    os.mkfifo(tmp_path / "never")
    program = tmp_path / "python"
    program.write_text(
        f"#!/bin/sh\nexec 3> {quote(str(heard))}\necho begun >&3\nread _ < {quote(str(tmp_path / 'never'))}\n"
    )
    program.chmod(0o755)
    return str(program)


async def test_lenses_wait_for_no_interpreter_and_a_click_on_a_silent_one_is_taken_back(
    open_editor, write, python, heard
):
    async with open_editor(write(PROJECT), python=python) as editor:
        answer = editor.click(await editor.lens("flows.py", "4: ▶ Run 1 test"))
        voice = await asyncio.to_thread(heard.open)
        assert await asyncio.to_thread(voice.readline) == "begun\n"
        await editor.lens("flows.py", "8: No tests")
        await editor.open("test_flows.py")
        await editor.edit("test_flows.py", "== 1\n", "== 1\n\ndef test_lonely():\n    lonely()\n")
        await editor.lens("flows.py", "8: ▶ Run 1 test")
        assert not answer.done()
        assert await editor.execute("cancel") == {"cancelled": ["1"]}
        assert (await answer)["outcome"] == "cancelled"
        await editor.lens("flows.py", "4: ▶ Run 1 test")
    assert await asyncio.to_thread(voice.read) in ("", "begun\n"), "nothing of it is left"
    voice.close()
