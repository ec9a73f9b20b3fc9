"""What a run's records show at which line."""

from dataclasses import replace
from textwrap import dedent

import pytest
from prefect_lens.features.diagnostics import diagnostics
from prefect_lens.model import Diagnostic, Ending, Location, Position, RunResult, Severity, Span, Trouble
from pytest_prefect_lens.wire import (
    CaseRecord,
    CollectError,
    ExceptionRecord,
    Failure,
    Frame,
    Reached,
    RunRecord,
    StateRecord,
    TestId,
)

FLOWS, TESTS = "flows/orders.py", "tests/test_orders.py"
IN_PARSE = Frame(FLOWS, 9, "parse", 12, 9, 24)
IN_FLOW = Frame(FLOWS, 24, "orders_flow", 16, 24, 27)
IN_TEST = Frame(TESTS, 19, "test_words", 5, 19, 30)
BAD_FLOAT = ExceptionRecord("ValueError", "could not convert string to float: 'x'", (IN_PARSE,))


def check(shown: str, *cases: CaseRecord, **rest) -> tuple[Diagnostic, ...]:
    found = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=cases, **rest))
    assert "\n\n".join(map(drawn, found)) == dedent(shown).strip()
    return found


def drawn(diagnostic: Diagnostic) -> str:
    start = diagnostic.location.span.start
    head = f"{diagnostic.location.path}:{start.line + 1}:{start.column + 1} {diagnostic.severity} {diagnostic.code}"
    related = [f"~ {one.location.path}:{one.location.span.start.line + 1} {one.message}" for one in diagnostic.related]
    return "\n".join([head, *diagnostic.message.splitlines(), *related])


def states(
    *names: str, exception: ExceptionRecord | None = None, message: str | None = None
) -> tuple[StateRecord, ...]:
    """States by `TYPE` or `TYPE Name`; the last one holds the exception, and so do those that await a retry."""
    made = []
    for number, text in enumerate(names):
        kind, _, name = text.partition(" ")
        holds = exception if number == len(names) - 1 or name in ("AwaitingRetry", "Retrying") else None
        made.append(StateRecord(f"s{number}", kind, name or kind.title(), float(number), message, holds))
    return tuple(made)


def task(*names: str, exception: ExceptionRecord | None = BAD_FLOAT, **changes) -> RunRecord:
    run = RunRecord(
        id="t1",
        kind="task",
        name="parse",
        run_name="parse-df2",
        run_name_set=False,
        path=FLOWS,
        line=7,
        qualname="parse",
        parent="f1",
        called_at=IN_FLOW,
        attempt=1,
        max_attempts=1,
        states=states(*(names or ("RUNNING", "FAILED")), exception=exception, message=changes.pop("message", None)),
        column=5,
        end_column=10,
    )
    return replace(run, **changes)


def flow(*names: str, exception: ExceptionRecord | None = None, **changes) -> RunRecord:
    run = RunRecord(
        id="f1",
        kind="flow",
        name="orders",
        run_name="dashing-uakari",
        run_name_set=False,
        path=FLOWS,
        line=20,
        qualname="orders_flow",
        parent=None,
        called_at=IN_TEST,
        attempt=1,
        max_attempts=1,
        states=states(*(names or ("RUNNING", "FAILED")), exception=exception, message=changes.pop("message", None)),
        column=5,
        end_column=16,
    )
    return replace(run, **changes)


def failed(*runs: RunRecord, exception: ExceptionRecord | None, params: str | None = None, **changes) -> CaseRecord:
    failures = () if exception is None else (Failure("call", exception, ""),)
    test = TestId(TESTS, ("test_words",), params)
    return CaseRecord(test, changes.pop("outcome", "failed"), 0.1, runs, changes.pop("failures", failures))


def through(exception: ExceptionRecord, *frames: Frame) -> ExceptionRecord:
    """The same exception, seen further out."""
    return replace(exception, frames=(*frames, *exception.frames))


def the_story(params: str | None = None, exception: ExceptionRecord = BAD_FLOAT) -> CaseRecord:
    return failed(
        flow(exception=through(exception, IN_FLOW)),
        task(
            "RUNNING", "RUNNING Retrying", "RUNNING Retrying", "FAILED", exception=exception, attempt=3, max_attempts=3
        ),
        exception=through(exception, IN_TEST, IN_FLOW),
        params=params,
    )


def test_a_failed_task_is_told_at_the_line_that_raised_and_its_flow_is_only_the_messenger():
    (cause, in_test) = check(
        """
        flows/orders.py:9:12 error PL101
        Task 'parse' Failed (attempt 3 of 3): ValueError: could not convert string to float: 'x'
        in flow 'orders', by tests/test_orders.py::test_words[a;x]
        ~ flows/orders.py:24 called here, in flow 'orders'
        ~ tests/test_orders.py:19 called here, in the test

        tests/test_orders.py:19:5 error PL301
        test_words[a;x] failed: Task 'parse' Failed (attempt 3 of 3): ValueError: could not convert string to float: 'x'
        ~ flows/orders.py:9 Task 'parse' Failed (attempt 3 of 3): ValueError: could not convert string to float: 'x'
        """,
        the_story("a;x"),
    )
    assert cause.location.span == Span(Position(8, 11), Position(8, 23))
    assert cause.href == "https://docs.prefect.io/v3/concepts/states#final-state-determination"
    assert cause.tests == in_test.tests == ("tests/test_orders.py::test_words[a;x]",)


def test_what_an_upstream_task_held_up_points_to_the_task_that_failed():
    unfinished = ExceptionRecord(
        "prefect.exceptions.UnfinishedRun", "Run is in PENDING state, its result is not available.", (IN_TEST, IN_FLOW)
    )
    waits = task("PENDING NotReady", exception=None, id="t2", name="add_tax")
    upset = flow("RUNNING", "FAILED", exception=unfinished)
    shown = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(failed(upset, task(), waits, exception=unfinished),)))
    assert [(one.code, one.message.splitlines()[0]) for one in shown] == [
        ("PL101", "Task 'parse' Failed: ValueError: could not convert string to float: 'x'"),
        ("PL301", "test_words failed: Task 'parse' Failed: ValueError: could not convert string to float: 'x'"),
    ]


@pytest.mark.parametrize("raised_in", ["flow", "test"])
def test_a_missing_result_points_to_what_does_not_persist_it(raised_in):
    frames = (IN_TEST, IN_FLOW) if raised_in == "flow" else (IN_TEST,)
    missing = ExceptionRecord(
        "prefect.exceptions.MissingResult", "State data is missing.", frames, about=("of the caller", "t2")
    )
    kept_nowhere = task("COMPLETED", exception=None, id="t2", name="add_tax", line=40)
    outer = flow("FAILED", exception=missing) if raised_in == "flow" else flow("COMPLETED", exception=None)
    (*causes, in_test) = diagnostics(
        RunResult(Ending.COMPLETE, 1.0, cases=(failed(outer, kept_nowhere, exception=missing),))
    )
    why = "Task 'add_tax' does not persist its result: persist_result=True does."
    if raised_in == "flow":
        (cause,) = causes
        assert (cause.location.span.start.line, cause.code) == (39, "PL201")
        assert cause.message.splitlines()[0].endswith(f"MissingResult: State data is missing. {why}")
        assert "through orders_flow" in [one.message for one in cause.related]
    else:
        assert causes == []
        first = in_test.related[0]
        assert (first.location.span.start.line, first.message) == (39, why)


def test_two_tests_that_fail_by_the_same_line_share_a_diagnostic_that_names_both():
    found = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(the_story("a"), the_story("b"))))
    (cause,) = [one for one in found if one.location.path == FLOWS]
    assert cause.message.splitlines()[1:] == [
        "in flow 'orders', by tests/test_orders.py::test_words[a] and tests/test_orders.py::test_words[b]"
    ]
    assert cause.tests == ("tests/test_orders.py::test_words[a]", "tests/test_orders.py::test_words[b]")


def test_other_words_at_the_same_line_are_told_beside_the_first_and_are_bounded():
    cases = [the_story(str(n), replace(BAD_FLOAT, message=f"bad {n}")) for n in range(50)]
    found = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=tuple(cases)))
    (cause,) = [one for one in found if one.location.path == FLOWS]
    lines = cause.message.splitlines()
    assert lines[0] == "Task 'parse' Failed (attempt 3 of 3): ValueError: bad 0"
    assert lines[2] == "also: Task 'parse' Failed (attempt 3 of 3): ValueError: bad 1"
    assert lines[-1] == "and 47 more like it"
    assert len(cause.tests) == 50


def test_a_flow_that_fails_by_itself_is_told_as_a_flow():
    mine = ExceptionRecord("KeyError", "'totals'", (IN_FLOW,))
    check(
        """
        flows/orders.py:24:16 error PL201
        Flow 'orders' (orders-of-today) Failed: KeyError: 'totals'
        by tests/test_orders.py::test_words
        ~ tests/test_orders.py:19 called here, in the test

        tests/test_orders.py:19:5 error PL301
        test_words failed: Flow 'orders' (orders-of-today) Failed: KeyError: 'totals'
        ~ flows/orders.py:24 Flow 'orders' (orders-of-today) Failed: KeyError: 'totals'
        """,
        failed(
            flow(exception=mine, run_name="orders-of-today", run_name_set=True),
            task("RUNNING", "COMPLETED", exception=None),
            exception=through(mine, IN_TEST),
        ),
    )


def test_a_flow_that_raises_its_own_error_from_its_tasks_error_makes_two_stories():
    mine = ExceptionRecord("OrderError", "no orders today", (replace(IN_FLOW, line=26),), through(BAD_FLOAT, IN_FLOW))
    found = diagnostics(
        RunResult(Ending.COMPLETE, 1.0, cases=(failed(flow(exception=mine), task(), exception=through(mine, IN_TEST)),))
    )
    assert [(one.code, one.location.span.start.line + 1) for one in found] == [
        ("PL101", 9),
        ("PL201", 26),
        ("PL301", 19),
    ]
    assert [one.message for one in found[1].related] == [
        "called here, in the test",
        "caused by ValueError: could not convert string to float: 'x'",
    ]


def test_an_assertion_is_told_in_the_test_with_what_went_wrong_on_the_way():
    wrong = ExceptionRecord("AssertionError", "assert {} == {'ada': 1.0}", (IN_TEST,))
    check(
        """
        flows/orders.py:9:12 error PL101
        Task 'parse' Failed: ValueError: could not convert string to float: 'x'
        in flow 'orders' (Completed), by tests/test_orders.py::test_words
        ~ flows/orders.py:24 called here, in flow 'orders'
        ~ tests/test_orders.py:19 asserted here

        tests/test_orders.py:19:5 error PL301
        test_words failed: assert {} == {'ada': 1.0}
        ~ flows/orders.py:9 Task 'parse' Failed: ValueError: could not convert string to float: 'x'
        """,
        failed(flow("RUNNING", "COMPLETED"), task(), exception=wrong),
    )


def test_a_failure_that_the_test_waited_for_is_a_hint():
    case = failed(flow(exception=through(BAD_FLOAT, IN_FLOW)), task(), exception=None, outcome="passed")
    check(
        """
        flows/orders.py:9:12 hint PL101
        Task 'parse' Failed: ValueError: could not convert string to float: 'x'
        in flow 'orders', expected by tests/test_orders.py::test_words
        ~ flows/orders.py:24 called here, in flow 'orders'
        ~ tests/test_orders.py:19 called here, in the test
        """,
        case,
    )


def test_a_failure_that_the_flow_swallowed_is_a_hint_that_says_so():
    case = failed(flow("RUNNING", "COMPLETED"), task(), exception=None, outcome="passed")
    (found,) = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(case,)))
    assert found.severity is Severity.HINT
    assert found.message.endswith("in flow 'orders' (Completed), by tests/test_orders.py::test_words, which passed")


def test_a_failure_that_a_test_was_given_and_did_not_look_at_is_swallowed():
    run = replace(flow(exception=through(BAD_FLOAT, IN_FLOW)), is_unseen=True)
    case = failed(run, task(), exception=None, outcome="passed")
    (found,) = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(case,)))
    assert found.setting == "swallowed"
    assert found.message.endswith("in flow 'orders', by tests/test_orders.py::test_words, which passed")


def test_where_one_test_failed_by_a_line_those_that_passed_are_not_named():
    passed = failed(flow(exception=through(BAD_FLOAT, IN_FLOW)), task(), exception=None, outcome="passed", params="ok")
    found = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(passed, the_story("bad"))))
    assert [one.code for one in found] == ["PL101", "PL301"]
    assert found[0].tests == ("tests/test_orders.py::test_words[bad]",)


def test_an_attempt_that_failed_before_a_later_one_did_not_is_information():
    run = task("RUNNING", "SCHEDULED AwaitingRetry", "RUNNING Retrying", "COMPLETED", attempt=2, max_attempts=3)
    last = replace(run.states[-1], exception=None)
    second = replace(run.states[2], exception=None)
    check(
        """
        flows/orders.py:9:12 information PL105
        Task 'parse' Completed on attempt 2 of 3, after: ValueError: could not convert string to float: 'x'
        in flow 'orders' (Completed), by tests/test_orders.py::test_words
        ~ flows/orders.py:24 called here, in flow 'orders'
        ~ tests/test_orders.py:19 called here, in the test
        """,
        failed(
            flow("RUNNING", "COMPLETED"),
            replace(run, states=(*run.states[:2], second, last)),
            exception=None,
            outcome="passed",
        ),
    )


def test_arguments_that_do_not_fit_are_the_callers():
    wrong = ExceptionRecord("prefect.exceptions.ParameterTypeError", "Flow run received invalid parameters")
    check(
        """
        tests/test_orders.py:19:5 error PL201
        Flow 'orders' Failed: ParameterTypeError: Flow run received invalid parameters
        by tests/test_orders.py::test_words
        """,
        failed(flow("FAILED", exception=wrong), exception=through(wrong, IN_TEST)),
    )


def test_a_run_in_another_process_is_told_at_its_def():
    elsewhere = ExceptionRecord("ValueError", "bad")
    found = diagnostics(
        RunResult(
            Ending.COMPLETE,
            1.0,
            cases=(
                failed(
                    flow(exception=through(elsewhere, IN_FLOW)),
                    task(exception=elsewhere),
                    exception=through(elsewhere, IN_TEST, IN_FLOW),
                ),
            ),
        )
    )
    assert (found[0].code, found[0].location) == (
        "PL101",
        Location(FLOWS, Span(Position(6, 4), Position(6, 9))),
    )


def test_a_timeout_is_told_at_the_line_that_was_running():
    inside = ExceptionRecord("CancelledError", "", (IN_PARSE,))
    timeout = ExceptionRecord("prefect.task_engine.TaskRunTimeoutError", "Scope timed out", (), inside)
    said = "Task run exceeded timeout of 0.2 second(s)"
    found = diagnostics(
        RunResult(
            Ending.COMPLETE,
            1.0,
            cases=(
                failed(
                    flow("RUNNING", "FAILED TimedOut", exception=through(timeout, IN_FLOW)),
                    task("RUNNING", "FAILED TimedOut", exception=timeout, message=said),
                    exception=through(timeout, IN_TEST, IN_FLOW),
                ),
            ),
        )
    )
    assert [(one.code, one.location.span.start.line + 1) for one in found] == [("PL102", 9), ("PL301", 19)]
    assert found[0].message.splitlines()[0] == f"Task 'parse' TimedOut: {said}"


@pytest.mark.parametrize(
    ("last", "code", "severity", "words"),
    [
        ("CRASHED", "PL103", Severity.ERROR, "Crashed: SystemExit: 3"),
        ("CANCELLED", "PL104", Severity.WARNING, "Cancelled: SystemExit: 3"),
        ("FAILED Refused", "PL101", Severity.ERROR, "Refused (FAILED): SystemExit: 3"),
    ],
)
def test_each_way_to_end_badly_has_its_code(last, code, severity, words):
    left = ExceptionRecord("SystemExit", "3", (IN_PARSE,))
    run = task("RUNNING", last, exception=left, parent=None)
    found = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(failed(run, exception=through(left, IN_TEST)),)))
    assert (found[0].code, found[0].severity) == (code, severity)
    assert found[0].message.splitlines()[0] == f"Task 'parse' {words}"


def test_a_flow_that_returns_its_failed_tasks_is_only_the_messenger():
    found = diagnostics(
        RunResult(
            Ending.COMPLETE,
            1.0,
            cases=(failed(flow(message="1/2 states failed."), task(), exception=through(BAD_FLOAT, IN_TEST)),),
        )
    )
    assert [one.code for one in found] == ["PL101", "PL301"]


def test_a_failed_state_that_was_returned_stands_at_its_return_where_that_is_known_and_else_at_the_def():
    at_the_def = flow(message="not today")
    last = replace(at_the_def.states[-1], returned_at=Frame(FLOWS, 24, "orders_flow", 9, 24, 30))
    for run, place in (
        (at_the_def, Position(19, 4)),
        (replace(at_the_def, states=(at_the_def.states[0], last)), Position(23, 8)),
    ):
        (found,) = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(failed(run, exception=None),)))
        assert (found.code, found.location.span.start) == ("PL201", place)
        assert found.message.splitlines()[0] == "Flow 'orders' Failed: not today"


def test_an_exception_group_is_told_at_its_first_member():
    group = ExceptionRecord("ExceptionGroup", "two (2 sub-exceptions)", (IN_FLOW,), BAD_FLOAT)
    found = diagnostics(
        RunResult(Ending.COMPLETE, 1.0, cases=(failed(flow(exception=group), exception=through(group, IN_TEST)),))
    )
    assert (found[0].code, found[0].location.span.start.line + 1) == ("PL201", 9)


def test_a_fake_that_raises_is_not_blamed_but_the_line_that_called_it():
    fake = Frame(TESTS, 40, "slow_bank", 5, 40, 20)
    raised = ExceptionRecord("OSError", "no bank", (IN_PARSE, fake))
    run = task(exception=raised, parent=None)
    found = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(failed(run, exception=through(raised, IN_TEST)),)))
    assert (found[0].code, found[0].location.path, found[0].location.span.start.line + 1) == ("PL101", FLOWS, 9)
    assert [one.message for one in found[0].related if one.location.span.start.line + 1 == 40]


def test_a_long_message_is_cut():
    long = replace(BAD_FLOAT, message="x" * 100_000)
    found = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(the_story(exception=long),)))
    assert all(len(one.message) < 800 for one in found)


def test_a_failing_fixture_is_told_at_the_fixture():
    broken = ExceptionRecord("OSError", "no disk", (Frame("tests/conftest.py", 8, "disk", 5, 8, 20),))
    check(
        """
        tests/conftest.py:8:5 error PL302
        test_words was not run, its set-up failed: OSError: no disk
        """,
        failed(exception=None, outcome="error", failures=(Failure("setup", broken, ""),)),
    )
    check(
        """
        tests/conftest.py:8:5 error PL303
        test_words was torn down with an error: OSError: no disk
        """,
        failed(exception=None, outcome="error", failures=(Failure("teardown", broken, ""),)),
    )


def test_many_tests_that_fail_at_one_line_make_one_diagnostic_there():
    broken = ExceptionRecord("OSError", "no disk", (Frame("tests/conftest.py", 8, "disk", 5, 8, 20),))
    cases = [
        failed(exception=None, outcome="error", failures=(Failure("setup", broken, ""),), params=str(number))
        for number in range(50)
    ]
    (found,) = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=tuple(cases)))
    assert found.message.splitlines() == [
        "test_words[0] was not run, its set-up failed: OSError: no disk",
        "test_words[1] was not run, its set-up failed: OSError: no disk",
        "test_words[2] was not run, its set-up failed: OSError: no disk",
        "and 47 more",
    ]
    assert len(found.tests) == 50


def test_a_file_that_cannot_be_collected_is_told_at_the_import_that_failed():
    missing = ExceptionRecord(
        "ModuleNotFoundError",
        "No module named 'numpyy'",
        (Frame(TESTS, 3, "<module>", 1, 3, 30), Frame(FLOWS, 2, "<module>", 1, 2, 14)),
    )
    check(
        """
        flows/orders.py:2:1 error PL304
        tests/test_orders.py cannot be collected: ModuleNotFoundError: No module named 'numpyy'
        ~ tests/test_orders.py:3 imported here
        """,
        collect_errors=(CollectError(TESTS, missing, ""),),
    )


def test_a_test_that_is_gone_is_a_warning_at_the_top_of_its_file():
    check(
        """
        tests/test_orders.py:1:1 warning PL305
        TestOrders.test_gone is not there any more: pytest finds no such test in tests/test_orders.py.
        """,
        missing=(TestId(TESTS, ("TestOrders", "test_gone")),),
    )


def test_a_process_that_died_is_told_at_the_test_that_ran():
    died = ExceptionRecord("WorkerDied", "worker 'gw1' crashed", (Frame(TESTS, 12, "test_words", 1, 12, 20),))
    check(
        """
        tests/test_orders.py:12:1 error PL907
        The process died in tests/test_orders.py::test_words.
        """,
        failed(exception=died, outcome="error"),
    )
    place = Location(TESTS, Span(Position(11, 4), Position(11, 14)))
    check(
        """
        tests/test_orders.py:12:5 error PL907
        The worker was killed by signal 9.
        """,
        trouble=(Trouble("PL907", "The worker was killed by signal 9.", location=place), Trouble("PL906", "no server")),
    )


def test_what_passed_was_skipped_or_was_expected_to_fail_shows_nothing():
    for outcome in ("passed", "skipped", "xfailed", "xpassed"):
        case = failed(flow("RUNNING", "COMPLETED"), exception=None, outcome=outcome)
        assert diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=(case,))) == ()


def test_a_host_that_is_reached_is_a_hint_at_the_line_that_did_so():
    reached = (Reached("api.example.com", IN_FLOW),)
    cases = [replace(failed(exception=None, params=name, outcome="passed"), reached=reached) for name in ("a", "b")]
    (hint,) = diagnostics(RunResult(Ending.COMPLETE, 1.0, cases=tuple(cases)))
    assert (hint.location.path, hint.location.span.start.line) == (IN_FLOW.path, IN_FLOW.line - 1)
    assert (hint.severity, hint.code) == (Severity.HINT, "PL306")
    assert hint.message == "Not hermetic: reaches api.example.com"
    assert len(hint.tests) == 2


def test_what_had_expired_when_a_test_failed_is_told_at_the_line_that_failed():
    case = replace(failed(exception=ExceptionRecord("E", "401", (IN_TEST,))), expired=(("API_TOKEN", 3723.0),))
    check(
        """
        tests/test_orders.py:19:5 error PL301
        test_words failed: E: 401

        tests/test_orders.py:19:5 warning PL307
        API_TOKEN expired at 01:02:03 UTC, in the middle of the run; the next run fetches it anew
        """,
        case,
    )
