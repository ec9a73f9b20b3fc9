"""What providers give is found in no message to the editor, in nothing that the command prints, and on no disk."""

import base64
import json
import os
import secrets
import time
from pathlib import Path

import pytest

from tests import providers
from tests.cli.test_test import lens
from tests.lsp.editor import SERVER

pytestmark = pytest.mark.slow

PROJECT = """
#- pyproject.toml
[tool.pytest.ini_options]
addopts = "--showlocals"
[tool.prefect-lens]
interpreter = "PYTHON"
[tool.prefect-lens.environment]
inherit = ["HOME", "SINK"]
[tool.prefect-lens.environment.variables]
COMMAND = { command = ["sh", "-c", "printf %s $CANARY_COMMAND"] }
DOTENV = { dotenv = ".env", name = "CANARY" }
INHERITED = { inherited = "CANARY_INHERITED" }
KEYRING = { keyring = "warehouse/etl" }
PLUGIN = { provider = "canary-vault" }
AWS = { aws_role = "ROLE", session = "15m" }
OIDC = { oidc = "ISSUER", client_id = "posts", client_secret = { inherited = "CANARY_CLIENT" }, auth = "post" }
#- flows.py
import base64, json, os, pathlib
from prefect import flow, get_run_logger, task

ALL = ("COMMAND", "DOTENV", "INHERITED", "KEYRING", "PLUGIN", "OIDC", "EDITOR")
AWS = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
NAMES = [name for name in (*ALL, *AWS) if name in os.environ]
# Of what is made for each run the test learns here, and nowhere else.
pathlib.Path(os.environ["SINK"]).write_text(json.dumps({name: os.environ[name] for name in NAMES}))

@task
def refused(value):
    get_run_logger().warning("with %s", value)
    raise PermissionError(f"refused: {value}")

@flow
def tells(name):
    value = os.environ[name]
    print(value, base64.b64encode(value.encode()).decode())
    refused(value)
#- test_flows.py
import os
import pytest
from flows import NAMES, tells

@pytest.mark.parametrize("name, value", [(name, os.environ[name]) for name in NAMES])
def test_tells(name, value):
    tells(name)

def test_all_are_there():
    assert NAMES == []

def test_dies():
    if "EDITOR" in os.environ:
        os.write(2, os.environ["EDITOR"].encode())
        os._exit(7)
"""


VAULT = """
from prefect_lens.environment.provider import Fetched, Provider

class Vault(Provider):
    def address(self, arguments):
        return "asks a vault"

    async def fetch(self, request):
        return Fetched({request.variable: request.surroundings.environ["CANARY_PLUGIN"]})
"""


@pytest.fixture(scope="module")
def interpreter(python, tmp_path_factory) -> str:
    return providers.with_providers(python, tmp_path_factory.mktemp("both") / "venv")


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Where roles and tokens come from, and the secret that the one who gives tokens is told."""
    client = f"cnry{secrets.token_hex(12)}"
    python, folder = providers.providers_python(), tmp_path_factory.mktemp("issuer")
    with providers.sts(python) as environ, providers.issuer(python, folder, client) as issuer:
        yield environ, issuer, client


@pytest.fixture
def canaries(tmp_path, servers, write, interpreter):
    return Canaries(tmp_path, servers, write, interpreter)


class Canaries:
    """A value for each provider, and the search for them."""

    def __init__(self, tmp_path, servers, write, interpreter) -> None:
        self.began = time.time() - 1
        aws, issuer, client = servers
        names = ("COMMAND", "DOTENV", "INHERITED", "KEYRING", "PLUGIN", "EDITOR")
        self.values = {name: f"cnry{secrets.token_hex(12)}" for name in names} | {"CLIENT": client}
        self.learned: set[str] = set()
        self._sink, keyring = tmp_path / "sink", tmp_path / "keyring"
        self.environ = {
            **aws,
            **providers.keyring_of(keyring),
            "CANARY_COMMAND": self.values["COMMAND"],
            "CANARY_INHERITED": self.values["INHERITED"],
            "CANARY_CLIENT": client,
            "CANARY_PLUGIN": self.values["PLUGIN"],
            "PYTHONPATH": os.pathsep.join((str(SERVER), str(_installed(tmp_path / "site")))),
            "SINK": str(self._sink),
            "TMPDIR": str(tmp_path / "tmp"),
            "XDG_STATE_HOME": str(tmp_path / "state"),
        }
        (tmp_path / "tmp").mkdir()
        providers.put_into_keyring(
            providers.providers_python(), self.environ, "warehouse", "etl", self.values["KEYRING"]
        )
        text = PROJECT.replace("ROLE", providers.ROLE).replace("ISSUER", issuer).replace("PYTHON", interpreter)
        self.folder = write(f'{text}\n#- .env\nCANARY="{self.values["DOTENV"]}"\n')
        self.given = [self.folder / ".env", self._sink, *keyring.rglob("*")]

    def learn(self) -> None:
        """Take note of what the run was given that nobody could know before."""
        found = json.loads(self._sink.read_text())
        assert found.keys() >= {"OIDC", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
        self.learned |= set(found.values())

    def found_in(self, text: str) -> list[str]:
        data = text.encode("utf-8", "surrogatepass")
        values = {*self.values.values(), *self.learned}
        forms = [form for value in values for form in (value.encode(), value[:12].encode())]
        forms += [base64.b64encode(value.encode())[:-4] for value in values]
        return [data[max(0, at - 200) : at + 100].decode() for form in forms if (at := data.find(form)) >= 0]

    def found_below(self, *folders) -> list[str]:
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        texts = {path: path.read_bytes().decode("latin-1") for path in files if path.stat().st_mtime >= self.began}
        return [
            str(path) for path, text in texts.items() if path not in self.given and self.found_in(f"{path}\0{text}")
        ]


def _installed(site: Path) -> Path:
    """A folder with another package's provider."""
    info = site / "canary_vault-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: canary-vault\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[prefect_lens.providers]\ncanary-vault = canary_vault:Vault\n")
    (site / "canary_vault.py").write_text(VAULT)
    return site


async def test_what_a_provider_gave_is_in_no_message_to_the_editor(open_editor, canaries, tmp_path, cache):
    folder = canaries.folder
    text = (folder / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(text + 'EDITOR = { editor = "the fourth" }\n')
    environ = {"XDG_CACHE_HOME": str(cache), **canaries.environ}
    async with open_editor(folder, environ=environ) as editor:
        wire = []
        take = editor._take
        editor._take = lambda message: (wire.append(message), take(message))
        editor.secrets["the fourth"] = canaries.values["EDITOR"]
        editor.answers.append("Allow")
        summary = await editor.execute("run", scope="all")
        assert summary["trouble"]["code"] == "PL907", summary
        await ask_for_all(editor)
        canaries.learn()
        told = json.dumps(wire)
        assert "refused: ***" in told
        assert "NAMES == []" in told
        assert all(name in told for name in canaries.values.keys() - {"CLIENT"})
        assert canaries.found_in(told.replace("\\n", "\n")) == canaries.found_in("\n".join(editor.log)) == []
    (trail,) = (tmp_path / "state").glob("prefect-lens/audit/*.jsonl")
    began, ended = (json.loads(line)["entry"] for line in trail.read_text().splitlines())
    assert began["by"]["through"] == "editor"
    assert began["environment"]["variables"].keys() >= {"COMMAND", "KEYRING", "OIDC", "AWS_SESSION_TOKEN"}
    assert (ended["run"], ended["outcome"]) == (began["run"], "broken")
    assert canaries.found_below(tmp_path, cache) == []


async def ask_for_all(editor):
    """Have the server tell all that it tells of a run: whatever it answers is a message, too."""
    await editor.open("flows.py")
    await editor.until(lambda: editor.problems("flows.py"), "the diagnostics")
    document = {"uri": editor.uri("flows.py")}
    text = editor.texts[editor.file("flows.py")].text
    line = text[: text.index("def tells")].count("\n")
    whole = {"start": {"line": 0, "character": 0}, "end": {"line": text.count("\n"), "character": 0}}
    found = editor.diagnostics[editor.uri("flows.py")]["diagnostics"]
    at = {"textDocument": document, "position": {"line": line, "character": 5}}
    assert await editor.request("textDocument/hover", at) is not None
    assert await editor.request("textDocument/inlayHint", {"textDocument": document, "range": whole})
    actions = {"textDocument": document, "range": whole, "context": {"diagnostics": found}}
    for action in await editor.request("textDocument/codeAction", actions):
        if action["command"]["command"].rpartition(".")[2] in ("showTraceback", "showOutput", "copy", "goToFailure"):
            await editor.request("workspace/executeCommand", action["command"])
    await editor.lenses("flows.py")
    await editor.execute("showOutput", folder=editor.uri("."))
    await editor.execute("environmentInfo")
    for what in ("check", "explain"):
        await editor.execute("explainEnvironment", what=what)
    assert {"prefectLens/copyText", "prefectLens/showOutput", "prefectLens/runs"} <= {name for name, _ in editor.notes}


def test_what_a_provider_gave_is_in_nothing_that_the_command_prints(canaries, tmp_path, cache):
    folder = canaries.folder
    environ = {**canaries.environ, "XDG_CACHE_HOME": str(cache), "HOME": str(tmp_path)}
    for arguments in (
        ("test", "--json", "--allow", "--audit"),
        ("test", "--allow"),
        ("env", "check", "--json", "--allow"),
        ("audit", "show", "--json", "--through", "command"),
    ):
        said = lens(folder, *arguments, **environ)
        assert said.returncode == (1 if arguments[0] == "test" else 0), said.stdout + said.stderr
        assert "refused: ***" in said.stdout or "test" not in arguments
        canaries.learn()
        assert canaries.found_in(said.stdout) == canaries.found_in(said.stderr) == []
    assert canaries.found_below(tmp_path, cache) == []
