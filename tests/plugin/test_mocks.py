"""What stands in for tasks, variables, blocks and secrets, in sessions of a plain pytest over the real Prefect."""

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
from prefect import flow, get_client, task
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from prefect.cache_policies import INPUTS
from prefect.variables import Variable
try:
    from prefect.task_runners import ProcessPoolTaskRunner as Pool
except ImportError:
    Pool = None

class Warehouse(Block):
    url: str

@task(retries=2)
def fetch(page, size=10): raise OSError("no network")

@task
async def fetch_async(page): raise OSError("no network")

@task
def rows():
    yield 1
    yield 2

@task
async def rows_async():
    yield 1

@task(cache_policy=INPUTS, persist_result=True)
def cached(number): return number

@flow
def pages(count): return [fetch(n) for n in range(count)]

@flow
def submitted(count): return [future.result() for future in fetch.map(range(count))]

@flow
def configured():
    return Variable.get("region"), Secret.load("api-key").get(), Warehouse.load("main").url

@flow
async def configured_async():
    secret = await Secret.load("api-key")
    warehouse = await Warehouse.load("main")
    return await Variable.get("region"), secret.get(), warehouse.url

if Pool is not None:
    @flow(task_runner=Pool(max_workers=1))
    def pools(): return fetch.submit(1).result()
#- test_mocks.py
import pytest
from prefect import flow
from prefect.blocks.system import Secret
from prefect.variables import Variable
import pytest_prefect_lens as lens
from pytest_prefect_lens import run_flow
import flows
from flows import *

def test_returns(mock_task):
    mocked = mock_task(flows.fetch, returns="page")
    result = run_flow(pages, 2)
    assert result.result == ["page", "page"]
    assert mocked.calls == [{"page": 0, "size": 10}, {"page": 1, "size": 10}]
    assert result.task_runs[fetch].state_names == ["Completed", "Completed"]
    assert result.task_runs[0].states == ("Pending", "Running", "Completed")

def test_the_task_is_whole_again():
    with pytest.raises(OSError):
        pages(1)

def test_raises_and_retries(mock_task):
    mocked = mock_task(fetch, raises=TimeoutError("slow"), times=2, returns="page")
    task_run = run_flow(pages, 1).task_run(fetch)
    assert (task_run.result, task_run.retries, len(mocked.calls)) == ("page", 2, 3)
    assert isinstance(task_run.transitions[2].exception, TimeoutError)

def test_raises_always():
    with lens.mock_task(fetch, raises=TimeoutError):
        result = run_flow(submitted, 1)
    assert isinstance(result.exception, TimeoutError) and result.task_run(fetch).retries == 2

def test_after_and_times(mock_task):
    mocked = mock_task(cached, returns=-1, after=1, times=1)
    @flow
    def calls(): return [cached(n) for n in (100, 200, 300)]
    assert run_flow(calls).result == [100, -1, 300]
    assert run_flow(calls).task_runs.state_names == ["Cached"] * 3
    assert len(mocked.calls) == 3

def test_an_exit_crashes(mock_task):
    mock_task(fetch, raises=SystemExit(3))
    assert run_flow(pages, 1).task_run(fetch).state_name == "Crashed"

def test_every_kind_of_task(mock_task):
    mock_task(fetch_async, returns="page")
    mock_task(rows, returns=[7, 8])
    mock_task(rows_async, returns=[9])
    @flow
    async def all_kinds():
        return [await fetch_async(1), list(rows()), [row async for row in rows_async()]]
    assert run_flow(all_kinds).result == ["page", [7, 8], [9]]

def test_arguments_that_do_not_fit_are_told_as_ever(mock_task):
    mock_task(fetch, returns=1)
    @flow
    def calls(): return fetch()
    assert type(run_flow(calls).exception).__name__ == "ParameterBindError"

def test_nothing_to_mock():
    with pytest.raises(TypeError, match="what the task returns, or what it raises"):
        with lens.mock_task(fetch): pass

@pytest.mark.skipif(Pool is None, reason="not in this Prefect")
def test_another_process(mock_task):
    mock_task(fetch, returns="page")
    assert run_flow(pools).result == "page"

def test_variables_blocks_and_secrets(mock_variables, mock_blocks, mock_secrets):
    mock_variables(region="eu")
    mock_secrets({"api-key": "s3cret"})
    mock_blocks({"main": Warehouse(url="db://test")})
    wanted = ("eu", "s3cret", "db://test")
    assert tuple(run_flow(configured).result) == wanted
    assert tuple(run_flow(configured_async).result) == wanted
    with lens.mock_variables({"region": {"of": ["us", 1]}}), lens.mock_secrets({"api-key": {"user": "ada"}}):
        assert configured() == ({"of": ["us", 1]}, {"user": "ada"}, "db://test")
    assert configured() == wanted

def test_they_are_gone():
    assert Variable.get("region") is None
    for load in (lambda: Secret.load("api-key"), lambda: Warehouse.load("main")):
        with pytest.raises(ValueError):
            load()
"""
NAMES = re.findall(r"^def (test_\w+)", PROJECT, re.MULTILINE)


@pytest.fixture(
    scope="module", params=newest_and_thoroughly_the_rest(), ids=lambda p: Path(p).parts[-3] if p else "none"
)
def session(request, tmp_path_factory) -> Plain:
    if request.param is None:
        pytest.skip(MISSING)
    project = write(tmp_path_factory.mktemp("mocks") / "project", PROJECT)
    return pytest_alone(project, "--tb=short", python=request.param)


@pytest.mark.parametrize("name", NAMES)
def test_inside(session, name):
    told = session.outcomes.get(name, "not run" if "skipped" not in session.output else "skipped")
    assert told in ("passed", "skipped"), session.output[-30_000:]
