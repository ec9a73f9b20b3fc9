from dataclasses import replace

from prefect_lens.features.results import Batch, Results
from prefect_lens.features.tracebacks import traceback_text
from pytest_prefect_lens.wire import ExceptionRecord, Frame, StateRecord

from tests.features.build import case

TEXT = "@task\ndef parse(line):\n    return float(line)\n"


def test_a_swallowed_failure_has_a_traceback_of_the_users_code():
    cause = ExceptionRecord("KeyError", "'x'", (Frame("flows.py", 1, "<module>"),))
    error = ExceptionRecord("ValueError", "no float", (Frame("flows.py", 3, "parse"),), cause)
    passed = case("test_a.py::test_a[1]", ran=(("flows.py", "parse"),))
    run = replace(passed.runs[0], states=(StateRecord("1", "FAILED", "Failed", 0.0, exception=error),))
    results = Results((Batch((replace(passed, runs=(run,)),), texts={"flows.py": TEXT}),))
    assert traceback_text(results, frozenset({"test_a.py::test_a[1]"})).split("\n") == [
        "Task 'parse' Failed, in test_a.py::test_a[1]",
        "",
        "Traceback (most recent call last, frames of your code alone):",
        '  File "flows.py", line 1, in <module>',
        "    @task",
        "KeyError: 'x'",
        "",
        "The above exception was the direct cause of the following exception:",
        "",
        "Traceback (most recent call last, frames of your code alone):",
        '  File "flows.py", line 3, in parse',
        "    return float(line)",
        "ValueError: no float",
    ]
    assert traceback_text(results, frozenset({"test_a.py::test_a[2]"})) == ""


def test_a_failed_test_has_pytests_own():
    failed = case("test_a.py::test_a", "failed")
    text = traceback_text(Results((Batch((failed,)),)), frozenset({"test_a.py::test_a"}))
    assert text == "test_a.py::test_a, call\n\ntest_a.py::test_a is wrong"
