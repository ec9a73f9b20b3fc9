# ruff: noqa: T201, RUF001  it is a command
"""Where a click's time goes in the engine, and what secrets add: runs taken in turn, in the same minutes.

`make bench ONLY=engine`. Each round runs a test of one flow and one task cold, warm, in a worker that was started
ahead, and warm with ten secrets, then one that does nothing. Times are from the asking to the test's report; the ratios
are those of the medians.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "server"), str(ROOT)]

from prefect_lens.engine.cold import ColdWorkers  # noqa: E402
from prefect_lens.engine.interpreter import find_interpreter  # noqa: E402
from prefect_lens.engine.request import Injected  # noqa: E402
from prefect_lens.engine.run import CaseFinished, CaseStarted, Collected, Preparing, RunRequest, run_tests  # noqa: E402
from prefect_lens.engine.warm import WarmWorkers  # noqa: E402
from prefect_lens.model import Interpreter  # noqa: E402

from tests.bench.clicks import write_project  # noqa: E402

NONE = Injected()
SECRETS = Injected(
    tuple((f"SECRET_{number}", secrets.token_urlsafe(30)) for number in range(10)),
    frozenset(f"SECRET_{number}" for number in range(10)),
    network=(),
    is_configured=True,
)
COLD, WARM, AHEAD = "cold", "warm", "started ahead"
GIVEN, NOTHING = "warm, with ten secrets", "warm, a test that does nothing"
STEPS = {
    "the worker has its order": Preparing,
    "conftest, imports, collection": Collected,
    "set-up begins": CaseStarted,
    "flow, task, report": CaseFinished,
}


async def main() -> None:
    """Run the rounds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=os.environ.get("PREFECT_LENS_TEST_PYTHON", sys.executable))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        project = Path(name)
        write_project(project)
        found = find_interpreter(project, ".", setting=asked.python, environ={})
        assert isinstance(found, Interpreter), found
        await _rounds(project, found, asked.rounds)


async def _rounds(project: Path, python: Interpreter, rounds: int) -> None:
    times: dict[str, list[float]] = {kind: [] for kind in (COLD, WARM, AHEAD, GIVEN, NOTHING)}
    steps: list[list[float]] = []
    warm, ahead, cold = WarmWorkers(), WarmWorkers(forks=False), ColdWorkers()
    try:
        for workers in (warm, ahead):
            workers.prepare(python, project, ".")
            await _click(workers, python, project, "test_one.py")
        for number in range(rounds):
            times[COLD].append((await _click(cold, python, project, "test_one.py"))[-1])
            await _ready(warm)
            steps.append(await _click(warm, python, project, "test_one.py"))
            times[WARM].append(steps[-1][-1])
            await _ready(ahead)
            times[AHEAD].append((await _click(ahead, python, project, "test_one.py"))[-1])
            await _ready(ahead)  # the next one is started now
            await _ready(warm)
            times[GIVEN].append((await _click(warm, python, project, "test_one.py", SECRETS))[-1])
            await _ready(warm)
            times[NOTHING].append((await _click(warm, python, project, "test_nothing.py"))[-1])
            print(f"round {number + 1}: " + ", ".join(f"{kind} {took[-1]:.3f} s" for kind, took in times.items()))
    finally:
        await asyncio.gather(warm.close(), ahead.close())
    middle = {kind: statistics.median(took) for kind, took in times.items()}
    print()
    print(f"{middle[COLD] / middle[WARM]:6.1f} ×  cold ({middle[COLD]:.2f} s) against warm ({middle[WARM]:.3f} s)")
    print(f"{middle[COLD] / middle[AHEAD]:6.1f} ×  cold against started ahead ({middle[AHEAD]:.3f} s)")
    print(f"{middle[WARM] / middle[NOTHING]:6.1f} ×  warm against a test that does nothing ({middle[NOTHING]:.3f} s)")
    more = statistics.median(given - plain for given, plain in zip(times[GIVEN], times[WARM], strict=True))
    print(f"{middle[GIVEN] / middle[WARM]:6.2f} ×  warm with ten secrets against warm without ({1000 * more:+.1f} ms)")
    print("\nOne warm click, milliseconds (median), since the step before:")
    before = 0.0
    for place, name in enumerate(STEPS):
        at = statistics.median(step[place] for step in steps)
        print(f"{1000 * (at - before):6.0f}  {name}")
        before = at


async def _click(
    workers: ColdWorkers | WarmWorkers, python: Interpreter, project: Path, file: str, given: Injected = NONE
) -> list[float]:
    """Return when each of the steps was done: seconds since the click."""
    began = time.monotonic()
    seen: dict[type, float] = {}
    result = await run_tests(
        RunRequest(project, ".", python, files=(file,), environment=given),
        workers,
        lambda event: seen.update({type(event): time.monotonic() - began}),
    )
    assert len(result.cases) == 1, (result.trouble, result.output)
    return [seen[kind] for kind in STEPS.values()]


async def _ready(warm: WarmWorkers) -> None:
    (kept,) = warm._warm.values()
    await asyncio.wait((kept._spare, kept._living), return_when=asyncio.FIRST_COMPLETED)


if __name__ == "__main__":
    asyncio.run(main())
