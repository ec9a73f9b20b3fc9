"""A literal that is passed decides which branch runs."""

from tests.checking import check


def test_a_condition_on_a_literal_says_which_branch_runs():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def check(): ...
    #   ^^^^^ task: ~test_dry, ~test_unknown, ~test_variable
    @task
    def save(): ...
    #   ^^^^ task: ~test_default, ~test_given, ~test_unknown
    @task
    def full(): ...
    #   ^^^^ task: ~test_default, ~test_dry, ~test_unknown, ~test_variable
    @task
    def part(): ...
    #   ^^^^ task: ~test_given, ~test_unknown
    @task
    def other(): ...
    #   ^^^^^ task: ~test_unknown
    def store(dry_run=False):
        if dry_run:
            return check()
        return save()
    @flow
    def etl(dry_run: bool = False, mode="full"):
    #   ^^^ flow: test_default, test_dry, test_given, test_unknown, test_variable
        store(dry_run)
        if mode == "full":
            full()
        elif mode in ("part", "half"):
            part()
        else:
            other()
    #- test_flows.py
    import os
    from flows import etl
    def test_default(): etl()
    def test_dry(): etl(dry_run=True)
    def test_given(): etl.fn(False, "half")
    def test_unknown(): etl(*os.environ)
    def test_variable(dry=True): etl(dry_run=True, mode="full")
    """)


def test_a_parameter_that_is_assigned_anew_or_comes_from_elsewhere_decides_nothing():
    check("""
    #- flows.py
    from functools import partial
    from prefect import flow, task
    @task
    def save(): ...
    #   ^^^^ task: ~test_again, ~test_computed, ~test_more, ~test_nested, ~test_partial, ~test_spread
    @flow
    def again(dry=True):
    #   ^^^^^ flow: test_again
        dry = dry and load()
        if not dry: save()
    @flow
    def plain(dry=True):
    #   ^^^^^ flow: test_computed, test_more, test_partial, test_spread
        if not dry: save()
    @flow
    def nested(dry=True):
    #   ^^^^^^ flow: test_nested
        def change():
            nonlocal dry
            dry = False
        change()
        if not dry: save()
    #- test_flows.py
    from functools import partial
    import pytest
    from flows import again, nested, plain
    def test_again(): again(True)
    def test_computed(tmp_path): plain(tmp_path.exists())
    def test_more(capsys): plain(**capsys.readouterr())
    def test_nested(): nested(True)
    def test_partial(): partial(plain, dry=False)()
    @pytest.mark.parametrize("given", [[False]])
    def test_spread(given): plain(*given)
    """)


def test_what_stands_behind_a_branch_that_leaves_does_not_run():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def load(rows): return rows
    #   ^^^^ task: ~test_rows
    @task
    def save(rows): ...
    #   ^^^^ task: ~test_kind, ~test_rows
    @flow
    def etl(rows=None):
    #   ^^^ flow: test_bad, test_empty, test_kind, test_none, test_rows
        if rows is None:
            raise ValueError
        if not rows:
            return None
        validate(rows)
        return save(load(rows))
    def validate(kind):
        if kind == "bad":
            raise ValueError
        for one in kind:
            if one == "x":
                return
    @flow
    def route(kind):
    #   ^^^^^ flow: test_bad, test_kind
        validate(kind)
        save(kind)
    #- test_flows.py
    import pytest
    from flows import etl, route
    def test_none():
        with pytest.raises(ValueError): etl()
    def test_empty(): etl([])
    def test_rows(): etl([1])
    def test_bad():
        with pytest.raises(ValueError): route("bad")
        etl(rows=[])
    def test_kind():
        route("good")
        etl({})
    """)


def test_a_loop_over_nothing_and_cases_on_a_literal():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def one(row): ...
    #   ^^^ task: ~test_row
    @task
    def csv(): ...
    #   ^^^ task: ~test_empty
    @task
    def other(): ...
    #   ^^^^^ task: ~test_row
    @flow
    def etl(rows, kind):
    #   ^^^ flow: test_empty, test_row
        for row in rows:
            one(row)
        match kind:
            case "csv" | "tsv":
                csv()
            case _:
                other()
    #- test_flows.py
    from flows import etl
    def test_empty(): etl([], "csv")
    def test_row(): etl([1], kind="json")
    """)
