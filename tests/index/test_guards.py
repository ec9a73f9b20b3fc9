"""What a passing test cannot have seen: exceptions that nobody catches, and what code does about them."""

from tests.checking import check


def test_a_handler_that_raises_again_does_not_run_where_nobody_catches():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def work(x):
    #   ^^^^ task: ~test_caller, ~test_caught, ~test_happy, ~test_raises, ~test_state, ~test_xfail
        if x == 0:
            raise ValueError("zero")
    @task
    def alert(): ...
    #   ^^^^^ task: ~test_caught, ~test_raises, ~test_state, ~test_xfail
    @task
    def done(): ...
    #   ^^^^ task: ~test_caller, ~test_caught, ~test_happy
    @flow
    def etl(x=1):
    #   ^^^ flow: test_happy, test_raises, test_state, test_xfail, ~test_caller, ~test_caught
        try:
            work(x)
        except ValueError:
            alert()
            raise
        done()
    @flow
    def caller(x=1):
    #   ^^^^^^ flow: test_caller
        return etl(x)
    @flow
    def tolerant(x=1):
    #   ^^^^^^^^ flow: test_caught
        try:
            return etl(x)
        except ValueError:
            return None
    #- test_flows.py
    import pytest
    from flows import caller, etl, tolerant
    def test_happy(): etl()
    def test_caller(): caller()
    def test_caught(): tolerant()
    def test_raises():
        with pytest.raises(ValueError):
            etl(0)
    def test_state(): etl(0, return_state=True)
    @pytest.mark.xfail
    def test_xfail(): etl(0)
    """)


def test_hooks_for_failures_run_where_somebody_sees_one():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def page(): ...
    #   ^^^^ task: test_raises, test_state
    @task
    def note(): ...
    #   ^^^^ task: test_happy, test_raises, test_state
    def failed(flow, run, state): page.fn()
    def ended(flow, run, state): note.fn()
    @flow(on_failure=[failed], on_completion=[ended])
    def etl(x=1): return 1 / x
    #   ^^^ flow: test_happy, test_raises, test_state
    #- test_flows.py
    import pytest
    from flows import etl
    def test_happy(): etl()
    def test_raises():
        with pytest.raises(ZeroDivisionError):
            etl(0)
    def test_state(): etl(0, return_state=True)
    """)


CAUGHT = """
    #- flows.py
    import asyncio, contextlib
    from concurrent.futures import ThreadPoolExecutor
    from prefect import flow, task
    @task
    def alert(): ...
    #   ^^^^^ task: {tests}
    def load(x): return 1 / x
    def work(x):
        try:
            return load(x)
        except ZeroDivisionError:
            alert.fn()
            raise
    async def awork(x): return work(x)
    @contextlib.contextmanager
    def quiet():
        try:
            yield
        except ZeroDivisionError:
            pass
    @contextlib.contextmanager
    def closing():
        try:
            yield
        except ZeroDivisionError:
            raise
    class Quiet:
        def __enter__(self): return self
        def __exit__(self, *error): return True
    class Closing:
        def __enter__(self): return self
        def __exit__(self, *error):
            print(error)
            return False
    def retrying(function):
        def again(*args):
            for _ in range(2):
                try:
                    return function(*args)
                except ZeroDivisionError:
                    continue
        return again
    @retrying
    def tried(x): return work(x)
    @task(retries=1)
    def step(): return work(1)
    #   ^^^^ task: test_once, test_retries
    @task(retries=1)
    def passed(ask): return work(ask())
    #   ^^^^^^ task:{passed}
    #- test_flows.py
    import asyncio, contextlib
    import pytest
    from pytest import raises as errors
    from unittest.mock import patch
    import flows
    from flows import *
"""


def test_who_may_catch():
    tests = """
    def test_manager():
        with quiet():
            work(0)
    def test_object():
        with Quiet():
            work(0)
    @pytest.mark.parametrize("expected", [pytest.raises(ZeroDivisionError), contextlib.nullcontext()])
    def test_variable(expected):
        with expected:
            work(0)
    def test_alias():
        with errors(ZeroDivisionError):
            work(0)
    def test_suppress():
        with contextlib.suppress(ZeroDivisionError):
            work(0)
    def test_handed_on(): pytest.raises(ZeroDivisionError, work, 0)
    def test_pool():
        with ThreadPoolExecutor() as pool:
            pool.submit(work, 0)
    async def test_collected(): await asyncio.gather(awork(0), return_exceptions=True)
    async def test_later():
        waiting = asyncio.create_task(awork(0))
        try:
            await waiting
        except ZeroDivisionError:
            pass
    def test_decorated(): tried(0)
    def test_retries():
        with patch("flows.load", side_effect=[ZeroDivisionError, 1]):
            step()
    def test_passed():
        answers = iter([0, 1])
        passed(lambda: next(answers))
    def test_once(): step()
    """
    names = "alias collected decorated handed_on later manager object passed pool retries suppress variable"
    expected = ", ".join(f"{'~' * (name in {'passed', 'retries'})}test_{name}" for name in names.split())
    expected = ", ".join(sorted(expected.split(", "), key=lambda name: (name[0] == "~", name)))
    check(CAUGHT.replace("{tests}", expected).replace("{passed}", " test_passed") + tests)


def test_who_does_not_catch():
    tests = """
    def test_plain(): work(1)
    def test_manager():
        with closing():
            work(1)
    def test_object():
        with Closing():
            work(1)
    def test_patched():
        with patch("flows.load"):
            work(1)
    async def test_awaited(): await awork(1)
    def test_run(): asyncio.run(awork(1))
    async def test_together(): await asyncio.gather(awork(1), awork(2))
    def test_once(): step()
    def test_retries(): step()
    """
    check(CAUGHT.replace(" {tests}", "").replace("{passed}", "") + tests)


def test_leaving_a_context_manager_is_told_of_no_exception_that_nobody_catches():
    check("""
    #- flows.py
    from prefect import task
    @task
    def undo(): ...
    #   ^^^^ task: test_raises
    @task
    def keep(): ...
    #   ^^^^ task: test_happy, test_raises
    class Transaction:
        def __enter__(self): return self
        def __exit__(self, kind, error, trace):
            if kind is not None:
                undo.fn()
            else:
                keep.fn()
    #- test_flows.py
    import pytest
    from flows import Transaction
    def test_happy():
        with Transaction():
            print()
    def test_raises():
        with pytest.raises(ValueError), Transaction():
            int("x")
    """)
