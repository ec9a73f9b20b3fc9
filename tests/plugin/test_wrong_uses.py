"""What a test is told that uses the plugin in a wrong way: what is wrong, at the line that is, and by itself alone."""

import re
import sys
from pathlib import Path

import pytest

from tests.plugin.driving import Plain, pytest_alone, write
from tests.pythons import MISSING, prefect_pythons

pytestmark = pytest.mark.slow

HEAD = """
#- shop.py
from prefect import flow, task

@task
def parse(text: str) -> float: return float(text)

@flow
def inner(): pass

@flow
def total(texts: list[str]):
    inner()
    return sum(parse(text) for text in texts)

@flow
async def total_async(): pass
#- test_wrong.py
import pytest
from pytest_prefect_lens import run_flow
from shop import inner, parse, total, total_async
"""

CALLS = {
    "run_flow(parse, '1')": "run_flow() takes a flow, and was given the task 'parse'. A task is run by a flow",
    "run_flow(total.fn, [])": "was given the function total. Is total decorated with @flow?",
    "run_flow(total_async())": "given what the call of an asynchronous function gives. Pass the flow itself, and its",
    "run_flow(total, ['1']).task_run('prase')": "'total' ran no task 'prase':\nE   flow total (",
    "run_flow(total, ['1', '2']).task_run(parse)": "'total' ran the task 'parse' 2 times, not once:",
    "run_flow(total, ['1']).task_runs['prase'][0]": "there is no task run 0 in <no task runs of 'prase'>",
    "run_flow(total, []).task_runs[inner]": "was given the flow 'inner'. The runs of flows are in `subflows`.",
    "run_flow(total, []).task_run(parse.fn)": "was given the function parse. Is parse decorated with @task?",
    "run_flow(total, []).subflow('iner')": "'total' ran no flow 'iner':",
    "run_flow(total, []).subflow(parse)": "subflow() takes a flow, and was given the task 'parse'.",
    "mock_task(total, returns=1)": "mock_task() takes a task, and was given the flow 'total'.",
    "mock_task('parse', returns=1)": "mock_task() takes a task, and was given 'parse'.",
    "mock_task(parse)": "mock_task() takes what the task returns, or what it raises",
    "mock_task(parse, returns=1, after=-1)": "takes numbers of attempts as after and times; not -1 and None.",
    "mock_task(parse, raises='slow')": "mock_task() takes an exception as raises; not 'slow'.",
    "mock_blocks(main='a text')": "mock_blocks() takes blocks by name; 'main' is 'a text'.",
    "deploy(parse)": "deploy() takes a flow, and was given the task 'parse'.",
    "deploy(total).run_scheduled()": "the deployment of 'total' has no schedule: deploy(flow, cron=…)",
}
MARKS = {
    "setings={}": "takes expect_state, network, profile, retry_delays, settings by name; not setings.",
    "'Failed'": "by name; not 'Failed'.",
    "settings='tasks.default_retries=1'": "takes a dictionary of Prefect's settings by name as settings; not 'tasks.",
    "settings={'no.such': 1}": "this Prefect has no setting 'no.such'",
    "settings={'tasks.default_retries': 'many'}": "tasks.default_retries",
    "retry_delays='no'": "takes True or False as retry_delays; not 'no'.",
    "network='example.com'": "takes a list of hosts as network; not 'example.com'.",
    "expect_state='Faild'": "no run of this test ended Faild, as its mark expects; there was: no run at all",
}


@pytest.fixture(scope="module", params=prefect_pythons() or [None], ids=lambda p: Path(p).parts[-3] if p else "none")
def session(request, tmp_path_factory) -> Plain:
    if request.param is None:
        pytest.skip(MISSING)
    calls = "".join(
        f"def test_call_{number}(mock_task, mock_blocks, deploy):\n    {call}\n" for number, call in enumerate(CALLS)
    )
    marks = "".join(
        f"@pytest.mark.prefect({mark})\ndef test_mark_{number}(): pass\n" for number, mark in enumerate(MARKS)
    )
    project = write(tmp_path_factory.mktemp("wrong"), f"{HEAD}{calls}{marks}def test_right(): assert 1\n")
    return pytest_alone(project, "--tb=short", "--show-capture=no", python=request.param)


def told(session: Plain, name: str) -> str:
    """What is said of a test, as pytest heads it."""
    found = re.search(
        rf"^_+ (?:ERROR at setup of )?{name} _+\n(.*?)^(?:_+ |=+ )", session.output, re.DOTALL | re.MULTILINE
    )
    assert found is not None, session.output
    return found[1]


@pytest.mark.parametrize(("number", "call"), list(enumerate(CALLS)), ids=list(CALLS))
def test_a_call_is_told_at_its_line(session, number, call):
    said = told(session, f"test_call_{number}")
    assert CALLS[call] in said
    assert f"    {call}" in said
    assert "pytest_prefect_lens/" not in said.partition("Prefect runs")[0], "lines of the plugin tell a user nothing"


@pytest.mark.parametrize(("number", "mark"), list(enumerate(MARKS)), ids=list(MARKS))
def test_a_mark_fails_its_own_test(session, number, mark):
    said = told(session, f"test_mark_{number}")
    assert MARKS[mark] in said
    assert "During handling" not in said


def test_the_others_run(session):
    assert session.outcomes["test_right"] == "passed"


def test_nothing_is_said_below_the_last_line(session):
    assert re.search(r"^\d+ failed, .* in [\d.]+s", session.output.splitlines()[-1]), session.output[-1_000:]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--override-ini=prefect_lens_api_scope=test", "prefect_lens_api_scope takes session, package, module, class,"),
        ("--override-ini=prefect_lens_network=https://a.b", "takes hosts, as api.example.com, *.example.com or 10.0.0"),
        ("--prefect-repeat=0", "--prefect-repeat takes how often to run each test: 1 or more."),
    ],
)
def test_an_option_that_is_wrong_is_told_before_anything_runs(tmp_path, option, said):
    ended = pytest_alone(
        write(tmp_path / "project", "#- test_a.py\ndef test_a(): pass\n"), option, python=sys.executable
    )
    assert (ended.status, ended.outcomes) == (4, {})
    assert f"ERROR: {said}" in ended.output or said in ended.output.partition("ERROR: ")[2]
