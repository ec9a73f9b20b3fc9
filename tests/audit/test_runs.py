"""What is written of a run, and what `prefect-lens audit` shows of it."""

import asyncio
import json
import os
import subprocess
from pathlib import Path

import pytest
from prefect_lens.audit.auditor import Auditor
from prefect_lens.audit.keys import Key
from prefect_lens.audit.places import Places
from prefect_lens.audit.repository import code_of
from prefect_lens.audit.trigger import trigger
from prefect_lens.engine.request import Injected, RunRequest
from prefect_lens.model import Ending, EnvironmentKind, Interpreter, RunResult
from pytest_prefect_lens.wire import CaseRecord, RunRecord, StateRecord, TestId

from tests.cli.test_test import lens

TEST = TestId("tests/test_orders.py", ("test_totals",))
INTERPRETER = Interpreter("/usr/bin/python3", "python3 on PATH", EnvironmentKind.PIP, "3.11", "3.8.8", "9.0")
SECRET = "a secret 4711"


def result(outcome: str, flow: str = "orders", ending: Ending = Ending.COMPLETE) -> RunResult:
    states = tuple(StateRecord(name, name.upper(), name, 1.0, f"told {SECRET}") for name in ("Running", "Completed"))
    where = {"path": "flows/orders.py", "line": 3, "qualname": "orders", "parent": None, "called_at": None}
    run = RunRecord(
        "1", "flow", flow, "lazy-ant", run_name_set=False, **where, attempt=1, max_attempts=1, states=states
    )
    return RunResult(
        ending, 0.25, (TEST,), (CaseRecord(TEST, outcome, 0.2, (run,)),), versions=("3.11", "9.0", "3.8.8")
    )


@pytest.fixture
def home(tmp_path) -> dict[str, str]:
    """What says where a user's trail stands."""
    return {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_DATA_HOME": str(tmp_path / "data")}


def write(home: dict[str, str], folder: Path, *results: RunResult | None, through: str = "command", **environ: str):
    """Write runs as the command or an editor does; None is one whose end nobody saw."""
    told: list[str] = []

    async def run() -> None:
        auditor = Auditor(Places.of(home), trigger(through, environ, "Neovim 0.11"), environ, told.append)
        given = Injected(
            (("TOKEN", SECRET),), frozenset({"TOKEN"}), inherit=("LANG*",), sources=(("TOKEN", "a vault"),)
        )
        for one in results:
            watched = auditor.began(RunRequest(folder, ".", INTERPRETER, (TEST,), environment=given))
            if one is not None:
                auditor.ended(watched, one)
            await auditor.close()

    asyncio.run(run())
    return told


def audit(home: dict[str, str], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return lens(folder, "audit", *arguments, **home)


def test_a_run_is_told_with_who_when_what_and_how_it_ended(home, tmp_path):
    write(home, tmp_path, result("passed"), LANGUAGE="de", OTHER="x", PREFECT_API_URL="https://elsewhere")
    said = audit(home, tmp_path, "show", "--json")
    assert SECRET not in said.stdout + Path(Places.of(home).segments()[0]).read_text()
    (run,) = json.loads(said.stdout)
    assert run["by"]["through"] == "command"
    assert {"user", "host", "version"} <= run["by"].keys()
    assert run["tests"] == ["tests/test_orders.py::test_totals"]
    assert run["interpreter"] == {"path": "/usr/bin/python3", "python": "3.11", "pytest": "9.0", "prefect": "3.8.8"}
    assert run["environment"]["variables"]["TOKEN"]["source"] == "a vault"
    assert run["environment"]["inherited"].keys() == {"LANGUAGE"}
    assert run["ended"]["tests"] == {"tests/test_orders.py::test_totals": "passed"}
    assert [state for state, _ in run["ended"]["runs"][0]["states"]] == ["Running", "Completed"]
    line = audit(home, tmp_path, "show").stdout
    assert "Neovim 0.11" in line
    assert "1 test  passed  0.25 s" in line
    assert "flow orders  Running → Completed" in line


def test_runs_are_chosen_by_who_how_and_what(home, tmp_path):
    write(home, tmp_path, result("passed"), None)
    write(home, tmp_path, result("failed", "report"), GITHUB_ACTIONS="true", GITHUB_RUN_ID="17")
    write(home, tmp_path, result("passed", ending=Ending.CANCELLED), through="editor")

    def outcomes(*arguments: str) -> list[str]:
        found = json.loads(audit(home, tmp_path, "show", "--json", *arguments).stdout)
        return [(run["ended"] or {"outcome": "unknown"})["outcome"] for run in found]

    assert outcomes() == ["passed", "unknown", "failed", "cancelled"]
    assert outcomes("--last", "1") == ["cancelled"]
    assert outcomes("--outcome", "unknown") == ["unknown"]
    assert outcomes("--through", "ci") == ["failed"]
    assert outcomes("--run", "report") == ["failed"]
    assert outcomes("--test", "test_totals", "--since", "1h", "--until", "1m") == []
    assert outcomes("--variable", "TOKEN", "--since", "1h") == ["passed", "unknown", "failed", "cancelled"]


def test_the_command_verifies_and_exports(home, tmp_path):
    assert "Nothing has been written" in audit(home, tmp_path, "verify").stdout
    write(home, tmp_path, result("passed"), result("failed"))
    well = audit(home, tmp_path, "verify")
    assert well.stdout.startswith("4 entries: the trail holds; the last is 4:")
    noted = well.stdout.partition("the last is ")[2].partition(",")[0]
    assert audit(home, tmp_path, "export", "trail.jsonl").returncode == 0
    assert audit(home, tmp_path, "verify", "trail.jsonl", "--expect", noted).returncode == 0
    exported = (tmp_path / "trail.jsonl").read_bytes()
    (tmp_path / "trail.jsonl").write_bytes(exported.replace(b'"passed"', b'"failed"', 1))
    said = audit(home, tmp_path, "verify", "trail.jsonl")
    assert (said.returncode, said.stdout.splitlines()[0]) == (
        1,
        "trail.jsonl:2: entry 2 has been changed: its seal does not hold",
    )
    found = json.loads(audit(home, tmp_path, "verify", "trail.jsonl", "--json").stdout)
    assert found["findings"] == [{"where": "trail.jsonl:2", "what": "entry 2 has been changed: its seal does not hold"}]


def test_a_run_that_has_no_interpreter_is_told_as_refused(home, tmp_path):
    (tmp_path / "test_orders.py").write_text("import prefect\ndef test_totals(): pass\n")
    ended = lens(tmp_path, "test", "--audit", "--interpreter", str(tmp_path / "no such"), **home)
    assert ended.returncode == 2, ended.stdout
    (run,) = json.loads(audit(home, tmp_path, "show", "--json").stdout)
    assert run["what"] == "run refused"
    assert run["ended"] == {"outcome": "refused", "why": ["PL901"]}
    assert "refused" in audit(home, tmp_path, "show", "--outcome", "refused").stdout
    assert audit(home, tmp_path, "verify").stdout.startswith("1 entry: the trail holds")


def test_a_trail_that_cannot_be_written_is_told_once_and_stops_no_run(home, tmp_path):
    (tmp_path / "state").write_text("no folder")
    (told,) = write(home, tmp_path, result("passed"), result("passed"))
    assert "cannot be written" in told


def test_the_commit_and_the_changed_files_are_told(tmp_path):
    key = Key(b"k" * 32, "here")
    assert "not a git repository" in code_of(tmp_path, key)["unknown"]

    def git(*words: str) -> str:
        who = {f"GIT_{role}_{what}": "a@b.c" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        done = subprocess.run(
            ("git", *words), cwd=tmp_path, env=os.environ | who, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-b", "main")
    for name in ("flows.py", ".env", "old name.py"):
        (tmp_path / name).write_text("1\n")
    git("add", ".")
    git("commit", "-m", "x")
    assert code_of(tmp_path, key) == {"commit": git("rev-parse", "HEAD"), "branch": "main", "changed": []}
    (tmp_path / "flows.py").write_text("2\n")
    (tmp_path / ".env").write_text("TOKEN=1\n")
    git("mv", "old name.py", "new name.py")
    (tmp_path / "sub").mkdir()
    (tmp_path / "ünew.py").write_text("3\n")
    told = {one["path"]: one for one in code_of(tmp_path / "sub", key)["changed"]}
    assert told.keys() == {"flows.py", ".env", "new name.py", "ünew.py"}
    assert told["flows.py"]["sha256"] == "53c234e5e8472b6ac51c1ae1cab3fe06fad053beb8ebfd8977b010655bfdd3c3"
    assert told[".env"].keys() == {"path", "fingerprint"}, "its hash could be compared with guesses"
