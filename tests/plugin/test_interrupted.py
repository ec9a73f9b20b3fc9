"""What the editor shows of runs that were rolled back, that wait for a person, and that were tried again later."""

from pathlib import Path

import pytest
from prefect_lens.features.diagnostics import diagnostics
from prefect_lens.model import Ending, RunResult

from tests.plugin.driving import drive, write
from tests.pythons import MISSING, newest_and_thoroughly_the_rest

pytestmark = pytest.mark.slow

PROJECT = """
#- pytest.ini
[pytest]
prefect_lens_hermetic = true
#- test_a.py
import pytest
from prefect import flow, suspend_flow_run, task
from prefect.transactions import transaction

@task
def save(text): return text

@save.on_rollback
def forget(txn): pass

@task
def check(text):
    raise ValueError(text)  # raised

@flow
def saves():
    with transaction():
        save("x")  # rolled back
        check("bad")

@flow
def breaks():
    with transaction():
        save("y")  # rolled back by the flow
        raise KeyError("z")

@flow
async def asks_async():
    await suspend_flow_run(timeout=60)  # suspended

@task(retries=1, retry_delay_seconds=600)
def patient(seen=[]):
    seen.append(1)
    if len(seen) == 1: raise ValueError("not yet")  # tried again

@flow
def waits(): patient()

def test_saves():
    with pytest.raises(ValueError): saves()

def test_breaks():
    with pytest.raises(KeyError): breaks()

def test_asks_async(deploy): assert deploy(asks_async).run().state_name == "Suspended"

@pytest.mark.prefect(retry_delays=False)
def test_waits(): waits()
"""


@pytest.fixture(
    scope="module", params=newest_and_thoroughly_the_rest(), ids=lambda p: Path(p).parts[-3] if p else "none"
)
def told(request, tmp_path_factory) -> dict[int, list[str]]:
    """The diagnostics by line: code, severity and first line."""
    if request.param is None:
        pytest.skip(MISSING)
    project = write(tmp_path_factory.mktemp("interrupted") / "project", PROJECT)
    said = drive(project, files=("test_a.py",), python=request.param)
    assert set(said.outcomes.values()) == {"passed"}, said.output
    found: dict[int, list[str]] = {}
    for one in diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=tuple(said.cases.values()))):
        line = f"{one.code} {one.severity} {one.message.splitlines()[0]}"
        found.setdefault(one.location.span.start.line + 1, []).append(line)
    return found


def at(comment: str) -> int:
    lines = PROJECT.partition("#- test_a.py\n")[2].splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.endswith(f"# {comment}"))


def test_a_rollback_is_told_at_the_call_by_what_caused_it(told):
    assert told[at("rolled back")] == [
        "PL110 information Task 'save' RolledBack: after Task 'check' Failed: ValueError: bad"
    ]
    assert told[at("rolled back by the flow")] == [
        "PL110 information Task 'save' RolledBack: after Flow 'breaks' Failed: KeyError: 'z'"
    ]


def test_a_pause_is_told_where_it_was_asked_for(told):
    assert told[at("suspended")] == [
        "PL208 information Flow 'asks-async' Suspended: The run has left its process until it is resumed."
    ]


def test_a_retry_is_told_with_its_delay(told):
    [said] = told[at("tried again")]
    assert said.startswith("PL105 information Task 'patient' Completed on attempt 2 of 2, after: ValueError: not yet")
    assert said.endswith(" (AwaitingRetry for 600 s)")
