"""Writes a realistic Prefect project of any size: `python tests/bench/project.py FOLDER [FILES]`.

Of ten files two define a flow with its tasks, some three hold tests, the others are what flows are made of: clients,
models, steps, in packages five folders deep, some fifty lines each. One flow file in a thousand is a hub: many tests
depend on it. The same size always gives the same text.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

DOMAINS = ("billing", "catalog", "claims", "fleet", "ledger", "media", "orders", "people", "risk", "stock")
STAGES = ("extract", "clean", "join", "score", "publish", "audit", "archive")
LEVELS = 6
LAYERS = ("core", "daily", "weekly", "adhoc", "shared")


def write(folder: Path, files: int) -> None:
    """Write a project of about so many files: a fifth of them flows, half as many tests as files."""
    rng = random.Random(files)
    flows, tests = files // 5, files // 4
    libraries = files - flows - tests
    _put(folder / "pyproject.toml", '[project]\nname = "acme"\n\n[tool.pytest.ini_options]\npythonpath = ["src"]\n')
    _put(folder / "src/acme/shared/clock.py", _CLOCK)
    _put(folder / "tests/conftest.py", _CONFTEST)
    for number in range(libraries):
        # what it builds on lies one level below it, so that nothing calls deeper than code that people read
        near = (
            sorted({n for _ in range(2) if (n := number - 1 - LEVELS * rng.randint(0, 9)) >= 0})
            if number % LEVELS
            else []
        )
        _put(folder / "src" / _path(_library(number)), _library_text(number, near))
    for number in range(flows):
        used = [rng.randrange(libraries) for _ in range(2)]
        inner = number - 1 if number % 5 else None
        _put(folder / "src" / _path(_flow(number)), _flow_text(number, used, inner))
    hubs = max(1, flows // 1000)
    for number in range(tests):
        used = [rng.randrange(flows), rng.randrange(hubs) if number % 5 == 0 else rng.randrange(flows)]
        _put(folder / "tests" / _place(number) / f"test_case_{number}.py", _test_text(number, used))
    for inside in {path.parent for path in (folder / "src").rglob("*.py")}:
        at = inside
        while at != folder / "src":
            (at / "__init__.py").touch()
            at = at.parent


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _place(number: int) -> str:
    return f"{DOMAINS[number % 10]}/{STAGES[number % 7]}/{LAYERS[number % 5]}/part{number // 500}"


def _library(number: int) -> str:
    return f"acme.{_place(number).replace('/', '.')}.step_{number}"


def _flow(number: int) -> str:
    return f"acme.{_place(number).replace('/', '.')}.flow_{number}"


def _path(module: str) -> str:
    return module.replace(".", "/") + ".py"


_CLOCK = '''"""When things happen."""

from datetime import datetime, timezone


def now() -> datetime:
    """Return the time."""
    return datetime.now(timezone.utc)
'''

_CONFTEST = '''"""What all tests share."""

import pytest
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="session", autouse=True)
def prefect_home():
    with prefect_test_harness():
        yield


@pytest.fixture
def rows():
    return [{"id": 1, "amount": 10.0}, {"id": 2, "amount": 20.0}]
'''


def _library_text(number: int, used: list[int]) -> str:
    imports = "\n".join(f"from {_library(n)} import Step{n}, run_step_{n}" for n in used)
    calls = "\n".join(f"        self.before.append(Step{n}(limit))" for n in used) or "        pass"
    runs = "\n".join(f"    rows = run_step_{n}(rows)" for n in used) or "    rows = list(rows)"
    return f'''"""Step {number}: what happens to the rows in it."""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from dataclasses import dataclass, field

from acme.shared.clock import now
{imports}

log = logging.getLogger(__name__)


@dataclass
class Settings{number}:
    limit: int = 100
    names: list[str] = field(default_factory=list)


class Step{number}:
    """Keeps what it has seen."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.before = []
        self.seen = defaultdict(int)
{calls}

    def take(self, row: dict) -> bool:
        key = json.dumps(row, sort_keys=True)
        self.seen[key] += 1
        if self.seen[key] > self.limit:
            log.warning("too many of %s at %s", key, now())
            return False
        return all(step.take(row) for step in self.before)


def run_step_{number}(rows, settings=None):
    """Return the rows that are taken."""
    settings = settings or Settings{number}()
{runs}
    step = Step{number}(settings.limit)
    return [row for row in rows if step.take(row)]
'''


def _flow_text(number: int, used: list[int], inner: int | None) -> str:
    first, second = used
    imports = "\n".join(f"from {_library(n)} import run_step_{n}" for n in dict.fromkeys(used))
    if inner is not None:
        imports += f"\nfrom {_flow(inner)} import load_{inner}, pipeline_{inner}"
    before = f"    pipeline_{inner}(day)\n" if inner is not None else ""
    after = f"    load_{inner}(clean)\n" if inner is not None else ""
    return f'''"""Pipeline {number}."""

from __future__ import annotations

from prefect import flow, get_run_logger, task

{imports}


@task(retries=2, retry_delay_seconds=1)
def fetch_{number}(day: str) -> list[dict]:
    """Fetch the rows of a day."""
    rows = [{{"day": day, "amount": amount}} for amount in range(10)]
    return run_step_{first}(rows)


@task
def clean_{number}(rows: list[dict]) -> list[dict]:
    """Leave out what is no row."""
    found = []
    for row in rows:
        if row.get("amount") is None:
            continue
        found.append({{**row, "amount": float(row["amount"])}})
    return run_step_{second}(found)


@task
def load_{number}(rows: list[dict]) -> int:
    """Store the rows."""
    total = 0
    for row in rows:
        total += row["amount"]
    return total


@flow(name="pipeline {number}")
def pipeline_{number}(day: str = "today") -> int:
    """Run the pipeline for a day."""
    logger = get_run_logger()
    logger.info("starting %s", day)
{before}    rows = fetch_{number}(day)
    clean = clean_{number}.submit(rows).result()
{after}    return load_{number}(clean)


if __name__ == "__main__":
    pipeline_{number}.serve(name="daily")
'''


def _test_text(number: int, used: list[int]) -> str:
    first, second = used
    return f'''"""Case {number}."""

from unittest.mock import patch

import pytest

from {_flow(first)} import clean_{first}, pipeline_{first}
from {_flow(second)} import pipeline_{second} as other


@pytest.fixture
def day_{number}(rows):
    assert rows
    return "2024-01-01"


def test_it_cleans_{number}(rows):
    expected = len(rows)
    given = [*rows, {{"id": 3, "amount": None}}]
    result = clean_{first}.fn(given)
    assert len(result) == expected
    assert all(isinstance(row["amount"], float) for row in result)


@pytest.mark.parametrize("times", [1, 2])
def test_it_runs_{number}(day_{number}, times):
    for _ in range(times):
        with patch("acme.shared.clock.now", return_value=None):
            assert pipeline_{first}(day_{number}) is not None
    assert other("today") is not None
'''


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10_000)
