from prefect_lens.features.results import Results, forget, record
from prefect_lens.model import Ending, Trouble
from pytest_prefect_lens.wire import CollectError, ExceptionRecord

from tests.features.build import case, ident, run

A, B = "t.py::test_a", "t.py::test_b"
CODE = {("t.py", "test_a"): "1"}
TROUBLE = Trouble("PL907", "The worker died.")


def after(results, *cases, whole=(), code=None, texts=None, **more):
    return record(results, run(*cases, **more), frozenset(whole), texts or {}, code or {})


def outcomes(results):
    return {function: result.outcome for function, result in results.tests.items()}


def cases(results):
    return sorted(f"{case.test.names[-1]}[{case.test.params}]" for batch in results.batches for case in batch.cases)


def test_a_newer_run_replaces_what_an_older_one_said_of_the_same_test():
    first = after(Results(), case(A, "failed"), case(B), whole=(A, B))
    assert outcomes(first) == {A: "failed", B: "passed"}
    assert outcomes(after(first, case(A), whole=(A,))) == {A: "passed", B: "passed"}


def test_parameters_that_are_gone_go_when_the_whole_function_runs():
    first = after(Results(), case(A + "[x]", "failed"), case(A + "[y]"), whole=(A,))
    assert cases(after(first, case(A + "[z]"), whole=(A,))) == ["test_a[z]"]


def test_a_single_case_that_runs_again_leaves_its_siblings():
    first = after(Results(), case(A + "[x]", "failed"), case(A + "[y]"), whole=(A,))
    second = after(first, case(A + "[x]"))
    assert cases(second) == ["test_a[x]", "test_a[y]"]
    assert outcomes(second) == {A: "passed"}


def test_a_cancelled_run_leaves_what_it_did_not_reach():
    first = after(Results(), case(A), case(B), whole=(A, B))
    second = after(first, case(A, "failed"), whole=(A, B), ending=Ending.CANCELLED)
    assert outcomes(second) == {A: "failed", B: "passed"}


def test_a_broken_run_leaves_no_old_green():
    first = after(Results(), case(A), case(B), whole=(A, B))
    second = after(first, case(A), whole=(A, B), ending=Ending.BROKEN, trouble=(TROUBLE,))
    assert outcomes(second) == {A: "passed"}
    assert second.troubles == {B: TROUBLE}
    assert outcomes(after(second, case(B), whole=(B,))) == {A: "passed", B: "passed"}
    assert after(second, case(B), whole=(B,)).troubles == {}


def test_a_file_that_cannot_be_collected_leaves_no_old_green():
    first = after(Results(), case(A), whole=(A,))
    broken = CollectError("t.py", ExceptionRecord("ImportError", "no"), "no")
    second = after(first, whole=(A,), collect_errors=(broken,))
    assert outcomes(second) == {}
    assert set(second.collect_errors) == {"t.py"}
    assert after(second, case(A), whole=(A,)).collect_errors == {}


def test_a_test_that_is_gone_has_no_result():
    first = after(Results(), case(A), whole=(A,))
    assert outcomes(after(first, whole=(A,), missing=(ident(A),))) == {}
    assert outcomes(forget(first, {A})) == {}
    assert forget(first, {"other"}) is first


def test_a_test_that_options_left_out_has_no_result_and_no_trouble():
    second = after(Results(), whole=(A,), deselected=(ident(A),))
    assert (outcomes(second), second.troubles) == ({}, {})


def test_runs_of_the_same_code_speak_as_one_and_those_of_other_code_do_not():
    first = after(Results(), case(A, "failed"), whole=(A,), code=CODE, texts={"f.py": "1"})
    same = after(first, case(B, "failed"), whole=(B,), code=CODE, texts={"f.py": "1"})
    assert len(same.batches) == 1
    other = after(first, case(B, "failed"), whole=(B,), code=CODE, texts={"f.py": "2"})
    assert [batch.texts for batch in other.batches] == [{"f.py": "1"}, {"f.py": "2"}]
    assert len(after(other, case(A), whole=(A,), texts={"f.py": "3"}).batches) == 2


def test_what_failed_is_what_run_the_failed_runs():
    results = after(Results(), case(A, "failed"), case(B), whole=(A, B))
    assert results.failed == (A,)
    broken = after(results, whole=(B,), ending=Ending.BROKEN, trouble=(TROUBLE,))
    assert broken.failed == (A, B)
