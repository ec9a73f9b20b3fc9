"""A run that is spread over processes tells what one process tells."""

import asyncio
import math
import shutil
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from prefect_lens.engine import parallel
from prefect_lens.engine.cold import ColdWorkers
from prefect_lens.engine.request import RunRequest
from prefect_lens.engine.run import CaseFinished, Collected
from prefect_lens.engine.workers import Exit
from prefect_lens.model import Ending, EnvironmentKind, Interpreter
from pytest_prefect_lens import wire
from pytest_prefect_lens.wire import CaseRecord, TestId

from tests.engine.telling import differences, told

FOLDER = Path("/projects/space")
FILES = tuple(f"tests/test_{name}.py" for name in "abcde")
PLAIN = Interpreter("/x/bin/python", "test", EnvironmentKind.PIP)


class Workers:
    """Each worker runs one passing test in each of its files, or in all but those that are ignored."""

    def __init__(self):
        self.requests = []

    @asynccontextmanager
    async def open(self, request):
        self.requests.append(request)
        yield Worker(request)


class Worker:
    home = Path("/nowhere")
    why_cold = ""

    def __init__(self, request):
        named = (*(test.path for test in request.tests), *request.files)
        left_out = {option.removeprefix(f"--ignore={FOLDER}/") for option in request.pytest_args}
        self.files = named or tuple(file for file in FILES if file not in left_out)

    async def messages(self):
        tests = [TestId(str(FOLDER / file), ("test_one",)) for file in self.files]
        yield wire.Hello(wire.VERSION, 1, "3.12.1", "9.0.0", "3.8.8")
        yield wire.Collected(tuple(tests))
        yield wire.CollectError(str(FOLDER / "conftest.py"), wire.ExceptionRecord("E", "broken"), "broken")
        for test in tests:
            yield wire.Started(test, 1)
            yield wire.Finished(CaseRecord(test, "passed", 0.1))
        yield wire.Ended(0)

    async def kill(self):
        pass

    async def interrupt(self):
        pass

    async def exited(self):
        return Exit(0)

    async def api_gone(self):
        await asyncio.Event().wait()

    def output(self):
        return ""


@pytest.fixture(autouse=True)
def no_look(monkeypatch):
    monkeypatch.setattr("prefect_lens.engine.run.look_before", lambda _: None)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"files": FILES},
        {"tests": tuple(TestId(file, ("test_one",)) for file in FILES[:2]), "files": FILES[2:]},
    ],
)
async def test_all_files_run_once_and_are_told_as_one_run(asked):
    workers, events = Workers(), []
    known = tuple((file, 1.0) for file in FILES[:4])  # pytest finds one more
    request = RunRequest(FOLDER, ".", PLAIN, processes=2, known=known, **asked)
    result = await parallel.run(request, workers, events.append)
    assert len(workers.requests) == 2
    assert [case.test.path for case in result.cases] == list(FILES)
    assert [event.total for event in events if isinstance(event, Collected)] == [5]
    assert len([event for event in events if isinstance(event, CaseFinished)]) == 5
    assert len(result.collect_errors) == 1
    assert (result.ending, result.asked) == (Ending.COMPLETE, request.tests)


async def test_the_files_that_take_longest_are_divided_first():
    workers = Workers()
    known = tuple(zip(FILES, (9.0, 3.0, 3.0, 2.0, 1.0), strict=True))
    await parallel.run(RunRequest(FOLDER, ".", PLAIN, files=FILES, processes=2, known=known), workers, lambda _: None)
    assert sorted(one.files for one in workers.requests) == [(FILES[0],), FILES[1:]]


@pytest.mark.parametrize(
    ("wanted", "seconds", "options", "count"),
    [
        (4, math.inf, (), 4),
        (4, 7.0, (), 2),
        (4, 1.0, (), 1),
        (4, math.inf, ("--cov-report=xml",), 1),
        (4, math.inf, ("-n2",), 1),
        (4, math.inf, ("-x",), 1),
        (4, math.inf, ("-k", "xn", "--color=no"), 4),
        (1, math.inf, (), 1),
    ],
)
def test_a_run_is_spread_where_that_is_allowed_worth_it_and_the_same(wanted, seconds, options, count):
    assert parallel.processes(wanted, seconds, PLAIN, options, {}) == count


def test_with_xdist_what_tells_of_the_whole_is_no_hindrance(tmp_path):
    (tmp_path / "pytest_xdist-3.8.0.dist-info").mkdir()
    python = replace(PLAIN, site_packages=(str(tmp_path),))
    assert parallel.processes(4, math.inf, python, ("--cov", "-x"), {}) == 4
    assert parallel.processes(4, math.inf, python, (), {"PYTEST_ADDOPTS": "-n 3"}) == 1


PROJECT = """
#- conftest.py
import pytest
from prefect.testing.utilities import prefect_test_harness
@pytest.fixture(autouse=True, scope="session")
def harness():
    with prefect_test_harness(): yield
#- flows.py
from prefect import flow, task
@task(retries=1)
def one(number):
    if number == 3: raise ValueError("three")
    return number
@flow
def etl(number): return one(number) + 1
#- test_a.py
import pytest
from flows import etl
@pytest.mark.parametrize("number", [1, 3])
def test_etl(number): assert etl(number) == 2
"""


@pytest.mark.slow
async def test_cases_and_states_are_those_of_one_process(project, python, nothing_left):  # noqa: ARG001
    folder = project(PROJECT)
    for name in "bc":
        shutil.copy(folder / "test_a.py", folder / f"test_{name}.py")
    (folder / "test_d.py").write_text("import no_such_module")
    request = RunRequest(folder, ".", python)
    alone = await parallel.run(request, ColdWorkers(), lambda _: None)
    # So it is no project with xdist, which would spread it.
    request = replace(request, interpreter=replace(python, site_packages=()), processes=2)
    known = tuple((f"test_{name}.py", 1.0) for name in "ab")
    spread = await parallel.run(replace(request, known=known), ColdWorkers(), lambda _: None)
    assert differences(told(alone), told(spread)) == []
    assert [error.path for error in spread.collect_errors] == ["test_d.py"]
    assert len(spread.cases) == 6
    assert sum(len(case.runs) for case in spread.cases) == 12


QUERIES = """
from flows import etl
from prefect import get_client
def runs():
    with get_client(sync_client=True) as client: return len(client.read_flow_runs())
def test_runs():
    before = runs()
    etl(1)
    assert runs() == before + 1
"""


@pytest.mark.slow
@pytest.mark.parametrize("scope", [pytest.param("session", marks=pytest.mark.thorough), "module"])
async def test_by_xdist_they_are_those_of_one_process_too(project, python, nothing_left, scope):  # noqa: ARG001
    folder = project(PROJECT.replace('"session"', f'"{scope}"'))
    for name in "bcd":
        shutil.copy(folder / "test_a.py", folder / f"test_{name}.py")
        (folder / f"test_asks_{name}.py").write_text(QUERIES)
    request = RunRequest(folder, ".", python)
    alone = await parallel.run(request, ColdWorkers(), lambda _: None)
    spread = await parallel.run(replace(request, processes=2), ColdWorkers(), lambda _: None)
    assert differences(told(alone), told(spread)) == []
    assert len(spread.cases) == 11
