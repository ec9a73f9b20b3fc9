"""Whatever a client says, it gets an answer that tells what is wrong, and the server goes on."""

import asyncio
import contextlib

import pytest

from tests.lsp.editor import ServerError, start_server

PROJECT = "#- flows.py\nfrom prefect import flow\n@flow\ndef etl(): ...\n"

INVALID_PARAMS, METHOD_NOT_FOUND, INVALID_REQUEST = -32602, -32601, -32600
NOT_INITIALIZED, REQUEST_FAILED, PARSE_ERROR = -32002, -32803, -32700


@contextlib.asynccontextmanager
async def still_works(open_editor, folder):
    """Give an editor, and see afterwards that the server does its work, and that no message popped up."""
    async with open_editor(folder) as editor:
        yield editor
        await editor.lens("flows.py", "No tests")
        assert editor.notes_of("window/showMessage") == []


@pytest.mark.parametrize(
    ("command", "arguments", "sentence"),
    [
        ("prefectLens.server.fly", [{}], "There is no command 'prefectLens.server.fly'"),
        ("run", [{"scope": "all"}], "There is no command 'run'"),
        ("prefectLens.server.run", [], "scope is missing"),
        ("prefectLens.server.run", None, "scope is missing"),
        ("prefectLens.server.run", [3], "Expected an object, got 3"),
        ("prefectLens.server.run", [{}, {}], "Expected one object, got 2 arguments"),
        ("prefectLens.server.run", [{"scope": 3}], "scope: expected a string, got 3"),
        ("prefectLens.server.run", [{"scope": "some"}], "scope: 'some' is not known; there are: targets, file"),
        ("prefectLens.server.run", [{"scope": "targets"}], "targets: expected a list of strings"),
        ("prefectLens.server.run", [{"scope": "targets", "targets": []}], "targets: expected a list of strings"),
        ("prefectLens.server.run", [{"scope": "targets", "targets": [1]}], "targets: expected a list of strings"),
        ("prefectLens.server.run", [{"scope": "tests", "tests": "a"}], "tests: expected a list of strings, got 'a'"),
        ("prefectLens.server.run", [{"scope": "file"}], "uri is missing"),
        ("prefectLens.server.run", [{"scope": "file", "uri": "x:y"}], "uri: x:y lies in no open workspace folder"),
        (
            "prefectLens.server.run",
            [{"scope": "all", "folder": "file:///no"}],
            "file:///no is no open workspace folder",
        ),
        ("prefectLens.server.cancel", [{"run": 7}], "run: expected a string, got 7"),
        ("prefectLens.server.goToFailure", [{}], "target is missing"),
    ],
)
async def test_wrong_arguments_are_told(open_editor, write, command, arguments, sentence):
    async with still_works(open_editor, write(PROJECT)) as editor:
        with pytest.raises(ServerError) as raised:
            await editor.request("workspace/executeCommand", {"command": command, "arguments": arguments})
        assert raised.value.code == INVALID_PARAMS
        assert sentence in raised.value.message


async def test_what_is_not_there_is_told(open_editor, write):
    async with still_works(open_editor, write(PROJECT)) as editor:
        await editor.lens("flows.py", "No tests")
        for command in ("showOutput", "goToFailure", "suggestTest", "showTrouble"):
            with pytest.raises(ServerError, match=r"There is no flow or task flows\.py:gone") as raised:
                await editor.execute(command, target="flows.py:gone")
            assert raised.value.code == REQUEST_FAILED
        assert await editor.execute("cancel", run="77") == {"cancelled": []}
        assert await editor.execute("showTrouble") is None


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("textDocument/codeLens", {}, INVALID_PARAMS),
        ("textDocument/codeLens", None, INVALID_PARAMS),
        ("workspace/executeCommand", [], INVALID_PARAMS),
        ("codeLens/resolve", {"range": "x"}, INVALID_PARAMS),
        ("no/such/method", {}, METHOD_NOT_FOUND),
        ("initialize", {"processId": None, "rootUri": None, "capabilities": {}}, INVALID_REQUEST),
    ],
)
async def test_requests_that_make_no_sense_are_answered(open_editor, write, method, params, code):
    async with still_works(open_editor, write(PROJECT)) as editor:
        with pytest.raises(ServerError) as raised:
            await editor.request(method, params)
        assert raised.value.code == code


async def test_documents_that_are_no_file_have_no_lens(open_editor, write):
    async with still_works(open_editor, write(PROJECT)) as editor:
        for uri in ("untitled:Untitled-1", "file:///elsewhere/a.py", "", "%%%", "file:///a%00"):
            assert await editor.request("textDocument/codeLens", {"textDocument": {"uri": uri}}) == []


async def test_notifications_that_make_no_sense_are_passed_over(open_editor, write):
    async with still_works(open_editor, write(PROJECT)) as editor:
        unopened = {"uri": editor.uri("other.py"), "version": 3}
        editor.notify("textDocument/didChange", {"textDocument": unopened, "contentChanges": [{"text": "x"}]})
        editor.notify("textDocument/didClose", {"textDocument": {"uri": editor.uri("other.py")}})
        editor.notify("textDocument/didOpen", {"nonsense": True})
        editor.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": "x", "type": 1}]})
        editor.notify("workspace/didChangeConfiguration", {"settings": [1, 2]})
        editor.notify("no/such/notification", {"a": 1})
        editor.notify("$/cancelRequest", {"id": 4711})
        editor.notify("window/workDoneProgress/cancel", {"token": "nobody's"})
        editor.notify("prefectLens/trustGranted", None)


async def test_edits_beyond_the_text_do_no_harm(open_editor, write):
    async with still_works(open_editor, write(PROJECT)) as editor:
        await editor.open("flows.py")
        far = {"start": {"line": 999, "character": 999}, "end": {"line": 9999, "character": 0}}
        document = {"uri": editor.uri("flows.py"), "version": 2}
        changes = [{"range": far, "text": "\n# more\n"}]
        editor.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})


async def test_bytes_that_are_no_message_are_answered_or_passed_over(open_editor, write):
    async with still_works(open_editor, write(PROJECT)) as editor:
        editor.send_bytes(b"{")
        await editor.until(lambda: editor.notes_of("error without a request"), "an answer")
        assert editor.notes_of("error without a request")[0]["code"] == PARSE_ERROR
        editor.send_bytes(b"\xff\xfe")
        editor.send_bytes(b"[]")
        editor.send_bytes(b"7")
        editor.send_bytes(b"null")
        editor.send_bytes(b'{"jsonrpc": "1.0", "method": "exit"}')
        editor.send_bytes(b'{"jsonrpc": "2.0"}')
        editor.send_bytes(b'{"jsonrpc": "2.0", "id": 99999, "result": null}')
        editor.send_bytes(b'{"jsonrpc": "2.0", "id": {"jsonrpc": "2.0"}, "method": 3}')
        editor.process.stdin.write(b"Nonsense: 1\r\n\r\nContent-Length: x\r\n\r\n")


async def test_requests_before_initialize_are_refused(home):
    process = await start_server({"HOME": str(home)})
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "shutdown"}'
    out, _ = await process.communicate(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    assert str(NOT_INITIALIZED).encode() in out
    assert process.returncode == 1


async def test_requests_after_shutdown_are_refused(open_editor, write):
    async with open_editor(write(PROJECT)) as editor:
        await editor.request("shutdown", None)
        with pytest.raises(ServerError) as raised:
            await editor.request("textDocument/codeLens", {"textDocument": {"uri": editor.uri("flows.py")}})
        assert raised.value.code == INVALID_REQUEST
        editor.notify("exit", None)
        assert await asyncio.wait_for(editor.process.wait(), 10) == 0
