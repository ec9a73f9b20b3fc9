"""The same state gives the same exception, whichever way the run was called, in sessions of a plain pytest."""

import re
from pathlib import Path

import pytest

from tests.plugin.driving import Plain, pytest_alone, write
from tests.pythons import MISSING, newest_and_thoroughly_the_rest

pytestmark = pytest.mark.slow

PROJECT = """
#- pytest.ini
[pytest]
prefect_lens_hermetic = true
#- flows.py
import asyncio, sys, time
from prefect import flow, suspend_flow_run, task
from prefect.task_runners import ThreadPoolTaskRunner

@task(retries=1)
def stubborn(text): return float(text)

@task(retries=1)
async def stubborn_async(text): return float(text)

@task(timeout_seconds=0.1)
def slow():
    for _ in range(500): time.sleep(0.01)

@task(timeout_seconds=0.1)
async def slow_async(): await asyncio.sleep(10)

@task
def leave(): sys.exit(3)

@task
async def leave_async(): sys.exit(3)

@task
def returns(make): return make()

@task
async def returns_async(make): return make()

@flow
def calls(task, *args): return task(*args)

@flow
async def calls_async(task, *args): return await task(*args)

@flow
def asks_for_state(task, *args): return task(*args, return_state=True).name

@flow
async def asks_for_state_async(task, *args): return (await task(*args, return_state=True)).name

@flow
def submits(task, *args): task.submit(*args).wait()

@flow(task_runner=ThreadPoolTaskRunner(max_workers=2))
def maps(task, *args): task.map(*([arg] for arg in args)).wait() if args else task.submit().wait()

@flow
def suspends(): suspend_flow_run(timeout=60)

@flow
async def suspends_async(): await suspend_flow_run(timeout=60)
#- test_flows.py
import pytest
import pytest_prefect_lens as lens
from prefect import get_client
from prefect.exceptions import PausedRun, UnfinishedRun
from prefect.states import Cancelled, Failed, Pending, Scheduled
from pytest_prefect_lens import run_flow
from flows import *

def not_today(): return Failed(message="not today")

WAYS = [
    (stubborn, stubborn_async, ("x",), "TaskFailed", "ValueError", 2),
    (slow, slow_async, (), "TaskTimedOut", "TaskRunTimeoutError", 1),
    (leave, leave_async, (), "TaskCrashed", "SystemExit", 1),
    (returns, returns_async, (not_today,), "TaskFailed", None, 1),
    (returns, returns_async, (Cancelled,), "TaskCancelled", None, 1),
]

@pytest.mark.parametrize(("task", "task_async", "args", "wanted", "cause", "attempts"), WAYS)
def test_each_way_to_call(task, task_async, args, wanted, cause, attempts):
    for flow, called in (
        (calls, task), (asks_for_state, task), (submits, task), (maps, task), (maps, task_async),
        (calls_async, task_async),
        (asks_for_state_async, task_async),
    ):
        run = run_flow(flow, called, *args).task_run(called)
        error = pytest.raises(lens.PrefectStateError, run.raise_for_state).value
        assert (type(error).__name__, run.attempts) == (wanted, attempts), run
        assert cause is None or type(error.__cause__).__name__ == cause

@pytest.mark.parametrize("flow", [suspends, suspends_async])
def test_a_suspension(flow, deploy):
    suspended = deploy(flow).run()
    error = pytest.raises(lens.FlowSuspended, suspended.raise_for_state).value
    assert isinstance(error, PausedRun) and suspended.states[-1] == "Suspended"
    with get_client(sync_client=True) as client:
        told = client.read_flow_run(suspended.id).state
    assert type(lens.state_error(told)) is lens.FlowSuspended

def test_a_concurrency_limit(deploy):
    deployed = deploy(calls)
    with get_client(sync_client=True) as client:
        client.request("PATCH", "/deployments/{id}", path_params={"id": deployed.id}, json={"concurrency_limit": 1})
        runs = [client.create_flow_run_from_deployment(deployed.id, state=Scheduled()) for _ in range(2)]
        assert [client.set_flow_run_state(run.id, Pending()).status.value for run in runs][0] == "ACCEPT"
        waiting = client.read_flow_run(runs[1].id).state
    assert waiting.name == "AwaitingConcurrencySlot"
    error = lens.state_error(waiting)
    assert (type(error), error.code, isinstance(error, UnfinishedRun)) == (lens.FlowUnfinished, "PL219", True)

def test_states_from_the_api():
    with get_client(sync_client=True) as client:
        for args in (stubborn, "x"), (leave,), (returns, Cancelled), (slow,):
            result = run_flow(calls, *args)
            told = client.read_flow_run(result.id).state
            assert type(lens.state_error(told, kind="flow")) is type(lens.state_error(result.state, kind="flow"))
        lens.raise_for_state(client.read_flow_run(run_flow(calls, stubborn, "1").id).state)
"""
NAMES = re.findall(r"^def (test_\w+)", PROJECT, re.MULTILINE)


@pytest.fixture(
    scope="module", params=newest_and_thoroughly_the_rest(), ids=lambda p: Path(p).parts[-3] if p else "none"
)
def session(request, tmp_path_factory) -> Plain:
    if request.param is None:
        pytest.skip(MISSING)
    project = write(tmp_path_factory.mktemp("walk") / "project", PROJECT)
    return pytest_alone(project, "--tb=short", python=request.param)


@pytest.mark.parametrize("name", NAMES)
def test_inside(session, name):
    found = [word for test, word in session.outcomes.items() if test.partition("[")[0] == name]
    assert found, session.output[-30_000:]
    assert set(found) == {"passed"}, session.output[-30_000:]
