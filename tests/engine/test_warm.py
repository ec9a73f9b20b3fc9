"""Warm workers: as true as cold ones, never stale."""

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from prefect_lens.engine import parallel
from prefect_lens.engine.fingerprint import of_installation
from prefect_lens.engine.folders import cache_folder, plugin_folder
from prefect_lens.engine.run import Preparing, RunRequest, run_tests
from prefect_lens.engine.warm import WarmWorkers

from tests.engine.running import family, interpreter, outcomes, processes
from tests.pythons import prefect_pythons

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("nothing_left"),
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere none is forked"),
]
and_thoroughly_the_other = pytest.mark.parametrize(
    "engine", ["forked", pytest.param("ahead", marks=pytest.mark.thorough)], indirect=True
)


@pytest.mark.usefixtures("shared_imports")
@and_thoroughly_the_other
async def test_code_that_changed_between_two_clicks_is_run_as_it_is_now(project, python, engine):
    folder = project("""
        #- conftest.py
        VALUE = 1
        #- flows.py
        from prefect import flow
        @flow
        def one(): return 1
        #- test_a.py
        from flows import one
        from conftest import VALUE
        def test_one(): assert one() == VALUE
    """)
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_one": "passed"}
    (folder / "flows.py").write_text((folder / "flows.py").read_text().replace("return 1", "return 22"))
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_one": "failed"}
    (folder / "conftest.py").write_text("VALUE = 22")
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_one": "passed"}


@pytest.mark.usefixtures("shared_imports")
async def test_what_is_configured_anew_makes_a_new_parent(project, python, engine):
    folder = project("""
        #- pytest.ini
        [pytest]
        #- test_a.py
        import os
        def test_a(pytestconfig): assert (pytestconfig.getini("xfail_strict"), os.environ.get("COLOUR")) == ()
    """)
    kept = await engine.ready(folder, python)
    (folder / "pytest.ini").write_text("[pytest]\nxfail_strict = true\n")
    result = await engine.run(folder, python, "test_a.py", how="either")
    assert "(True, None)" in result.cases[0].failures[0].text
    assert engine.source._warm[kept.place] is not kept
    kept = await engine.ready(folder, python)
    os.environ["COLOUR"] = "green"
    try:
        result = await engine.run(folder, python, "test_a.py", how="either")
    finally:
        del os.environ["COLOUR"]
    assert "(True, 'green')" in result.cases[0].failures[0].text
    assert engine.source._warm[kept.place] is not kept


@pytest.mark.changes_what_is_shared
async def test_a_file_that_is_edited_where_it_is_installed_makes_a_new_parent(project, python, engine):
    folder = project("""
        #- test_a.py
        def test_a(): pass
    """)
    kept = await engine.ready(folder, python)
    module = Path(python.site_packages[0]) / "pluggy" / "__init__.py"
    assert kept.parent.stale() is None
    module.write_bytes(module.read_bytes())  # in place: its folder does not change
    while kept.parent.stale() is None:  # noqa: ASYNC110  the parent tells of it in its own time
        await asyncio.sleep(0.01)
    assert kept.parent.stale() == str(module)
    engine.source.prepare(python, folder, ".")
    assert engine.source._warm[kept.place] is not kept


@pytest.mark.usefixtures("shared_imports")
@and_thoroughly_the_other
async def test_a_module_that_stands_before_an_installed_one_is_imported(project, python, engine):
    folder = project("""
        #- pytest.ini
        [pytest]
        pythonpath = src
        #- src/httpx.py
        MINE = True
        #- test_a.py
        import httpx
        def test_a(): assert httpx.MINE
    """)
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_a": "passed"}
    (folder / "pluggy.py").write_text("raise RuntimeError('mine')")
    result = await engine.run(folder, python, "test_a.py", how="either")
    assert "RuntimeError: mine" in result.output


@pytest.mark.parametrize("engine", ["forked", "ahead"], indirect=True)
async def test_a_worker_has_what_a_cold_worker_has(project, python, engine, monkeypatch, tmp_path):
    folder = project("""
        #- test_a.py
        import asyncio, json, multiprocessing, os, random, signal, sys, threading
        def test_here():
            main = sys.modules["__main__"]
            about = {
                "cwd": os.getcwd(), "path": sys.path, "argv": sys.argv, "flags": str(sys.flags),
                "main": getattr(main, "__file__", None), "threads": threading.active_count(),
                "signals": [str(signal.getsignal(n)).partition(" at ")[0] for n in (1, 2, 13, 15, 17)],
                "environment": sorted(os.environ), "descriptors": len(os.listdir("/proc/self/fd")),
                "session": os.getsid(0) == os.getpid(), "group": os.getpgid(0) == os.getpid(),
                "prefect": [name for name in sys.modules if name.partition(".")[0] in ("prefect", "httpx")],
                "stdin": os.read(0, 10).decode(), "finders": [str(f).partition(" at ")[0] for f in sys.meta_path],
                "hooks": len(sys.path_hooks), "umask": os.umask(0o22), "level": __import__("logging").root.level,
            }
            with open(os.environ["ANSWER"], "w") as answer: json.dump(about, answer)
            with open(os.environ["ANSWER"] + "-random", "a") as answer: answer.write(f"{random.random()}\\n")
    """)
    import json
    import re

    answers = []
    for how in ("cold", "warm", "warm"):
        monkeypatch.setenv("ANSWER", str(tmp_path / "answer"))
        result = await engine.run(folder, python, "test_a.py", how=how)
        assert outcomes(result) == {"test_here": "passed"}, result
        answers.append(re.sub(r"prefect-lens-run-\w+", "…", (tmp_path / "answer").read_text()))
    cold, warm, again = map(json.loads, answers)
    assert warm == again
    cold["finders"] = [one for one in cold["finders"] if "Hidden" not in one]
    warm["finders"] = [one for one in warm["finders"] if "Hidden" not in one]
    assert {name: (warm[name], cold[name]) for name in cold if warm[name] != cold[name]} == {}
    assert len(set((tmp_path / "answer-random").read_text().split())) == 3


@pytest.mark.usefixtures("shared_imports")
async def test_an_api_that_waits_for_its_run_takes_no_time_of_the_processor(project, python, engine):
    folder = project("""
        #- test_a.py
        def test_a(): pass
    """)
    await engine.ready(folder, python)
    server = child_of(family(os.environ["RUN_MARK"])["spare"])
    while state_of(server) != "T":  # noqa: ASYNC110  it is told to stop after its worker has said that it is ready
        await asyncio.sleep(0.01)
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_a": "passed"}


@pytest.mark.changes_what_is_shared
async def test_what_a_first_flow_imports_is_found_out_beside_the_first_click(project, python, engine):
    folder = project("""
        #- test_a.py
        from prefect import flow
        @flow
        def one(): return 1
        def test_a(): assert one() == 1
    """)
    cache = cache_folder(os.environ)
    known = cache / "imports" / f"{plugin_folder(cache).name}-{of_installation(python)}"
    known.unlink(missing_ok=True)
    kept = await engine.ready(folder, python)
    parent = family(os.environ["RUN_MARK"])["parent"]
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_a": "passed"}
    while not known.exists():  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_a": "passed"}
    assert outcomes(await engine.run(folder, python, "test_a.py")) == {"test_a": "passed"}
    assert await engine.ready(folder, python) is kept
    assert family(os.environ["RUN_MARK"])["parent"] == parent


@pytest.mark.usefixtures("shared_imports")
@and_thoroughly_the_other
async def test_a_library_of_the_project_is_at_hand_once_it_was_found_to_bear_that(project, python, engine):
    folder = project("""
        #- test_a.py
        import sys
        AT_HAND = [name for finder in sys.meta_path for name in getattr(finder, "_modules", ())]
        import requests
        def test_a(): assert "requests.sessions" in AT_HAND
        def test_it_is_as_new(): assert requests.sessions.__spec__.name == "requests.sessions"
    """)
    engine.source.mention(python, folder, ".", ("requests", "requests.Session"))
    kept = await engine.ready(folder, python)
    for _ in range(20):
        told = outcomes(await engine.run(folder, python, "test_a.py"))
        assert told["test_it_is_as_new"] == "passed"
        if told["test_a"] == "passed":
            break
    assert told["test_a"] == "passed"
    assert await engine.ready(folder, python) is kept


def child_of(pid):
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return child


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def test_a_parent_that_nobody_uses_is_let_go(project, python, nothing_left):  # noqa: ARG001
    folder = project("""
        #- test_a.py
        def test_a(): pass
    """)
    source = WarmWorkers(idle=0.0)
    source.prepare(python, folder, ".")
    (kept,) = source._warm.values()
    await asyncio.wait((kept._living,))
    assert source._warm == {}
    await source.close()
    assert processes(os.environ["RUN_MARK"]) == []


async def test_no_more_parents_are_kept_than_allowed(project, python, nothing_left):  # noqa: ARG001
    folder = project("""
        #- one/test_a.py
        def test_a(): pass
        #- two/test_a.py
        def test_a(): pass
    """)
    source = WarmWorkers(most=1)
    source.prepare(python, folder, "one")
    source.prepare(python, folder, "two")
    assert [place.root.name for place in source._warm] == ["two"]
    await source.close()


async def test_what_is_kept_is_limited_at_any_time(project, python, engine):
    folder = project("""
        #- one/test_a.py
        def test_a(): pass
        #- two/test_a.py
        def test_a(): pass
    """)
    engine.source.prepare(python, folder, "one")
    await engine.ready(folder, python, "two")
    one, two = await engine.source.standing()
    assert (one.root.name, two.root.name, two.state) == ("one", "two", "ready")
    assert two.memory.processes >= 4  # parent, guard, worker, API
    assert 50 * 2**20 < two.memory.bytes < 1000 * 2**20
    engine.source.limit(1, 60)
    assert [place.root.name for place in engine.source._warm] == ["two"]
    engine.source.limit(0, 60)
    assert engine.source._warm == {}
    result = await engine.run(folder, python, "two/test_a.py", how="either")
    assert outcomes(result) == {"test_a": "passed"}
    assert engine.source._warm == {}


@pytest.mark.usefixtures("shared_imports")
async def test_two_projects_with_their_own_prefect_are_kept_side_by_side(project, engine):
    pythons = [interpreter(path) for path in prefect_pythons()]
    if len({one.prefect for one in pythons}) < 2:
        pytest.skip("there is one Prefect only")
    folder = project("""
        #- test_a.py
        import prefect, sys
        from prefect import flow
        @flow
        def one(): return prefect.__version__
        def test_a(): assert (one(), sys.executable) == 0
    """)
    for python in pythons:
        engine.source.prepare(python, folder, ".")
    requests = [RunRequest(folder, ".", python, files=("test_a.py",)) for python in pythons]
    results = await asyncio.gather(*(run_tests(one, engine.source, lambda _: None) for one in requests))
    for python, result in zip(pythons, results, strict=True):
        assert f"('{python.prefect}', '{python.path}')" in result.cases[0].failures[0].text
    assert len(engine.source._warm) == len(pythons)


@pytest.mark.usefixtures("shared_imports")
async def test_parts_of_a_run_go_on_at_once_in_warm_workers_of_one_parent(project, python, engine, tmp_path):
    python = replace(python, site_packages=())  # else xdist would be asked
    folder = project(f"""
        #- flows.py
        from prefect import flow
        @flow
        def one(): return 1
        #- test_a.py
        from flows import one
        def test_a():
            with open({str(tmp_path / "meeting")!r}, "w"): assert one() == 1
        #- test_b.py
        from flows import one
        def test_b():
            with open({str(tmp_path / "meeting")!r}): assert one() == 1
    """)
    os.mkfifo(tmp_path / "meeting")
    kept = await engine.ready(folder, python)
    events = []
    request = RunRequest(folder, ".", python, files=("test_a.py", "test_b.py"), processes=2)
    result = await parallel.run(request, engine.source, events.append)
    assert outcomes(result) == {"test_a": "passed", "test_b": "passed"}, result
    assert [event.text for event in events if isinstance(event, Preparing) and "anew" in event.text] == []
    assert await engine.ready(folder, python) is kept
    assert not kept.in_use


async def test_where_memory_is_low_a_run_is_cold_and_the_log_says_so(project, python, engine, monkeypatch):
    monkeypatch.setattr("prefect_lens.engine.warm.LEAST_MEMORY", 2**60)
    folder = project("""
        #- test_a.py
        def test_a(): pass
    """)
    events = []
    result = await engine.run(folder, python, "test_a.py", how="either", events=events)
    assert outcomes(result) == {"test_a": "passed"}
    assert "Memory is low" in engine.log.text
    assert Preparing("starting pytest anew: memory is low") in events
    assert [one.state for one in await engine.source.standing()] == ["cold: memory is low"]
