"""Many clicks in a row, while what they need is killed at random moments: each ends in a result or a told failure.

`PREFECT_LENS_CLICKS` says how many, `PREFECT_LENS_KILLS` in which share of them somebody is killed, `PREFECT_LENS_SEED`
in which way; `-s` shows the figures; so does `make soak`.
"""

import asyncio
import contextlib
import os
import random
import signal
import statistics
import sys
import time
from pathlib import Path

import pytest

from tests.engine.running import family, processes
from tests.lsp.editor import editor

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="who is who is read from /proc"),
]

PROJECT = """
#- conftest.py
import pytest
from prefect.testing.utilities import prefect_test_harness

@pytest.fixture(autouse=True, scope="session")
def harness():
    with prefect_test_harness():
        yield
#- flows.py
from prefect import flow, task

@task
def one(): return 1

@flow
def etl(): return one() + 1
#- test_flows.py
import time
from flows import etl

def test_etl():
    assert etl() == 2
    time.sleep(0.3)  # room for somebody to be killed, whom the next flow needs
    assert etl() == 2
"""

CLICKS = int(os.environ.get("PREFECT_LENS_CLICKS", "6"))
KILLS = float(os.environ.get("PREFECT_LENS_KILLS", "0.5"))
VICTIMS = (*("spare", "api", "guard of the spare") * 2, "parent", "guard of the parent")
PATIENCE = 150
"""Seconds after which a click counts as one that hangs: many times what a cold run takes."""
GROWTH = 40 * 2**20
"""Bytes by which a server may grow: what its libraries take when they are used for the first time."""


async def test_every_click_ends_in_a_result_or_a_told_failure_and_nothing_is_left(write, tmp_path, home, python):
    rng = random.Random(int(os.environ.get("PREFECT_LENS_SEED", "1")))
    mark = f"clicks-{os.getpid()}-{tmp_path.name}"
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environ = {"RUN_MARK": mark, "TMPDIR": str(temporary)}
    environ["XDG_CACHE_HOME"] = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = write(PROJECT)
    seen: dict[str, list[float]] = {}

    def open_one():
        return editor(folder, home=home, python=python, environ=environ)

    async with open_one() as one:
        assert _told(await one.execute("run", scope="all")) == "passed"
        await _is_ready(one, mark)
        before = _size(one.process.pid)
        usual = 1.0
        for number in range(1, CLICKS + 1):
            victim = rng.choice(VICTIMS) if rng.random() < KILLS else "nobody"
            waits = rng.random() < 0.7
            if waits:
                await _is_ready(one, mark)
            began = time.monotonic()
            # At any moment of a click, or right after it.
            answer = await _click_and_kill(one, mark, victim, 1.2 * rng.random() * usual)
            took = time.monotonic() - began
            seen.setdefault(f"{victim}: {_told(answer)}", []).append(took)
            if waits and victim == "nobody":
                usual = took
            assert _told(answer) != "nothing", (victim, answer, one.log[-20:])
            if number % 50 == 0:
                _say(f"{number} clicks; {_size(one.process.pid)}")
        while not _sleeps(family(mark)):
            assert _told(await one.execute("run", scope="all")) == "passed"
            await _is_ready(one, mark)
        after = _size(one.process.pid)
    for what, took in sorted(seen.items()):
        _say(f"{len(took):5d} {what}; {statistics.median(took):.1f} s, at most {max(took):.1f} s")
    _say(f"{before} at the beginning\n{after} at the end")
    assert abs(after["processes"] - before["processes"]) <= 1  # a warm-up may be on its way
    assert after["descriptors"] <= before["descriptors"]
    assert after["threads"] <= before["threads"] + 4
    assert after["memory"] <= before["memory"] + GROWTH

    for _ in range(max(1, CLICKS // 20)):
        with contextlib.suppress(ConnectionError):
            async with open_one() as one:
                if rng.random() < 0.5:
                    await _is_ready(one, mark)
                running = one.execute("run", scope="all")
                await asyncio.sleep(2 * rng.random())
                one.process.kill()
                await running
        await _until(lambda: not processes(mark))
    # A folder that a server had made, and nobody guarded yet when it was killed, goes at the start of the next one.
    async with open_one() as one:
        assert _told(await one.execute("run", scope="all")) == "passed"
    assert processes(mark) == []
    assert list(temporary.glob("prefect-lens-*")) == []


async def _click_and_kill(one, mark, victim, moment):
    """Click, and kill somebody so many seconds later, or when the click is answered."""
    running = one.execute("run", scope="all")
    await asyncio.wait((running,), timeout=moment)
    if (pid := family(mark).get(victim)) is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    try:
        return await asyncio.wait_for(running, PATIENCE)
    except TimeoutError:
        report = await asyncio.wait_for(one.execute("environmentInfo"), 10)
        raise AssertionError(f"{victim}, after {moment} s: {report}\n{one.log[-20:]}\n{processes(mark)}") from None


def _told(answer):
    """Return what the answer to a click says: that all is well, or which trouble there is."""
    if answer["outcome"] == "passed" and answer["counts"] == {"passed": 1}:
        return "passed"
    if answer["trouble"] is not None:
        return answer["trouble"]["code"]
    return "nothing"


async def _is_ready(one, mark):
    """Wait until the next click finds a worker whose API sleeps; or nothing, and begins anew."""

    def is_so():
        there = family(mark)
        return _sleeps(there) or not there or one.process.returncode is not None

    await _until(is_so)


def _sleeps(there):
    """Whether there is an API that was stopped: its worker waits for an order."""
    with contextlib.suppress(KeyError, OSError):
        return Path(f"/proc/{there['api']}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    return False


async def _until(holds):
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  nobody tells of processes
            await asyncio.sleep(0.05)


def _say(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _size(server):
    status = Path(f"/proc/{server}/status").read_text()
    family = [line.split() for line in status.splitlines()]
    number = {line[0]: int(line[1]) for line in family if line[0] in ("VmRSS:", "Threads:")}
    mark = next(v for v in Path(f"/proc/{server}/environ").read_bytes().split(b"\0") if v.startswith(b"RUN_MARK="))
    return {
        "memory": number["VmRSS:"] * 1024,
        "threads": number["Threads:"],
        "descriptors": len(list(Path(f"/proc/{server}/fd").iterdir())),
        "processes": len(processes(mark.decode())),
    }
