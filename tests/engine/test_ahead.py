"""Workers that are started ahead, as where the system does not fork them: as true as cold ones, never stale.

What holds for them as for forked ones is tested in `test_warm.py`.
"""

import asyncio
import os
from pathlib import Path

import pytest
from prefect_lens.engine import ahead
from prefect_lens.engine.run import Preparing, RunRequest, run_tests

from tests.engine.running import interpreter, outcomes, processes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("nothing_left"),
    pytest.mark.parametrize("engine", ["ahead"], indirect=True),
]

NOTHING = """
    #- test_a.py
    def test_a(): pass
"""


async def test_one_worker_waits_started_beside_a_run_and_anew_where_it_dies(
    project, python, engine, monkeypatch, tmp_path
):
    monkeypatch.setattr(ahead, "HEAD_START", 0.0)
    os.mkfifo(tmp_path / "end")
    folder = project(f"""
        #- test_a.py
        def test_a():
            with open({str(tmp_path / "end")!r}): pass
        #- test_b.py
        def test_b(): pass
    """)
    kept = await engine.ready(folder, python)
    running = asyncio.ensure_future(engine.run(folder, python, "test_a.py"))
    while (starting := kept.parent._next) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.wait((starting,))
    assert not running.done()
    following, _ = starting.result()
    await asyncio.to_thread((tmp_path / "end").write_text, "")
    assert outcomes(await running) == {"test_a": "passed"}
    assert (await engine.ready(folder, python))._spare.result()[1] is following
    workers = [line for line in processes(os.environ["RUN_MARK"]) if "pytest_prefect_lens.ahead" in line]
    assert len(workers) == 1

    await following.kill()
    while kept._spare.done() and kept._spare.result()[1] is following:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert outcomes(await engine.run(folder, python, "test_b.py")) == {"test_b": "passed"}


@pytest.mark.thorough
async def test_after_a_run_that_is_over_at_once_one_worker_waits(project, python, engine):
    folder = project(NOTHING)
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_a": "passed"}
    await engine.ready(folder, python)
    workers = [line for line in processes(os.environ["RUN_MARK"]) if "pytest_prefect_lens.ahead" in line]
    assert len(workers) == 1


@pytest.mark.thorough
@pytest.mark.changes_what_is_shared
async def test_a_file_that_was_edited_since_it_was_imported_makes_the_run_a_cold_one(project, python, engine):
    folder = project(NOTHING)
    kept = await engine.ready(folder, python)
    module = Path(python.site_packages[0]) / "pluggy" / "__init__.py"
    module.write_bytes(module.read_bytes())  # in place: its folder does not change
    events = []
    result = await engine.run(folder, python, "test_a.py", how="either", events=events)
    assert outcomes(result) == {"test_a": "passed"}
    assert Preparing("starting pytest anew: the worker that was ready has died") in events
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_a": "passed"}
    assert await engine.ready(folder, python) is kept


async def test_what_is_being_started_ends_with_its_source(project, python, engine):
    folder = project(NOTHING)
    engine.source.prepare(python, folder, ".")
    while not processes(os.environ["RUN_MARK"]):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await engine.source.close()
    assert processes(os.environ["RUN_MARK"]) == []


async def test_where_prefect_cannot_be_imported_none_is_kept_and_the_run_tells_why(project, engine):
    python = interpreter(os.environ.get("PREFECT_LENS_TEST_BROKEN_PYTHON"))
    folder = project(NOTHING)
    engine.source.prepare(python, folder, ".")
    (kept,) = engine.source._warm.values()
    await asyncio.wait((kept._living,))
    assert kept.state.startswith("cold: ")
    assert not kept.can_begin_again
    result = await run_tests(RunRequest(folder, ".", python, files=("test_a.py",)), engine.source, lambda _: None)
    assert [trouble.code for trouble in result.trouble] == ["PL906"]
