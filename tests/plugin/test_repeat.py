"""Tests that are run again and compared, and the record of what ran, over the real Prefect."""

import json
import re
from pathlib import Path

import pytest

from tests.plugin.driving import Plain, pytest_alone, write
from tests.pythons import MISSING, newest_and_thoroughly_the_rest, python_with

pytestmark = pytest.mark.slow

PROJECT = """
#- pytest.ini
[pytest]
prefect_lens_hermetic = true
#- flows.py
import random, time
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import INPUTS
count = 0

@task
def parse(text): return float(text)

@task(retries=1)
def flaky():
    global count
    count += 1
    if count % 2: raise OSError("at first")

@task(cache_policy=INPUTS, persist_result=True)
def cached(number): return object()

@task
def counts():
    global count
    count += 1
    return count

@flow
def steady(texts):
    time.sleep(random.random() / 50)
    flaky()
    cached(1)
    create_markdown_artifact("# Done", key="report")
    return [parse(text) for text in texts], parse.map(texts)

@flow
def counted(): return counts()

@flow
def other_artifact():
    global count
    count += 1
    create_markdown_artifact(f"{count}", key="report")

@flow
def other_path():
    global count
    count += 1
    for text in ["1", "2"][: 1 + count % 2]: parse(text)

@flow
def wild():
    global count
    count += 1
    if count > 1: raise ValueError("the second time")
#- conftest.py
import pytest, flows

@pytest.fixture(scope="module")
def shared():
    print("shared is made")
    yield 1
    print("shared is gone")

@pytest.fixture(autouse=True)
def own(request):
    with open("log", "a") as log: log.write(f"own {request.node.name}\\n")

@pytest.fixture(scope="module", autouse=True)
def begins():
    with open("log", "a") as log: log.write("module begins\\n")
    yield
    with open("log", "a") as log: log.write("module ends\\n")
#- test_a.py
import flows
from pytest_prefect_lens import run_flow

def test_no_flow(): assert 1
def test_steady(shared, caplog, capsys): flows.steady(["1", "2"])
def test_counted(): flows.counted()
def test_other_artifact(): flows.other_artifact()
def test_other_path(): flows.other_path()
def test_wild():
    flows.count = getattr(test_wild, "seen", 0)
    test_wild.seen = 1
    flows.wild()
#- test_b.py
import flows
def test_steady_too(): flows.steady(["1"])
def test_fails_at_once(): assert 0
"""


@pytest.fixture(
    scope="module", params=newest_and_thoroughly_the_rest(), ids=lambda p: Path(p).parts[-3] if p else "none"
)
def session(request, tmp_path_factory) -> tuple[Plain, Path]:
    if request.param is None:
        pytest.skip(MISSING)
    project = write(tmp_path_factory.mktemp("repeat") / "project", PROJECT)
    options = ("--prefect-repeat=3", "--prefect-report=out/report.jsonl", "--junitxml=junit.xml", "--tb=short")
    return pytest_alone(project, *options, python=request.param), project.folder


def test_only_what_differs_fails(session):
    ended, _ = session
    assert ended.outcomes == {
        "test_no_flow": "passed",
        "test_steady": "passed",
        "test_counted": "failed",
        "test_other_artifact": "failed",
        "test_other_path": "failed",
        "test_wild": "failed",
        "test_steady_too": "passed",
        "test_fails_at_once": "failed",
    }, ended.output


def test_a_difference_shows_both_sides(session):
    ended, _ = session
    completed = "Pending → Running → Completed"
    before, after = re.findall(rf"^([-+])  task counts: {completed}, (\d+)$", ended.output, re.MULTILINE)
    assert (before[0], after[0], int(after[1]) - int(before[1])) == ("-", "+", 1)
    assert len(re.findall(r"^[-+]artifact report \(markdown\): \d+$", ended.output, re.MULTILINE)) == 2
    assert re.search(r"^[-+]  task parse: Pending → Running → Completed, 2\.0$", ended.output, re.MULTILINE)
    assert ended.output.count("in run 2 of 3") == 4


def test_fixtures_are_made_anew_but_what_is_shared_is_not(session):
    _, folder = session
    log = (folder / "log").read_text().splitlines()
    assert (log.count("module begins"), log.count("module ends")) == (2, 2)
    assert log.index("module ends") < log.index("own test_steady_too")
    assert (log.count("own test_no_flow"), log.count("own test_steady"), log.count("own test_counted")) == (1, 3, 2)


def test_the_report_has_a_line_for_each_test(session):
    _, folder = session
    lines = [json.loads(line) for line in (folder / "out" / "report.jsonl").read_text().splitlines()]
    told = {line["test"].partition("::")[2]: line for line in lines}
    assert len(told) == len(lines) == 8
    assert (told["test_no_flow"]["outcome"], told["test_no_flow"]["runs"]) == ("passed", [])
    runs = {run["name"]: run for run in told["test_steady"]["runs"]}
    assert (runs["parse"]["parent"], runs["steady"]["parent"]) == (runs["steady"]["id"], None)
    assert [state["name"] for state in runs["flaky"]["states"]] == ["Pending", "Running", "Retrying", "Completed"]
    assert runs["flaky"]["states"][2]["exception"] == "OSError: at first"
    assert runs["steady"]["states"][-1]["time"].endswith("+00:00")
    assert told["test_wild"]["outcome"] == "failed"
    junit = (folder / "junit.xml").read_text()
    assert re.search(r'<property name="prefect_flow_run" value="steady \([\w-]+\): Completed, \d', junit)
    assert '<property name="prefect_task_runs" value="6" />' in junit


def test_xdists_controller_writes_for_its_workers(tmp_path):
    project = write(tmp_path / "project", PROJECT)
    python = python_with("xdist", "prefect")
    audit = {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    options = ("-n2", "--prefect-report=report.jsonl", "--prefect-repeat=2", "-o", "prefect_lens_audit=true")
    ended = pytest_alone(project, *options, python=python, **audit)
    lines = [json.loads(line) for line in (project.folder / "report.jsonl").read_text().splitlines()]
    assert len(lines) == 8, ended.output
    (steady,) = [line for line in lines if line["test"] == "test_a.py::test_steady"]
    assert {run["name"] for run in steady["runs"]} == {"steady", "flaky", "cached", "parse"}
    (trail,) = tmp_path.glob("prefect-lens/audit/*.jsonl")
    _, told = (json.loads(line)["entry"] for line in trail.read_text().splitlines())
    assert (told["outcome"], len(told["tests"])) == ("failed", 8)
    assert {run["name"] for run in told["runs"]} >= {"steady", "flaky", "cached", "parse"}
