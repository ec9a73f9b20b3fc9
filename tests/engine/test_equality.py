"""A warm run tells what a cold one tells: outcomes, states, attempts, exceptions and their lines."""

import json
import sys
from pathlib import Path

import pytest
from prefect_lens.model import Ending

from tests.engine.telling import differences, told
from tests.pythons import newest_and_thoroughly_the_rest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every worker is cold"),
]

FLOWS = """
from prefect import flow, get_run_logger, task
class Unlucky(Exception): pass
@task
def one(): return 1
@task(retries=2)
def unlucky(): raise Unlucky("no luck")
@task
async def waits(): return 1
@task
async def waits_in_vain(): raise Unlucky("no luck either")
@flow
def well():
    get_run_logger().info("well")
    return one() + 1
@flow
def badly():
    one()
    unlucky()
@flow
def outer(): return well() + 1
@flow
def failing_outer():
    return badly()
@flow(name="by itself", retries=1)
async def later():
    return one.submit().result() + await waits()
@flow(retries=1)
async def never():
    await waits_in_vain()
@flow
def many(): return sum(future.result() for future in [one.submit() for _ in range(3)])
"""

TESTS = """
import asyncio, logging, pytest
from flows import badly, failing_outer, later, many, never, outer, well
def test_well(): assert well() == 2
def test_badly(): badly()
def test_outer(): assert outer() == 4
def test_failing_outer(): failing_outer()
def test_state(): assert badly(return_state=True).is_failed()
def test_later(): assert asyncio.run(later()) == 2
def test_never(): asyncio.run(never())
def test_many(): assert many() == 3
def test_expected():
    with pytest.raises(ZeroDivisionError): badly()
def test_plain(): assert 1 == 2
def test_logs(caplog):
    well()
    assert [record.name for record in caplog.records] == 0
def test_skipped(): pytest.skip("for a reason")
"""

QUERIES = """
from flows import well
from prefect import get_client
from prefect.settings import get_current_settings
def runs():
    with get_client(sync_client=True) as client: return len(client.read_flow_runs())
def test_runs():
    before = runs()
    well()
    assert runs() == before + 1
async def queried():
    async with get_client() as client: return len(await client.read_flow_runs()), await client.hello()
def test_first(): assert runs() == 99
def test_async():
    import asyncio
    assert asyncio.run(queried()) == 99
def test_settings():
    settings = get_current_settings()
    assert (settings.tasks.default_retries, settings.logging.level, settings.flows.default_retries) == ()
"""

POOL = """
from prefect import flow
from prefect.task_runners import ProcessPoolTaskRunner
from flows import one, unlucky
@flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
def pooled(): return one.submit().result() + 1
@flow(task_runner=ProcessPoolTaskRunner(max_workers=1))
def badly_pooled(): return unlucky.submit().result()
def test_pooled(): assert pooled() == 3
def test_badly_pooled(): badly_pooled()
"""

HARNESS = """
import pytest
from prefect.testing.utilities import prefect_test_harness
@pytest.fixture(autouse=True, scope="session")
def harness():
    with prefect_test_harness(): yield
"""

SETTINGS = """
import os
os.environ["PREFECT_TASKS_DEFAULT_RETRIES"] = "1"
os.environ["PREFECT_LOGGING_LEVEL"] = "DEBUG"
from prefect.settings import PREFECT_FLOWS_DEFAULT_RETRIES, temporary_settings
import pytest
@pytest.fixture(autouse=True)
def settings():
    with temporary_settings({PREFECT_FLOWS_DEFAULT_RETRIES: 1}): yield
"""

KINDS = {
    "session harness": (HARNESS, ()),
    "no harness": ("", ()),
    "module harness": (HARNESS.replace('"session"', '"module"'), ()),
    "function harness": (HARNESS.replace('"session"', '"function"'), ()),
    "settings": (SETTINGS + HARNESS, ()),
    "xdist": (HARNESS, ("-n", "2", "--dist", "loadfile")),
    "coverage": (HARNESS, ("--cov", "--cov-branch", "--cov-report=json:coverage.json")),
}
EVERYWHERE = ("session harness", "no harness")
THOROUGHLY = ("module harness", "function harness")
"""Between the harness that all tests share and none; how each begins anew is shown in `test_harness.py`."""
MOST = tuple(kind for kind in KINDS if kind not in THOROUGHLY)


@pytest.mark.parametrize(
    "every_python", newest_and_thoroughly_the_rest(), indirect=True, ids=lambda path: Path(path or "none").parts[-3:][0]
)
@pytest.mark.parametrize("kinds", [MOST, pytest.param(THOROUGHLY, marks=pytest.mark.thorough)], ids=["most", "more"])
async def test_a_warm_run_tells_what_a_cold_one_tells(tmp_path, every_python, python, engine, kinds):
    folder = tmp_path / "project"
    folder.mkdir()
    for name, text in {"flows": FLOWS, "test_tells": TESTS, "test_asks": QUERIES, "test_pool": POOL}.items():
        (folder / f"{name}.py").write_text(text)
    found = {}
    for kind in kinds if every_python == python or kinds == THOROUGHLY else EVERYWHERE:
        conftest, pytest_args = KINDS[kind]
        (folder / "conftest.py").write_text(conftest)
        files = ["test_tells.py", "test_asks.py", *(["test_pool.py"] if kind == "session harness" else [])]
        cold = await engine.run(folder, every_python, *files, how="cold", pytest_args=pytest_args)
        covered = [_covered(folder)]
        warm = await engine.run(folder, every_python, *files, pytest_args=pytest_args)
        covered += [_covered(folder)]
        assert warm.ending is Ending.COMPLETE, (kind, warm.trouble, warm.output)
        assert sum(len(case.runs) for case in cold.cases) > 20, kind
        assert warm.versions == cold.versions
        found[kind] = differences(told(cold), told(warm))
        assert covered[0] == covered[1], kind
        assert kind != "coverage" or set(covered[1]) == {"conftest.py", "flows.py", "test_asks.py", "test_tells.py"}
    assert {kind: lines for kind, lines in found.items() if lines} == {}


def _covered(folder):
    """Which lines coverage has seen, by file; takes its report away."""
    report = folder / "coverage.json"
    if not report.exists():
        return {}
    files = json.loads(report.read_text())["files"]
    report.unlink()
    return {name: (about["executed_lines"], about["executed_branches"]) for name, about in files.items()}
