"""Hints in the code: `«…»` stands where one is shown."""

from dataclasses import replace

import pytest
from prefect_lens.features.inlay_hint import inlay_hints
from prefect_lens.features.results import Results, record
from prefect_lens.features.view import View
from prefect_lens.model import Position, Span
from pytest_prefect_lens.wire import Frame, RunRecord, StateRecord

from tests.features.build import case, run, snapshot

FLOWS = """@task
def parse(line):
    return float(line)

@flow
def orders(lines):
    found = [parse(line) for line in lines]
    return later.submit(
        found
    )
"""
TEST = "test_orders.py::test_totals"


def ran(name, *states, kind="task", called=None, time=0.0, took=0.012, path="flows.py", **more) -> RunRecord:
    """A run whose states begin at `time`; `called` is line, column, end line and end column of its call."""
    types = {"Failed": "FAILED", "Completed": "COMPLETED", "Cached": "COMPLETED"}
    found = [
        StateRecord(f"{n}", types.get(state, "RUNNING"), state, time + (took if n else 0))
        for n, state in enumerate(states)
    ]
    frame = None
    if called is not None:
        line, column, end_line, end_column = called
        frame = Frame(path, line, "orders", column, end_line, end_column)
    about = {"run_name": name, "run_name_set": False, "path": path, "qualname": name, "parent": None, "attempt": 1}
    one = RunRecord(f"{name}{time}", kind, name, line=6, called_at=frame, max_attempts=1, states=tuple(found), **about)
    return replace(one, **more)


PARSE = (7, 14, 7, 25)
LATER = (8, 12, 10, 6)


def results(*runs):
    return record(Results(), run(replace(case(TEST), runs=runs)), frozenset(), {"flows.py": FLOWS}, {})


def shown(results, text=FLOWS, **more) -> list[str]:
    """The lines of the file that carry hints, with these in them."""
    view = View(snapshot("#- flows.py\n" + text), results, **more)
    lines = text.split("\n")
    for hint in sorted(inlay_hints(view, "flows.py", text, WHOLE), key=lambda hint: hint.at, reverse=True):
        line = lines[hint.at.line]
        lines[hint.at.line] = f"{line[: hint.at.column]} «{hint.label}»{line[hint.at.column :]}"
    return [line.strip() for line in lines if "«" in line]


WHOLE = Span(Position(0, 0), Position(1000, 0))


def test_a_call_has_the_tasks_last_state_and_a_def_the_flows():
    flow = ran("orders", "Running", "Completed", kind="flow", took=1.24)
    parse = ran("parse", "Running", "Completed", called=PARSE)
    later = ran("later", "Running", "Failed", called=LATER, attempt=3)
    assert shown(results(flow, parse, later)) == [
        "def orders(lines): «✓ Completed · 1.2 s»",
        "found = [parse(line) «✓ Completed · 12 ms» for line in lines]",
        ") «✗ Failed, attempt 3 · 12 ms»",
    ]


def test_the_last_of_several_runs_is_shown_and_the_others_are_counted():
    runs = [ran("parse", "Running", name, called=PARSE, time=n) for n, name in enumerate(("Failed", "Completed"))]
    known = results(*runs)
    assert shown(known) == ["found = [parse(line) «✓ Completed · 12 ms» for line in lines]"]
    (hint,) = inlay_hints(View(snapshot("#- flows.py\n"), known), "flows.py", FLOWS, WHOLE)
    assert hint.tooltip == f"The last of 2 runs: 1 Failed, 1 Completed.\nBy {TEST}."


@pytest.mark.parametrize(
    ("outcome", "label"), [("failed", "✗ Failed · 12 ms · 1 of 3 runs"), ("passed", "✓ Completed · 12 ms")]
)
def test_what_failed_a_test_goes_before_what_came_after_it(outcome, label):
    bad = replace(case(TEST, outcome), runs=(ran("parse", "Running", "Failed", called=PARSE),))
    good = [ran("parse", "Running", "Completed", called=PARSE, time=n) for n in (1, 2)]
    known = run(bad, replace(case("test_orders.py::test_more"), runs=tuple(good)))
    known = record(Results(), known, frozenset(), {"flows.py": FLOWS}, {})
    assert shown(known) == [f"found = [parse(line) «{label}» for line in lines]"]
    (hint,) = inlay_hints(View(snapshot("#- flows.py\n"), known), "flows.py", FLOWS, WHOLE)
    assert "of 3 runs: 1 Failed, 2 Completed." in hint.tooltip


def test_a_subflow_is_told_at_its_call_and_a_flow_that_a_test_calls_is_not():
    called = ran("orders", "Running", "Completed", kind="flow", called=PARSE, line=0)
    assert shown(results(called)) == []
    assert len(shown(results(replace(called, parent="another")))) == 1


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("# new\n\n" + FLOWS, ["found = [parse(line) «✓ Cached · 0 ms» for line in lines]"]),
        (FLOWS.replace("[parse(line)", "[parse(line, 1)"), []),
        (FLOWS.replace("    found = [parse(line) for line in lines]\n", ""), []),
        ("", []),
    ],
)
def test_a_hint_moves_with_its_line_and_goes_with_it(after, expected):
    known = results(ran("parse", "Cached", called=PARSE))
    assert shown(known, after) == expected


def test_hints_of_older_code_go():
    known = results(ran("parse", "Running", "Completed", called=PARSE))
    assert shown(known, stale=frozenset({TEST})) == []


def test_only_what_is_in_sight_is_told():
    known = results(ran("parse", "Running", "Completed", called=PARSE))
    view = View(snapshot("#- flows.py\n"), known)
    assert inlay_hints(view, "flows.py", FLOWS, Span(Position(0, 0), Position(4, 0))) == ()
