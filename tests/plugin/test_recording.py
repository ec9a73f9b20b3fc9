"""What is recorded of flows and tasks, with a real Prefect of each version at hand."""

from collections.abc import Callable

import pytest
from pytest_prefect_lens.wire import CaseRecord, ExceptionRecord, RunRecord

from tests.plugin.driving import Api, Said, drive, write
from tests.pythons import python_with

pytestmark = pytest.mark.slow

PROJECT = """
#- flows.py
import asyncio, functools, sys, threading, time
from prefect import flow, get_client, get_run_logger, task
from prefect.cache_policies import INPUTS
from prefect.states import Cancelled, Completed, Failed
from prefect.transactions import transaction
try:
    from prefect.task_runners import ProcessPoolTaskRunner as Pool
except ImportError:
    Pool = None

@task(retries=2)
def parse(text):
    return float(text)

@flow(name="orders")
def orders(texts):
    return [
        parse(text)
        for text in texts
    ]

@flow
def submits(texts):
    one = parse.submit("1")
    many = parse.map(texts)
    return one.result(), [future.result() for future in many]

@task(retries=1, retry_delay_seconds=0)
async def parse_async(text):
    await asyncio.sleep(0)
    return float(text)

@flow
async def gathers(texts):
    return await asyncio.gather(*[parse_async(text) for text in texts])

@flow(retries=1)
def part(key):
    raise KeyError(key)

@flow(flow_run_name="whole-{key}")
def whole(key):
    return part(key)

@task(timeout_seconds=0.2)
def slow():
    for _ in range(200):
        time.sleep(0.01)

@flow
def too_slow():
    slow()

@task
def leave():
    sys.exit(3)

@flow
def leaves():
    leave()

@flow
def keeps_nothing():
    return 1

@flow
def asks_the_api():
    state = keeps_nothing(return_state=True)
    with get_client(sync_client=True) as client:
        return client.read_flow_run(state.state_details.flow_run_id).state.result()

@flow
def returns_failed():
    return Failed(message="not today")

@flow
def returns_cancelled():
    return Cancelled(message="enough")

@flow
def returns_custom():
    return Completed(name="Thin", message="no orders")

@flow
def typed(number: int):
    return number

@task
def generate():
    yield 1
    raise ValueError("generated")

@flow
def consumes():
    return list(generate())

@flow
def yields():
    yield 1
    yield parse("2")

@task
def inner():
    raise RuntimeError("inner")

@task
def outer():
    return inner()

@flow
def nests():
    return outer()

@task(cache_policy=INPUTS, persist_result=True)
def cached(number):
    return number

@flow
def caches():
    cached(41), cached(41)

@task
def staged():
    return 1

@staged.on_rollback
def undo(txn): pass

@flow
def rolls_back():
    with transaction():
        staged()
        raise ValueError("roll back")

@flow
def waits_for_failed():
    failed = inner.submit()
    second = parse.submit("1", wait_for=[failed])
    second.wait(timeout=1)
    return 1

def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)
    return wrapper

@flow
@decorated
def wrapped():
    return 1

@task
def logs():
    get_run_logger().info("x")

@task
def in_thread():
    with __import__("concurrent.futures").futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(float, "thread").result()

class Unprintable(Exception):
    def __str__(self): raise OSError

@task
def unprintable():
    raise Unprintable

class Pipeline:
    @task
    def method(self):
        raise ValueError("method")

if Pool is not None:
    @flow(task_runner=Pool(max_workers=1))
    def pools():
        return parse.submit("process").result()

#- conftest.py
import prefect.flow_engine
# The thread that beats for a flow sleeps a second at a time, and is waited for at the flow's end.
prefect.flow_engine.BaseFlowRunEngine.heartbeat_seconds = None

#- test_flows.py
import asyncio, pytest, flows
from flows import *

@pytest.fixture(scope="session")
def prepared():
    return orders(["7"])

def test_orders(): orders(["1", "x"])
def test_asks_the_api(): asks_the_api()
def test_submits(): submits(["1", "x"])
def test_gathers(): asyncio.run(gathers(["1", "x"]))
def test_whole(): whole("k")
def test_too_slow(): too_slow()
def test_leaves(): leaves()
def test_returns_failed(): returns_failed()
def test_returns_cancelled(): returns_cancelled()
def test_returns_custom(): returns_custom()
def test_typed(): typed("x")
def test_bind(): typed()
def test_consumes(): consumes()
def test_yields(): assert list(yields()) == [1, 2.0]
def test_nests():
    with pytest.raises(RuntimeError): nests()
def test_caches(): caches()
def test_rolls_back(): rolls_back()
def test_waits_for_failed(): waits_for_failed()
def test_wrapped(): wrapped()
def test_fn():
    with pytest.raises(ValueError): parse.fn("x")
def test_fn_in_an_assert(): assert typed.fn(*[1]) == 1
def test_fn_in_hand():
    call = parse.fn
    assert call("1") == functools.partial(logs.fn) or True
def test_process():
    import subprocess
    subprocess.run([sys.executable, "-c", ""])
def test_process_that_stays():
    import subprocess
    global child
    child = subprocess.Popen([sys.executable, "-c", "open(0).read()"], stdin=subprocess.PIPE)
def test_beside_a_process(): child.communicate()
def test_after_a_process(): pass
def test_missing_context(): logs.fn()
def test_state(): assert orders(["x"], return_state=True).is_completed()
def test_in_thread(): in_thread()
def test_unprintable(): unprintable()
def test_method(): Pipeline().method()
def test_prepared(prepared): assert prepared == [7.0]
def test_after_prepared(prepared): pass
@pytest.mark.skipif(Pool is None, reason="not in this Prefect")
def test_pools(): pools()
"""
SOURCE = PROJECT.split("#- ")[1].splitlines()[1:]


@pytest.fixture(scope="module")
def said(api: Api, tmp_path_factory) -> Said:
    project = write(tmp_path_factory.mktemp("recording") / "project", PROJECT)
    return drive(project, files=("test_flows.py",), args=("-q", "--tb=no"), python=api.python, **api.environ)


@pytest.fixture
def runs(said) -> Callable[[str], list[RunRecord]]:
    return lambda test: list(said.cases[f"test_{test}"].runs)


def line_of(text: str) -> int:
    """The line of flows.py that holds a text."""
    (number,) = [number for number, line in enumerate(SOURCE, 1) if text in line]
    return number


def names(run: RunRecord) -> list[str]:
    return [state.name for state in run.states]


def last(run: RunRecord) -> ExceptionRecord:
    exception = run.states[-1].exception
    assert exception is not None
    return exception


def lines(exception: ExceptionRecord) -> list[int]:
    return [frame.line for frame in exception.frames]


def test_what_is_called_past_prefect_is_told_and_what_may_have_been(said):
    def told(test: str) -> tuple[set[str], set[str] | None]:
        case = said.cases[f"test_{test}"]
        return {one.qualname for one in case.called}, case.unsure and {one.qualname for one in case.unsure}

    assert told("fn") == ({"parse"}, ())
    assert told("fn_in_an_assert") == ({"typed"}, ())
    assert told("fn_in_hand") == (set(), {"parse", "logs"})
    for test in ("process", "process_that_stays", "beside_a_process"):
        assert told(test) == (set(), None)
    assert told("after_a_process") == (set(), ())
    # The fixture ran them for the first of its tests; what the second one would run alone is not to be seen.
    assert told("prepared")[0] == set()
    assert told("after_prepared") == (set(), {"orders", "parse"})
    (code,) = said.cases["test_fn"].called
    assert code.line == line_of("def parse(")
    if (case := said.cases["test_pools"]).outcome != "skipped":
        assert case.unsure is None


def test_a_missing_result_says_of_which_run(runs):
    asks, kept_nowhere = runs("asks_the_api")
    assert last(asks).type == "prefect.exceptions.MissingResult"
    assert kept_nowhere.name == "keeps-nothing"
    known = [one for one in last(asks).about if one in {asks.id, kept_nowhere.id}]
    assert known == [kept_nowhere.id]


def test_nothing_was_hidden_from_us(said):
    assert "prefect-lens does not see" not in said.output
    assert len(said.cases) == PROJECT.count("\ndef test_")


def test_a_task_is_recorded_with_every_attempt_and_its_place(runs):
    flow, good, bad = runs("orders")
    assert (flow.kind, flow.name, flow.parent, flow.run_name_set) == ("flow", "orders", None, False)
    assert (names(flow), names(good)) == (["Running", "Failed"], ["Pending", "Running", "Completed"])
    assert names(bad) == ["Pending", "Running", "Retrying", "Retrying", "Failed"]
    assert (bad.attempt, bad.max_attempts, bad.parent) == (3, 3, flow.id)
    assert (bad.line, bad.column, bad.qualname) == (line_of("def parse("), 5, "parse")
    assert [state.exception is not None for state in bad.states] == [False, False, True, True, True]
    assert (last(bad).type, last(bad).message) == ("ValueError", "could not convert string to float: 'x'")
    assert lines(last(bad)) == [line_of("def parse(") + 1]
    assert bad.called_at is not None
    assert bad.called_at.line == line_of("        parse(text)")
    assert lines(last(flow))[-1:] == lines(last(bad))
    assert bad.states[0].time <= bad.states[-1].time


def test_what_is_submitted_is_called_where_it_was_submitted(runs):
    flow, *tasks = runs("submits")
    called = sorted((run.called_at.line, run.states[-1].name) for run in tasks if run.called_at)
    one, many = line_of('one = parse.submit("1")'), line_of("many = parse.map")
    assert called == [(one, "Completed"), (many, "Completed"), (many, "Failed")]
    assert {run.parent for run in tasks} == {flow.id}


def test_asynchronous_tasks_that_are_gathered_are_recorded(runs):
    flow, good, bad = runs("gathers")
    assert names(good)[-1] == "Completed"
    assert names(bad)[-1] == "Failed"
    assert (bad.attempt, bad.max_attempts) == (2, 2)
    assert line_of("await asyncio.gather") in lines(last(flow))


def test_a_flow_that_awaits_its_retry_keeps_the_exception(said, runs):
    if "422 Unprocessable" in said.cases["test_whole"].failures[0].exception.message:
        pytest.skip("this Prefect cannot start a subflow beside the pydantic that it was given")
    outer, inner = runs("whole")
    assert names(inner) == ["Running", "AwaitingRetry", "Running", "Failed"]
    assert lines(inner.states[1].exception) == [line_of("raise KeyError(key)")]
    assert (inner.attempt, inner.max_attempts, inner.parent) == (2, 2, outer.id)
    assert (outer.run_name, outer.run_name_set) == ("whole-k", True)


def test_a_timeout_knows_the_line_that_was_running(runs):
    flow, task = runs("too_slow")
    assert names(task) == ["Pending", "Running", "TimedOut"]
    assert (task.states[-1].type, last(task).type.rpartition(".")[2]) == ("FAILED", "TaskRunTimeoutError")
    assert last(task).cause is not None
    assert lines(last(task).cause)[-1] == line_of("time.sleep(0.01)")
    assert names(flow)[-1] == "TimedOut"


def test_an_exit_crashes_task_and_flow(runs):
    for run in runs("leaves"):
        assert names(run)[-1] == "Crashed"
        assert (last(run).type, lines(last(run))[-1]) == ("SystemExit", line_of("sys.exit(3)"))


def test_states_that_are_returned_are_recorded_as_they_are(runs):
    ends = [runs(name)[0].states[-1] for name in ("returns_failed", "returns_cancelled", "returns_custom")]
    assert [(end.type, end.name, end.message) for end in ends] == [
        ("FAILED", "Failed", "not today"),
        ("CANCELLED", "Cancelled", "enough"),
        ("COMPLETED", "Thin", "no orders"),
    ]
    failed, cancelled, thin = (end.returned_at for end in ends)
    assert (failed.line, failed.column, failed.function) == (line_of('return Failed(message="not'), 5, "returns_failed")
    assert (cancelled.line, thin) == (line_of('return Cancelled(message="enough")'), None)


def test_arguments_of_the_wrong_type_fail_before_the_body_and_missing_ones_make_no_run(runs):
    (run,) = runs("typed")
    assert names(run) == ["Failed"]
    assert last(run).frames == ()
    assert run.called_at is not None
    assert run.called_at.path.endswith("test_flows.py")
    assert runs("bind") == []


def test_generators_are_recorded(runs):
    _, task = runs("consumes")
    assert (names(task)[-1], lines(last(task))) == ("Failed", [line_of('raise ValueError("generated")')])
    flow, task = runs("yields")
    assert (names(flow)[-1], names(task)[-1]) == ("Completed", "Completed")


def test_a_task_in_a_task_has_it_for_a_parent(runs):
    flow, outer, inner = runs("nests")
    assert (outer.parent, inner.parent) == (flow.id, outer.id)


def test_a_cache_hit_is_told(runs):
    *_, second = runs("caches")
    assert names(second)[-1] == "Cached"


def test_a_rollback_is_told(runs):
    _, task = runs("rolls_back")
    assert names(task) == ["Pending", "Running", "Completed", "RolledBack"]


def test_a_run_that_waits_for_a_failed_one_is_not_ready(runs):
    # The two were submitted: which of them comes first is up to their threads.
    (second,) = [run for run in runs("waits_for_failed") if run.qualname == "parse"]
    assert names(second) == ["Pending", "NotReady"]


def test_a_wrapped_function_stands_where_the_user_wrote_it(runs):
    (run,) = runs("wrapped")
    assert (run.line, run.qualname) == (line_of("def wrapped("), "wrapped")
    (run,) = runs("method")
    assert (run.line, run.column, run.qualname) == (line_of("def method("), 9, "Pipeline.method")


def test_what_bypasses_the_engine_makes_no_run(said, runs):
    assert runs("fn") == runs("missing_context") == []
    (failure,) = said.cases["test_missing_context"].failures
    assert failure.exception.type.endswith("MissingContextError")
    assert failure.exception.frames[-1].line == line_of('get_run_logger().info("x")')


def test_a_returned_state_is_the_runs_failure_all_the_same(runs):
    flow, task = runs("state")
    assert (names(flow)[-1], names(task)[-1]) == ("Failed", "Failed")


def test_an_exception_from_a_thread_is_recorded(runs):
    (run,) = runs("in_thread")
    assert lines(last(run)) == [line_of("pool.submit(float")]


def test_an_exception_that_cannot_be_printed_harms_nothing(said, runs):
    # Prefect itself gives up on it in the middle of the run.
    (run,) = runs("unprintable")
    assert names(run)[:2] == ["Pending", "Running"]
    assert said.outcomes["test_unprintable"] == "failed"


def test_runs_of_a_session_fixture_belong_to_the_test_that_set_it_up(runs):
    assert [run.name for run in runs("prepared")] == ["orders", "parse"]
    assert runs("after_prepared") == []


def test_tasks_in_other_processes_are_recorded_without_frames(said, runs):
    if said.outcomes["test_pools"] == "skipped":
        pytest.skip("this Prefect has no ProcessPoolTaskRunner")
    flow, task = runs("pools")
    assert names(task) == ["Pending", "Running", "Retrying", "Retrying", "Failed"]
    assert (task.parent, task.line, task.attempt) == (flow.id, line_of("def parse("), 3)
    assert (last(task).type, last(task).message) == ("ValueError", "could not convert string to float: 'process'")
    assert last(task).frames == ()
    assert task.called_at is not None
    assert task.called_at.line == line_of('parse.submit("process")')


def test_runs_cross_xdists_process_boundary(api, said, tmp_path_factory):
    python = python_with("xdist", "prefect")
    if python != api.python:
        pytest.skip("this interpreter has no xdist")
    project = write(tmp_path_factory.mktemp("shared") / "project", PROJECT)
    args = ("-q", "--tb=no", "-n2", "-k", "orders or whole or nests or leaves")
    shared = drive(project, files=("test_flows.py",), args=args, python=api.python, **api.environ)
    assert set(shared.cases) == {"test_orders", "test_whole", "test_nests", "test_leaves"}
    for name, case in shared.cases.items():
        assert told(case) == told(said.cases[name])


def told(case: CaseRecord) -> list:
    """What must be the same each time a test runs."""
    return [
        (run.kind, run.name, run.line, run.attempt, [(state.type, state.name) for state in run.states])
        for run in case.runs
    ]
