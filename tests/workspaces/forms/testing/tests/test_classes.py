"""Base classes, unittest, helpers."""

import asyncio
import unittest
from unittest import IsolatedAsyncioTestCase, TestCase

import pytest
from helpers import BaseOfHelpers, HelperCase, run_all, entered, run_it, run_later, run_twice
from pkg import flows
from pkg.flows import Runner, a, b, c, d, lambda_handler, product_wrapper


class Base:
    flow = None

    def test_inherited(self):
        self.flow.fn()

    def helper(self):
        return self.flow


class TestFirst(Base):
    flow = a


class TestSecond(Base):
    flow = b

    def test_own(self):
        self.helper().fn()


class TestThird(BaseOfHelpers):
    def get_flow(self):
        return c


class TestFourth(BaseOfHelpers):
    @pytest.fixture
    def flow(self):
        return d

    def test_with_fixture(self, flow):
        flow.fn()


class UnitTest(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = a

    def setUp(self):
        self.flow = b
        self.addCleanup(c.fn)

    def test_shared(self):
        self.shared.fn()

    def test_own(self):
        self.flow.fn()

    def test_subtests(self):
        for f in (a, d):
            with self.subTest(f=f.name):
                f.fn()

    def test_assert_raises(self):
        with self.assertRaises(ZeroDivisionError):
            self.flow.fn()
            1 / 0

    @unittest.skip("not now")
    def test_skipped(self):
        d.fn()

    @unittest.expectedFailure
    def test_expected(self):
        d.fn()
        self.fail()


class InheritedUnitTest(UnitTest):
    def setUp(self):
        super().setUp()
        self.flow = d


class FromHelpers(HelperCase):
    def test_run(self):
        self.run_flow(a)


class AsyncCase(IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.flow = c

    async def test_async(self):
        await asyncio.to_thread(self.flow.fn)


def test_helper():
    run_it(a)


def test_helper_calls_helper():
    run_twice(b)


def test_helper_with_a_list():
    run_all([a, c])


def test_helper_with_keywords():
    run_it(flow=d)


def test_helper_that_returns_a_function():
    run_later(c)()


def test_handed_bound_method():
    run_later(Runner(b).run)()


def test_product_wrapper():
    product_wrapper(3)


def test_runner():
    Runner(a).run()


def test_handler():
    lambda_handler({"rows": 1})


def test_defined_in_the_test():
    from prefect import flow, task

    @task
    def inner(x):
        return x

    @flow
    def outer():
        return inner.fn(1) + flows.double.fn(2)

    assert outer.fn() == 5


def test_defined_here_and_given_to_a_helper():
    from prefect import flow

    @flow
    def local():
        return 1

    run_it(local)


def test_nested_function():
    def inner(f):
        def innermost():
            return f.fn()

        return innermost()

    inner(d)


def test_default_argument():
    def inner(f=a):
        return f.fn()

    inner()


def test_closure():
    found = [b]

    def inner():
        return found[0].fn()

    inner()


def test_lambda():
    (lambda f: f.fn())(c)


def test_recursion():
    def down(n, f):
        return f.fn() if n == 0 else down(n - 1, f)

    down(3, d)


def test_asyncio_run():
    async def inner():
        return a.fn()

    asyncio.run(inner())


@pytest.mark.anyio
async def test_anyio():
    b.fn()


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def flow_of_anyio():
    return c


@pytest.mark.anyio
async def test_anyio_fixture(flow_of_anyio):
    flow_of_anyio.fn()


@pytest.mark.asyncio
async def test_asyncio():
    d.fn()


@pytest.mark.skip
def test_skipped():
    a.fn()


@pytest.mark.skipif(False, reason="never")
def test_not_skipped():
    a.fn()


def test_thread():
    from concurrent.futures import ThreadPoolExecutor
    from threading import Thread

    thread = Thread(target=b.fn)
    thread.start()
    thread.join()
    with ThreadPoolExecutor() as pool:
        pool.submit(c.fn).result()
        list(pool.map(lambda f: f.fn(), [d]))


def test_context_manager():
    with entered(a) as f:
        f.fn()


def test_loop_with_else():
    for _ in range(2):
        pass
    else:
        c.fn()


def test_try():
    try:
        raise ValueError
    except ValueError:
        a.fn()
    finally:
        b.fn()


def test_match():
    match "b":
        case "a" | "b":
            b.fn()


def test_assert():
    assert (f := c).fn() == "c"


def test_f_string():
    assert f"{d.fn()}" == "d"


def test_star_args():
    def call(*functions, **named):
        for f in functions:
            f()
        for f in named.values():
            f()

    call(a.fn, last=b.fn)


def test_decorated_helper():
    import functools

    @functools.lru_cache
    def cached():
        return c.fn()

    cached()
