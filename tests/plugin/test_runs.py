"""Runs while they happen, and the records they become."""

import os
import threading
from functools import partial, wraps
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest_prefect_lens.bodies import body_of
from pytest_prefect_lens.runs import Book, attempts
from pytest_prefect_lens.states import BAD, MACHINERY, STATES, STATIC, TESTS, is_own_name, lookup
from pytest_prefect_lens.wire import ExceptionRecord, Frame, StateRecord

FAILURE = ExceptionRecord("ValueError", "bad")


def state(identity: str, kind: str, name: str = "", exception: ExceptionRecord | None = None) -> StateRecord:
    return StateRecord(identity, kind, name or kind.title(), 0.0, None, exception)


def a_task(**attributes) -> SimpleNamespace:
    return SimpleNamespace(**{"name": "parse", "task_run_name": None, "retries": 2, "fn": a_task, **attributes})


def a_run(name: str = "parse-df2") -> SimpleNamespace:
    return SimpleNamespace(name=name)


def test_a_state_that_is_told_twice_counts_once():
    book = Book()
    book.meet("1", "task", a_task(), a_run())
    book.enter("1", state("a", "RUNNING"))
    book.enter("1", state("a", "RUNNING"))
    (run,) = book.take()
    assert [one.id for one in run.states] == ["a"]


def test_what_an_attempt_failed_with_goes_to_the_state_that_follows_it_and_no_further():
    book = Book()
    book.meet("1", "task", a_task(), a_run())
    book.attempt_failed("1", FAILURE)
    book.enter("1", state("a", "SCHEDULED", "AwaitingRetry"))
    book.enter("1", state("b", "RUNNING", "Retrying"))
    (run,) = book.take()
    assert [one.exception for one in run.states] == [FAILURE, None]


def test_runs_are_taken_once_and_what_they_do_later_is_passed_over():
    book = Book()
    book.meet("1", "task", a_task(), a_run())
    assert [run.id for run in book.take()] == ["1"]
    book.meet("1", "task", a_task(), a_run())
    book.enter("1", state("late", "FAILED"))
    assert book.take() == ()


def test_a_run_that_begins_elsewhere_learns_where_it_was_submitted():
    book = Book()
    site = Frame("/flows.py", 3, "orders")
    thread = threading.Thread(target=book.meet, args=("1", "task", None, a_run("parse-0")))
    thread.start()
    thread.join()
    book.submitted("1", a_task(), site, "flow")
    (run,) = book.take()
    assert (run.called_at, run.parent, run.name, run.max_attempts) == (site, "flow", "parse", 3)


def test_a_name_is_the_authors_only_where_the_author_set_one():
    book = Book()
    book.meet("1", "task", a_task(task_run_name="parse-{line}"), a_run("parse-7"))
    book.meet("2", "task", a_task(), a_run())
    assert [(run.run_name, run.run_name_set) for run in book.take()] == [("parse-7", True), ("parse-df2", False)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_forked_child_does_not_write_even_while_the_lock_is_held():
    book = Book()
    with book._lock:
        child = os.fork()
        if child == 0:
            book.meet("1", "task", a_task(), a_run())
            os._exit(0 if book.take() == () else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_attempts_begin_when_a_run_runs_and_not_when_it_goes_on_after_a_pause():
    kinds = ["PENDING", "RUNNING", "PAUSED", "RUNNING", "SCHEDULED", "RUNNING", "FAILED"]
    assert attempts([state(str(n), kind) for n, kind in enumerate(kinds)]) == (1, 1, 1, 1, 1, 2, 2)


def decorated(function):
    @wraps(function)
    def wrapper():
        return function()

    return wrapper


@decorated
@decorated
def somewhere(): ...


class Callable:
    def __call__(self): ...

    def method(self): ...


def test_a_body_stands_at_its_def_whatever_wraps_it():
    lines = Path(__file__).read_text(encoding="utf-8").splitlines()
    for function, text in (
        (somewhere, "def somewhere("),
        (partial(somewhere), "def somewhere("),
        (Callable(), "def __call__("),
        (Callable().method, "def method("),
    ):
        body = body_of(function)
        assert text in lines[body.line - 1]
        assert lines[body.line - 1][body.column - 1 : body.end_column - 1] in text
    assert (body_of(len).path, body_of(None).path, body_of(eval("lambda: 1")).path) == ("", "", "")


# --- the table --------------------------------------------------------------------------------------


def test_a_task_and_a_flow_share_the_last_two_digits_of_a_state():
    for kind, name in STATES:
        task, flow = lookup("task", kind, name), lookup("flow", kind, name)
        assert (task.code[:3], flow.code[:3]) == ("PL1", "PL2")
        assert task.code[3:] == flow.code[3:]
        assert (task.severity, task.href) == (flow.severity, flow.href)


def test_only_what_awaits_or_runs_a_retry_shares_a_code():
    codes: dict[str, list[str]] = {}
    for kind, name in STATES:
        codes.setdefault(lookup("task", kind, name).code, []).append(name)
    assert {code: names for code, names in codes.items() if len(names) > 1} == {"PL105": ["AwaitingRetry", "Retrying"]}


def test_a_name_that_the_author_made_up_is_told_by_its_type():
    for kind in BAD:
        assert lookup("flow", kind, "Rejected") == lookup("flow", kind, kind.title())
        assert not is_own_name(kind, "Rejected")
    assert lookup("flow", "NEW_TYPE", "New").code == "PL299"


def test_the_families_of_codes_do_not_meet():
    states = {lookup(kind, *one).code for kind in ("task", "flow") for one in STATES}
    families = (states, set(TESTS), set(MACHINERY), set(STATIC))
    assert len(set().union(*families)) == sum(map(len, families))
    assert all(row.code == code for table in (TESTS, MACHINERY, STATIC) for code, row in table.items())
