"""The server as pytest-lsp sees it, which knows what each editor can do and complains when it gets more than that."""

import asyncio
import os
import sys

import pytest
from lsprotocol import types
from pytest_lsp import client_capabilities, make_test_lsp_client

from tests.lsp.editor import FORKS, NONE_READY, SERVER, uri

PROJECT = """
#- flows.py
from prefect import flow

@flow
def etl(text):
    return float(text)
#- test_flows.py
from flows import etl

def test_etl():
    etl("x")
"""

NAMES = {"neovim": "Neovim", "emacs": "Eglot", "visual-studio-code": "Visual Studio Code"}
"""What each says that it is."""


@pytest.mark.slow
@pytest.mark.filterwarnings("error::pytest_lsp.LspSpecificationWarning")
@pytest.mark.parametrize("name", ["neovim", "emacs", "visual-studio-code"])
async def test_the_story_holds_in_other_editors(write, home, cache, python, name):
    project = write(PROJECT)
    client = make_test_lsp_client()
    client.set_configuration({"prefectLens": {"interpreter": python}})
    refreshed = asyncio.Event()

    @client.feature(types.WORKSPACE_CODE_LENS_REFRESH)
    def _(_params: None) -> None:
        refreshed.set()

    @client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def _(_params: types.RegistrationParams) -> None:
        return None

    await client.start_io(
        sys.executable,
        "-c",
        "import sys; from prefect_lens.lsp.server import main; sys.exit(main())",
        env=os.environ
        | {"PYTHONPATH": str(SERVER), "HOME": str(home), "XDG_CACHE_HOME": str(cache)}
        | NONE_READY
        | FORKS,
    )
    capabilities = client_capabilities(name)
    await client.initialize_session(
        types.InitializeParams(
            capabilities=capabilities,
            client_info=types.ClientInfo(NAMES[name]),
            root_uri=uri(project),
            workspace_folders=[types.WorkspaceFolder(uri(project), "project")],
            initialization_options={"settings": {"interpreter": python}},
        )
    )
    document = types.TextDocumentIdentifier(uri(project / "flows.py"))
    text = (project / "flows.py").read_text()
    item = types.TextDocumentItem(document.uri, "python", 1, text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    answer = await client.workspace_execute_command_async(
        types.ExecuteCommandParams("prefectLens.server.run", [{"scope": "file", "uri": document.uri}])
    )
    if name == "emacs":  # it stands still until a command is answered
        assert answer is None
        while not any("1 failed" in one.message for one in client.messages):
            await client.wait_for_notification(types.WINDOW_SHOW_MESSAGE)
    else:
        assert answer["outcome"] == "failed"
    lenses = await client.text_document_code_lens_async(types.CodeLensParams(document))
    resolved = [await client.code_lens_resolve_async(lens) for lens in lenses or ()]
    titles = [lens.command.title.partition(" · ")[0] for lens in resolved if lens.command]
    assert titles == ["▶ Run 1 test", "✗ 1 failed"]
    [found] = client.diagnostics[document.uri]
    assert (found.range.start.line, found.code, found.source) == (4, "PL201", "prefect-lens")
    place = types.Range(types.Position(3, 4), types.Position(3, 4))
    params = types.CodeActionParams(document, place, types.CodeActionContext([]))
    actions = await client.text_document_code_action_async(params)
    assert actions
    assert actions[0].title == "▶ Run 1 test (etl)"
    await client.shutdown_session()
    await client.stop()
