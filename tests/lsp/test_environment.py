"""A run's variables in an editor: asked for once, fetched, seen by the tests that may see them, explained."""

import json
import os
import time

import pytest

pytestmark = pytest.mark.slow

PROJECT = """
#- pyproject.toml
[tool.pytest.ini_options]
pythonpath = ["."]
[tool.prefect-lens.environment]
inherit = ["HOME"]
[tool.prefect-lens.environment.variables]
REGION = "eu-west-1"
TOKEN = { command = ["sh", "-c", "touch ran; printf token-of-%s the-test"] }
BILLING = { editor = "billing key" }
[[tool.prefect-lens.environment.scope]]
flows = ["flows/billing.py:*"]
variables = ["BILLING"]
[tool.prefect-lens.profile.staging.environment.variables]
REGION = "us-east-2"
#- flows/__init__.py
#- flows/billing.py
import os
from prefect import flow

@flow
def bill():
    return {name: os.environ.get(name) for name in ("REGION", "TOKEN", "BILLING", "STRAY")}
#- flows/other.py
import os
from prefect import flow

@flow
def other():
    return {name: os.environ.get(name) for name in ("REGION", "TOKEN", "BILLING", "STRAY")}
#- tests/test_flows.py
import json, pathlib
from flows.billing import bill
from flows.other import other

def seen(flow):
    found = {name: value and value[-8:] for name, value in flow().items()}
    pathlib.Path(f"seen-{flow.name}").write_text(json.dumps(found))

def test_bill():
    seen(bill)

def test_other():
    seen(other)
"""


async def test_a_run_gets_what_its_user_has_allowed_and_each_test_what_its_flows_may_see(
    open_editor, write, python, monkeypatch
):
    monkeypatch.setenv("STRAY", "of the shell")
    folder = write(PROJECT)
    async with open_editor(folder, python=python) as editor:
        refused = await editor.click(await editor.lens("flows/other.py", "▶ Run 1 test"))
        assert refused["trouble"]["code"] == "PL914"
        assert not (folder / "ran").exists()
        [question, _] = editor.notes_of("window/showMessageRequest")  # the second one tells of the trouble
        assert "TOKEN: runs `sh -c 'touch ran; printf token-of-%s the-test'`" in question["message"]
        assert "BILLING" not in question["message"]

        editor.answers.append("Allow")
        summary = await editor.click(await editor.lens("flows/other.py", "▶ Run 1 test"))
        assert summary["outcome"] == "passed", summary
        assert seen(folder, "other") == {"REGION": "u-west-1", "TOKEN": "the-test", "BILLING": None, "STRAY": None}

        # What was allowed is not asked for again; the editor gives what it keeps.
        editor.secrets["billing key"] = "key of billing"
        editor.answers.append("Allow")
        summary = await editor.execute("run", scope="all")
        assert summary["counts"] == {"passed": 2}, summary
        assert seen(folder, "bill")["BILLING"] == " billing"
        assert seen(folder, "other")["BILLING"] is None
        last = editor.notes_of("window/showMessageRequest")[-1]["message"]
        assert "BILLING: asks for billing key" in last
        assert "TOKEN" not in last

        told = (await editor.execute("explainEnvironment"))["text"]
        assert "TOKEN    runs `sh -c" in told
        assert "16 to 63 characters" in told
        standing = editor.notes_of("prefectLens/status")[-1]["folders"][0]["projects"][0]
        assert (standing["profiles"], standing["profile"]) == (["staging"], None)

        # A change of the configuration, and of what is chosen, holds for the next run.
        editor.settings[""] |= {"profile": "staging"}
        editor.notify("workspace/didChangeConfiguration", {"settings": None})
        await editor.until(
            lambda: editor.notes_of("prefectLens/status")[-1]["folders"][0]["projects"][0]["profile"], "the profile"
        )
        await editor.click(await editor.lens("flows/other.py", "▶ Run 1 test"))
        assert seen(folder, "other")["REGION"] == "s-east-2"
        checked = (await editor.execute("explainEnvironment", what="check"))["text"]
        assert "BILLING  asks for billing key · 6 to 15 characters" in checked
        for value in ("token-of-the-test", "key of billing"):
            assert not any(value in json.dumps(note) for note in (*editor.notes, told, checked))


def seen(folder, flow):
    return json.loads((folder / f"seen-{flow}").read_text())


def progress(editor):
    return [note["value"] for note in editor.notes_of("$/progress") if "message" in note["value"]]


async def test_a_mistake_in_the_configuration_stops_the_run_and_is_told_at_its_key(open_editor, write, python):
    folder = write(PROJECT.replace('variables = ["BILLING"]', 'variables = ["BILING"]'))
    async with open_editor(folder, python=python) as editor:
        summary = await editor.click(await editor.lens("flows/other.py", "▶ Run 1 test"))
        assert summary["trouble"]["code"] == "PL915"
        assert "no variable of that name is configured. Did you mean `BILLING`?" in summary["trouble"]["what"]
        assert not (folder / "ran").exists()
        await editor.until(lambda: editor.problems("pyproject.toml"), "the diagnostic")
        assert [line[:9] for line in editor.problems("pyproject.toml")] == ["11: PL507"]


async def test_a_run_that_waits_for_its_variables_can_be_cancelled(open_editor, write, python):
    folder = write(PROJECT.replace("touch ran; printf token-of-%s the-test", "touch ran; sleep 600"))
    async with open_editor(folder, python=python) as editor:
        editor.answers.append("Allow")
        running = editor.click(await editor.lens("flows/other.py", "▶ Run 1 test"))
        await editor.until(lambda: any(n["message"] == "fetching TOKEN" for n in progress(editor)), "the progress")
        await editor.click(await editor.lens("flows/other.py", "■ Fetching secrets…"))
        assert (await running)["ending"] == "cancelled"


async def test_a_variable_that_could_not_be_had_is_told_at_its_key_until_it_is_had_or_asked_for_elsewhere(
    open_editor, write, python
):
    folder = write(PROJECT.replace("touch ran; printf token-of-%s the-test", "test -e there && echo token-of-the-test"))
    async with open_editor(folder, python=python) as editor:
        editor.answers += ["Allow", None]
        summary = await editor.click(await editor.lens("flows/other.py", "▶ Run 1 test"))
        assert summary["trouble"]["code"] == "PL913"
        await editor.until(lambda: editor.problems("pyproject.toml"), "the diagnostic")
        [problem] = editor.problems("pyproject.toml")
        assert problem.startswith("7: PL913 TOKEN could not be had: sh ended with exit status 1")

        await editor.open("pyproject.toml")
        await editor.edit("pyproject.toml", "echo token", "echo  token")
        await editor.until(lambda: not editor.problems("pyproject.toml"), "the diagnostic's end")
        await editor.edit("pyproject.toml", "echo  token", "echo token")
        await editor.until(lambda: editor.problems("pyproject.toml"), "the diagnostic")
        (folder / "there").touch()
        editor.secrets["billing key"] = "key of billing"
        editor.answers.append("Allow")
        await editor.execute("explainEnvironment", what="check")
        await editor.until(lambda: not editor.problems("pyproject.toml"), "the diagnostic's end")


async def test_a_credential_that_is_older_than_it_should_be_is_told_at_its_key(open_editor, write):
    folder = write("""
#- pyproject.toml
[tool.pytest.ini_options]
[tool.prefect-lens.environment]
max_age = "90d"
[tool.prefect-lens.environment.variables]
OLD = { dotenv = "secrets.env" }
KEPT = { editor = "a token" }
#- test_nothing.py
def test_nothing(): ...
#- secrets.env
OLD=the-value-of-the-test
""")
    os.utime(folder / "secrets.env", (0, time.time() - 100 * 86400))
    async with open_editor(folder) as editor:
        editor.secrets["a token"], editor.kept_since = "another-value", int(time.time()) - 200 * 86400
        editor.answers.append("Allow")
        told = (await editor.execute("explainEnvironment", what="check"))["text"]
        assert "100 d old, which is more than 90 d (max_age)" in told

        def told_old() -> list[str]:
            return [one for one in editor.problems("pyproject.toml") if "PL511" in one]

        await editor.until(lambda: len(told_old()) == 2, "the diagnostics")
        assert told_old() == [
            "5: PL511 OLD: 100 d old, which is more than 90 d (max_age). Change it where it lives.",
            "6: PL511 KEPT: 200 d old, which is more than 90 d (max_age). Change it where it lives.",
        ]
        # What is wanted of it can be changed; nothing has to be fetched anew for that.
        await editor.open("pyproject.toml")
        await editor.edit("pyproject.toml", "90d", "365d")
        await editor.until(lambda: not told_old(), "their end")
