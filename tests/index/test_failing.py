"""What stands behind something that fails in a test does not run in it."""

from tests.checking import check


def test_nothing_runs_behind_a_library_that_a_test_has_raise():
    check("""
    #- flows.py
    import requests
    from prefect import flow, task
    @task
    def fetch(url): return requests.get(url).json()
    #   ^^^^^ task: ~test_argument, ~test_decorated, ~test_monkeypatch, ~test_set, ~test_up, ~test_with
    @task
    def save(rows): ...
    #   ^^^^ task: ~test_up
    @flow
    def etl(url):
    #   ^^^ flow: test_decorated, test_monkeypatch, test_set, test_up, test_with
        rows = fetch(url)
        save(rows)
    @flow
    def short(url): save(fetch(url))
    #   ^^^^^ flow: test_argument
    #- test_flows.py
    from unittest.mock import patch
    import pytest
    import requests
    from flows import etl, short
    def test_with():
        with patch("flows.requests.get", side_effect=requests.ConnectionError), pytest.raises(requests.ConnectionError):
            etl("x")
    @patch("requests.get", side_effect=requests.ConnectionError("down"))
    def test_decorated(get):
        with pytest.raises(requests.ConnectionError): etl("x")
    @patch("requests.get")
    def test_set(get):
        get.side_effect = requests.ConnectionError
        with pytest.raises(requests.ConnectionError): etl("x")
    def test_monkeypatch(monkeypatch):
        def down(*_): raise requests.ConnectionError
        monkeypatch.setattr(requests, "get", down)
        with pytest.raises(requests.ConnectionError): etl("x")
    def test_argument(mocker):
        mocker.patch("flows.requests.get", side_effect=requests.ConnectionError)
        with pytest.raises(requests.ConnectionError): short("x")
    @patch("requests.get", return_value=None)
    def test_up(get): etl("x")
    """)


def test_a_flow_does_not_run_with_an_argument_that_its_check_refuses():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def count(n): return n
    #   ^^^^^ task: ~test_anything, ~test_fits, ~test_inside, ~test_unchecked
    @flow
    def typed(n: int, label: str = "a"): return count(n)
    #   ^^^^^ flow: test_fits, test_inside
    @flow(validate_parameters=False)
    def unchecked(n: int): return count(n)
    #   ^^^^^^^^^ flow: test_unchecked
    @flow
    def anything(n): return count(n)
    #   ^^^^^^^^ flow: test_anything
    #- test_flows.py
    import pytest
    from flows import anything, typed, unchecked
    def test_text():
        with pytest.raises(Exception): typed("three")
    def test_number():
        with pytest.raises(Exception): typed(1, label=2)
    def test_list():
        with pytest.raises(Exception): typed(n=[1])
    def test_state(): assert typed("three", return_state=True).is_failed()
    def test_fits():
        with pytest.raises(ZeroDivisionError): typed("3", "b")
    def test_inside():
        with pytest.raises(ValueError): typed.fn("three")
    def test_unchecked():
        with pytest.raises(ValueError): unchecked("three")
    def test_anything():
        with pytest.raises(ValueError): anything("three")
    """)


def test_only_what_is_surely_a_literal_is_refused():
    check("""
    #- flows.py
    import os
    from prefect import flow, task
    from pydantic import BaseModel
    class Result(BaseModel):
        score: float
        light: str
    def rated(rows):
        score = sum(rows) / len(rows)
        return {"score": score, "light": "green" if score > 1 else "red"}
    @task
    def show(result): ...
    #   ^^^^ task: ~test_read, ~test_shown
    @flow
    def etl(rows):
    #   ^^^ flow: test_shown
        found = rated(rows)
        show(Result(score=found["score"], light=found["light"]))
    @flow
    def read():
    #   ^^^^ flow: test_read
        show(Result.model_validate({"score": os.environ.get("SCORE", "none"), "light": "red"}))
    @flow
    def typed(n: int): ...
    #   ^^^^^ flow: test_found
    #- test_flows.py
    import os
    from flows import etl, read, typed
    def test_shown(): assert etl([1], return_state=True).is_completed()
    def test_read(): assert read(return_state=True).is_completed()
    def test_found(): typed(os.environ.get("N") or "many")
    """)


def test_nothing_runs_without_what_it_needs_or_with_what_it_does_not_take():
    check("""
    #- flows.py
    from functools import wraps
    from prefect import flow, task
    @task
    def count(n, *, by=1): return n
    #   ^^^^^ task: test_taken, ~test_inside, ~test_more
    @flow
    def etl(n, **more): return count(n)
    #   ^^^ flow: test_inside, test_more
    def filled(f):
        @wraps(f)
        def inner(): return f(1)
        return inner
    @task
    @filled
    def short(n): ...
    #   ^^^^^ task: test_filled
    #- test_flows.py
    import pytest
    from flows import count, etl, short
    def test_nothing():
        with pytest.raises(TypeError): etl()
    def test_state(): assert count(return_state=True).is_failed()
    def test_too_many():
        with pytest.raises(TypeError): count.fn(1, 2)
    def test_named():
        with pytest.raises(TypeError): count(n=1, times=2)
    def test_inside():
        with pytest.raises(ValueError): etl(1)
    def test_more():
        with pytest.raises(ValueError): etl(1, times=2)
    def test_taken():
        with pytest.raises(ValueError): count(1, by=2, wait_for=[])
    def test_filled():
        with pytest.raises(ValueError): short()
    """)


def test_nothing_runs_behind_what_is_made_of_a_keyword_that_it_does_not_take():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def etl(options): ...
    #   ^^^ flow: test_alone, test_good, test_other, test_usual
    #- test_alone.py
    import pytest
    from lib import Settings
    from flows import etl
    def test_alone():
        with pytest.raises(TypeError): etl(Settings(odd=1))
    #- test_flows.py
    import pytest
    from lib import Options, read
    from flows import etl
    def test_good(): etl(Options(size=1, name="a"))
    def test_odd():
        with pytest.raises(TypeError): etl(Options(odd=1))
    def test_spread():
        with pytest.raises(TypeError): etl.fn(**{"options": Options(strange=2)})
    def test_usual():
        with pytest.raises(TypeError): etl(Options(size="x"))
    def test_other():
        with pytest.raises(ValueError): etl(Options(even=1))
        with pytest.raises(TypeError): etl(read(path=1))
    """)


def test_what_stands_behind_what_raises_in_a_block_that_expects_it_does_not_run():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def save(rows): ...
    #   ^^^^ task: test_behind
    @flow
    def etl(rows): ...
    #   ^^^ flow: test_after
    def broken(): raise ValueError
    #- test_flows.py
    import pytest
    from flows import broken, etl, save
    def test_inside():
        with pytest.raises(ValueError):
            broken()
            etl(1)
    def test_argument():
        with pytest.raises(ValueError): etl(broken())
    def test_after():
        with pytest.raises(ValueError): broken()
        etl(1)
    def test_behind():
        broken()
        save(1)
    """)


def test_what_does_not_take_what_it_is_given_does_not_run_where_that_is_caught():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def save(path): ...
    #   ^^^^ task: test_bare, ~test_handler, ~test_right
    @task
    def note(): ...
    #   ^^^^ task: ~test_right
    @flow
    def wrong():
    #   ^^^^^ flow: test_handler
        try:
            save(paths=["a"])
            note()
        except Exception:
            save("b")
    @flow
    def caught():
    #   ^^^^^^ flow: test_wrong
        try:
            save()
        except Exception as error:
            print(error)
    @flow
    def right():
    #   ^^^^^ flow: test_right
        try:
            save(path="a")
            note()
        finally:
            print("done")
    #- test_flows.py
    from flows import caught, right, save, wrong
    def test_wrong(): caught()
    def test_handler(): wrong()
    def test_right(): right()
    def test_bare(): save()
    """)
