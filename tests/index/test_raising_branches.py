"""Branches that surely raise: a test that passes has not been there, unless somebody catches."""

from tests.checking import check


def test_a_branch_that_surely_raises_does_not_run_where_nobody_catches():
    check("""
    #- notify.py
    import sys
    from prefect import flow, task
    @task
    def warn(): ...
    #   ^^^^ task: ~test_caught, ~test_each, ~test_raises, ~test_state, ~test_submitted, ~test_xfail
    @task(retries=0)
    def fail(message):
    #   ^^^^ task: test_fail, ~test_caught, ~test_raises, ~test_state, ~test_submitted, ~test_xfail
        text = f"error: {message}"
        raise RuntimeError(text)
    @task
    def skipped(): ...
    #   ^^^^^^^ task: ~test_retried, ~test_skipping
    @task
    def over(): ...
    #   ^^^^ task: ~test_each
    @task
    def leave(): ...
    #   ^^^^^ task: ~test_leaving_raises
    #- flows.py
    import sys
    from prefect import flow, task
    import notify
    @task
    def check(rows):
    #   ^^^^^ task: ~test_caught, ~test_happy, ~test_raises, ~test_state, ~test_submitted, ~test_xfail
        if rows.bad:
            notify.warn()
            raise ValueError
        if rows.worse:
            notify.fail("worse")
    @flow
    def etl(rows):
    #   ^^^ flow: test_happy, test_raises, test_state, test_xfail, ~test_caught
        check(rows)
    @flow
    def tolerant(rows):
    #   ^^^^^^^^ flow: test_caught
        try:
            return etl(rows)
        except ValueError:
            return None
    @flow
    def submitted(rows):
    #   ^^^^^^^^^ flow: test_submitted
        check.submit(rows)
    @flow
    def skipping(rows):
    #   ^^^^^^^^ flow: test_skipping
        for row in rows:
            if row.old:
                notify.skipped()
                continue
            raise ValueError
    @flow
    def leaving(rows):
    #   ^^^^^^^ flow: test_leaving, test_leaving_raises
        if rows.bad:
            notify.leave()
            sys.exit(1)
    class Pages:
        def __iter__(self):
            return self
        def __next__(self):
            if self.end:
                notify.over()
                raise StopIteration
            notify.warn()
    @task(retries=2)
    def unsteady(rows):
    #   ^^^^^^^^ task: ~test_retried
        if rows.first:
            notify.skipped()
            raise ValueError
    @flow
    def retried(rows):
    #   ^^^^^^^ flow: test_retried
        unsteady(rows)
    @flow
    def each():
    #   ^^^^ flow: test_each
        for _ in Pages():
            pass
    #- test_flows.py
    import pytest
    import flows
    import notify
    def test_happy(rows): flows.etl(rows)
    def test_caught(rows): flows.tolerant(rows)
    def test_raises(rows):
        with pytest.raises(ValueError):
            flows.etl(rows)
    def test_state(rows): flows.etl(rows, return_state=True)
    @pytest.mark.xfail
    def test_xfail(rows): flows.etl(rows)
    def test_submitted(rows): flows.submitted(rows)
    def test_skipping(rows): flows.skipping(rows)
    def test_leaving(rows): flows.leaving(rows)
    def test_leaving_raises(rows):
        with pytest.raises(SystemExit):
            flows.leaving(rows)
    def test_each(): flows.each()
    def test_retried(rows): flows.retried(rows)
    def test_fail():
        with pytest.raises(RuntimeError):
            notify.fail("no")
    """)


def test_finally_may_return_whatever_was_raised():
    check("""
    #- flows.py
    from prefect import task
    @task
    def alert(): ...
    #   ^^^^^ task: test_returns
    @task
    def later(): ...
    #   ^^^^^ task: test_does_not_raise, test_does_not_return, test_returns
    def load(x): return 1 / x
    def work(x):
        try:
            return load(x)
        except ZeroDivisionError:
            alert.fn()
            raise
    def fails(): raise ValueError
    def returns(x, step):
        try:
            step(x)
        finally:
            return None
    def does_not(x, step):
        try:
            step(x)
        finally:
            print("done")
    def run(how, step):
        how(0, step)
        later.fn()
    #- test_flows.py
    from flows import does_not, fails, returns, run, work
    def test_returns(): run(returns, work)
    def test_does_not_return(): run(does_not, work)
    def test_does_not_raise(): run(returns, lambda x: fails())
    """)


def test_a_route_of_a_web_application_may_raise():
    check("""
    #- app.py
    from fastapi import FastAPI, HTTPException
    from prefect import task
    @task
    def audit(): ...
    #   ^^^^^ task: TestApp::test_missing, test_missing, test_passed
    app = FastAPI()
    @app.get("/orders/{number}")
    def order(number: int):
        if number > 5:
            audit()
            raise HTTPException(404)
        return number
    #- test_app.py
    import unittest
    import pytest
    from fastapi.testclient import TestClient
    from app import app
    client = TestClient(app)
    @pytest.fixture
    def passed():
        with TestClient(app) as one:
            yield one
    def test_missing():
        assert client.get("/orders/6").status_code == 404
    def test_passed(passed):
        assert passed.get("/orders/6").status_code == 404
    class TestApp(unittest.TestCase):
        def setUp(self):
            self.client = TestClient(app)
        def test_missing(self):
            assert self.client.get("/orders/6").status_code == 404
    """)
