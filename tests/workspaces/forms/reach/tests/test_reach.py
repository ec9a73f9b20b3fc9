import asyncio

import pytest
from app import pipeline, steps
from app.pipeline import Engine, parent


def test_child():
    pipeline.child()


def test_parent():
    parent()


def test_fn_of_a_parent():
    pipeline.flow_of_flows.fn()


def test_mapped():
    pipeline.mapped()


async def test_asynchronous():
    await pipeline.asynchronous()


def test_asynchronous_by_hand():
    asyncio.run(pipeline.asynchronous())


def test_submit_helper():
    pipeline.with_submit_helper()


def test_hook():
    pipeline.hooked()


def test_failure_hook():
    with pytest.raises(ValueError):
        pipeline.failing()


def test_cache_key():
    pipeline.calls_keyed()


def test_transaction():
    pipeline.in_transaction()


def test_driven_by_data():
    pipeline.driven_by_data()


def test_driven_by_argument():
    pipeline.driven_by_argument("third")


def test_driven_by_default():
    pipeline.driven_by_argument()


def test_engine():
    pipeline.engine_flow.fn()


def test_engine_by_hand():
    Engine(steps.second).run()


def test_generator():
    assert list(pipeline.generator_flow()) == [1, 1]


def test_nested():
    pipeline.nested()


def test_recursive():
    pipeline.recursive.fn()


def test_callback():
    pipeline.callback_flow.fn(steps.fourth.fn)


def test_callback_lambda():
    pipeline.callback_flow.fn(lambda x: steps.third.fn(x))


def test_partial():
    pipeline.partial_flow.fn()


def test_context():
    pipeline.with_context.fn()


def test_callable_object():
    pipeline.callable_object.fn()


def test_state():
    pipeline.state_flow()


def test_wait_for():
    pipeline.wait_for_flow()


def test_lambda():
    pipeline.lambda_flow.fn()


def test_sorted():
    pipeline.sorted_flow.fn()


def test_comprehension():
    pipeline.comprehension_flow.fn()


def test_by_module():
    pipeline.by_module.fn()


def test_by_import():
    pipeline.by_import.fn()


def test_helper_is_tested_alone():
    steps.helper()


def test_nothing():
    assert steps.never.name == "never"
