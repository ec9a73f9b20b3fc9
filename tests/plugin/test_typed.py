"""What a strict type checker knows of the plugin in a user's project, over the newest Prefect and the oldest."""

import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.plugin.driving import SERVER
from tests.pythons import MISSING, newest_and_thoroughly_the_rest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("pyright") is None, reason="pyright is not installed"),
]

# Each line that ends with `# wrong` is one that the checker must not let pass, and there is no other.
TEST = """\
from __future__ import annotations

from datetime import timedelta

import pytest
from prefect import flow, task
from prefect.events import DeploymentEventTrigger, Event
from typing_extensions import assert_type

import pytest_prefect_lens as lens
from pytest_prefect_lens import FlowFailed, FlowResult, arun_flow, deploy, mock_task, run_flow


@task
def parse(text: str) -> float:
    return float(text)


@flow
def total(texts: list[str]) -> float:
    return sum(parse(text) for text in texts)


@flow
async def total_async(texts: list[str]) -> float:
    return 1.0


def test_a_result() -> None:
    result = run_flow(total, ["1"])
    assert_type(result, FlowResult[float])
    assert_type(result.result, float)
    assert_type(result.task_runs, lens.TaskRuns)
    assert_type(result.task_runs[parse], lens.TaskRuns)
    assert_type(result.task_run(parse).attempts, int)
    assert_type(result.subflow(total).seconds, float)
    assert_type(result.transitions[0], lens.Transition)
    assert_type(result.logs, list[lens.LogLine])
    assert_type(result.event("x"), Event)
    assert_type(result.exception, BaseException | None)
    run_flow(total, 3)  # wrong
    run_flow(total)  # wrong
    run_flow(parse, "1")  # wrong
    result.task_run(3)  # wrong
    result.no_such  # wrong


async def test_asynchronous() -> None:
    assert_type(run_flow(total_async, ["1"]).result, float)
    assert_type((await arun_flow(total_async, ["1"])).result, float)
    await arun_flow(total_async, 1)  # wrong


def test_fixtures(
    run_flow: lens.RunFlow,
    mock_task: lens.MockTask,
    mock_variables: lens.MockVariables,
    mock_secrets: lens.MockVariables,
    mock_blocks: lens.MockBlocks,
    deploy: lens.Deploy,
    frozen_clock: lens.FrozenClock,
    prefect_lens_api: lens.PrefectApi,
) -> None:
    assert_type(run_flow(total, ["1"]).result, float)
    assert_type(run_flow(total_async, ["1"]).result, float)
    assert_type(mock_task(parse, returns=1.0), lens.MockedTask)
    assert_type(deploy(total, interval=timedelta(days=1)), lens.Deployed)
    assert_type(frozen_clock("2030-01-01"), lens.Clock)
    assert_type(prefect_lens_api.url, str)
    mock_variables(region="eu")
    mock_secrets({"api-key": "x"})
    mock_blocks()
    run_flow(total, 3)  # wrong
    mock_blocks(main="x")  # wrong
    mock_task(total, returns=1)  # wrong


async def test_asynchronous_fixture(arun_flow: lens.ARunFlow) -> None:
    assert_type((await arun_flow(total_async, ["1"])).result, float)


def test_functions() -> None:
    with mock_task(parse, returns=1.0) as mocked, lens.mock_variables(a=1):
        assert_type(mocked.calls[0]["text"], object)  # wrong
    with deploy(total, triggers=[DeploymentEventTrigger(expect={"x"})]) as deployed:
        assert_type([run.state_name for run in deployed.pass_time(60)], list[str])
    with pytest.raises(FlowFailed) as caught:
        lens.raise_for_state(total(["x"], return_state=True))
    assert_type(caught.value.run_name, str)


@lens.deployments("prefect.yaml")
def test_a_deployment(deployment: lens.Deployment) -> None:
    assert_type(deployment.parameters["a"], int)  # wrong
    assert run_flow(deployment.flow, **deployment.parameters).is_completed
"""


@pytest.mark.parametrize("python", newest_and_thoroughly_the_rest(), ids=lambda p: Path(p).parts[-3] if p else "none")
def test_a_strict_checker_knows_all_of_it(python, tmp_path):
    if python is None:
        pytest.skip(MISSING)
    subprocess.run([python, "-m", "venv", "--without-pip", "env"], cwd=tmp_path, check=True)
    [own] = (tmp_path / "env" / "lib").glob("python3.*/site-packages")
    [theirs] = (Path(python).parents[1] / "lib").glob("python3.*/site-packages")
    (own / "others.pth").write_text(f"{theirs}\n")
    shutil.copytree(SERVER / "pytest_prefect_lens", own / "pytest_prefect_lens")
    (tmp_path / "test_typed.py").write_text(TEST)
    (tmp_path / "pyrightconfig.json").write_text(
        json.dumps({"typeCheckingMode": "strict", "include": ["test_typed.py"]})
    )
    checked = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", str(tmp_path / "env" / "bin" / "python")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    found = {
        one["range"]["start"]["line"] + 1: one["message"] for one in json.loads(checked.stdout)["generalDiagnostics"]
    }
    wrong = {number for number, line in enumerate(TEST.splitlines(), 1) if re.search(r"# wrong$", line)}
    assert found.keys() == wrong, found
