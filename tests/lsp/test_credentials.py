"""A credential in a file: told where it stands, in unsaved text too, and moved to where secrets live."""

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
"""


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

        params = {
            "textDocument": {"uri": editor.uri("flows.py")},
            "range": found["range"],
            "context": {"diagnostics": [found], "only": ["quickfix"]},
        }
        actions = await editor.request("textDocument/codeAction", params)
        by_title = {action["title"]: action["command"] for action in actions if action.get("diagnostics") == [found]}
        assert list(by_title) == ["Move it to where secrets live", "Mark it as no secret"]
        answer = await editor.request("workspace/executeCommand", by_title["Move it to where secrets live"])
        assert answer == {"name": "TOKEN", "where": "the editor's secret storage"}
        assert editor.secrets == {"TOKEN of project": "t0k3n-8842-ab"}
        [edit] = editor.applied
        code, settings = edit["documentChanges"]
        assert [one["newText"] for one in code["edits"]] == ["import os\n", 'os.environ["TOKEN"]']
        assert 'TOKEN = { editor = "TOKEN of project" }' in settings["edits"][0]["newText"]
        assert "inherit = true" in settings["edits"][0]["newText"]

        await editor.request("workspace/executeCommand", by_title["Mark it as no secret"])
        assert editor.applied[-1]["documentChanges"][0]["edits"][0]["newText"] == "  # prefect-lens: not a secret"
        await editor.edit("flows.py", '"t0k3n-8842-ab"', 'os.environ["TOKEN"]')
        await editor.until(lambda: not editor.problems("flows.py"), "the diagnostic to go")
        said = [note for note in editor.notes if note[0] not in ("prefectLens/keepSecret", "workspace/applyEdit")]
        assert not any("t0k3n" in str(note) or "hunter2" in str(note) for note in said)
