"""What is tested."""

from prefect import flow, task

from pkg import client
from pkg.client import fetch
from pkg.tasks import double, extract, load, transform


@flow
def etl(rows=2):
    found = extract.fn(rows)
    return load.fn(transform.fn(found))


@flow
def simple():
    return 1


@flow
def calls_helper():
    return client.send(1) + fetch(2)


@flow
def a():
    return "a"


@flow
def b():
    return "b"


@flow
def c():
    return "c"


@flow
def d():
    return "d"


def product_wrapper(x=1):
    """A product-side wrapper that calls `.fn`."""
    return double.fn(x)


class Runner:
    def __init__(self, flow):
        self._flow = flow

    def run(self, *args, **kwargs):
        return self._flow.fn(*args, **kwargs)


def lambda_handler(event, context=None):
    return etl.fn(event["rows"])


TABLE = {"first": a, "second": b}


def by_table(name):
    return TABLE[name].fn()


@flow
def calls_fetch_alone():
    return fetch(2)
