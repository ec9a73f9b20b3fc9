# ruff: noqa: T201  it is a command
"""What the variables of a run cost, when they have been fetched: `make bench ONLY=injection`.

Each round runs a test that does nothing in three projects, in turn: one without a configured environment, one whose
environment has no variables, and one with ten that come from commands and are kept. What is told are the medians, and
the median of the differences of each round, with the quarters around it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "server"), str(ROOT)]

from tests.bench.clicks import open_project, ready, timed_run, write_project  # noqa: E402

MOST, AIM = 5.0, 2.0
"""Milliseconds that ten variables may cost, and what is aimed at."""

TABLE = "[tool.prefect-lens.environment]\ninherit = true\n"
VARIABLES = "[tool.prefect-lens.environment.variables]\n" + "".join(
    f'V{number} = {{ command = ["sh", "-c", "echo a-value-of-the-bench-{number}"], ttl = "10h" }}\n'
    for number in range(10)
)
WITHOUT, EMPTY, TEN = "no environment", "an environment without variables", "ten variables"
PROJECTS = {WITHOUT: "", EMPTY: TABLE, TEN: TABLE + VARIABLES}


async def main() -> None:
    """Run the rounds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--python", default=os.environ.get("PREFECT_LENS_TEST_PYTHON", sys.executable))
    asked = parser.parse_args()
    times: dict[str, list[float]] = {what: [] for what in PROJECTS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "home").mkdir()
        async with AsyncExitStack() as stack:
            clients = {}
            for number, (what, more) in enumerate(PROJECTS.items()):
                project = f"project{number}"
                write_project(folder / project, "")
                with (folder / project / "pyproject.toml").open("a") as file:
                    file.write(more)
                client = await stack.enter_async_context(open_project(folder, project, asked.python))
                client.answers.append("Allow")
                clients[what] = client
            await ready(len(clients))
            for client in clients.values():  # what is fetched is fetched here
                await timed_run(client, scope="file", uri=client.uri("test_nothing.py"))
            for number in range(asked.rounds):
                for what in random.sample(list(clients), len(clients)):
                    await ready(len(clients))
                    client = clients[what]
                    times[what].append(await timed_run(client, scope="file", uri=client.uri("test_nothing.py")))
                took = ", ".join(f"{what} {of[-1] * 1000:.1f} ms" for what, of in times.items())
                print(f"round {number + 1}: {took}", flush=True)
    print()
    for what, of in times.items():
        print(f"{statistics.median(of) * 1000:6.1f} ms  {what}")
    print()
    _say(times, EMPTY, WITHOUT, "")
    _say(times, TEN, EMPTY, "")
    _say(times, TEN, WITHOUT, f"at most {MOST:g}, aim {AIM:g}; ")


def _say(times: dict[str, list[float]], more: str, less: str, bounds: str) -> None:
    differences = [(one - other) * 1000 for one, other in zip(times[more], times[less], strict=True)]
    low, middle, high = statistics.quantiles(differences, n=4)
    print(f"{middle:6.1f} ms  ({bounds}quarters {low:.1f} and {high:.1f})  {more} more than {less}")


if __name__ == "__main__":
    asyncio.run(main())
