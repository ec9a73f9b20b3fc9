"""A credential in a file: told where it stands, in unsaved text too, and moved to where secrets live."""

import json

import pytest

from tests import providers
from tests.lsp.applying import apply

PROJECT = """
#- pyproject.toml
[tool.pytest.ini_options]
#- .env
DB_PASSWORD=hunter2!x
#- flows.py
from prefect import flow

@flow
def etl(region: str = "eu"):
    return region
#- explore.ipynb
{"cells": [{"cell_type": "code", "source": ["import os\\n", "password = 'x9-Kp2-Qw7'"]}]}
"""
MOVE, LOAD = "Move it to where secrets live", "Move it there, and load it from a Prefect Secret block"
MARK, NOTE = "Mark it as no secret", "Note it as no secret in .secrets.baseline"


async def offered(editor, path, found):
    """What is offered at a diagnostic of a file, or of a cell by its URI, by its title."""
    params = {
        "textDocument": {"uri": path if ":" in path else editor.uri(path)},
        "range": found["range"],
        "context": {"diagnostics": [found], "only": ["quickfix"]},
    }
    actions = await editor.request("textDocument/codeAction", params)
    return {action["title"]: action["command"] for action in actions if action.get("diagnostics") == [found]}


async def test_a_credential_is_told_as_it_is_typed_and_moved_by_an_action(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.until(lambda: editor.problems(".env"), "the diagnostic of the file that is not open")
        [problem] = editor.problems(".env")
        assert problem.startswith("1: PL508 This looks like a credential (password)")
        await editor.open("flows.py")
        await editor.edit("flows.py", 'region: str = "eu"', 'token: str = "t0k3n-8842-ab"')
        await editor.until(lambda: editor.problems("flows.py"), "the diagnostic of the unsaved text")
        [found] = editor.diagnostics[editor.uri("flows.py")]["diagnostics"]
        assert found["range"]["start"] == {"line": 3, "character": 21}

        by_title = await offered(editor, "flows.py", found)
        assert list(by_title) == [MOVE, MARK, NOTE]
        answer = await editor.request("workspace/executeCommand", by_title[MOVE])
        assert answer == {"name": "TOKEN", "where": "the editor's secret storage"}
        assert editor.secrets == {"TOKEN of project": "t0k3n-8842-ab"}
        [edit] = editor.applied
        code, settings = edit["documentChanges"]
        assert [one["newText"] for one in code["edits"]] == ["import os\n", 'os.environ["TOKEN"]']
        assert 'TOKEN = { editor = "TOKEN of project" }' in settings["edits"][0]["newText"]
        assert "inherit = true" in settings["edits"][0]["newText"]

        await editor.request("workspace/executeCommand", by_title[MARK])
        assert editor.applied[-1]["documentChanges"][0]["edits"][0]["newText"] == "  # prefect-lens: not a secret"
        await editor.edit("flows.py", '"t0k3n-8842-ab"', 'os.environ["TOKEN"]')
        await editor.until(lambda: not editor.problems("flows.py"), "the diagnostic to go")
        said = [note for note in editor.notes if note[0] not in ("prefectLens/keepSecret", "workspace/applyEdit")]
        assert not any("t0k3n" in str(note) or "hunter2" in str(note) for note in said)


async def test_a_false_alarm_in_a_notebook_is_noted_in_the_baseline_and_told_no_more(open_editor, write):
    folder = write(PROJECT)
    async with open_editor(folder) as editor:
        await editor.until(lambda: editor.problems("explore.ipynb"), "the diagnostic")
        [problem] = editor.problems("explore.ipynb")
        assert problem.startswith("1: PL508 This looks like a credential (password) in cell 1, line 2")
        [found] = editor.diagnostics[editor.uri("explore.ipynb")]["diagnostics"]
        by_title = await offered(editor, "explore.ipynb", found)
        assert list(by_title) == [NOTE]
        await editor.request("workspace/executeCommand", by_title[NOTE])
        apply(editor)
        await editor.until(lambda: not editor.problems("explore.ipynb"), "the diagnostic to go")
        assert editor.problems(".env"), "another value is told on"
        assert list(json.loads((folder / ".secrets.baseline").read_text())["results"]) == ["explore.ipynb"]
        # The next one goes to the same file.
        [found] = editor.diagnostics[editor.uri(".env")]["diagnostics"]
        await editor.request("workspace/executeCommand", (await offered(editor, ".env", found))[NOTE])
        apply(editor)
        await editor.until(lambda: not editor.problems(".env"), "the diagnostic to go")
        assert list(json.loads((folder / ".secrets.baseline").read_text())["results"]) == [".env", "explore.ipynb"]
        (folder / ".secrets.baseline").write_text("broken")
        editor.notify(
            "workspace/didChangeWatchedFiles", {"changes": [{"uri": editor.uri(".secrets.baseline"), "type": 2}]}
        )
        await editor.until(lambda: editor.problems(".env"), "the diagnostic to come back")
        await editor.request("workspace/executeCommand", by_title[NOTE])
        assert "nothing is added to it" in editor.notes_of("window/showMessage")[-1]["message"]


async def test_a_credential_in_a_notebook_that_is_open_is_told_in_its_cell(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.until(lambda: editor.problems("explore.ipynb"), "the diagnostic of the file")
        notebook = editor.uri("explore.ipynb")
        one, two = (f"{notebook.replace('file:', 'vscode-notebook-cell:')}#{name}" for name in ("W0", "W1"))

        def cell(uri, text):
            return {"uri": uri, "languageId": "python", "version": 1, "text": text}

        def told(uri):
            return [d["range"]["start"] for d in editor.diagnostics.get(uri, {"diagnostics": []})["diagnostics"]]

        def change(version, **cells):
            document = {"uri": notebook, "version": version}
            editor.notify("notebookDocument/didChange", {"notebookDocument": document, "change": {"cells": cells}})

        about = {"uri": notebook, "notebookType": "jupyter-notebook", "version": 1}
        about["cells"] = [{"kind": 2, "document": one}]
        texts = [cell(one, '%pip install boto3\nsmile = "😀"; password = "hunter2!x"\n')]
        editor.notify("notebookDocument/didOpen", {"notebookDocument": about, "cellTextDocuments": texts})
        await editor.until(lambda: told(one) == [{"line": 1, "character": 25}], "the diagnostic in the cell")
        await editor.until(lambda: not editor.problems("explore.ipynb"), "that of the file to go")
        array = {"start": 1, "deleteCount": 0, "cells": [{"kind": 2, "document": two}]}
        change(2, structure={"array": array, "didOpen": [cell(two, 'api_key = "a8f5f167f44f4964e6c998d"')]})
        await editor.until(lambda: told(two) == [{"line": 0, "character": 10}], "the diagnostic in the new cell")
        edit = {"range": {"start": {"line": 1, "character": 25}, "end": {"line": 1, "character": 36}}, "text": "None"}
        change(3, textContent=[{"document": {"uri": one, "version": 2}, "changes": [edit]}])
        await editor.until(lambda: told(one) == [], "the diagnostic to go with the value")
        array = {"start": 1, "deleteCount": 1}
        change(4, structure={"array": array, "didClose": [{"uri": two}]})
        await editor.until(lambda: told(two) == [], "the diagnostic to go with the cell")
        closing = {"notebookDocument": {"uri": notebook}, "cellTextDocuments": [{"uri": one}]}
        editor.notify("notebookDocument/didClose", closing)
        await editor.until(lambda: editor.problems("explore.ipynb"), "the diagnostic of the file to come back")


async def test_a_credential_in_a_cell_is_moved_and_marked_there_and_noted_for_its_notebook(open_editor, write):
    folder = write(PROJECT)
    async with open_editor(folder) as editor:
        notebook = editor.uri("explore.ipynb")
        one, two = (f"{notebook.replace('file:', 'vscode-notebook-cell:')}#{name}" for name in ("W0", "W1"))
        texts = {one: "%%time\n# of 2020\npassword = 'hunter2!x'", two: "password = 'x9-Kp2-Qw7'\npassword"}
        cells = [{"uri": uri, "languageId": "python", "version": 1, "text": text} for uri, text in texts.items()]
        about = {"uri": notebook, "notebookType": "jupyter-notebook", "version": 1}
        about["cells"] = [{"kind": 2, "document": uri} for uri in texts]
        editor.notify("notebookDocument/didOpen", {"notebookDocument": about, "cellTextDocuments": cells})

        def told(uri):
            return editor.diagnostics.get(uri, {"diagnostics": []})["diagnostics"]

        await editor.until(lambda: told(one) and told(two), "the diagnostics in the cells")
        by_title = await offered(editor, one, told(one)[0])
        assert list(by_title) == [MOVE, MARK, NOTE]
        await editor.request("workspace/executeCommand", by_title[MARK])
        [marked] = editor.applied[-1]["documentChanges"]
        assert marked["textDocument"]["uri"] == one
        assert [edit["newText"] for edit in marked["edits"]] == ["  # prefect-lens: not a secret"]
        assert marked["edits"][0]["range"]["start"] == {"line": 2, "character": 22}

        answer = await editor.request("workspace/executeCommand", by_title[MOVE])
        assert answer == {"name": "PASSWORD", "where": "the editor's secret storage"}
        assert editor.secrets == {"PASSWORD of project": "hunter2!x"}
        code, settings = editor.applied[-1]["documentChanges"]
        assert (code["textDocument"]["uri"], settings["textDocument"]["uri"]) == (one, editor.uri("pyproject.toml"))
        edits = [(edit["range"]["start"], edit["newText"]) for edit in code["edits"]]
        first, second = {"line": 1, "character": 0}, {"line": 2, "character": 11}
        assert edits == [(first, "import os\n"), (second, 'os.environ["PASSWORD"]')]

        # What is noted holds for the cells that are open, too.
        by_title = await offered(editor, two, told(two)[0])
        await editor.request("workspace/executeCommand", by_title[NOTE])
        apply(editor)
        noted = json.loads((folder / ".secrets.baseline").read_text())["results"]
        assert [entry["line_number"] for entry in noted["explore.ipynb"]] == [1]
        await editor.until(lambda: not told(two), "the diagnostic to go")
        assert told(one)
        editor.notify(
            "notebookDocument/didClose",
            {"notebookDocument": {"uri": notebook}, "cellTextDocuments": [{"uri": uri} for uri in texts]},
        )
        await editor.until(lambda: not told(one), "the diagnostics to go with the notebook")
        with pytest.raises(Exception, match="The notebook is not open any more"):
            await editor.request("workspace/executeCommand", by_title[NOTE])


BLOCK = """
#- pyproject.toml
[tool.pytest.ini_options]
pythonpath = ["."]
#- flows.py
from prefect import flow

@flow
def etl():
    token = "t0k3n-8842-ab"
    return len(token)
#- test_flows.py
import os
import pytest
from flows import etl

@pytest.fixture(autouse=True)
def secrets(request):
    if "TOKEN" in os.environ:
        request.getfixturevalue("mock_secrets")({"token": os.environ["TOKEN"]})

def test_etl():
    assert etl() == 13
"""


@pytest.mark.slow
@pytest.mark.parametrize("title", [MOVE, LOAD])
async def test_a_credential_is_moved_into_the_keyring_and_the_next_run_has_it(  # noqa: PLR0917  fixtures
    open_editor, write, tmp_path, cache, python, title
):
    interpreter = providers.with_providers(python, tmp_path / "venv")
    environ = {"XDG_CACHE_HOME": str(cache), **providers.keyring_of(tmp_path / "keyring")}
    folder = write(BLOCK)
    async with open_editor(folder, python=interpreter, environ=environ) as editor:
        await editor.until(lambda: editor.problems("flows.py"), "the diagnostic")
        [found] = editor.diagnostics[editor.uri("flows.py")]["diagnostics"]
        by_title = await offered(editor, "flows.py", found)
        assert list(by_title) == [MOVE, LOAD, MARK, NOTE]
        answer = await editor.request("workspace/executeCommand", by_title[title])
        assert answer == {"name": "TOKEN", "where": "the keyring"}
        assert editor.secrets == {}
        apply(editor)
        await editor.until(lambda: not editor.problems("flows.py"), "the diagnostic to go")
        text = (folder / "flows.py").read_text()
        assert "t0k3n" not in text
        assert ('os.environ["TOKEN"]' if title == MOVE else 'Secret.load("token").get()') in text
        assert 'TOKEN = { keyring = "project/TOKEN" }' in (folder / "pyproject.toml").read_text()
        told = editor.notes_of("window/showMessage")[-1]["message"]
        assert ('mock_secrets({"token": os.environ["TOKEN"]})' in told) == (title == LOAD)

        editor.answers.append("Allow")
        summary = await editor.click(await editor.lens("flows.py", "▶ Run 1 test"))
        assert summary["counts"] == {"passed": 1}, summary
        question = editor.notes_of("window/showMessageRequest")[0]["message"]
        assert "TOKEN: reads project/TOKEN from the keyring" in question
        assert not any("t0k3n" in str(note) for note in editor.notes)
