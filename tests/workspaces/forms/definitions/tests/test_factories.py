from kinds import factories
from kinds.factories import FLOWS, Factory, build_all, by_default, created, daily, extract, make_flow, pipeline, plain_flow


def test_made():
    daily.fn()


def test_made_here():
    make_flow("here").fn()


def test_made_twice():
    a, b = make_flow("a"), make_flow("b")
    a.fn(), b.fn()


def test_plain_task():
    factories.plain_task.fn()


def test_plain_flow():
    plain_flow.fn()


def test_class():
    factories.of_class.fn()


def test_partial_task():
    factories.task_of_class.fn()


def test_made_in_a_comprehension():
    FLOWS["a"].fn()


def test_returned_together():
    pipeline.fn()


def test_returned_second():
    extract.fn()


def test_returned_here():
    _, task = build_all()
    task.fn()


def test_made_by_a_method():
    created.fn()


def test_made_by_a_class_method():
    by_default.fn()


def test_made_by_a_method_here():
    Factory(3).create().fn()


def test_plain_function_is_no_run_of_a_task():
    assert callable(factories.plain)
