"""A failure of the machinery is told as such: what, where, what to do. It is no failed flow and leaves no old green."""

import venv

import pytest

PROJECT = """
#- flows.py
from prefect import flow

@flow
def etl():
    return 1
#- test_flows.py
from flows import etl

def test_etl():
    assert etl() == 1
"""


async def test_an_interpreter_that_is_not_there_is_named_with_its_setting(open_editor, write):
    async with open_editor(write(PROJECT), python="/nowhere/bin/python") as editor:
        summary = await editor.click(await editor.lens("flows.py", "▶ Run 1 test"))
        assert (summary["ending"], summary["outcome"]) == ("broken", "broken")
        assert summary["trouble"]["code"] == "PL901"
        assert "/nowhere/bin/python" in summary["trouble"]["what"]
        assert "prefectLens.interpreter" in summary["trouble"]["what"] + summary["trouble"]["cure"]
        second = await editor.lens("flows.py", "4: ⚠ could not run: ")
        assert editor.problems("flows.py") == []
        assert (await editor.click(second))["code"] == "PL901"
        await editor.until(lambda: len(editor.notes_of("window/showMessageRequest")) == 2, "the question")
        assert editor.notes_of("window/showMessage") == []
        await editor.until(lambda: editor.notes_of("prefectLens/status")[-1]["state"] == "trouble", "the status")
        assert "PL901" in await editor.execute("environmentInfo")


async def test_an_environment_without_prefect_is_told_with_the_command_that_cures_it(open_editor, write):
    folder = write(PROJECT)
    venv.create(folder / ".venv", with_pip=False)
    async with open_editor(folder) as editor:
        editor.answers.append("Copy command")
        summary = await editor.click(await editor.lens("flows.py", "▶ Run 1 test"))
        assert summary["trouble"]["code"] in ("PL903", "PL904")
        assert summary["trouble"]["cureIsCommand"]
        [copied] = await editor.until(lambda: editor.notes_of("prefectLens/copyText"), "the command")
        assert copied["text"] == summary["trouble"]["cure"]
        assert "install" in copied["text"]
        [question] = editor.notes_of("window/showMessageRequest")
        assert question["actions"][0] == {"title": "Copy command"}
        await editor.lens("flows.py", "4: ⚠ could not run: ")


@pytest.mark.slow
async def test_a_trouble_leaves_no_old_green(open_editor, write, python):
    async with open_editor(write(PROJECT), python=python) as editor:
        await editor.click(await editor.lens("flows.py", "▶ Run 1 test"))
        await editor.lens("flows.py", "4: ✓ 1 passed")
        editor.settings[""] = {"interpreter": "/nowhere/bin/python"}
        editor.notify("workspace/didChangeConfiguration", {"settings": None})
        await editor.until(lambda: editor.notes_of("prefectLens/status")[-1]["state"] == "trouble", "the status")
        await editor.click(await editor.lens("flows.py", "▶ Run 1 test"))
        assert [title.partition(":")[2][:20] for title in await editor.titles("flows.py")] == [
            " ▶ Run 1 test",
            " ⚠ could not run: /n"[:20],
        ]
        editor.settings[""] = {"interpreter": python}
        editor.notify("workspace/didChangeConfiguration", {"settings": None})
        await editor.until(lambda: editor.notes_of("prefectLens/status")[-1]["state"] == "ready", "the status")
        assert (await editor.click(await editor.lens("flows.py", "▶ Run 1 test")))["outcome"] == "passed"
        await editor.lens("flows.py", "4: ✓ 1 passed")


@pytest.mark.slow
async def test_a_test_file_that_cannot_be_imported_is_told_at_its_line(open_editor, write, python):
    folder = write(
        PROJECT + "#- test_other.py\nimport no_such_module\nfrom flows import etl\n\ndef test_other(): etl()\n"
    )
    async with open_editor(folder, python=python) as editor:
        summary = await editor.click(await editor.lens("flows.py", "▶ Run 2 tests"))
        assert summary["outcome"] == "failed"
        assert summary["counts"] == {"passed": 1}
        assert "1 file could not be collected" in summary["message"]
        [problem] = editor.problems("test_other.py")
        assert problem.startswith("1: PL304 ")
        assert "no_such_module" in problem
        assert editor.problems("flows.py") == []
        await editor.lens("flows.py", "4: ✗ 1 error · 1 passed")


@pytest.mark.slow
async def test_a_test_that_has_gone_since_the_lens_was_drawn_is_told(open_editor, write, python):
    folder = write(PROJECT)
    async with open_editor(folder, python=python) as editor:
        await editor.open("test_flows.py")
        lens = await editor.lens("flows.py", "▶ Run 1 test")
        (folder / "test_flows.py").write_text("def test_other(): pass\n")  # behind the editor's back
        summary = await editor.click(lens)
        assert summary["outcome"] in ("nothing", "failed")
        assert not any("passed" in title for title in await editor.titles("flows.py"))
        # The server goes on.
        assert "Prefect Lens" in await editor.execute("environmentInfo")


async def test_a_worker_that_dies_is_told(open_editor, write, tmp_path):
    folder = write(PROJECT)
    fake = tmp_path / "fake" / "bin"
    fake.mkdir(parents=True)
    (fake / "python").write_text("#!/bin/sh\nexit 3\n")
    (fake / "python").chmod(0o755)
    async with open_editor(folder, python=str(fake / "python")) as editor:
        summary = await editor.click(await editor.lens("flows.py", "▶ Run 1 test"))
        assert summary["outcome"] == "broken"
        assert summary["trouble"]["what"]
        await editor.lens("flows.py", "4: ⚠ could not run: ")
