"""Whether a test looked at how the flows ended that it ran: what it did not look at, it did not wait for."""

import pytest

from tests.plugin.driving import drive, write
from tests.pythons import MISSING, prefect_pythons

pytestmark = pytest.mark.slow

PROJECT = """
#- pytest.ini
[pytest]
prefect_lens_hermetic = true
#- test_a.py
import asyncio
import pytest
from prefect import flow
from pytest_prefect_lens import run_flow

@flow
def fails(): raise ValueError("x")

@flow
async def fails_async(): raise ValueError("x")

@pytest.fixture
def failed(): return run_flow(fails)

def test_unseen(): run_flow(fails)
def test_logs_alone(): assert run_flow(fails).logs
def test_unseen_of_a_fixture(failed): pass
def test_state(): assert run_flow(fails).state_name == "Failed"
def test_exception(): assert isinstance(run_flow(fails).exception, ValueError)
def test_states(): assert run_flow(fails).reached("Failed")
def test_failures(): assert len(run_flow(fails).failures) == 1
def test_raise_for_state():
    with pytest.raises(Exception): run_flow(fails).raise_for_state()
def test_of_a_fixture(failed): assert not failed.is_completed
def test_dropped_state(): fails(return_state=True)
async def drops(): await fails_async(return_state=True)
def test_dropped_state_of_a_coroutine(): asyncio.run(drops())
def test_name_that_nobody_reads():
    state = fails(
        return_state=True,
    )
    assert fails
def test_state_that_is_read():
    state = fails(return_state=True)
    assert state.is_failed()
def test_state_in_an_assert(): assert fails(return_state=True).is_failed()
def test_state_handed_on(): print(fails(return_state=True))
def test_state_not_asked_for():
    with pytest.raises(ValueError):
        fails(return_state=False)
def test_raises():
    with pytest.raises(ValueError): fails()
"""


def test_what_was_not_looked_at_is_told(tmp_path):
    if not (pythons := prefect_pythons()):
        pytest.skip(MISSING)
    said = drive(write(tmp_path / "project", PROJECT), files=("test_a.py",), python=pythons[0])
    assert set(said.outcomes.values()) == {"passed"}, said.output
    unseen = {name for name, case in said.cases.items() for run in case.runs if run.is_unseen}
    assert unseen == {
        "test_unseen",
        "test_logs_alone",
        "test_unseen_of_a_fixture",
        "test_dropped_state",
        "test_dropped_state_of_a_coroutine",
        "test_name_that_nobody_reads",
    }
