"""A run is stopped in each of the ways that an editor knows, and nothing of it is left."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PROJECT = """
#- flows.py
import os, pathlib, time
from prefect import flow

@flow
def slow():
    path = pathlib.Path(__file__).with_name("pids")
    with path.open("a") as file:
        file.write(f"{os.getpid()}\\n")
    time.sleep(600)
#- test_flows.py
from flows import slow

def test_slow():
    slow()
"""


@pytest.fixture
def forks() -> bool:
    return False


@pytest.fixture
def project(write):
    return write(PROJECT)


async def started(editor, project):
    """Click, and wait until the flow runs: its process says so, and the editor is told which test runs."""
    lens = await editor.lens("flows.py", "▶ Run 1 test")
    answer = editor.click(lens)
    number = editor.last_number
    await editor.until(
        lambda: any("test_slow" in str(note["value"].get("message")) for note in editor.notes_of("$/progress")),
        "the test's start",
    )
    async with asyncio.timeout(60):
        # Files and processes tell nobody when they come and go.
        while not (project / "pids").exists() or not (project / "pids").read_text().endswith("\n"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return answer, number


def gone(project):
    """Whether the processes in which the flow ran have ended; what nobody has buried yet has ended, too."""
    return not any(map(lives, (project / "pids").read_text().split()))


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def until_gone(project):
    async with asyncio.timeout(5):
        while not gone(project):  # noqa: ASYNC110  processes tell nobody
            await asyncio.sleep(0.05)


async def by_request(editor, number):
    editor.notify("$/cancelRequest", {"id": number})


async def by_progress(editor, _number):
    [created] = editor.notes_of("window/workDoneProgress/create")
    editor.notify("window/workDoneProgress/cancel", {"token": created["token"]})


async def by_lens(editor, _number):
    lens = await editor.lens("flows.py", "■ Running 0/1")
    assert await editor.click(lens) == {"cancelled": ["1"]}


async def by_command(editor, _number):
    assert await editor.execute("cancel") == {"cancelled": ["1"]}


@pytest.mark.parametrize(
    ("cancel", "forks"), [(by_request, False), (by_progress, True), (by_lens, True), (by_command, True)]
)
async def test_a_run_is_cancelled(open_editor, project, python, cancel):
    async with open_editor(project, python=python) as editor:
        answer, number = await started(editor, project)
        await cancel(editor, number)
        summary = await asyncio.wait_for(answer, 10)
        assert (summary["ending"], summary["outcome"], summary["trouble"]) == ("cancelled", "cancelled", None)
        await until_gone(project)
        await editor.lens("flows.py", "▶ Run 1 test")
        assert len(await editor.titles("flows.py")) == 1
        assert editor.problems("flows.py") == []


@pytest.mark.parametrize("forks", [True])
async def test_the_clients_own_token_carries_the_progress(open_editor, project, python):
    async with open_editor(project, python=python) as editor:
        lens = await editor.lens("flows.py", "▶ Run 1 test")
        answer = editor.request("workspace/executeCommand", editor.command_of(lens) | {"workDoneToken": "mine"})
        await editor.until(lambda: editor.notes_of("$/progress"), "progress")
        assert {note["token"] for note in editor.notes_of("$/progress")} == {"mine"}
        assert editor.notes_of("window/workDoneProgress/create") == []
        editor.notify("window/workDoneProgress/cancel", {"token": "mine"})
        assert (await answer)["outcome"] == "cancelled"
        assert editor.notes_of("$/progress")[-1]["value"]["kind"] == "end"


@pytest.mark.parametrize("forks", [True])
async def test_a_second_click_waits_and_a_third_is_the_second(open_editor, write, python):
    project = write(PROJECT + "#- test_quick.py\nfrom flows import slow\ndef test_quick(): assert slow\n")
    async with open_editor(project, python=python) as editor:
        await editor.lens("flows.py", "▶ Run 1 test")
        first = editor.execute("run", scope="tests", tests=["test_flows.py::test_slow"])
        await editor.until(
            lambda: any("test_slow" in str(note["value"].get("message")) for note in editor.notes_of("$/progress")),
            "the first test's start",
        )
        second = editor.execute("run", scope="tests", tests=["test_quick.py::test_quick"])
        third = editor.execute("run", scope="tests", tests=["test_quick.py::test_quick"])
        await editor.until(
            lambda: any(
                note["phase"] == "queued" for note in editor.notes_of("prefectLens/runs") if note["run"] == "2"
            ),
            "the queued run",
        )
        await editor.execute("cancel", run="1")
        assert (await first)["outcome"] == "cancelled"
        assert (await second)["outcome"] == "passed"
        assert await second == await third


@pytest.mark.parametrize("forks", [True])
async def test_a_queued_run_can_be_cancelled(open_editor, project, python):
    async with open_editor(project, python=python) as editor:
        answer, _ = await started(editor, project)
        queued = editor.execute("run", scope="all")
        await editor.until(lambda: any(n["run"] == "2" for n in editor.notes_of("prefectLens/runs")), "the queued run")
        await editor.execute("cancel", run="2")
        assert (await queued)["outcome"] == "cancelled"
        assert not answer.done()
        await editor.execute("cancel")
        assert (await answer)["outcome"] == "cancelled"


@pytest.mark.parametrize("keeps_ready", [True])
async def test_shutdown_ends_what_runs(open_editor, project, python):
    async with open_editor(project, python=python) as editor:
        await started(editor, project)
        assert await editor.quit() == 0
        assert gone(project)


async def test_an_editor_that_goes_without_a_word_takes_the_runs_along(open_editor, project, python):
    async with open_editor(project, python=python) as editor:
        await started(editor, project)
        editor.process.stdin.close()
        assert await asyncio.wait_for(editor.process.wait(), 10) == 1
        await until_gone(project)


@pytest.mark.parametrize("keeps_ready", [True])
async def test_a_killed_server_leaves_no_process(open_editor, project, python):
    async with open_editor(project, python=python) as editor:
        await started(editor, project)
        os.kill(editor.process.pid, signal.SIGKILL)
        await editor.process.wait()
        await until_gone(project)
