# ruff: noqa: ASYNC240, T201, RUF001  it is a command
"""What the example's whole suite costs, cold and warm in turn, and where the warm time goes: `make bench ONLY=suite`.

For each test: what its own process computed, how long it waited for Prefect's API, and what is left, which nobody
worked in: a time-out or a delay of the test's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "server"), str(ROOT)]

from prefect_lens.engine.interpreter import find_interpreter  # noqa: E402
from prefect_lens.engine.run import CaseFinished, CaseStarted, RunRequest, run_tests  # noqa: E402
from prefect_lens.engine.warm import WarmWorkers  # noqa: E402
from prefect_lens.model import Interpreter  # noqa: E402

from tests.bench.clicks import EXAMPLE, example, plain_pytest  # noqa: E402


async def main() -> None:
    """Run the rounds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", default=os.environ.get("PREFECT_LENS_TEST_PYTHON", sys.executable))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder, plugins = Path(name, "example"), Path(name, "plugins")
        example(folder)
        plugins.mkdir()
        shutil.copy(ROOT / "tests" / "bench" / "asking.py", plugins / "bench_asking.py")
        python = find_interpreter(folder, ".", setting=asked.python, environ={})
        assert isinstance(python, Interpreter), python
        noted = Path(name, "noted")
        warm = WarmWorkers({**os.environ, "PYTHONPATH": str(plugins), "BENCH_ASKING": str(noted)})
        warm.prepare(python, folder, ".")
        cold: list[float] = []
        rounds: list[dict[str, float]] = []
        try:
            await _run(warm, python, folder, noted)
            for number in range(asked.rounds):
                cold.append(await asyncio.to_thread(plain_pytest, asked.python, folder))
                rounds.append(await _run(warm, python, folder, noted))
                print(f"round {number + 1}: {EXAMPLE} {cold[-1]:.2f} s, warm {sum(rounds[-1].values()):.2f} s")
        finally:
            await warm.close()
    took = statistics.median(sum(steps.values()) for steps in rounds)
    print(
        f"\n{statistics.median(cold) / took:6.1f} ×  {EXAMPLE} ({statistics.median(cold):.2f} s) against {took:.3f} s"
    )
    print("\nThe warm suite, milliseconds (median):")
    for step in {step: None for steps in rounds for step in steps}:
        print(f"{1000 * statistics.median(steps.get(step, 0.0) for steps in rounds):6.0f}  {step}")


async def _run(warm: WarmWorkers, python: Interpreter, folder: Path, noted: Path) -> dict[str, float]:
    """Run the suite when a worker waits; return the seconds of each step."""
    (kept,) = warm._warm.values()
    await asyncio.wait((kept._spare, kept._living), return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(1)  # it says that it is ready, and its API falls asleep
    noted.unlink(missing_ok=True)
    seen: list[float] = []

    def hear(event: object) -> None:
        if isinstance(event, (CaseStarted, CaseFinished)):
            seen.append(time.monotonic())

    began = time.monotonic()
    request = RunRequest(folder, ".", python, pytest_args=("-p", "bench_asking"))
    result = await run_tests(request, warm, hear)
    ended = time.monotonic()
    assert not result.trouble, result.trouble
    tests = [json.loads(line) for line in noted.read_text().splitlines()]
    own, api, wall = (sum(test[what] for test in tests) for what in ("own", "api", "wall"))
    idle = {test["test"]: test["wall"] - test["own"] - test["api"] for test in tests}
    long = {f"nobody works: {name}": seconds for name, seconds in idle.items() if seconds > 0.1}
    return {
        "conftest, imports, collection": seen[0] - began,
        "tests: what they, Prefect's client and pytest compute": own,
        "tests: answers of Prefect's API, some seventy": api,
        **long,
        "tests: all shorter waits": wall - own - api - sum(long.values()),
        "between the tests": seen[-1] - seen[0] - wall,
        "the end of pytest, its process and the API": ended - seen[-1],
    }


if __name__ == "__main__":
    asyncio.run(main())
