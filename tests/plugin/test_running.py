"""`run_flow` and what it tells, in sessions of a plain pytest over the real Prefect."""

import re

import pytest

from tests.plugin.driving import Api, Plain, pytest_alone, write

pytestmark = pytest.mark.slow

PROJECT = """
#- flows.py
import asyncio, os, sys, threading, time
from prefect import allow_failure, flow, get_run_logger, pause_flow_run, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import INPUTS
from prefect.events import emit_event
from prefect.states import Cancelled, Completed, Failed
from prefect.transactions import transaction
try:
    from prefect.task_runners import ProcessPoolTaskRunner as Pool
except ImportError:
    Pool = None

@task
def parse(text):
    return float(text)

@task(retries=2)
def stubborn(text):
    return float(text)

@task
async def parse_async(text):
    await asyncio.sleep(0)
    return float(text)

@flow
def total(texts: list[str]) -> float:
    return sum(parse(text) for text in texts)

@flow
async def total_async(texts: list[str]) -> float:
    return sum(await asyncio.gather(*map(parse_async, texts)))

@flow
def submits(texts):
    return [future.result() for future in parse.map(texts)]

@flow
def returns_states(texts):
    return parse.map(texts)

@flow
def raises_nothing(texts):
    futures = parse.map(texts)
    return [future.result(raise_on_failure=False) for future in futures][0]

@flow
def outer(texts):
    return total(texts)

@flow
def swallows(texts):
    return total(texts, return_state=True).type.value

@flow(retries=1)
def retried(texts):
    return total(texts)

@flow
def stubborn_flow(text):
    return stubborn(text)

@task
def after(value): return value

@flow
def upstream(text):
    future = parse.submit(text)
    after.submit(future).wait()
    return after.submit(allow_failure(future)).result()

@task(timeout_seconds=0.1)
def slow_task():
    for _ in range(500): time.sleep(0.01)

@flow
def task_too_slow(): slow_task()

@flow(timeout_seconds=0.1)
async def too_slow(): await asyncio.sleep(10)

@task
def leave(): sys.exit(3)

@flow
def leaves(): leave()

@flow
def returns(make): return make()

@flow
def pauses(): pause_flow_run(timeout=1, poll_interval=1)

@flow
def takes(state): return state

@task
def staged(): return 1

@flow
def rolls_back():
    with transaction():
        staged()
        raise ValueError("roll back")

@task(cache_policy=INPUTS, persist_result=True)
def cached(number): return number

@flow
def caches(number):
    return cached(number) + cached(number)

@flow(log_prints=True)
def speaks():
    get_run_logger().warning("careful")
    print("printed")
    say()
    create_markdown_artifact("# Done", key="report")
    emit_event("shop.opened", {"prefect.resource.id": "shop.1"}, payload={"n": 1})

@task
def say(): get_run_logger().info("in a task")

@task
def meets(barrier): barrier.wait(20)

@flow
def together():
    barrier = threading.Barrier(2)
    for future in [meets.submit(barrier), meets.submit(barrier)]:
        future.wait()

@flow
def generates():
    yield 1
    yield parse("2")

@task
def die(): os._exit(9)

if Pool is not None:
    @flow(task_runner=Pool(max_workers=1))
    def pools(text): return parse.submit(text).result()
    @flow(task_runner=Pool(max_workers=1))
    def killed(): return die.submit().result()

#- conftest.py
import prefect.flow_engine
# The thread that beats for a flow sleeps a second at a time, and is waited for at the flow's end.
prefect.flow_engine.BaseFlowRunEngine.heartbeat_seconds = None

#- test_flows.py
import asyncio, pytest
from prefect.exceptions import CancelledRun, CrashedRun, FailedRun, MissingResult, ParameterBindError
from prefect.exceptions import ParameterTypeError, PausedRun, UpstreamTaskError, UnfinishedRun
from prefect.states import Cancelled, Completed, Failed
import pytest_prefect_lens as lens
from pytest_prefect_lens import arun_flow, run_flow
import flows
from flows import *

def gives(result, wanted, theirs, cause=None):
    with pytest.raises(theirs) as caught:
        result.raise_for_state()
    error = caught.value
    assert type(error).__name__ == wanted, result
    assert isinstance(error, lens.PrefectStateError)
    assert (error.name, error.run_name, error.transitions) == (result.name, result.run_name, result.transitions)
    assert type(error.__cause__).__name__ == (cause or "NoneType")
    with pytest.raises(type(error)):
        result.result
    # The bare state gives the same one.
    assert type(lens.state_error(result.state, kind=result.kind)) is type(error)
    if not result.transitions or "Mine" not in result.states:
        assert lens.state_error(result.state).code[3:] == error.code[3:]

def test_a_completed_flow():
    result = run_flow(total, ["1", "2"])
    assert (result.result, result.exception, result.state_name) == (3.0, None, "Completed")
    assert result.states == ("Running", "Completed")
    assert [run.result for run in result.task_runs] == [1.0, 2.0]
    assert result.task_runs.state_names == ["Completed", "Completed"]
    assert result.failures == () and result.is_completed and result.state.is_completed()
    first, second = result.task_runs
    assert first.ended_before(second) and not first.overlaps(second) and not second.ended_before(first)
    assert 0 < first.running_seconds <= first.seconds <= result.seconds
    result.raise_for_state()

def test_a_failed_flow():
    result = run_flow(total, ["1", "x"])
    gives(result, "FlowFailed", FailedRun, "ValueError")
    gives(result.task_runs[1], "TaskFailed", FailedRun, "ValueError")
    assert result.exception is result.task_runs[1].exception
    assert result.failures == (result, result.task_runs[1])

def test_calling_raises_what_prefect_raises():
    with pytest.raises(ValueError):
        total(["x"])
    assert run_flow(total, ["x"]).state_name == "Failed"
    with pytest.raises(ValueError):
        total(["x"])

def test_an_asynchronous_flow_from_a_test_that_is_not():
    assert run_flow(total_async, ["1", "2"]).result == 3.0
    result = run_flow(total_async, texts=["1", "x"])
    gives(result, "FlowFailed", FailedRun, "ValueError")
    assert sorted(result.task_runs.state_names) == ["Completed", "Failed"]

def test_from_an_asynchronous_test():
    async def body():
        loop = asyncio.get_running_loop()
        assert run_flow(total, ["1"]).result == 1.0
        assert run_flow(total_async, ["1"]).result == 1.0
        assert (await arun_flow(total_async, ["1", "2"])).result == 3.0
        assert (await arun_flow(total, ["1", "2"])).result == 3.0
        gives(await arun_flow(total_async, ["x"]), "FlowFailed", FailedRun, "ValueError")
        assert asyncio.get_running_loop() is loop
    asyncio.run(body())

def test_submitted_tasks():
    result = run_flow(submits, ["1", "x"])
    gives(result, "FlowFailed", FailedRun, "ValueError")
    assert sorted(run.state_name for run in result.task_runs[parse]) == ["Completed", "Failed"]

def test_a_flow_that_returns_the_states_of_its_tasks():
    result = run_flow(returns_states, ["1", "x"])
    gives(result, "FlowFailed", FailedRun, "ValueError")
    assert sorted(result.task_runs.state_names) == ["Completed", "Failed"]
    assert len(run_flow(returns_states, ["1"]).result) == 1

def test_raise_on_failure_false():
    result = run_flow(raises_nothing, ["x"])
    gives(result.task_run(parse), "TaskFailed", FailedRun, "ValueError")

def test_a_subflow():
    result = run_flow(outer, ["x"])
    gives(result, "FlowFailed", FailedRun, "ValueError")
    (inner,) = result.subflows
    gives(inner, "FlowFailed", FailedRun, "ValueError")
    assert (inner.name, len(inner.task_runs), len(result.task_runs[parse])) == ("total", 1, 0)

def test_a_swallowed_failure_is_told():
    result = run_flow(swallows, ["x"])
    assert result.result == "FAILED"
    assert [run.name for run in result.failures] == ["total", "parse"]
    result.raise_for_state()

def test_retries_at_both_levels():
    result = run_flow(retried, ["x"])
    assert (result.attempts, result.retries) == (2, 1)
    assert result.reached("AwaitingRetry") and result.reached("SCHEDULED")
    gives(result, "FlowFailed", FailedRun, "ValueError")
    task = run_flow(stubborn_flow, "x").task_run("stubborn")
    assert (task.attempts, task.states) == (3, ("Pending", "Running", "Retrying", "Retrying", "Failed"))
    assert isinstance(task.transitions[2].exception, ValueError)
    gives(task, "TaskFailed", FailedRun, "ValueError")

def test_an_upstream_failure():
    result = run_flow(upstream, "x")
    waits, allowed = sorted(result.task_runs[after], key=lambda run: run.is_completed)
    gives(waits, "TaskNotReady", UpstreamTaskError)
    gives(waits, "TaskNotReady", UnfinishedRun)
    assert isinstance(allowed.result, ValueError)
    assert waits.attempts == 0 and waits.started is None and waits.ended is None and not waits.overlaps(allowed)

def test_timeouts():
    from prefect.flow_engine import FlowRunTimeoutError
    from prefect.task_engine import TaskRunTimeoutError
    gives(run_flow(too_slow), "FlowTimedOut", FlowRunTimeoutError, "FlowRunTimeoutError")
    task = run_flow(task_too_slow).task_run(slow_task)
    gives(task, "TaskTimedOut", TaskRunTimeoutError, "TaskRunTimeoutError")
    gives(task, "TaskTimedOut", lens.TaskFailed, "TaskRunTimeoutError")

def test_an_exit():
    result = run_flow(leaves)
    gives(result, "FlowCrashed", CrashedRun, "SystemExit")
    gives(result.task_run(leave), "TaskCrashed", CrashedRun, "SystemExit")
    assert result.exception.code == 3

def test_returned_states():
    gives(run_flow(returns, lambda: Failed(message="not today")), "FlowFailed", FailedRun)
    gives(run_flow(returns, lambda: Failed(name="Mine")), "FlowFailed", FailedRun)
    gives(run_flow(returns, lambda: Cancelled(message="enough")), "FlowCancelled", CancelledRun)
    gives(run_flow(takes, Failed()), "FlowNotReady", UpstreamTaskError)
    result = run_flow(returns, lambda: Completed(name="Thin"))
    result.raise_for_state()
    assert result.state_name == "Thin"

def test_a_pause_that_nobody_ends():
    paused = run_flow(pauses)
    assert paused.reached("Paused") and not paused.is_completed
    gives(paused, "FlowFailed", FailedRun, "FlowPauseTimeout")

def test_a_rollback():
    result = run_flow(rolls_back)
    gives(result, "FlowFailed", FailedRun, "ValueError")
    gives(result.task_run(staged), "TaskRolledBack", MissingResult)

def test_a_cached_result():
    number = time.time_ns()
    result = run_flow(caches, number)
    first, second = result.task_runs
    assert (first.is_cached, second.is_cached, result.result) == (False, True, 2 * number)
    assert first.is_persisted and second.is_persisted and second.result == number
    assert not run_flow(total, ["1"]).task_runs[0].is_persisted

def test_parameters_of_the_wrong_type_and_arguments_that_do_not_fit():
    gives(run_flow(total, 1), "FlowFailed", FailedRun, "ParameterTypeError")
    with pytest.raises(ParameterBindError):
        run_flow(total)
    with pytest.raises(TypeError, match="takes a flow"):
        run_flow(parse, "1")

def test_logs_artifacts_and_events():
    result = run_flow(speaks)
    said = ["careful", "printed", "in a task"]
    assert [line.text for line in result.logs if line.text in said] == said
    assert {line.run_name for line in result.logs} == {result.run_name, result.task_run(say).run_name}
    (artifact,) = result.artifacts
    assert (artifact.key, artifact.data) == ("report", "# Done")
    assert result.artifact("report") == artifact
    assert result.event("shop.opened").payload == {"n": 1}
    with pytest.raises(LookupError, match="'speaks' made no artifact 'plan'. It made 'report'"):
        result.artifact("plan")
    with pytest.raises(LookupError, match="made no event 'shop.closed'. It made 'shop.opened'"):
        result.event("shop.closed")

def test_tasks_that_overlap():
    one, two = run_flow(together).task_runs[meets]
    assert one.overlaps(two) and two.overlaps(one) and not one.ended_before(two)
    result = run_flow(together)
    assert result.task_runs.names == ["meets", "meets"] and result.task_runs.most_at_once == 2
    assert run_flow(total, ["1", "2"]).task_runs.most_at_once == 1
    assert run_flow(total, []).task_runs.most_at_once == 0

def test_generators():
    assert run_flow(generates).result == [1, 2.0]

def test_task_runs_by_name_key_and_task():
    result = run_flow(total, ["1", "2"])
    first = result.task_runs[0]
    assert result.task_runs["parse"][0] is result.task_runs[parse][0] is first
    assert result.task_runs[first.key][1] is result.task_runs[-1]
    assert result.task_run(first.run_name) is first
    assert len(result.task_runs["nothing"]) == 0
    assert len(result.task_runs[parse.with_options(name="other")]) == 2
    with pytest.raises(LookupError, match="'total' ran the task 'parse' 2 times, not once"):
        result.task_run("parse")

def test_pytests_own_exceptions_pass():
    @flow
    def fails(): pytest.fail("told")
    with pytest.raises(pytest.fail.Exception, match="told"):
        run_flow(fails)

def test_the_picture():
    result = run_flow(outer, ["1", "x"])
    head, total_line, one, two = str(result).splitlines()
    assert head.startswith("flow outer (") and "Failed" in head and "ValueError: could not" in head
    assert total_line.startswith("└─ flow total (")
    assert one.startswith("   ├─ task parse (") and "Completed" in one
    assert two.startswith("   └─ task parse (") and "Pending → Running → Failed" in two
    assert "\\n" not in repr(result)

@pytest.mark.skipif(Pool is None, reason="not in this Prefect")
def test_another_process():
    task = run_flow(pools, "x").task_run(parse)
    assert task.state_name == "Failed"
    assert isinstance(pytest.raises(FailedRun, task.raise_for_state).value, lens.TaskFailed)

@pytest.mark.skipif(Pool is None, reason="not in this Prefect")
def test_a_process_that_is_killed():
    result = run_flow(killed)
    assert isinstance(pytest.raises(FailedRun, result.raise_for_state).value, lens.FlowFailed)
    assert type(result.exception).__name__ == "BrokenProcessPool"
    gives(result.task_run(die), "TaskUnfinished", UnfinishedRun)

#- test_untouched.py
from prefect.flow_engine import FlowRunEngine

def test_prefect_is_whole_again():
    assert FlowRunEngine.set_state.__module__ == "prefect.flow_engine"
    assert not hasattr(FlowRunEngine.set_state, "__wrapped__")
"""
NAMES = re.findall(r"^def (test_\w+)", PROJECT, re.MULTILINE)


@pytest.fixture(scope="module")
def session(api: Api, tmp_path_factory) -> Plain:
    project = write(tmp_path_factory.mktemp("running") / "project", PROJECT)
    return pytest_alone(project, "--tb=short", python=api.python, **api.environ)


@pytest.mark.parametrize("name", NAMES)
def test_inside(session, name):
    told = session.outcomes.get(name, "not run" if "skipped" not in session.output else "skipped")
    assert told in ("passed", "skipped"), session.output[-30_000:]
