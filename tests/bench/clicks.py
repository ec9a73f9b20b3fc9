# ruff: noqa: T201, RUF001  it is a command
"""What a click costs, as ratios of runs taken in turn, in the same minutes: `make bench ONLY=clicks`.

Each round runs under plain `pytest` a test of one flow and one task that fails, with Prefect's harness for the session
and without one, and the example's whole suite; then the same from a client of the language server, from the click on a
lens to the diagnostic; then a test that does nothing; then a first click, in a server that was started two seconds ago.
The ratios are those of the medians, each beside the least that it must be and what is aimed at.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "server"), str(ROOT)]

from tests.lsp.editor import Editor, editor  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = f"bench-{os.getpid()}-{time.time_ns()}"
"""Stands in the environment of all that the benchmark starts."""

FILES = {
    "flows.py": """
from prefect import flow, task
@task
def one(): raise ValueError("one")
@flow
def whole(): return one()
""",
    "test_one.py": """
from flows import whole
def test_whole(): assert whole() == 2
""",
    "test_nothing.py": "def test_nothing(): pass\n",
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
}
HARNESS = """
import pytest
from prefect.testing.utilities import prefect_test_harness
@pytest.fixture(autouse=True, scope="session")
def harness():
    with prefect_test_harness(): yield
"""
HARNESSED, BARE, EXAMPLE = "pytest, session-scoped harness", "pytest, no harness", "pytest, the example's suite"
CLICK, NOTHING, SUITE, FIRST = "click to diagnostic", "a test that does nothing", "the example's suite", "first click"

ROWS = (
    # What is slow, against what, how many times slower it must be at least, and what is aimed at.
    (HARNESSED, CLICK, 60, 150),
    (BARE, CLICK, 35, 90),
    (EXAMPLE, SUITE, 15, 40),
    (BARE, FIRST, 1, 3),
)
FLOOR = (CLICK, NOTHING, 4, 2)
"""As a row, but the ratio must be no more than that."""
MOST_MEMORY = (350, 200)
"""Megabytes for one project: no more than that, and what is aimed at."""


async def main() -> None:
    """Run the rounds and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", default=os.environ.get("PREFECT_LENS_TEST_PYTHON", sys.executable))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for project, conftest in (("harness", HARNESS), ("bare", "")):
            write_project(folder / project, conftest)
        example(folder / "example")
        (folder / "home").mkdir()
        await _rounds(folder, asked.python, asked.rounds)


def write_project(folder: Path, conftest: str = HARNESS) -> None:
    """Write the project that the benchmarks run into a folder."""
    folder.mkdir(exist_ok=True)
    for file, text in {**FILES, "conftest.py": conftest}.items():
        (folder / file).write_text(text)


def example(folder: Path) -> None:
    """Write the example into a folder that is not there yet."""
    project = ROOT / "tests" / "workspaces" / "orders"
    shutil.copytree(project, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))


async def _rounds(folder: Path, python: str, rounds: int) -> None:
    times: dict[str, list[float]] = {}
    memory = 0.0

    def took(what: str, seconds: float) -> None:
        times.setdefault(what, []).append(seconds)

    async with AsyncExitStack() as stack:
        clicked = await stack.enter_async_context(open_project(folder, "harness", python))
        suite = await stack.enter_async_context(open_project(folder, "example", python))
        await ready(2)
        await _click(clicked, "flows.py", "6: ")
        for number in range(rounds):
            took(HARNESSED, await asyncio.to_thread(plain_pytest, python, folder / "harness", "test_one.py"))
            took(BARE, await asyncio.to_thread(plain_pytest, python, folder / "bare", "test_one.py"))
            took(EXAMPLE, await asyncio.to_thread(plain_pytest, python, folder / "example"))
            await ready(2)
            took(CLICK, await _click(clicked, "flows.py", "6: "))
            await ready(2)
            took(NOTHING, await timed_run(clicked, scope="file", uri=clicked.uri("test_nothing.py")))
            await ready(2)
            took(SUITE, await timed_run(suite, scope="all"))
            await ready(2)
            memory = _memory(clicked.process.pid, "harness")
            async with open_project(folder, "bare", python) as fresh:
                await asyncio.sleep(2)
                took(FIRST, await _click(fresh, "flows.py", "6: "))
            print(f"round {number + 1}: " + ", ".join(f"{what} {took[-1]:.3f} s" for what, took in times.items()))
    middle = {what: statistics.median(of) for what, of in times.items()}
    print()
    for slow, quick, least, aim in ROWS:
        _say(middle, slow, quick, f"at least {least}, aim {aim}")
    slow, quick, most, aim = FLOOR
    _say(middle, slow, quick, f"at most {most}, aim {aim}")
    most, aim = MOST_MEMORY
    print(f"{memory:5.0f} MB (at most {most}, aim {aim})  server, parent, spare and its API (proportional set size)")


def _say(middle: dict[str, float], slow: str, quick: str, bounds: str) -> None:
    ratio = middle[slow] / middle[quick]
    print(f"{ratio:6.1f} ×  ({bounds})  {slow} ({middle[slow]:.2f} s) against {quick} ({middle[quick]:.3f} s)")


def open_project(folder: Path, project: str, python: str) -> Any:
    """Start a server with one of the projects in a folder open."""
    return editor(
        folder / project, home=folder / "home", python=python, environ={"PREFECT_LENS_BENCH": f"{MARK}-{project}"}
    )


def plain_pytest(python: str, project: Path, *files: str) -> float:
    """Run pytest as a person would who has no Prefect home yet, one test of whose fails; return the seconds."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    with tempfile.TemporaryDirectory() as home:
        began = time.monotonic()
        ended = subprocess.run(
            [python, "-m", "pytest", "-q", *files],
            cwd=project,
            env={**environment, "PREFECT_HOME": home, "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"},
            check=False,
            capture_output=True,
            text=True,
        )
        assert "1 failed" in ended.stdout, ended.stdout + ended.stderr
        return time.monotonic() - began


async def _click(client: Editor, file: str, title: str) -> float:
    """Click a lens; return the seconds until a diagnostic is there."""
    if client.file(file) not in client.texts:
        await client.open(file)
    await client.execute("clearResults")  # a diagnostic that stands already is not said again
    lens = await client.lens(file, title)
    before = client.diagnostics.pop(client.uri(file), None)
    began = time.monotonic()
    click = client.click(lens)
    await client.until(lambda: _has_news(client, file, before), "a diagnostic")
    ended = time.monotonic()
    await click
    return ended - began


def _has_news(client: Editor, file: str, before: Any) -> bool:
    found = client.diagnostics.get(client.uri(file))
    return found is not None and found is not before and bool(found["diagnostics"])


async def timed_run(client: Editor, **what: str) -> float:
    """Run tests; return the seconds until the command is answered."""
    began = time.monotonic()
    summary = await client.execute("run", **what)
    assert summary["trouble"] is None, summary
    return time.monotonic() - began


async def ready(spares: int) -> None:
    """Wait until so many workers wait for their order: their APIs sleep."""
    while sum(_state(folder) == "T" for folder in _ours()) < spares:  # noqa: ASYNC110  they tell nobody
        await asyncio.sleep(0.05)


def _memory(server: int, project: str) -> float:
    """Return the megabytes that a server and what it keeps ready for a project take together."""
    total = 0
    for folder in (Path(f"/proc/{server}"), *_ours(f"{MARK}-{project}")):
        try:
            total += int((folder / "smaps_rollup").read_text().partition("\nPss:")[2].split()[0])
        except (OSError, IndexError):
            continue
    return total / 1024


def _ours(mark: str = MARK) -> Iterator[Path]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment, command = (folder / "environ").read_bytes(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in environment and b"pytest_prefect_lens.zygote" in command:
            yield folder


def _state(folder: Path) -> str:
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"


if __name__ == "__main__":
    asyncio.run(main())
