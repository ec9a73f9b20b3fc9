# ruff: noqa: T201, RUF001  it is a command
"""What a click costs, as ratios of runs taken in turn, in the same minutes: `make bench`.

Each round runs a test of one flow and one task under plain `pytest`, with Prefect's harness for the session and without
one, then through the engine, cold and warm, then a test that does nothing, warm. The ratios are those of the medians.
Times are from the asking to the test's report for the engine, and of the whole command for `pytest`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MARK = f"bench-{os.getpid()}-{time.time_ns()}"
"""Stands in the environment of what the benchmark starts."""

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "server"), str(ROOT)]

from prefect_lens.engine.cold import ColdWorkers  # noqa: E402
from prefect_lens.engine.interpreter import find_interpreter  # noqa: E402
from prefect_lens.engine.request import Injected  # noqa: E402
from prefect_lens.engine.run import CaseFinished, CaseStarted, Collected, Preparing, RunRequest, run_tests  # noqa: E402
from prefect_lens.engine.warm import WarmWorkers  # noqa: E402
from prefect_lens.model import Interpreter  # noqa: E402

TEST = """
from prefect import flow, task
@task
def one(): return 1
@flow
def whole(): return one() + 1
def test_whole(): assert whole() == 2
"""
HARNESS = """
import pytest
from prefect.testing.utilities import prefect_test_harness
@pytest.fixture(autouse=True, scope="session")
def harness():
    with prefect_test_harness(): yield
"""
NONE = Injected()
SECRETS = Injected(
    tuple((f"SECRET_{number}", secrets.token_urlsafe(30)) for number in range(10)),
    frozenset(f"SECRET_{number}" for number in range(10)),
    network=(),
    is_configured=True,
)
PLAIN, BARE, COLD, WARM, GIVEN, NOTHING = (
    "pytest, session-scoped harness",
    "pytest, no harness",
    "engine, cold",
    "engine, warm",
    "engine, warm, with ten secrets",
    "engine, warm, a test that does nothing",
)


async def main() -> None:
    """Run the rounds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=os.environ.get("PREFECT_LENS_TEST_PYTHON", sys.executable))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for project, conftest in (("harness", HARNESS), ("bare", "")):
            (folder / project).mkdir()
            (folder / project / "conftest.py").write_text(conftest)
            (folder / project / "test_one.py").write_text(TEST)
            (folder / project / "test_nothing.py").write_text("def test_nothing(): pass\n")
        found = find_interpreter(folder, ".", setting=asked.python, environ={})
        assert isinstance(found, Interpreter), found
        await _rounds(folder, found, asked.rounds)


async def _rounds(folder: Path, python: Interpreter, rounds: int) -> None:
    times: dict[str, list[float]] = {kind: [] for kind in (PLAIN, BARE, COLD, WARM, GIVEN, NOTHING)}
    steps: list[list[float]] = []
    os.environ["PREFECT_LENS_BENCH"] = MARK
    warm, cold = WarmWorkers(), ColdWorkers()
    project = folder / "harness"
    try:
        warm.prepare(python, project, ".")
        await _click(warm, python, project, "test_one.py")
        for number in range(rounds):
            times[PLAIN].append(await asyncio.to_thread(_pytest, python, project))
            times[BARE].append(await asyncio.to_thread(_pytest, python, folder / "bare"))
            times[COLD].append((await _click(cold, python, project, "test_one.py"))[-1])
            await _ready(warm)
            steps.append(await _click(warm, python, project, "test_one.py"))
            times[WARM].append(steps[-1][-1])
            await _ready(warm)
            times[GIVEN].append((await _click(warm, python, project, "test_one.py", SECRETS))[-1])
            await _ready(warm)
            times[NOTHING].append((await _click(warm, python, project, "test_nothing.py"))[-1])
            print(f"round {number + 1}: " + ", ".join(f"{kind} {took[-1]:.3f} s" for kind, took in times.items()))
        await _ready(warm)
        memory = _memory()
    finally:
        await warm.close()
    middle = {kind: statistics.median(took) for kind, took in times.items()}
    print()
    for kind in (PLAIN, BARE, COLD):
        print(
            f"{middle[kind] / middle[WARM]:6.1f} ×  {kind} ({middle[kind]:.2f} s) against warm ({middle[WARM]:.3f} s)"
        )
    print(f"{middle[WARM] / middle[NOTHING]:6.1f} ×  warm against a test that does nothing ({middle[NOTHING]:.3f} s)")
    more = statistics.median(given - plain for given, plain in zip(times[GIVEN], times[WARM], strict=True))
    print(f"{middle[GIVEN] / middle[WARM]:6.2f} ×  warm with ten secrets against warm without ({1000 * more:+.1f} ms)")
    print("\nOne warm click, milliseconds (median), since the step before:")
    names = ("the worker has its order", "conftest, imports, collection", "set-up begins", "flow, task, report")
    before = [0.0, *(statistics.median(step[place] for step in steps) for place in range(4))]
    for place, name in enumerate(names):
        print(f"{1000 * (before[place + 1] - before[place]):6.0f}  {name}")
    print(f"\nParent, spare worker and its API together: {memory:.0f} MB (proportional set size)")


def _pytest(python: Interpreter, project: Path) -> float:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    with tempfile.TemporaryDirectory() as home:
        began = time.monotonic()
        subprocess.run(
            [python.path, "-m", "pytest", "-q", "test_one.py"],
            cwd=project,
            env={**environment, "PREFECT_HOME": home, "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
            check=True,
            capture_output=True,
        )
        return time.monotonic() - began


async def _click(
    workers: ColdWorkers | WarmWorkers, python: Interpreter, project: Path, file: str, given: Injected = NONE
) -> list[float]:
    """Return when the worker had its order, had collected, began the test and had ended it: seconds since the click."""
    began = time.monotonic()
    seen: dict[type, float] = {}
    result = await run_tests(
        RunRequest(project, ".", python, files=(file,), environment=given),
        workers,
        lambda event: seen.update({type(event): time.monotonic() - began}),
    )
    assert [case.outcome for case in result.cases] == ["passed"], (result.trouble, result.output)
    return [seen[kind] for kind in (Preparing, Collected, CaseStarted, CaseFinished)]


async def _ready(warm: WarmWorkers) -> None:
    (kept,) = warm._warm.values()
    await asyncio.wait((kept._spare, kept._living), return_when=asyncio.FIRST_COMPLETED)


def _memory() -> float:
    """Return the megabytes that the warm processes of this benchmark take together."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment, command = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
            if MARK.encode() in environment and b"pytest_prefect_lens.zygote" in command:
                rollup = (folder / "smaps_rollup").read_text()
                total += int(rollup.partition("\nPss:")[2].split()[0])
        except (OSError, ValueError, IndexError):
            continue
    return total / 1024


if __name__ == "__main__":
    asyncio.run(main())
