"""The whole story against a real Prefect: a lens is clicked, a state fails at its line, the code is mended."""

import pytest

from tests.lsp.editor import ALL, MAIN, ServerError

pytestmark = pytest.mark.slow

PROJECT = """
#- pyproject.toml
[tool.pytest.ini_options]
pythonpath = ["."]
#- flows/__init__.py
#- flows/etl.py
from prefect import flow, task


@task
def parse(line: str) -> float:
    return float(line)


@flow(name="etl")
def etl(lines: list[str]) -> list[float]:
    return [parse(line) for line in lines]
#- tests/test_etl.py
from flows.etl import etl


def test_numbers():
    assert etl(["1", "2.5"]) == [1.0, 2.5]


def test_a_comma():
    assert etl(["2,5"]) == [2.5]
"""

BUG = "float(line)"
MENDED = 'float(line.replace(",", "."))'


@pytest.mark.parametrize("keeps_ready", [True])  # as for users
async def test_a_failed_state_is_seen_at_its_line_and_goes_when_the_code_is_mended(open_editor, write, python):
    async with open_editor(write(PROJECT), python=python) as editor:
        await editor.open("flows/etl.py")
        lens = await editor.lens("flows/etl.py", "10: ▶ Run 2 tests")

        summary = await editor.click(lens)
        assert summary["outcome"] == "failed"
        assert summary["counts"] == {"failed": 1, "passed": 1}
        assert summary["trouble"] is None
        assert [(one["node_id"], one["outcome"]) for one in summary["results"]] == [
            ("tests/test_etl.py::test_numbers", "passed"),
            ("tests/test_etl.py::test_a_comma", "failed"),
        ]
        # They were published before the answer.
        [failed] = editor.diagnostics[editor.uri("flows/etl.py")]["diagnostics"]
        assert failed["range"]["start"] == {"line": 5, "character": 11}
        assert failed["source"] == "prefect-lens"
        assert failed["code"] == "PL101"
        assert failed["codeDescription"]["href"].startswith("https://docs.prefect.io/")
        assert "Task 'parse' Failed" in failed["message"]
        assert "could not convert string to float: '2,5'" in failed["message"]
        assert "tests/test_etl.py::test_a_comma" in failed["message"]
        places = [
            (place["location"]["uri"].rpartition("/")[2], place["location"]["range"]["start"]["line"] + 1)
            for place in failed["relatedInformation"]
        ]
        assert ("etl.py", 11) in places
        assert ("test_etl.py", 9) in places
        assert editor.problems("tests/test_etl.py") != []

        second = await editor.lens("flows/etl.py", "10: ✗ 1 failed · 1 passed")
        await editor.click(second)
        [shown] = editor.notes_of("window/showDocument")
        assert shown["uri"] == editor.uri("flows/etl.py")
        assert shown["selection"]["start"]["line"] == 5

        await editor.edit("flows/etl.py", BUG, MENDED)
        await editor.lens("flows/etl.py", "10: ○ 1 failed, 1 passed, before the last edit")
        await editor.until(lambda: "(before the last edit)" in str(editor.problems("flows/etl.py")), "the mark")
        await editor.save("flows/etl.py")
        summary = await editor.click(await editor.lens("flows/etl.py", "10: ▶ Run 2 tests"))
        assert summary["outcome"] == "passed"
        assert editor.problems("flows/etl.py") == []
        assert editor.problems("tests/test_etl.py") == []
        passed = await editor.lens("flows/etl.py", "10: ✓ 2 passed")
        output = await editor.click(passed)
        assert output["title"] == "flows/etl.py:etl"
        assert "tests/test_etl.py::test_numbers  passed" in output["text"]
        assert await editor.lens("flows/etl.py", "5: ✓ 2 passed")


async def test_progress_is_shown_and_the_lens_shows_the_run(open_editor, write, python):
    async with open_editor(write(PROJECT), python=python) as editor:
        lens = await editor.lens("flows/etl.py", "10: ▶ Run 2 tests")
        running = editor.click(lens)
        stop = await editor.lens("flows/etl.py", "10: ■ Running")
        assert stop.command["command"] == "prefectLens.server.cancel"
        summary = await running
        values = [note["value"] for note in editor.notes_of("$/progress")]
        assert values[0]["kind"] == "begin"
        assert values[0]["cancellable"] is True
        assert values[-1]["kind"] == "end"
        assert editor.notes_of("window/workDoneProgress/create") == [{"token": "prefect-lens-run-1"}]

        notes = [note for note in editor.notes_of("prefectLens/runs") if note["run"] == "1"]
        assert notes[-1]["phase"] == "ended"
        assert notes[-1]["summary"] == summary
        # The task is exercised by the same tests.
        assert {one["entrypoint"]: one["state"] for one in notes[-1]["definitions"]} == {
            "flows/etl.py:etl": "failed",
            "flows/etl.py:parse": "failed",
        }
        cases = [case for note in notes for case in note["cases"]]
        assert [case["node_id"] for case in cases] == [
            "tests/test_etl.py::test_numbers",
            "tests/test_etl.py::test_a_comma",
        ]


WAITS = """
#- tests/test_other.py
from pathlib import Path
from time import sleep

from flows.etl import parse


def test_waits():
    while not Path("go").exists():
        sleep(0.01)
    assert parse("1") == 1
"""


async def test_a_failure_is_seen_and_reached_while_the_run_goes_on(open_editor, write, python):
    folder = write(PROJECT + WAITS)
    async with open_editor(folder, python=python) as editor:
        running = editor.execute("run", scope="all", folder=editor.uri(""))
        await editor.until(lambda: editor.problems("flows/etl.py"), "the diagnostic")
        assert editor.problems("flows/etl.py")[0].startswith("6: PL101")
        await editor.click(await editor.lens("flows/etl.py", "10: ✗ 1 failed · 1 passed"))
        [shown] = editor.notes_of("window/showDocument")
        assert shown["selection"]["start"]["line"] == 5
        assert await editor.lens("flows/etl.py", "5: ■ Running 2/3")
        output = await editor.execute("showOutput", folder=editor.uri(""), target="flows/etl.py:etl")
        assert "tests/test_etl.py::test_a_comma  failed" in output["text"]
        assert not running.done()

        (folder / "go").touch()
        assert (await running)["counts"] == {"failed": 1, "passed": 2}
        assert len(editor.problems("flows/etl.py")) == 1


async def test_an_edit_moves_a_diagnostic_with_its_line_and_a_setting_weighs_it(open_editor, write, python):
    async with open_editor(write(PROJECT), python=python) as editor:
        await editor.open("flows/etl.py")
        await editor.click(await editor.lens("flows/etl.py", "10: ▶ Run 2 tests"))
        assert editor.problems("flows/etl.py")[0].startswith("6: PL101")
        await editor.edit("flows/etl.py", "from prefect", "# a line\nfrom prefect")
        await editor.until(lambda: editor.problems("flows/etl.py")[0].startswith("7: PL101"), "the move")
        assert "before the last edit" not in editor.problems("flows/etl.py")[0]
        assert editor.diagnostics[editor.uri("flows/etl.py")]["version"] == 2
        await editor.lens("flows/etl.py", "11: ✗ 1 failed · 1 passed")

        def severities():
            return [one["severity"] for one in editor.diagnostics[editor.uri("flows/etl.py")]["diagnostics"]]

        # So does another choice of its severity, without a run.
        assert severities() == [1]
        editor.settings[""] = {"interpreter": python, "severity": {"PL101": "warning"}}
        editor.notify("workspace/didChangeConfiguration", {"settings": None})
        await editor.until(lambda: severities() == [2], "the other severity")


SWALLOWED = """
#- tests/test_swallowed.py
from prefect import flow
from flows.etl import parse


@flow
def lenient():
    parse("x", return_state=True)
    return 1


def test_swallowed():
    assert lenient() == 1
"""


async def actions_on(editor, path, diagnostic):
    """What the editor offers at a diagnostic, by its title."""
    params = {
        "textDocument": {"uri": editor.uri(path)},
        "range": diagnostic["range"],
        "context": {"diagnostics": [diagnostic], "only": ["quickfix"]},
    }
    found = await editor.request("textDocument/codeAction", params)
    return {one["title"]: one["command"] for one in found if one.get("diagnostics") == [diagnostic]}


async def test_a_diagnostic_offers_what_to_do_about_it(open_editor, write, python):
    folder = write(PROJECT)
    async with open_editor(folder, python=python, notifications=[*ALL, "debug"]) as editor:
        await editor.click(await editor.lens("flows/etl.py", "10: ▶ Run 2 tests"))
        [failed] = editor.diagnostics[editor.uri("flows/etl.py")]["diagnostics"]
        again, debug, traceback, output, copy = await actions_on(editor, "flows/etl.py", failed)
        assert [again, debug, traceback, output, copy] == [
            "Run test_a_comma again",
            "Debug test_a_comma",
            "Open the traceback of test_a_comma",
            "Show the output of test_a_comma",
            "Copy what it says",
        ]
        commands = await actions_on(editor, "flows/etl.py", failed)

        async def do(title):
            return await editor.request("workspace/executeCommand", commands[title])

        summary = await do(again)
        assert [one["node_id"] for one in summary["results"]] == ["tests/test_etl.py::test_a_comma"]
        shown = await do(output)
        assert shown["title"] == "tests/test_etl.py::test_a_comma"
        assert "could not convert string to float: '2,5'" in shown["text"]
        assert "tests/test_etl.py::test_a_comma, call" in (await do(traceback))["text"]
        await do(copy)
        [copied] = editor.notes_of("prefectLens/copyText")
        assert copied["text"].startswith(f"flows/etl.py:6:12: PL101 {failed['message']}\n")
        assert "  test_etl.py:9  called here, in the test" in copied["text"]

        assert commands[debug]["arguments"][0] | {"folder": ""} == {
            "folder": "",
            "scope": "tests",
            "tests": ["tests/test_etl.py::test_a_comma"],
            "path": "flows/etl.py",
            "line": "5",
        }
        assert (await do(debug))["trouble"]["code"] == "PL916"  # the project has no debugpy, nor does the editor


async def test_a_swallowed_failure_can_be_marked_as_expected(open_editor, write, python):
    async with open_editor(write(PROJECT + SWALLOWED), python=python) as editor:
        await editor.open("flows/etl.py")
        await editor.open("tests/test_swallowed.py")
        arguments = {"scope": "file", "uri": editor.uri("tests/test_swallowed.py")}
        await editor.execute("run", **arguments)
        [hint] = editor.diagnostics[editor.uri("flows/etl.py")]["diagnostics"]
        assert hint["severity"] == 4
        assert hint["message"].endswith("by tests/test_swallowed.py::test_swallowed, which passed")
        lines = {"start": {"line": 0, "character": 0}, "end": {"line": 20, "character": 0}}
        params = {"textDocument": {"uri": editor.uri("tests/test_swallowed.py")}, "range": lines}
        assert [
            (one["position"]["line"] + 1, one["label"].partition(" · ")[0])
            for one in await editor.request("textDocument/inlayHint", params)
        ] == [(6, "✓ Completed"), (7, "✗ Failed")]

        commands = await actions_on(editor, "flows/etl.py", hint)
        await editor.request("workspace/executeCommand", commands["Mark Failed as expected"])
        [change] = editor.applied[-1]["documentChanges"]
        assert [one["newText"] for one in change["edits"]] == [
            "import pytest\n",
            '@pytest.mark.prefect(expect_state="Failed")\n',
        ]
        await editor.edit("tests/test_swallowed.py", "from prefect", "import pytest\nfrom prefect")
        mark = '@pytest.mark.prefect(expect_state="Failed")\n'
        await editor.edit("tests/test_swallowed.py", "def test_swallowed", f"{mark}def test_swallowed")
        await editor.save("tests/test_swallowed.py")
        # The result is of older code now, and no word on this one.
        await editor.until(lambda: "(before the last edit)" in str(editor.problems("flows/etl.py")), "the mark")
        assert await editor.request("textDocument/inlayHint", params) == []
        summary = await editor.execute("run", **arguments)
        assert summary["outcome"] == "passed"
        assert editor.problems("flows/etl.py") == []


async def test_results_can_be_cleared(open_editor, write, python):
    async with open_editor(write(PROJECT), python=python) as editor:
        await editor.click(await editor.lens("flows/etl.py", "10: ▶ Run 2 tests"))
        assert editor.problems("flows/etl.py") != []
        await editor.execute("clearResults")
        await editor.until(lambda: editor.problems("flows/etl.py") == [], "an empty list")
        assert await editor.titles("flows/etl.py") == ["5: ▶ Run 2 tests", "10: ▶ Run 2 tests"]


async def test_scopes(open_editor, write, python):
    async with open_editor(write(PROJECT), python=python) as editor:
        for arguments, ran in (
            ({"scope": "tests", "tests": ["tests/test_etl.py::test_numbers"]}, 1),
            ({"scope": "all"}, 2),
            ({"scope": "file", "uri": editor.uri("tests/test_etl.py")}, 2),
            ({"scope": "file", "uri": editor.uri("flows/etl.py")}, 2),
        ):
            summary = await editor.execute("run", **arguments)
            assert len(summary["results"]) == ran, arguments
            assert (await editor.execute("run", scope="last"))["results"] != []
            assert len((await editor.execute("run", scope="failed"))["results"]) == (1 if ran == 2 else 0), arguments


async def test_a_run_of_nothing_known_says_what_is_near(open_editor, write, python):
    async with open_editor(write(PROJECT), python=python) as editor:
        await editor.lens("flows/etl.py", "▶ Run 2 tests")
        with pytest.raises(
            ServerError, match=r"There is no flow or task flows/etl.py:ettl\. Did you mean flows/etl.py:etl"
        ):
            await editor.execute("run", scope="targets", targets=["flows/etl.py:ettl"])
        with pytest.raises(ServerError, match="Nothing has been run yet"):
            await editor.execute("run", scope="last")


async def test_what_a_run_has_shown_refines_the_lens_until_the_code_changes(open_editor, write, python):
    rarely = "    if len(lines) > 9:\n        spare()\n    return ["
    text = PROJECT.replace("    return [", rarely).replace("\n\n@flow", "\n\n@task\ndef spare(): ...\n\n\n@flow")
    folder = write(text.replace("2,5", "2.5"))
    async with open_editor(folder, python=python) as editor:
        await editor.open("flows/etl.py")
        await editor.lens("flows/etl.py", "10: ▶ Run 2 tests")
        await editor.click(await editor.lens("flows/etl.py", "14: ▶ Run 2 tests"))
        await editor.lens("flows/etl.py", "10: No tests")
        lens = await editor.lens("flows/etl.py", "5: ▶ Run 2 tests")
        assert lens.command["tooltip"].splitlines() == [
            "2 tests: 2 indirect · 2 seen to run",
            "test_a_comma → etl → parse (seen to run)",
            "test_numbers → etl → parse (seen to run)",
        ]
    async with open_editor(folder, python=python) as editor:
        await editor.open("flows/etl.py")
        await editor.lens("flows/etl.py", "10: No tests")
        await editor.edit("flows/etl.py", "> 9", "> 1")
        await editor.lens("flows/etl.py", "10: ▶ Run 2 tests")
        await editor.edit("flows/etl.py", "> 1", "> 9")
        await editor.lens("flows/etl.py", "10: No tests")
        await editor.execute("clearResults")
        await editor.lens("flows/etl.py", "10: ▶ Run 2 tests")


async def test_a_click_that_waits_for_a_search_says_so(open_editor, write, python):
    program = f"from prefect_lens.session import looking; looking.Looking.__init__.__defaults__ = (0.0,)\n{MAIN}"
    project = write(
        "#- flows.py\nfrom prefect import flow\n@flow\ndef quick(): ...\n"
        "#- test_flows.py\nfrom flows import quick\ndef test_quick(): quick()\n"
    )
    async with open_editor(project, python=python, program=program, notifications=["status"]) as editor:
        await editor.until(
            lambda: any(note["state"] == "ready" for note in editor.notes_of("prefectLens/status")), "the index"
        )
        summary = await editor.execute("run", scope="targets", targets=["flows.py:quick"])
        assert summary["outcome"] == "passed"
        [told] = editor.notes_of("window/showMessage")
        assert told["message"] == "Prefect Lens: the tests of quick run once all of them have been found."
        await editor.execute("run", scope="targets", targets=["flows.py:quick"])
        assert len(editor.notes_of("window/showMessage")) == 1
