"""What may be concluded from a run about which tests run what, and what may not."""

from dataclasses import replace

import pytest
from prefect_lens.features.observing import observations
from prefect_lens.model import Ending
from pytest_prefect_lens.wire import Code, RunRecord, StateRecord

from tests.features.build import case, ident, run, snapshot

PROJECT = """
#- flows.py
from prefect import flow, task
@task
def load(): ...
@task
def clean(): ...
@flow
def etl(deep=frozenset()):
    load()
    if deep: clean()
fast = etl.with_options(retries=0)
#- test_etl.py
from flows import etl
def test_etl(): etl()
"""

TEST = "test_etl.py::test_etl"
LINES = {"load": 3, "clean": 5, "etl": 7}


def ran(name: str, *states: str) -> RunRecord:
    entered = tuple(StateRecord(state, state.upper(), state, 1.0) for state in (states or ("Running", "Completed")))
    template = case(TEST, ran=(("flows.py", name),)).runs[0]
    return replace(template, line=LINES[name], states=entered)


def a_case(*names: str, outcome: str = "passed", node: str = TEST, **more):
    runs = tuple(ran(name) for name in names)
    return replace(case(node, outcome), **{"runs": runs, "unsure": (), **more})


def seen(*cases, whole=(TEST,), same=lambda *_: True, **more):
    found = observations(snapshot(PROJECT), run(*cases, **more), frozenset(whole), same)
    return {
        test: (sorted(e.partition(":")[2] for e in one.ran), sorted(e.partition(":")[2] for e in one.spared))
        for test, one in found.items()
    }


def test_a_test_that_passed_runs_what_ran_and_nothing_else():
    assert seen(a_case("etl", "load")) == {TEST: (["etl", "load"], ["clean"])}


def test_what_is_called_past_prefect_ran():
    called = (Code("flows.py", LINES["clean"], "clean"),)
    assert seen(a_case("etl", "load", called=called)) == {TEST: (["clean", "etl", "load"], [])}


@pytest.mark.parametrize(
    ("of", "more"),
    [
        (a_case("etl", "load", outcome="failed"), {}),
        (a_case("etl", "load", outcome="xfailed"), {}),
        (a_case("etl", "load", unsure=None), {}),
        (a_case("etl", "load", unsure=(Code("flows.py", LINES["clean"], "clean"),)), {}),
        (a_case("etl", "load"), {"whole": ()}),
        (a_case("etl", "load"), {"ending": Ending.CANCELLED}),
        (a_case("etl", "load", node=f"{TEST}[1]"), {"deselected": (ident(f"{TEST}[2]"),)}),
        (a_case(runs=(ran("etl"), ran("load"), ran("clean", "Running", "Cached"))), {}),
    ],
    ids=["failed", "expected", "process", "in hand", "one parameter", "cancelled", "deselected", "cached"],
)
def test_what_may_have_run_unseen_or_would_have_run_later_is_not_refuted(of, more):
    assert seen(of, **more) == {TEST: (["etl", "load"], [])}


def test_one_set_of_parameters_that_runs_it_is_enough():
    cases = (a_case("etl", "load", node=f"{TEST}[0]"), a_case("etl", "load", "clean", node=f"{TEST}[1]"))
    assert seen(*cases) == {TEST: (["clean", "etl", "load"], [])}


def test_a_file_that_has_changed_since_before_the_run_shows_nothing():
    asked = []

    def same(path, digest):
        asked.append((path, bool(digest)))
        return path != "flows.py"

    assert seen(a_case("etl", "load"), same=same) == {}
    assert sorted(asked) == [("conftest.py", False), ("flows.py", True), ("test_etl.py", True)]
