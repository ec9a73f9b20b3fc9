"""Lenses, from the opening of a folder to the edits of a file. Nothing is run here."""

import hashlib
import os
import sys

import pytest

from tests.lsp.editor import MAIN, ServerError, uri

PROJECT = """
#- pyproject.toml
[tool.pytest.ini_options]
pythonpath = ["."]
#- flows/etl.py
from prefect import flow, task

@task
def parse(line):
    return float(line)

@flow
def etl(lines):
    return [parse(line) for line in lines]

@flow
def lonely():
    return 1
#- tests/test_etl.py
from flows.etl import etl, parse

def test_etl():
    assert etl(["1"]) == [1.0]

def test_parse():
    assert parse.fn("1") == 1.0
"""


async def test_opening_a_folder_gives_every_flow_and_task_its_lens(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.open("flows/etl.py")
        await editor.lens("flows/etl.py", "No tests")
        assert await editor.titles("flows/etl.py") == ["4: ▶ Run 2 tests", "8: ▶ Run 1 test", "12: No tests"]


async def test_a_lens_tells_how_its_tests_reach_the_definition(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        lens = await editor.lens("flows/etl.py", "▶ Run 2 tests")
        assert lens.command["tooltip"].splitlines() == [
            "2 tests: 1 direct, 1 indirect",
            "test_parse → parse",
            "test_etl → etl → parse",
        ]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
async def test_lenses_say_at_once_what_they_said_last_until_the_folder_has_been_read(open_editor, write, home, cache):
    folder = write(PROJECT)
    async with open_editor(folder) as editor:
        await editor.open("flows/etl.py")

        async def kept():
            await editor.lenses("flows/etl.py")
            return list(cache.rglob("*.lenses"))

        await editor.lens("flows/etl.py", "▶ Run 2 tests")
        await editor.until(kept, "what the lenses said")
    more = "\nfrom flows.etl import lonely\n\ndef test_lonely():\n    assert lonely() == 1\n"
    (folder / "tests" / "test_etl.py").open("a").write(more)
    # What runs have shown is read before anything of the folder; here that waits for somebody to write it.
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    held = home / "state" / "prefect-lens" / "observed" / f"{name}.jsonl"
    held.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(held)
    async with open_editor(folder) as editor:
        await editor.open("flows/etl.py")
        assert await editor.titles("flows/etl.py") == ["4: ▶ Run 2 tests", "8: ▶ Run 1 test", "12: No tests"]
        await editor.edit("flows/etl.py", "return 1", "return 2")
        assert await editor.titles("flows/etl.py") == ["4: ▶ Run tests", "8: ▶ Run tests", "12: ▶ Run tests"]
        await editor.edit("flows/etl.py", "return 2", "return 1")
        assert await editor.titles("flows/etl.py") == ["4: ▶ Run 2 tests", "8: ▶ Run 1 test", "12: No tests"]
        held.write_bytes(b"")
        await editor.lens("flows/etl.py", "12: ▶ Run 1 test")


async def test_lenses_follow_the_unsaved_text(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.open("flows/etl.py")
        await editor.open("tests/test_etl.py")
        await editor.lens("flows/etl.py", "12: No tests")
        await editor.edit("tests/test_etl.py", "import etl, parse", "import etl, lonely, parse")
        await editor.edit("tests/test_etl.py", 'etl(["1"])', 'etl(["1"]) and lonely()')
        await editor.lens("flows/etl.py", "12: ▶ Run 1 test")
        await editor.edit("flows/etl.py", "from prefect", "# one line more\nfrom prefect")
        assert "13: ▶ Run 1 test" in await editor.titles("flows/etl.py")


async def test_a_closed_file_goes_back_to_what_the_disk_has(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.open("flows/etl.py")
        await editor.lens("flows/etl.py", "12: No tests")
        await editor.edit("flows/etl.py", "@flow\ndef lonely", "def lonely")
        assert len(await editor.titles("flows/etl.py")) == 2
        await editor.close_file("flows/etl.py")
        await editor.lens("flows/etl.py", "12: No tests")


async def test_lenses_stay_put_while_the_file_has_a_syntax_error(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.open("flows/etl.py")
        await editor.lens("flows/etl.py", "12: No tests")
        before = await editor.titles("flows/etl.py")
        await editor.edit("flows/etl.py", "float(line)", "float(line")
        assert await editor.titles("flows/etl.py") == before
        await editor.until(lambda: editor.problems("flows/etl.py"), "the syntax error")
        assert "PL501" in editor.problems("flows/etl.py")[0]
        await editor.edit("flows/etl.py", "float(line", "float(line)")
        await editor.until(lambda: not editor.problems("flows/etl.py"), "the end of the syntax error")
        assert await editor.titles("flows/etl.py") == before


async def test_one_broken_file_leaves_the_others_their_lenses(open_editor, write):
    broken = "".join(f"#- flows/f{n}.py\nfrom prefect import flow\n@flow\ndef f{n}(): ...\n" for n in range(49))
    async with open_editor(write(PROJECT + broken + "#- flows/broken.py\nimport (\n")) as editor:
        await editor.until(lambda: editor.problems("flows/broken.py"), "the diagnostic")
        assert [len(await editor.titles(f"flows/f{n}.py")) for n in range(49)] == [1] * 49
        assert len(editor.problems("flows/broken.py")) == 1


async def test_files_that_others_write_are_noticed(open_editor, write):
    folder = write(PROJECT)
    async with open_editor(folder) as editor:
        await editor.lens("flows/etl.py", "12: No tests")
        (folder / "tests" / "test_lonely.py").write_text("from flows.etl import lonely\ndef test_it(): lonely()\n")
        change = {"uri": editor.uri("tests/test_lonely.py"), "type": 1}
        editor.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
        await editor.lens("flows/etl.py", "12: ▶ Run 1 test")
        (folder / "tests" / "test_lonely.py").unlink()
        editor.notify("workspace/didChangeWatchedFiles", {"changes": [change | {"type": 3}]})
        await editor.lens("flows/etl.py", "12: No tests")


async def test_an_editor_that_watches_no_files_has_them_read_at_each_run(open_editor, write):
    folder = write(PROJECT)
    async with open_editor(folder, trusted=False, refused=frozenset({"client/registerCapability"})) as editor:
        await editor.until(lambda: editor.notes_of("client/registerCapability"), "the registration")
        await editor.lens("flows/etl.py", "12: No tests")
        (folder / "tests" / "test_lonely.py").write_text("from flows.etl import lonely\ndef test_it(): lonely()\n")
        with pytest.raises(ServerError, match="not trusted"):
            await editor.execute("run", scope="targets", targets=["flows/etl.py:lonely"])
        await editor.lens("flows/etl.py", "12: ▶ Trust to run 1 test")


async def test_which_kinds_have_lenses_is_a_setting(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.lens("flows/etl.py", "12: No tests")
        editor.settings[""] = {"codeLens": {"kinds": ["task"]}}
        editor.notify("workspace/didChangeConfiguration", {"settings": None})

        async def only_tasks():
            return await editor.titles("flows/etl.py") == ["4: ▶ Run 2 tests"]

        await editor.until(only_tasks, "a file with lenses above tasks alone")


async def test_every_lens_is_a_code_action_on_its_line(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.lens("flows/etl.py", "12: No tests")

        async def actions(line, **context):
            place = {"line": line - 1, "character": 0}
            params = {
                "textDocument": {"uri": editor.uri("flows/etl.py")},
                "range": {"start": place, "end": place},
                "context": {"diagnostics": [], **context},
            }
            return [(a["title"], a["kind"]) for a in await editor.request("textDocument/codeAction", params)]

        assert await actions(4) == [("▶ Run 2 tests (parse)", "quickfix.prefectLens.run")]
        assert await actions(12) == [("No tests (lonely)", "source.prefectLens")]
        assert await actions(5) == []
        assert await actions(4, only=["quickfix"]) == await actions(4)
        assert await actions(4, only=["source"]) == []


async def test_a_lens_can_be_resolved(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        lens = await editor.lens("flows/etl.py", "▶ Run 2 tests")
        bare = {"range": lens.raw["range"], "data": lens.raw["data"]}
        assert await editor.request("codeLens/resolve", bare) == lens.raw


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_edits_and_ranges_are_in_the_negotiated_encoding(open_editor, write, encoding):
    folder = write(
        "#- größe.py\nfrom prefect import flow, task\n\n"
        "x = '🎉'; größe = flow(lambda: 1)\n@flow\ndef etl(): return '🎉'\n"
    )
    async with open_editor(folder, encodings=[encoding]) as editor:
        assert editor.server_capabilities["positionEncoding"] == encoding
        await editor.open("größe.py")
        lens = await editor.lens("größe.py", "5: No tests")
        assert lens.raw["range"]["start"]["character"] == 4
        await editor.edit("größe.py", "🎉'; größe", "🎉🎉'; # größe")
        await editor.edit("größe.py", "etl(): return '🎉'", "流(): return '🎉'")
        lens = await editor.lens("größe.py", "5: No tests")
        start, end = lens.raw["range"]["start"]["character"], lens.raw["range"]["end"]["character"]
        assert end - start == {"utf-8": 3, "utf-16": 1, "utf-32": 1}[encoding]


async def test_several_folders_keep_to_themselves(open_editor, write):
    one = write(PROJECT, "one")
    two = write("#- pipeline.py\nfrom prefect import flow\n@flow\ndef etl(): ...\n", "two words")
    async with open_editor(one, two) as editor:
        await editor.lens("flows/etl.py", "4: ▶ Run 2 tests")
        await editor.lens(str(two / "pipeline.py"), "3: No tests")
        event = {"added": [], "removed": [{"uri": uri(two), "name": "two"}]}
        editor.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        assert await editor.titles(str(two / "pipeline.py")) == []
        event = {"added": [{"uri": uri(two), "name": "two"}], "removed": []}
        editor.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        await editor.lens(str(two / "pipeline.py"), "3: No tests")


async def test_a_folder_that_is_closed_takes_its_definitions_along_and_brings_them_back(open_editor, write):
    one, two = write(PROJECT, "one"), write(PROJECT, "two")

    async def told(editor, count, of=two):
        def last():
            notes = [note for note in editor.notes_of("prefectLens/definitions") if note["folder"] == uri(of)]
            return bool(notes) and len(notes[-1]["definitions"]) == count

        await editor.until(last, f"{count} definitions")

    async with open_editor(one, two) as editor:
        await told(editor, 3)
        change = {"uri": uri(two), "name": "two"}
        editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [], "removed": [change]}})
        await told(editor, 0)
        (two / "flows" / "etl.py").write_text("from prefect import flow\n@flow\ndef etl(): ...\n")
        editor.notify("workspace/didChangeWorkspaceFolders", {"event": {"added": [change], "removed": []}})
        await told(editor, 1)
        await told(editor, 3, of=one)


async def test_the_tests_that_have_been_found_are_told_while_others_are_looked_for(open_editor, write):
    soon = "lambda _: lambda asked=itertools.count(): next(asked) >= 8"  # so many calls are followed at a time
    program = f"import itertools\nfrom prefect_lens.lsp import outlet\noutlet.within = {soon}\n{MAIN}"
    tests = "".join(f"#- test_{n}.py\nimport flows\ndef test_it(): flows.etl()\n" for n in range(9))
    project = write("#- flows.py\nfrom prefect import flow\n@flow\ndef etl(): ...\n" + tests)
    async with open_editor(project, trusted=False, program=program) as editor:

        def told():
            notes = editor.notes_of("prefectLens/definitions")
            return [([one["tests"] for one in note["definitions"]], note.get("searching", False)) for note in notes]

        await editor.until(lambda: ([9], False) in told(), "all tests")
        first = told()
        assert len(first) > 2
        assert [tests for tests, _ in first] == sorted(tests for tests, _ in first)
        assert all(is_searching for _, is_searching in first[:-1])
        await editor.open("flows.py")
        await editor.edit("flows.py", "def etl(): ...", "def etl(x=1): ...\n@flow\ndef more(): ...")
        await editor.until(lambda: ([9, 0], False) in told(), "another flow")
        assert told() == [*first, ([9, 0], False)]


async def test_a_file_in_two_folders_keeps_what_the_one_that_stays_says(open_editor, write):
    outer = write("#- inner/flows.py\nfrom prefect import flow\n@flow\ndef etl(: ...\n")
    inner = outer / "inner"

    def told(editor):
        published = editor.diagnostics.get(uri(inner / "flows.py"), {"diagnostics": []})
        return [one["code"] for one in published["diagnostics"]]

    async with open_editor(outer, inner) as editor:
        await editor.until(lambda: told(editor) == ["PL501"], "the syntax error")
        event = {"added": [], "removed": [{"uri": uri(inner), "name": "inner"}]}
        editor.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        await editor.titles("inner/flows.py")  # answered after the folder was closed
        assert told(editor) == ["PL501"]


async def test_with_several_folders_a_command_must_say_which(open_editor, write):
    async with open_editor(write(PROJECT, "one"), write(PROJECT, "two")) as editor:
        with pytest.raises(ServerError, match="say which workspace folder is meant; there are 2 of them"):
            await editor.execute("run", scope="all")


async def test_a_folder_without_prefect_has_no_lens_and_says_so(open_editor, write):
    async with open_editor(write("#- a.py\nprint(1)\n")) as editor:
        await editor.until(
            lambda: any(note["state"] == "noPrefect" for note in editor.notes_of("prefectLens/status")), "the status"
        )
        assert await editor.titles("a.py") == []
        assert editor.notes_of("window/showMessage") == []


async def test_the_definitions_of_a_folder_are_told(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        [note] = await editor.until(lambda: editor.notes_of("prefectLens/definitions"), "the definitions")
        assert [(one["entrypoint"], one["kind"], one["tests"]) for one in note["definitions"]] == [
            ("flows/etl.py:parse", "task", 2),
            ("flows/etl.py:etl", "flow", 1),
            ("flows/etl.py:lonely", "flow", 0),
        ]
        assert note["definitions"][0]["range"]["start"] == {"line": 3, "character": 4}


async def test_a_flow_without_tests_is_told_where_one_could_go(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        editor.answers.append("Create the test")
        assert await editor.click(await editor.lens("flows/etl.py", "No tests")) == {"path": "tests/test_etl.py"}
        [edit] = await editor.until(lambda: editor.applied, "the edit")
        [change] = edit["documentChanges"]
        assert change["textDocument"]["uri"] == editor.uri("tests/test_etl.py")
        [insertion] = change["edits"]
        assert insertion["range"]["start"] == {"line": 7, "character": 0}
        assert insertion["newText"] == (
            "\n\nfrom flows.etl import lonely\n\n\ndef test_lonely():\n    assert lonely() is not None\n"
        )
        [question] = editor.notes_of("window/showMessageRequest")
        assert question["message"] == "No test exercises the flow 'lonely'. A test could go to tests/test_etl.py."


async def test_a_file_for_a_first_test_is_made(open_editor, write):
    folder = write("#- pyproject.toml\n#- src/pkg/flows.py\nfrom prefect import flow\n@flow\nasync def etl(): ...\n")
    async with open_editor(folder) as editor:
        editor.answers.append("Create the test")
        await editor.click(await editor.lens("src/pkg/flows.py", "No tests"))
        [edit] = await editor.until(lambda: editor.applied, "the edit")
        creation, change = edit["documentChanges"]
        assert creation == {
            "kind": "create",
            "uri": editor.uri("tests/test_flows.py"),
            "options": {"ignoreIfExists": True},
        }
        assert change["edits"][0]["newText"] == (
            "import asyncio\n\nfrom pkg.flows import etl\n\n\n"
            "def test_etl():\n    assert asyncio.run(etl()) is not None\n"
        )


async def test_a_question_without_an_answer_changes_nothing(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.click(await editor.lens("flows/etl.py", "No tests"))
        await editor.until(lambda: editor.notes_of("window/showMessageRequest"), "the question")
        await editor.execute("environmentInfo")
        assert editor.applied == []
