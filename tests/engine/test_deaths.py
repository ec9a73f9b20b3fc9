"""Warm workers that die, are cancelled or let go: told, done without, and nothing is left of them."""

import asyncio
import os
import signal
import socket
import sys
import time

import pytest
from prefect_lens.engine.parent import Parent, ParentError, Place
from prefect_lens.engine.warm import MOST_DEATHS, WarmWorkers
from prefect_lens.model import Ending

from tests.engine.running import family, lives, outcomes, processes

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("nothing_left"),
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every worker is cold"),
]


@pytest.fixture(params=["workers", "parents"])
def of_these(request):
    """Choose those of some victims that are workers, or parents; only where it is workers, a parent shares imports."""
    if request.param == "workers":
        request.getfixturevalue("shared_imports")
    return lambda *victims: [victim for victim in victims if ("parent" in victim) == (request.param == "parents")]


async def test_what_is_killed_while_it_waits_is_done_without(project, python, engine, of_these):
    folder = project("""
        #- test_a.py
        def test_a(): pass
    """)
    for victim in of_these("spare", "guard of the spare", "api", "guard of the parent", "parent"):
        await engine.ready(folder, python)
        there = family(os.environ["RUN_MARK"])
        os.kill(there[victim], signal.SIGKILL)
        result = await engine.run(folder, python, "test_a.py", how="either")
        # What it had may be gone without anybody knowing yet: the order may be taken before.
        told = "PL906" if victim == "api" else "PL907"
        assert outcomes(result) == {"test_a": "passed"} or [one.code for one in result.trouble] == [told], victim
        result = await engine.run(folder, python, "test_a.py", how="either")
        assert outcomes(result) == {"test_a": "passed"}, (victim, result.trouble, engine.log.text)
        assert not any(lives(there[name]) for name in (victim, "spare", "guard of the spare", "api"))
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_a": "passed"}


async def test_what_is_killed_while_it_runs_is_told(project, python, engine, tmp_path, of_these):
    folder = project(f"""
        #- test_a.py
        import time
        def test_waits():
            open({str(tmp_path / "runs")!r}, "w").close()
            time.sleep(100)
        #- test_b.py
        def test_b(): pass
    """)
    os.mkfifo(tmp_path / "runs")
    for victim in of_these("spare", "guard of the spare", "api", "parent"):
        running = asyncio.ensure_future(engine.run(folder, python, "test_a.py"))
        await asyncio.to_thread((tmp_path / "runs").read_text)
        there = family(os.environ["RUN_MARK"])
        os.kill(there[victim], signal.SIGKILL)
        result = await running
        assert result.ending is Ending.BROKEN, victim
        assert [trouble.code for trouble in result.trouble] == ["PL906" if victim == "api" else "PL907"], result.trouble
        assert outcomes(result) == {"test_waits": "error"}
        assert outcomes(await engine.run(folder, python, "test_b.py", how="either")) == {"test_b": "passed"}
        assert not any(lives(there[name]) for name in (victim, "spare", "guard of the spare", "api"))


@pytest.mark.usefixtures("shared_imports")
async def test_cancelling_a_warm_run_ends_its_processes_and_keeps_the_parent(project, python, engine, tmp_path):
    folder = project(f"""
        #- test_a.py
        import pathlib, pytest, subprocess, sys, time
        @pytest.fixture
        def resource():
            yield
            pathlib.Path({str(tmp_path / "torn down")!r}).touch()
        def test_waits(resource):
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True)
            open({str(tmp_path / "runs")!r}, "w").close()
            time.sleep(100)
    """)
    os.mkfifo(tmp_path / "runs")
    kept = await engine.ready(folder, python)
    cancel = asyncio.Event()
    running = asyncio.ensure_future(engine.run(folder, python, "test_a.py", cancel=cancel))
    await asyncio.to_thread((tmp_path / "runs").read_text)
    began = time.monotonic()
    cancel.set()
    result = await running
    assert time.monotonic() - began < 5
    assert result.ending is Ending.CANCELLED
    assert (tmp_path / "torn down").exists()
    assert not any("sleep(1000)" in line for line in processes(os.environ["RUN_MARK"]))
    assert await engine.ready(folder, python) is kept


@pytest.mark.usefixtures("shared_imports")
async def test_what_a_test_leaves_behind_goes_with_its_run_and_the_parent_stays(project, python, engine):
    folder = project("""
        #- test_a.py
        import os, subprocess, sys, threading, time
        def test_leaves():
            threading.Thread(target=time.sleep, args=(1000,)).start()
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0: os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)"])
                os._exit(0)
        def test_forks_and_comes_back():
            if os.fork() == 0: raise RuntimeError("in the child")
    """)
    kept = await engine.ready(folder, python)
    result = await engine.run(folder, python, "test_a.py")
    assert result.ending is Ending.COMPLETE, result.trouble
    assert set(outcomes(result).values()) == {"passed"}
    assert len(result.cases) == 2
    assert not any("sleep(1000)" in line for line in processes(os.environ["RUN_MARK"]))
    assert await engine.ready(folder, python) is kept


@pytest.mark.parametrize("turns", [0, 1, 3, 10, 100])
async def test_one_that_is_closed_while_it_gets_ready_leaves_nothing(project, python, nothing_left, turns):  # noqa: ARG001
    folder = project("""
        #- test_a.py
        def test_a(): pass
    """)
    source = WarmWorkers()
    source.prepare(python, folder, ".")
    for _ in range(turns):
        await asyncio.sleep(0)
    await asyncio.wait_for(source.close(), 5)
    assert processes(os.environ["RUN_MARK"]) == []


async def test_a_parent_that_dies_before_it_is_ready_is_begun_again_some_times(project, python, engine):
    folder = project("""
        #- test_a.py
        def test_a(): pass
    """)
    for _ in range(MOST_DEATHS):
        engine.source.prepare(python, folder, ".")
        (kept,) = engine.source._warm.values()
        while kept._living not in (await asyncio.wait([kept._living], timeout=0.05))[0]:
            if (pid := family(os.environ["RUN_MARK"]).get("guard of the parent")) is not None:
                os.kill(pid, signal.SIGKILL)
    engine.source.prepare(python, folder, ".")
    assert list(engine.source._warm.values()) == [kept]
    assert (await engine.source.standing())[0].state == "cold: it ended before it was ready"
    assert outcomes(await engine.run(folder, python, "test_a.py", how="either")) == {"test_a": "passed"}


@pytest.mark.usefixtures("shared_imports")
@pytest.mark.parametrize("victim", ["spare", "api"])
async def test_a_worker_that_is_killed_while_it_gets_ready_is_forked_once_more(project, python, engine, victim):
    folder = project("""
        #- test_a.py
        def test_a(): pass
    """)
    engine.source.prepare(python, folder, ".")
    (kept,) = engine.source._warm.values()
    while not kept._spare.done() and (found := family(os.environ["RUN_MARK"]).get(victim)) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.02)  # to look all the time takes what it is to get ready with
    parent = kept.parent
    os.kill(found, signal.SIGKILL)
    assert await engine.ready(folder, python) is kept
    assert kept.parent is parent
    assert not lives(found)
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_a": "passed"}
    assert "Another worker is forked" in engine.log.text


async def test_a_fork_that_fails_is_told(python, tmp_path):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)  # noqa: FBT003
        parent = Parent(Place(python, tmp_path), os.environ, ours, 1, frozenset())

        async def refuse():
            await asyncio.to_thread(theirs.recv, 1, socket.MSG_PEEK)
            for number in socket.recv_fds(theirs, 65536, 9)[1]:
                os.close(number)
            theirs.sendall(b'{"failed": "fork: Resource temporarily unavailable"}\n')

        refusing = asyncio.create_task(refuse())
        with pytest.raises(ParentError, match="fork: Resource temporarily unavailable"):
            async with parent.spare():
                pass
        await refusing
