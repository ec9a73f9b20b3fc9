import pytest
from prefect_lens.features import counts
from prefect_lens.features.summary import summarize
from prefect_lens.model import Ending, Trouble
from pytest_prefect_lens.wire import CollectError, ExceptionRecord

from tests.features.build import case, run

A, B = "t.py::test_a", "t.py::test_b[x]"


def said(*runs):
    summary = summarize(runs, 0.412)
    return summary.outcome, summary.message


def test_a_run_is_told_in_one_line():
    assert said(run(case(A), case(B, "failed"))) == ("failed", "1 failed, 1 passed in 0.41 s")
    assert said(run(case(A)), run(case(B))) == ("passed", "2 passed in 0.41 s")
    assert said(run()) == ("nothing", "No test ran")
    assert said(run(case(A, "skipped"))) == ("passed", "1 skipped in 0.41 s")
    assert said(run(case(A), ending=Ending.CANCELLED)) == ("cancelled", "Cancelled after 0.41 s: 1 passed")


def test_a_trouble_of_one_project_makes_the_whole_broken():
    trouble = Trouble("PL907", "The worker died.")
    assert said(run(case(A)), run(ending=Ending.BROKEN, trouble=(trouble,))) == (
        "broken",
        "Could not run: The worker died. (1 passed before)",
    )


def test_a_file_that_cannot_be_collected_is_a_failure():
    error = CollectError("t.py", ExceptionRecord("ImportError", "no"), "no")
    assert said(run(case(A), collect_errors=(error,))) == (
        "failed",
        "1 passed, 1 file could not be collected in 0.41 s",
    )


def test_each_case_is_listed_with_its_parameters():
    assert summarize([run(case(A), case(B, "failed", 0.2))], 1.0).results == ((A, "passed", 0.1), (B, "failed", 0.2))


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.004, "0.00 s"), (0.06, "0.06 s"), (0.2, "0.2 s"), (9.94, "9.9 s"), (9.96, "10 s"), (200, "3 min 20 s")],
)
def test_times_are_short(value, words):
    assert counts.seconds(value) == words


def test_counts_know_singular_and_plural():
    assert [counts.plural(n, "test") for n in (0, 1, 2, 1204)] == ["0 tests", "1 test", "2 tests", "1,204 tests"]
    assert counts.in_words({"error": 1, "failed": 2}) == "1 error, 2 failed"
