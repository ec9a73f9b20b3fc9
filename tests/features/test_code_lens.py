import pytest
from prefect_lens.features.code_lens import code_lenses
from prefect_lens.features.results import Results, record
from prefect_lens.features.view import LiveRun
from prefect_lens.model import Ending, Kind, Trouble
from pytest_prefect_lens.wire import CollectError, ExceptionRecord

from tests.features.build import case, run, view

PROJECT = """
#- flows.py
from prefect import flow, task

@task
def parse(line):
    return float(line)

@flow
def etl(lines):
    return [parse(line) for line in lines]

@flow
def lonely(): ...
#- test_flows.py
from flows import etl, parse

def test_a(): etl([])
def test_b(): etl([])
def test_c(): parse.fn("1")
"""

A, B, C = "test_flows.py::test_a", "test_flows.py::test_b", "test_flows.py::test_c"


def shown(view, line=8):
    """The titles above a line, which is that of `etl` where none is given."""
    return [lens.title for lens in code_lenses(view, "flows.py") if lens.span.start.line + 1 == line]


def after(*cases, whole=(A, B), **more):
    return record(Results(), run(*cases, **more), frozenset(whole), {}, {})


def test_each_definition_has_a_lens_on_the_line_of_its_name():
    found = [(lens.span.start.line + 1, lens.title) for lens in code_lenses(view(PROJECT), "flows.py")]
    assert found == [(4, "▶ Run 3 tests"), (8, "▶ Run 2 tests"), (12, "No tests")]


def test_a_click_runs_the_definitions_tests():
    lens = code_lenses(view(PROJECT), "flows.py")[0]
    assert (lens.call.command, dict(lens.call.arguments)) == (
        "run",
        {"scope": "targets", "targets": ["flows.py:parse"]},
    )


def test_only_the_kinds_that_are_asked_for_have_lenses():
    assert shown(view(PROJECT, kinds=frozenset({Kind.TASK})), 4) == ["▶ Run 3 tests"]
    assert shown(view(PROJECT, kinds=frozenset({Kind.TASK})), 8) == []


@pytest.mark.parametrize(
    ("cases", "title"),
    [
        ([case(A, seconds=0.12), case(B, seconds=0.1)], "✓ 2 passed · 0.2 s"),
        ([case(A, "failed", 0.3), case(B)], "✗ 1 failed · 1 passed · 0.4 s"),
        ([case(A, "error"), case(B, "error")], "✗ 2 errors · 0.2 s"),
        ([case(A, "skipped", 0), case(B, "skipped", 0)], "○ 2 skipped · 0.00 s"),
        ([case(A, "xfailed"), case(B)], "✓ 1 passed · 1 xfailed · 0.2 s"),
        ([case(A)], "✓ 1 passed · 1 not run · 0.1 s"),
        ([case(A + "[x]"), case(A + "[y]", "failed"), case(B)], "✗ 1 failed · 1 passed · 0.3 s"),
        ([case(A + "[x]"), case(A + "[y]", "skipped"), case(B)], "✓ 2 passed · 0.3 s"),
        ([case(A, seconds=59.7), case(B, seconds=80)], "✓ 2 passed · 2 min 20 s"),
    ],
)
def test_the_second_lens_says_how_the_last_run_ended(cases, title):
    assert shown(view(PROJECT, results=after(*cases))) == ["▶ Run 2 tests", title]


def test_the_second_lens_leads_to_what_it_speaks_of():
    def second(**more):
        return [lens.call.command for lens in code_lenses(view(PROJECT, **more), "flows.py")][-2]

    trouble = Trouble("PL903", "no pytest in .venv.", "pip install pytest", cure_is_command=True)
    assert second(results=after(case(A), case(B))) == "showOutput"
    assert second(results=after(case(A, "failed"))) == "goToFailure"
    assert second(results=after(ending=Ending.BROKEN, trouble=(trouble,))) == "showTrouble"


def test_a_result_that_is_older_than_the_code_says_so():
    now = view(PROJECT, results=after(case(A), case(B, "failed")), stale=frozenset({A}))
    assert shown(now) == ["▶ Run 2 tests", "○ 1 failed, 1 passed, before the last edit"]


def test_a_run_is_shown_while_it_goes_on():
    waiting = LiveRun("3", is_waiting=True, asked=frozenset({A, B}))
    assert shown(view(PROJECT, live=(waiting,))) == ["… queued"]
    fetching = LiveRun("3", is_waiting=False, asked=frozenset({A, B}), is_fetching=True)
    assert shown(view(PROJECT, live=(fetching,))) == ["■ Fetching secrets…"]
    going = LiveRun("3", is_waiting=False, asked=frozenset({A, B}), active=frozenset({B}), cases={A: (case(A),)})
    assert shown(view(PROJECT, live=(going,))) == ["■ Running 1/2"]
    stop = code_lenses(view(PROJECT, live=(going,)), "flows.py")[1]
    assert (stop.call.command, stop.call.arguments) == ("cancel", {"run": "3"})


def test_a_definition_whose_tests_have_ended_shows_them_while_the_run_goes_on():
    done = {A: (case(A),), B: (case(B, "failed"),)}
    going = LiveRun("3", is_waiting=False, asked=frozenset({A, B, C}), active=frozenset({C}), cases=done)
    assert shown(view(PROJECT, live=(going,))) == ["▶ Run 2 tests", "✗ 1 failed · 1 passed · 0.2 s"]
    assert shown(view(PROJECT, live=(going,)), 4) == ["■ Running 2/3"]


def test_a_run_of_other_tests_changes_no_lens():
    going = LiveRun("3", is_waiting=False, asked=frozenset({C}))
    assert shown(view(PROJECT, live=(going,))) == ["▶ Run 2 tests"]


def test_an_untrusted_workspace_offers_trust():
    assert shown(view(PROJECT, may_run=False)) == ["▶ Trust to run 2 tests"]
    assert shown(view(PROJECT, may_run=False), 12) == ["No tests"]


def test_while_the_folder_is_read_nothing_is_said_to_have_no_tests():
    assert shown(view(PROJECT, is_complete=False)) == ["▶ Run tests"]
    assert shown(view(PROJECT, is_complete=False), 12) == ["▶ Run tests"]
    assert shown(view(PROJECT, is_complete=False, may_run=False), 12) == ["▶ Trust to run tests"]


def test_a_trouble_is_told_in_one_clause_and_whole_in_the_tooltip():
    trouble = Trouble("PL903", "no pytest in .venv.", "pip install pytest", cure_is_command=True)
    now = view(PROJECT, results=after(case(A), ending=Ending.BROKEN, trouble=(trouble,)))
    assert shown(now) == ["▶ Run 2 tests", "⚠ could not run: no pytest in .venv"]
    assert code_lenses(now, "flows.py")[-2].tooltip == "no pytest in .venv. Run: pip install pytest"


def test_tests_of_a_file_that_cannot_be_collected_are_errors():
    broken = CollectError("test_flows.py", ExceptionRecord("ImportError", "no"), "no")
    assert shown(view(PROJECT, results=after(collect_errors=(broken,)))) == ["▶ Run 2 tests", "✗ 2 errors · 0.00 s"]


def test_a_tooltip_lists_the_first_tests_only():
    many = PROJECT + "".join(f"def test_{n:02}(): etl([])\n" for n in range(20))
    lines = code_lenses(view(many), "flows.py")[1].tooltip.splitlines()
    assert lines[0] == "22 tests: 22 direct"
    assert len(lines) == 12
    assert lines[-1] == "… and 12 more"


def test_a_definition_made_by_a_call_has_a_lens_at_the_body_and_at_the_call():
    text = """
#- body.py
def work(): ...
#- made.py
from prefect import flow
from body import work

etl = flow(work)
#- test_made.py
from made import etl
def test_etl(): etl()
"""
    assert [(lens.span.start.line, lens.title) for lens in code_lenses(view(text), "body.py")] == [(0, "▶ Run 1 test")]
    assert [(lens.span.start.line, lens.title) for lens in code_lenses(view(text), "made.py")] == [(3, "▶ Run 1 test")]


def test_body_and_call_on_one_line_have_one_lens():
    text = "#- made.py\nfrom prefect import flow\netl = flow(lambda: 1)\n"
    assert len(code_lenses(view(text), "made.py")) == 1


def test_lenses_stay_put_while_the_file_has_a_syntax_error():
    from prefect_lens.index.facts import read_facts

    good = view(PROJECT)
    broken = view(PROJECT)
    text = PROJECT.partition("#- flows.py\n")[2].partition("#- ")[0].replace("float(line)", "float(line")
    object.__setattr__(broken, "snapshot", good.snapshot.update({"flows.py": read_facts(text)}, {}))
    assert code_lenses(broken, "flows.py") == code_lenses(good, "flows.py")
