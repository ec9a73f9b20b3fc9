"""The plugin beside those that other people use: each does its work, and so does ours."""

import json
import os

import pytest

from tests.plugin.driving import SERVER, Plain, pytest_alone, write
from tests.pythons import python_with

pytestmark = pytest.mark.slow

PROJECT = """
#- pytest.ini
[pytest]
prefect_lens_hermetic = true
addopts = --strict-markers --strict-config -W error::pytest.PytestUnraisableExceptionWarning
asyncio_mode = {mode}
#- shop.py
import asyncio
from prefect import flow, task

@task
def parse(text): return float(text)

@task
async def parse_async(text):
    await asyncio.sleep(0)
    return float(text)

@flow
def total(texts: list[str]): return sum(parse(text) for text in texts)

@flow
async def total_async(texts: list[str]):
    return sum(await asyncio.gather(*map(parse_async, texts)))

@flow
async def on_the_loop(future): return await future
#- test_asyncio.py
import asyncio, threading
import pytest
import pytest_asyncio
from pytest_prefect_lens import arun_flow as arun, run_flow as run
from shop import on_the_loop, parse_async, total, total_async

@pytest_asyncio.fixture
async def prepared(arun_flow): return await arun_flow(total_async, ["1"])

@pytest.mark.asyncio
async def test_asyncio(prepared, arun_flow, run_flow):
    assert prepared.result == 1.0
    result = await arun_flow(total_async, ["1", "2"])
    assert result.result == 3.0 and len(result.task_runs[parse_async]) == 2
    assert run_flow(total_async, ["1"]).result == run_flow(total, ["1"]).result == 1.0

@pytest.mark.asyncio
async def test_asyncio_the_loop_of_the_test():
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, 7)
    assert (await arun(on_the_loop, future)).result == 7

@pytest.mark.asyncio
async def test_asyncio_at_once():
    one, two = await asyncio.gather(arun(total_async, ["1"]), arun(total_async, ["2", "3"]))
    assert (one.result, two.result) == (1.0, 5.0)
    assert (len(one.task_runs), len(two.task_runs)) == (1, 2)

@pytest.mark.asyncio
@pytest.mark.prefect(expect_state="Failed", settings={{"tasks.default_retries": 1}})
async def test_asyncio_mark():
    with pytest.raises(ValueError):
        await total_async(["x"])
#- test_anyio.py
import anyio
import pytest
from pytest_prefect_lens import arun_flow as arun
from shop import total_async

pytestmark = pytest.mark.anyio

@pytest.fixture
def anyio_backend(): return "asyncio"

@pytest.fixture
async def within(arun_flow): return (await arun_flow(total_async, ["1"])).result

async def test_anyio(within, run_flow):
    assert within == 1.0
    assert (await arun(total_async, ["1", "2"])).result == 3.0
    assert run_flow(total_async, ["1"]).result == 1.0

async def test_anyio_in_a_task_group():
    results = []
    async def one(texts): results.append((await arun(total_async, texts)).result)
    async with anyio.create_task_group() as group:
        group.start_soon(one, ["1"])
        group.start_soon(one, ["2"])
    assert sorted(results) == [1.0, 2.0]
"""

OTHERS = """
#- test_others.py
import threading, time
import pytest
from pytest_prefect_lens import run_flow as run
import shop

@pytest.mark.timeout(60, method="thread")
def test_timeout_in_time(run_flow): assert run_flow(shop.total, ["1"]).result == 1.0

@pytest.mark.timeout(5, method="signal", func_only=True)  # the API may be slow to start
def test_timeout_too_late():
    from prefect import flow
    @flow
    def sleeps(): time.sleep(300)
    run(sleeps)

def test_mocker(mocker, run_flow):
    seen = mocker.patch("shop.float", create=True, return_value=4.0)
    assert run_flow(shop.total, ["1", "2"]).result == 8.0
    assert seen.call_count == 2

@pytest.mark.flaky(reruns=2)
def test_again(run_flow, seen=[]):
    seen.append(run_flow(shop.total, ["1"]))
    assert seen[-1].run_name != seen[0].run_name and len(seen) == 3

@pytest.mark.parametrize("text", [str(n) for n in range(6)])
def test_order(text): assert run(shop.total, [text]).is_completed
"""


@pytest.fixture(scope="module")
def python() -> str:
    return python_with("xdist", "pytest_cov", "pytest_asyncio", "pytest_rerunfailures", "prefect")


@pytest.fixture(scope="module")
def beside() -> str:
    folder = os.environ.get("PREFECT_LENS_TEST_BESIDE")
    if not folder:
        pytest.skip("PREFECT_LENS_TEST_BESIDE names no folder with other people's plugins")
    return os.pathsep.join((str(SERVER), folder))


def passed(ended: Plain) -> set[str]:
    return {name for name, word in ended.outcomes.items() if word == "passed"}


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_asyncio_and_anyio(python, tmp_path, mode):
    text = PROJECT.format(mode=mode)
    if mode == "auto":
        text = text.replace("@pytest.mark.asyncio\n", "").replace("@pytest_asyncio.fixture", "@pytest.fixture")
        text = text.partition("#- test_anyio.py")[0]  # pytest-asyncio takes every test there is
    ended = pytest_alone(write(tmp_path / "project", text), python=python)
    assert (ended.status, len(passed(ended))) == (0, text.count("async def test_")), ended.output


def test_all_of_them_at_once(python, beside, tmp_path):
    project = write(tmp_path / "project", PROJECT.format(mode="strict") + OTHERS)
    options = (
        "-n2",
        "--prefect-report=report.jsonl",
        "--cov=shop",
        "--cov-report=json",
        "--randomly-seed=7",
        "--timeout=120",
    )
    ended = pytest_alone(project, *options, python=python, PYTHONPATH=beside)
    assert set(ended.outcomes.values()) == {"passed", "failed"}, ended.output
    assert [name for name, word in ended.outcomes.items() if word == "failed"] == ["test_timeout_too_late"]
    assert len(passed(ended)) == 15, ended.output
    assert "2 rerun" in ended.output
    assert "from pytest-timeout" in ended.output
    report = (project.folder / "coverage.json").read_text()
    assert '"shop.py"' in report
    assert '"missing_lines": []' in report.partition('"shop.py"')[2].partition('"functions"')[0]
    lines = [json.loads(line) for line in (project.folder / "report.jsonl").read_text().splitlines()]
    recorded = {
        line["test"].partition("::")[2]: [run["name"] for run in line["runs"] if run["kind"] == "flow"]
        for line in lines
    }
    assert recorded["test_asyncio"] == ["total-async", "total-async", "total-async", "total"]
    assert recorded["test_asyncio_at_once"] == ["total-async"] * 2
    assert recorded["test_anyio"] == ["total-async"] * 3
    assert recorded["test_mocker"] == recorded["test_again"] == ["total"], "of a test that is run again the last run"
