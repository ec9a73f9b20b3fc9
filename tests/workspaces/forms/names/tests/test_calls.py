"""Every way to run a flow or task."""

import pytest
from prefect import flow
from prefect.deployments.runner import RunnerDeployment
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.task_engine import run_task_sync
from prefect.flow_engine import run_flow
from shop.pipelines import orders
from shop.pipelines.rates import convert, exchange
from shop.pipelines.refunds import refund

from pathlib import Path

ROOT = Path(__file__).parent.parent


@flow
def around():
    return [
        convert.submit(1).result(),
        *[f.result() for f in convert.map([1, 2])],
    ]


def test_task_is_submitted():
    around()


def test_task_called():
    convert(3)


def test_flow_with_state():
    assert exchange(return_state=True).is_completed()


def test_with_options_then_submit():
    @flow
    def inner():
        return refund.with_options(retries=1).submit(1).result()

    inner()


def test_fn():
    refund.fn(1)


def test_run_flow():
    run_flow(orders.order)


def test_run_task():
    run_task_sync(refund, parameters={"x": 1})


def test_entrypoint_by_path():
    found = load_flow_from_entrypoint(str(ROOT / "src" / "shop" / "pipelines" / "orders.py") + ":ship")
    found.fn()


def test_entrypoint_by_module():
    load_flow_from_entrypoint("shop.pipelines.orders.audit").fn()


def test_from_source():
    found = flow.from_source(source=str(ROOT), entrypoint="src/shop/pipelines/orders.py:cancel")
    found.fn()


def test_from_source_of_flow_class():
    Flow.from_source(source=ROOT, entrypoint="src/shop/pipelines/orders.py:track").fn()


def test_deployment_does_not_run():
    made = orders.pack.to_deployment(name="x")
    assert isinstance(made, RunnerDeployment)


def test_mention():
    assert orders.pack.name == "pack" and callable(orders.pack) and orders.pack is not None


def test_raises():
    with pytest.raises(ZeroDivisionError):
        divide.fn(1)


def test_raises_with_a_callable():
    pytest.raises(ZeroDivisionError, divide.fn, 1)


def test_visualized_name():
    assert orders.pack.fn.__name__ == "pack"


from prefect import task


@task
def divide(x):
    return x / 0


@task
def with_result(x=1):
    return x


def test_state_of_a_task():
    assert with_result(return_state=True).is_completed()


def test_wait():
    @flow
    def inner():
        future = with_result.submit()
        future.wait()
        return future.result()

    assert inner() == 1


def test_engine_that_is_not_started():
    from prefect.flow_engine import AsyncFlowRunEngine

    assert AsyncFlowRunEngine(flow=refund).flow is refund
