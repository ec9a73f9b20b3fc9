"""What an editor asks about a place in a file."""

PROJECT = """
#- flows.py
from prefect import flow, task

@task(retries=2)
def parse(line): ...

@flow
def größe(lines):
    "🎉"; parse("1")
#- test_flows.py
import flows

def test_all():
    flows.größe(["1"])
"""


def at(editor, path, line, character):
    return {"textDocument": {"uri": editor.uri(path)}, "position": {"line": line - 1, "character": character}}


async def test_a_hover_tells_of_the_task_at_a_call(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.lens("flows.py", "7: ▶ Run 1 test")
        found = await editor.request("textDocument/hover", at(editor, "flows.py", 8, 12))
        assert found["contents"]["kind"] == "plaintext"  # this client spoke of no Markdown
        assert "@task(retries=2)\ndef parse(line)" in found["contents"]["value"]
        # The emoji counts for two, as the client counts.
        assert found["range"] == {"start": {"line": 7, "character": 10}, "end": {"line": 7, "character": 15}}
        assert await editor.request("textDocument/hover", at(editor, "flows.py", 1, 0)) is None


async def test_implementations_are_the_tests(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.lens("flows.py", "7: ▶ Run 1 test")
        [test] = await editor.request("textDocument/implementation", at(editor, "flows.py", 4, 5))
        assert (test["uri"], test["range"]["start"]["line"]) == (editor.uri("test_flows.py"), 2)
        flow, task = await editor.request("textDocument/implementation", at(editor, "test_flows.py", 3, 6))
        assert [flow["range"]["start"]["line"], task["range"]["start"]["line"]] == [6, 3]


async def test_symbols_are_the_flows_and_tasks(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.lens("flows.py", "7: ▶ Run 1 test")
        [found] = await editor.request("workspace/symbol", {"query": "grö"})
        assert (found["name"], found["containerName"]) == ("größe", "flows.py")
        assert found["location"]["range"]["start"] == {"line": 6, "character": 4}


async def test_calls_are_followed_both_ways(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.lens("flows.py", "7: ▶ Run 1 test")
        [flow] = await editor.request("textDocument/prepareCallHierarchy", at(editor, "test_flows.py", 4, 12))
        assert flow["name"] == "größe"
        [out] = await editor.request("callHierarchy/outgoingCalls", {"item": flow})
        assert out["to"]["name"] == "parse"
        assert out["fromRanges"][0]["start"] == {"line": 7, "character": 10}
        [caller] = await editor.request("callHierarchy/incomingCalls", {"item": flow})
        assert (caller["from"]["name"], caller["from"]["uri"]) == ("test_all", editor.uri("test_flows.py"))
        assert await editor.request("callHierarchy/incomingCalls", {"item": caller["from"]}) == []


async def test_our_table_in_a_pyproject_is_completed_and_explained(open_editor, write):
    project = write(PROJECT + '#- pyproject.toml\n[tool.prefect-lens.environment]\nnetwork = "lo"\n')
    async with open_editor(project) as editor:
        found = await editor.request("textDocument/completion", at(editor, "pyproject.toml", 2, 13))
        assert [(one["label"], one["textEdit"]["newText"]) for one in found] == [
            ("loopback", '"loopback"'),
            ("any", '"any"'),
        ]
        hover = await editor.request("textDocument/hover", at(editor, "pyproject.toml", 2, 2))
        assert "What tests may reach" in hover["contents"]["value"]
        assert await editor.request("textDocument/completion", at(editor, "flows.py", 1, 0)) == []
