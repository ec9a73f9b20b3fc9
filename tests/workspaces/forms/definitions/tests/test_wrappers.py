import pytest
from kinds import wrappers
from kinds.wrappers import (
    around_a_task, both, by_kept_decorator, by_method, by_method_with_options, by_object, by_partial,
    by_partial_with_options, inside, outside, own_flow, own_task, own_task_with_options, safe,
)
from prefect.testing.utilities import prefect_test_harness


@pytest.fixture(scope="module")
def api():
    with prefect_test_harness(server_startup_timeout=600):
        yield


def test_plain_decorator_outside(api):
    outside()


def test_plain_decorator_inside():
    inside.fn()


def test_three_decorators():
    both.fn()


def test_decorators_around_a_task(api):
    around_a_task()


def test_own_flow():
    own_flow.fn()


def test_own_flow_through_the_engine(api):
    own_flow()


def test_own_task():
    own_task.fn()


def test_own_task_with_options():
    own_task_with_options.fn()


def test_safe_flow():
    safe.fn()


def test_safe_flow_through_the_engine(api):
    safe()


def test_by_method():
    by_method.fn()


def test_by_method_with_options():
    by_method_with_options.fn()


def test_by_object():
    by_object.fn()


def test_by_partial():
    by_partial.fn()


def test_by_partial_with_options():
    by_partial_with_options.fn()


def test_by_kept_decorator():
    by_kept_decorator.fn()


def test_no_flow_at_all():
    assert wrappers.not_a_flow() == 1


def test_decorator_in_the_test():
    @wrappers.job
    def local():
        return 5

    assert local.fn() == 5


def test_wrapped_by_hand():
    assert wrappers.timed(inside.fn)() == 1
