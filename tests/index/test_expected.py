"""What a test expects to be raised says what has not run."""

import pytest
from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot

from tests.checking import check, described, workspace


def test_what_stands_behind_the_call_that_raises_does_not_run():
    check("""
    #- errors.py
    class PipelineError(Exception): ...
    class EmptyError(PipelineError): ...
    #- checks.py
    from errors import EmptyError
    def check(rows):
        if not rows:
            raise EmptyError("no rows")
        return rows
    #- flows.py
    from checks import check
    from prefect import flow, task
    @task
    def extract(): ...
    #   ^^^^^^^ task: ~test_base, ~test_empty, ~test_whole
    @task
    def clean(rows):
    #   ^^^^^ task: ~test_base, ~test_empty, ~test_whole
        return check(rows)
    @task
    def load(rows): ...
    #   ^^^^ task: ~test_whole
    @flow
    def etl():
    #   ^^^ flow: test_base, test_empty, test_whole
        rows = extract()
        rows = clean(rows)
        return load(rows)
    #- test_flows.py
    import pytest
    from errors import EmptyError, PipelineError
    from flows import etl
    @pytest.fixture(name="unused")
    def make_unused(): ...
    def test_whole(): etl()
    def test_empty():
        with pytest.raises(EmptyError):
            etl()
    def test_base():
        with pytest.raises(PipelineError, match="no rows"):
            etl()
    """)


def test_the_branches_of_the_function_that_raises_do_not_run_when_they_return():
    check("""
    #- flows.py
    from prefect import flow, task
    class RejectedError(Exception): ...
    @task
    def submit(): return {}
    #   ^^^^^^ task: ~test_done, ~test_other, ~test_rejected
    @task
    def fetch(job): ...
    #   ^^^^^ task: ~test_done
    @task
    def archive(job): ...
    #   ^^^^^^^ task: ~test_done
    @flow
    def run():
    #   ^^^ flow: test_done, test_other, test_rejected
        job = submit()
        if job["state"] == "ended":
            if job["result"] == "good":
                output = fetch(job)
                return output
            raise RejectedError(f"job {job} was rejected")
        if job["state"] == "lost":
            raise ValueError("the job was lost")
        archive(job)
    #- test_flows.py
    import pytest
    from flows import RejectedError, run
    def test_done(): run()
    def test_rejected():
        with pytest.raises(RejectedError):
            run()
    def test_other():
        with pytest.raises(ValueError, match="was lost"):
            run()
    """)


def test_where_it_is_open_who_raises_all_may_run():
    check("""
    #- flows.py
    import asyncio
    from prefect import flow, task
    class BadRowError(Exception): ...
    class OddRowError(Exception): ...
    class MockedError(Exception): ...
    class TwiceError(Exception): ...
    @task
    def load(row): ...
    #   ^^^^ task: ~test_aio, ~test_builtin, ~test_each, ~test_gen, ~test_loop, ~test_mocked, ~test_others, ~test_twice
    @task
    def check(row):
    #   ^^^^^ task: ~test_each, ~test_loop
        if row < 0:
            raise BadRowError("negative")
    @flow
    def loop(rows):
    #   ^^^^ flow: test_loop
        for row in rows:
            check(row)
            load(row)
    def checked(row):
        check(row)
        load(row)
    @flow
    def each(rows):
    #   ^^^^ flow: test_each
        return [checked(row) for row in rows]
    def odd(row):
        if row % 2:
            raise OddRowError("odd")
    def even(row):
        if not row % 2:
            raise OddRowError("even")
    @flow
    def others(row):
    #   ^^^^^^ flow: test_others
        odd(row)
        load(row)
        even(row)
    def twice_(row):
        if row:
            raise TwiceError("twice")
    @flow
    def twice(row):
    #   ^^^^^ flow: test_twice
        twice_(row)
        load(row)
        twice_(-row)
    def number(text):
        if not text:
            raise ValueError("no text")
        return int(text)
    @flow
    def builtin(text):
    #   ^^^^^^^ flow: test_builtin
        load(number(text))
        load(number(text + "x"))
    class LateError(Exception): ...
    def rows():
        yield 1
        raise LateError("late")
    @flow
    def late():
    #   ^^^^ flow: test_gen
        for row in rows():
            load(row)
    class LaterError(Exception): ...
    async def wait(row):
        if row:
            raise LaterError("later")
    @flow
    async def later(row):
    #         ^^^^^ flow: test_aio
        waiting = asyncio.create_task(wait(row))
        load(row)
        await waiting
    def ask(client):
        if client is None:
            raise MockedError("nobody")
        client.get()
    @flow
    def mocked(client):
    #   ^^^^^^ flow: test_mocked
        ask(client)
        load(1)
        client.put()
    #- test_flows.py
    from unittest.mock import Mock
    import pytest
    import flows
    def test_loop():
        with pytest.raises(flows.BadRowError):
            flows.loop([1, -1])
    def test_each():
        with pytest.raises(flows.BadRowError):
            flows.each([1, -1])
    def test_others():
        with pytest.raises(flows.OddRowError):
            flows.others(2)
    def test_twice():
        with pytest.raises(flows.TwiceError):
            flows.twice(len("a"))
    def test_builtin():
        with pytest.raises(ValueError):
            flows.builtin("1")
    def test_gen():
        with pytest.raises(flows.LateError):
            flows.late()
    async def test_aio():
        with pytest.raises(flows.LaterError):
            await flows.later(1)
    def test_mocked():
        client = Mock()
        client.put.side_effect = flows.MockedError("put")
        with pytest.raises(flows.MockedError):
            flows.mocked(client)
    """)


_PROJECT = """
    #- errors.py
    class EmptyError(Exception): ...
    #- checks.py
    from errors import EmptyError
    def check(rows):
        if not rows:
            raise EmptyError("no rows")
        return rows
    def other(rows):
        return rows
    #- flows.py
    from checks import check, other
    from prefect import flow, task
    @task
    def load(rows): ...
    def tidy(rows):
        return other(rows)
    @flow
    def etl(rows):
        rows = tidy(rows)
        check(rows)
        load(rows)
    #- test_flows.py
    import pytest
    from errors import EmptyError
    from flows import etl
    def test_whole(): etl([1])
    def test_empty():
        with pytest.raises(EmptyError, match="no rows"):
            etl([])
    """


@pytest.mark.parametrize(
    ("path", "before", "after", "runs_more"),
    [
        ("flows.py", "    load(rows)\n", "    load(rows)\n    check(rows)\n", True),
        ("flows.py", "    check(rows)\n", "    for row in rows:\n        check(row)\n", True),
        ("flows.py", "return other(rows)", "return check(rows)", True),
        (
            "checks.py",
            "    return rows\ndef other(rows):\n",
            "    return rows\ndef other(rows):\n    check(rows)\n",
            True,
        ),
        ("checks.py", '("no rows")', '("nothing")', True),
        ("checks.py", "        raise", "        print(rows)\n        raise", False),
        ("flows.py", "    load(rows)\n", "    print(rows)\n    load(rows)\n", False),
    ],
)
def test_an_edit_that_opens_another_way_is_taken_in(path, before, after, runs_more):
    files = dict(workspace(_PROJECT).files)
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    assert "flows.py:4:4+4 task: ~test_whole" in described(snapshot)
    files[path] = files[path].replace(before, after, 1)
    assert after in files[path]
    facts = read_facts(files[path])
    fresh = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    tests = "~test_empty, ~test_whole" if runs_more else "~test_whole"
    assert described(snapshot.update({path: facts}, {})) == described(fresh)
    assert f"flows.py:4:4+4 task: {tests}" in described(fresh)


def test_a_model_refuses_a_text_for_a_number():
    check("""
    #- flows.py
    from dataclasses import dataclass
    from prefect import flow, task
    from pydantic import BaseModel, field_validator
    class Order(BaseModel):
        number: int
        name: str
    class Mended(Order):
        @field_validator("number", mode="before")
        def mend(cls, value): return 1
    @task
    def send(order): ...
    #   ^^^^ task: ~test_fits, ~test_mended
    def checked(given):
        if isinstance(given, Order):
            return given
        return Order.model_validate(given)
    @flow
    def ship(order):
    #   ^^^^ flow: test_deep, test_fits, test_mended
        send(order=checked(order))
    #- test_flows.py
    import pytest
    from flows import Mended, Order, ship
    from pydantic import ValidationError
    def test_deep():
        with pytest.raises(ValidationError):
            ship.fn({"number": "many", "name": "a"})
    def test_made():
        with pytest.raises(ValidationError):
            ship(Order(number="many", name="a"))
    def test_fits(): ship({"number": "12", "name": "a"})
    def test_mended(): ship(Mended(number="many", name="a"))
    """)
