# ruff: noqa: T201, RUF001  it is a command
"""What it gains to spread a large selection over the cores: `make bench ONLY=parallel`.

The same tests in one warm process, over several warm ones, and over workers of pytest-xdist, which start cold, in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "server"), str(ROOT)]

from prefect_lens.engine import parallel  # noqa: E402
from prefect_lens.engine.interpreter import find_interpreter  # noqa: E402
from prefect_lens.engine.request import RunRequest  # noqa: E402
from prefect_lens.engine.warm import WarmWorkers  # noqa: E402
from prefect_lens.model import Interpreter  # noqa: E402

FILES = 8
"""How many test files there are: a file is never divided."""

FILE = """\
import pytest
from prefect import flow, task

@task
def double(number):
    return sum(range(500_000)) * 0 + 2 * number

@flow
def doubles(numbers):
    return [double(number) for number in numbers]

@pytest.mark.parametrize("number", range({tests}))
def test_doubles(number):
    assert doubles([number, 1]) == [2 * number, 2]
"""


async def main() -> None:
    """Run the rounds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tests", type=int, default=20, help="how many each file has")
    parser.add_argument("--python", default=os.environ.get("PREFECT_LENS_TEST_PYTHON", sys.executable))
    asked = parser.parse_args()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = tuple(f"test_{number}.py" for number in range(FILES))
        for file in files:
            (folder / file).write_text(FILE.format(tests=asked.tests))
        (folder / "conftest.py").write_text(
            "import pytest\nfrom prefect.testing.utilities import prefect_test_harness\n\n"
            "@pytest.fixture(autouse=True, scope='session')\ndef harness():\n"
            "    with prefect_test_harness():\n        yield\n"
        )
        python = find_interpreter(folder, ".", setting=asked.python, environ={})
        assert isinstance(python, Interpreter), python
        one = RunRequest(folder, ".", replace(python, site_packages=()), files=files)  # no xdist is seen there
        ways = {
            "one process": one,
            f"{cores} processes": replace(one, processes=cores),
            f"{cores} workers of pytest-xdist": replace(one, processes=cores, interpreter=python),
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        warm = WarmWorkers()
        try:
            for number in range(asked.rounds + 1):
                for way, request in ways.items():
                    warm.prepare(request.interpreter, folder, ".")
                    await asyncio.wait([kept._spare for kept in warm._warm.values()])
                    began = time.monotonic()
                    result = await parallel.run(request, warm, lambda _: None)
                    assert len(result.cases) == FILES * asked.tests, result.trouble
                    if number:  # the first round finds out what can be imported early
                        times[way].append(time.monotonic() - began)
        finally:
            await warm.close()
    middle = {way: statistics.median(seconds) for way, seconds in times.items()}
    first = middle["one process"]
    print(f"{FILES * asked.tests} tests in {FILES} files, {cores} cores, medians of {asked.rounds} rounds")
    for way, seconds in middle.items():
        print(f"{first / seconds:6.2f} ×  {way} ({seconds:.2f} s)")


if __name__ == "__main__":
    asyncio.run(main())
