"""In a folder that the user does not trust nothing runs, its interpreter included, until trust is granted."""

import json
import stat

import pytest

from tests.lsp.editor import ServerError

PROJECT = """
#- flows.py
import pathlib
from prefect import flow

pathlib.Path(__file__).with_name("imported").touch()

@flow
def etl():
    return 1
#- test_flows.py
from flows import etl

def test_etl():
    assert etl() == 1
"""


@pytest.fixture
def project(write):
    """A project whose own interpreter leaves a mark when anybody starts it."""
    folder = write(PROJECT)
    program = folder / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\ntouch "{folder}/started"\nexit 1\n')
    program.chmod(0o755)
    (folder / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.11.7\n")
    return folder


def marks(folder):
    return [name for name in ("started", "imported") if (folder / name).exists()]


async def test_an_untrusted_folder_has_lenses_and_nothing_runs(open_editor, project, home):
    async with open_editor(project, trusted=False) as editor:
        lens = await editor.lens("flows.py", "7: ▶ Trust to run 1 test")
        assert await editor.click(lens) is None
        assert editor.notes_of("prefectLens/requestTrust") == [{}]
        with pytest.raises(ServerError, match="This workspace is not trusted, and so nothing of it is run"):
            await editor.execute("run", scope="all")
        assert "Trust: no, nothing is run" in await editor.execute("environmentInfo")
        await editor.until(
            lambda: any(note["state"] == "untrusted" for note in editor.notes_of("prefectLens/status")), "the status"
        )
    assert marks(project) == []
    [trail] = home.rglob("audit/trail-*.jsonl")
    [entry] = [json.loads(line)["entry"] for line in trail.read_text().splitlines()]
    assert (entry["what"], entry["why"]) == ("run refused", ["the workspace is not trusted"])
    assert "code" not in entry, "git would run what the folder's configuration names"


async def test_a_client_that_cannot_grant_trust_is_told(open_editor, project):
    async with open_editor(project, trusted=False, notifications=[]) as editor:
        await editor.click(await editor.lens("flows.py", "▶ Trust to run 1 test"))
        [note] = editor.notes_of("window/showMessage")
        assert "Nothing of this workspace is run" in note["message"]


@pytest.mark.slow
async def test_trust_that_is_granted_lets_tests_run(open_editor, write, python):
    project = write(PROJECT)
    async with open_editor(project, trusted=False, python=python) as editor:
        await editor.lens("flows.py", "▶ Trust to run 1 test")
        assert marks(project) == []
        editor.notify("prefectLens/trustGranted", {})
        lens = await editor.lens("flows.py", "▶ Run 1 test")
        assert (await editor.click(lens))["outcome"] == "passed"
        assert marks(project) == ["imported"]


@pytest.mark.slow
async def test_without_a_word_on_trust_the_first_click_grants_it_on_this_machine(open_editor, write, python, home):
    project = write(PROJECT)
    async with open_editor(project, trusted=None, python=python) as editor:
        lens = await editor.lens("flows.py", "▶ Run 1 test")
        assert marks(project) == []
        assert not (home / "state").exists()
        assert (await editor.click(lens))["outcome"] == "passed"
        memory = home / "state" / "prefect-lens" / "trusted.json"
        assert json.loads(memory.read_text()) == {"folders": [str(project)]}
        assert stat.S_IMODE(memory.stat().st_mode) == 0o600
