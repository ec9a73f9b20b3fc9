"""Real workers: whatever the code under test does to its process, the run ends, says what happened, leaves nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prefect_lens.model import Ending
from pytest_prefect_lens.wire import TestId

from tests.engine.running import outcomes, processes, run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_left")]


async def test_results_come_with_paths_of_the_workspace(project, python):
    folder = project("""
        #- my project [1]/tests/test_a.py
        def test_passes(): pass
        def test_fails(): assert 1 == 2
        #- my project [1]/pytest.ini
        [pytest]
    """)
    events = []
    result = await run(folder, python, "my project [1]/tests/test_a.py", project="my project [1]", events=events)
    assert result.ending is Ending.COMPLETE, result
    assert outcomes(result) == {"test_passes": "passed", "test_fails": "failed"}
    assert {case.test.path for case in result.cases} == {"my project [1]/tests/test_a.py"}
    assert result.versions[2] == python.prefect
    assert [type(event).__name__ for event in events][-4:] == ["CaseStarted", "CaseFinished"] * 2


async def test_a_worker_has_what_a_terminal_has(project, python, monkeypatch):
    folder = project("""
        #- test_a.py
        import os, sys, pathlib
        def test_here():
            assert os.getcwd() == sys.path[0] == str(pathlib.Path(__file__).parent)
            assert sys.path.index(os.environ["PYTHONPATH"]) < len(sys.path) - 1
            assert os.environ["VIRTUAL_ENV"] == sys.prefix
            assert os.environ["PATH"].startswith(sys.prefix)
            assert "PREFECT_LENS_WORKER" not in os.environ
            assert sys.argv[0].endswith("pytest/__main__.py")
            import prefect_lens
        #- elsewhere/prefect_lens.py
    """)
    monkeypatch.setenv("PYTHONPATH", str(folder / "elsewhere"))
    result = await run(folder, python, "test_a.py")
    assert set(outcomes(result).values()) == {"passed"}, [case.failures for case in result.cases]


async def test_what_others_do_at_the_end_is_awaited(project, python):
    folder = project("""
        #- conftest.py
        import atexit, pathlib, threading, time
        atexit.register(pathlib.Path("at exit").touch)
        def pytest_terminal_summary():
            time.sleep(3)  # a coverage report
            pathlib.Path("summary").touch()
        def pytest_unconfigure():
            threading.Thread(target=lambda: (time.sleep(0.2), pathlib.Path("thread").touch())).start()
        #- test_a.py
        def test_a(): pass
    """)
    result = await run(folder, python, "test_a.py")
    assert result.ending is Ending.COMPLETE
    assert all((folder / name).exists() for name in ("summary", "thread", "at exit"))


DEATHS = {
    "os._exit(3)": "ended by itself with exit status 3",
    "os.kill(os.getpid(), 9)": "was killed by SIGKILL",
    "import ctypes; ctypes.string_at(0)": "was killed by SIGSEGV",
}


@pytest.mark.parametrize(("how", "told"), DEATHS.items(), ids=DEATHS)
async def test_a_death_is_an_error_at_the_test_that_ran(project, python, how, told):
    folder = project(f"""
        #- test_a.py
        import os
        def test_before(): pass
        def test_dies(): {how}
        def test_after(): pass
    """)
    result = await run(folder, python, "test_a.py")
    assert result.ending is Ending.BROKEN
    assert [trouble.code for trouble in result.trouble] == ["PL907"]
    assert f"{told} while test_a.py::test_dies ran" in result.trouble[0].what
    assert outcomes(result) == {"test_before": "passed", "test_dies": "error"}


async def test_a_flood_and_bytes_that_are_no_text_do_no_harm(project, python):
    folder = project(r"""
        #- test_a.py
        import os
        def test_floods():
            for _ in range(300): os.write(1, b"\xff\x00" * 500_000)
            os.write(2, b"the end")
    """)
    result = await run(folder, python, "test_a.py", pytest_args=("-s",))
    assert result.ending is Ending.COMPLETE, result.trouble
    assert outcomes(result) == {"test_floods": "passed"}
    assert "the end" in result.output
    assert len(result.output) < 1_100_000


async def test_a_test_that_closes_its_output_is_heard_all_the_same(project, python):
    folder = project("""
        #- test_a.py
        import os, sys
        def test_closes(): os.close(1); os.close(2)
        def test_closes_the_stream(): sys.stdout.close()
    """)
    result = await run(folder, python, "test_a.py")
    assert outcomes(result)["test_closes"] == "passed", result


async def test_a_worker_that_closes_our_channel_is_told_as_such(project, python):
    folder = project("""
        #- test_a.py
        import os, time
        def test_becomes_a_daemon():
            os.closerange(3, 1000); time.sleep(60)
    """)
    result = await run(folder, python, "test_a.py")
    assert [trouble.code for trouble in result.trouble] == ["PL908"]
    assert outcomes(result) == {"test_becomes_a_daemon": "error"}


async def test_what_a_test_leaves_behind_goes_with_its_run(project, python):
    folder = project("""
        #- test_a.py
        import os, subprocess, sys, threading, time
        def test_leaves():
            threading.Thread(target=time.sleep, args=(100,)).start()
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session=True)
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0: time.sleep(100)
                os._exit(0)
        def test_forks_and_comes_back():
            if os.fork() == 0: raise RuntimeError("in the child")
    """)
    began = time.monotonic()
    result = await run(folder, python, "test_a.py")
    assert time.monotonic() - began < 60
    assert result.ending is Ending.COMPLETE, result.trouble
    assert [(case.test.names, case.outcome) for case in result.cases] == [
        (("test_leaves",), "passed"),
        (("test_forks_and_comes_back",), "passed"),
    ]


@pytest.mark.parametrize("mood", ["willing", "stubborn"])
async def test_cancelling_a_run_ends_its_processes(project, python, tmp_path, mood):
    folder = project(f"""
        #- test_a.py
        import pathlib, pytest, signal, subprocess, sys, time
        @pytest.fixture
        def resource():
            yield
            pathlib.Path({str(tmp_path / "torn down")!r}).touch()
        def test_quick(): pass
        def test_waits(resource):
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"], start_new_session=True)
            if {mood == "stubborn"}:
                for number in (1, 2, 15): signal.signal(number, signal.SIG_IGN)
            open({str(tmp_path / "runs")!r}, "w").close()
            time.sleep(100)
    """)
    os.mkfifo(tmp_path / "runs")
    cancel = asyncio.Event()
    running = asyncio.ensure_future(run(folder, python, "test_a.py", cancel=cancel))
    await asyncio.to_thread((tmp_path / "runs").read_text)  # opening it waits for the test to open it
    began = time.monotonic()
    cancel.set()
    result = await running
    assert time.monotonic() - began < 5
    assert result.ending is Ending.CANCELLED
    assert outcomes(result) == {"test_quick": "passed"}
    assert (tmp_path / "torn down").exists() == (mood == "willing")


async def test_a_file_that_is_gone_is_told_and_the_others_run(project, python):
    folder = project("""
        #- test_a.py
        def test_there(): pass
        def test_not_asked_for(): pass
    """)
    there, gone = TestId("test_a.py", ("test_there",)), TestId("test_b.py", ("test_gone",))
    result = await run(folder, python, tests=(there, gone))
    assert result.ending is Ending.COMPLETE, result.trouble
    assert outcomes(result) == {"test_there": "passed"}
    assert result.missing == (gone,)
    result = await run(folder, python, tests=(gone,))
    assert result.ending is Ending.COMPLETE, result.trouble
    assert (result.cases, result.missing) == ((), (gone,))


async def test_options_that_pytest_does_not_know_are_told(project, python):
    folder = project("""
        #- test_a.py
        def test_a(): pass
    """)
    result = await run(folder, python, "test_a.py", pytest_args=("--no-such-option",))
    assert [trouble.code for trouble in result.trouble] == ["PL910"]
    assert "--no-such-option" in result.trouble[0].what


def test_a_server_that_is_killed_leaves_nothing(project, python, tmp_path):
    folder = project("""
        #- test_a.py
        import pathlib, time
        def test_waits():
            pathlib.Path("runs").touch(); time.sleep(100)
    """)
    code = (
        "import asyncio, sys, tempfile; sys.path[:0] = sys.argv[3:]; tempfile.tempdir = sys.argv[2]\n"
        "from pathlib import Path\n"
        "from tests.engine.running import interpreter, run\n"
        f"asyncio.run(run(Path({str(folder)!r}), interpreter(sys.argv[1]), 'test_a.py'))\n"
    )
    here = [str(Path(__file__).parent), *sys.path]
    server = subprocess.Popen([sys.executable, "-c", code, python.path, str(tmp_path / "tmp"), *here])
    until(lambda: (folder / "runs").exists() or server.poll() is not None)
    assert server.poll() is None
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    began = time.monotonic()
    until(lambda: not processes(os.environ["RUN_MARK"]))
    assert time.monotonic() - began < 5


def until(holds):
    """Look until something holds that no event tells of: the processes are no children of ours."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
