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


def test_how_a_text_begins_or_ends_decides_as_well():
    check("""
    #- flows.py
    from dataclasses import dataclass
    from prefect import flow, task
    @task
    def fetch(url): ...
    #   ^^^^^ task: ~test_both, ~test_far, ~test_fine, ~test_unknown
    @task
    def read(path): ...
    #   ^^^^ task: ~test_both, ~test_near, ~test_source, ~test_unknown
    @task
    def parse(path): ...
    #   ^^^^^ task: ~test_both, ~test_far, ~test_source, ~test_unknown
    @task
    def refuse(path): ...
    #   ^^^^^^ task: ~test_both, ~test_fine, ~test_near, ~test_unknown
    @dataclass
    class Source:
        path: str
        def open(self):
            if self.path.startswith("https:"):
                fetch(self.path)
            else:
                read(self.path)
    @flow
    def etl(path):
    #   ^^^ flow: test_both, test_far, test_fine, test_near, test_unknown
        if path.startswith(("http:", "https:")):
            fetch(path)
        else:
            read(path)
        if not path.endswith(".csv"):
            refuse(path)
        else:
            parse(path)
    @flow
    def ship(path):
    #   ^^^^ flow: test_source
        Source(path="here.csv").open()
        parse(path)
    #- test_flows.py
    import os
    import pytest
    from flows import etl, ship
    def test_far(): etl("https://example.com/a.csv")
    def test_fine(): etl(path="http://example.com/a.json")
    def test_near(): etl("a.json")
    def test_unknown(): etl(os.environ["SOURCE"])
    def test_source(): ship("a")
    @pytest.mark.parametrize("path", ["https:a.csv", "b.json"])
    def test_both(path): etl(path)
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


def test_a_conditional_expression_goes_by_a_literal():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def full(): ...
    #   ^^^^ task: ~test_default, ~test_unknown
    @task
    def part(): ...
    #   ^^^^ task: ~test_quick, ~test_unknown
    @task
    def note(): ...
    #   ^^^^ task: ~test_quick, ~test_unknown
    def chosen(quick): return part if quick else full
    @flow
    def etl(quick=False):
    #   ^^^ flow: test_default, test_quick, test_unknown
        chosen(quick)()
        quick and note()
        part() if quick is not False else None
    #- test_flows.py
    import os
    from flows import etl
    def test_default(): etl()
    def test_quick(): etl(quick=True)
    def test_unknown(): etl(os.environ["X"])
    """)


def test_the_class_of_what_is_passed_decides_which_branch_runs():
    check("""
    #- kinds.py
    class Event: ...
    class Mail(Event): ...
    class Letter(Mail): ...
    class Call(Event): ...
    class Other: ...
    #- flows.py
    from prefect import flow, task
    import kinds
    from kinds import Call, Event, Letter, Mail
    @task
    def mail(): ...
    #   ^^^^ task: ~test_case, ~test_event, ~test_letter, ~test_mail, ~test_unknown
    @task
    def letter(): ...
    #   ^^^^^^ task: ~test_event, ~test_letter, ~test_mail, ~test_unknown
    @task
    def call(): ...
    #   ^^^^ task: ~test_call, ~test_case_of_another, ~test_event, ~test_unknown
    @task
    def others(): ...
    #   ^^^^^^ task: ~test_case_of_another, ~test_event, ~test_other, ~test_unknown
    @flow
    def route(event: Event):
    #   ^^^^^ flow: test_call, test_event, test_letter, test_mail, test_other, test_unknown
        if isinstance(event, kinds.Mail):
            if isinstance(event, Letter):
                letter()
            return mail()
        elif isinstance(event, (Call, str)):
            return call()
        others()
    @flow
    def cases(event):
    #   ^^^^^ flow: test_case, test_case_of_another
        match event:
            case Mail() | Letter(): mail()
            case Call(caller="me"): call()
            case _: others()
    #- test_flows.py
    from flows import cases, route
    from kinds import Call, Letter, Mail, Event, Other
    def made() -> Event: ...
    def test_mail(): route(Mail())
    def test_letter(): route(event=Letter())
    def test_call(): route(Call())
    def test_other(): route(Other())
    def test_event(): route(made())
    def test_unknown(tmp_path): route(tmp_path)
    def test_case(): cases(Mail())
    def test_case_of_another(): cases(Call())
    """)


def test_a_bound_says_which_branch_runs():
    check("""
    #- flows.py
    from dataclasses import dataclass
    from prefect import flow, task
    @dataclass
    class Plan:
        parts: int = 4
    @task
    def load(): ...
    #   ^^^^ task: ~test_many, ~test_one, ~test_unknown
    @task
    def split(): ...
    #   ^^^^^ task: ~test_many, ~test_unknown
    @flow
    def etl(count, plan=None):
    #   ^^^ flow: test_many, test_negative, test_one, test_unknown
        if count < 0:
            raise ValueError("negative")
        if count > 1 and plan.parts >= 2:
            split()
        load()
    #- test_flows.py
    import pytest
    from flows import Plan, etl
    def test_many(): etl(5, Plan())
    def test_one(): etl(5, Plan(parts=1))
    def test_unknown(count): etl(count, Plan())
    def test_negative():
        with pytest.raises(ValueError):
            etl(-1)
    """)


def test_a_literal_is_no_object_of_a_class_of_the_project():
    check("""
    #- flows.py
    from prefect import flow
    from pydantic import BaseModel
    class Config(BaseModel): ...
    class Named(dict): ...
    @flow
    def etl(): ...
    #   ^^^ flow: test_config, test_loop, test_named, test_or, test_perhaps, test_unknown
    def run(config):
        if not isinstance(config, Config):
            raise TypeError("no config")
        etl()
    def named(config):
        if not isinstance(config, Named):
            raise TypeError("no config")
        etl()
    #- test_flows.py
    import pytest
    from flows import Config, named, run
    def test_none():
        with pytest.raises(TypeError): run(None)
    def test_none_by_name():
        config = None
        with pytest.raises(TypeError): run(config)
    def test_dictionary():
        with pytest.raises(TypeError): run({"a": 1})
    def test_empty():
        with pytest.raises(TypeError): run({})
    def test_text():
        with pytest.raises(TypeError): run("text")
    def test_config(): run(Config())
    def test_perhaps(tmp_path):
        config = None
        if tmp_path: config = Config()
        run(config)
    def test_loop():
        last = None
        for _ in range(3):
            run(last)
            last = Config()
    def test_or(tmp_path): run(tmp_path or {})
    def test_unknown(tmp_path): run(tmp_path)
    def test_named(): named({"a": 1})
    """)


def test_a_name_for_a_literal_or_function_is_as_good_and_a_parameter_may_be_assigned_behind():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def load(): ...
    #   ^^^^ task: ~test_dated, ~test_dated_by_name, ~test_empty, ~test_filled, ~test_loop
    @task
    def save(): ...
    #   ^^^^ task: ~test_undated
    @flow
    def evaluate(data=None):
    #   ^^^^^^^^ flow: test_empty, test_filled, test_function, test_given, test_written
        data = data or load()
        return data
    @flow
    def score(date=None):
    #   ^^^^^ flow: test_dated, test_dated_by_name, test_undated
        if date is None:
            try:
                return save()
            except ValueError:
                raise
            finally:
                print(date)
        date = date.strip()
        load()
    @flow
    def loop(first=True):
    #   ^^^^ flow: test_loop
        for _ in range(3):
            if not first:
                load()
            first = False
    #- test_flows.py
    from flows import evaluate, loop, score
    def test_given():
        data = {"a": [1]}
        evaluate(data)
    def test_written(): evaluate(data={"a": 1})
    def test_function(): evaluate(lambda: 1)
    def test_filled():
        data = {}
        data["a"] = 1
        evaluate(data)
    def test_empty(): evaluate({})
    def test_undated(): score()
    def test_dated(): score("2024")
    def test_dated_by_name():
        date = "2024"
        score(date)
    def test_loop(): loop()
    """)


def test_an_object_that_is_passed_is_there():
    check("""
    #- flows.py
    from prefect import flow, task
    class Config:
        def __init__(self): load()
    class Rows(Config):
        def __len__(self): return 0
        def __init__(self): ...
    @task
    def load(): ...
    #   ^^^^ task: ~test_empty, ~test_made, ~test_nothing, ~test_open, ~test_passed_on
    @flow
    def run(config=None):
    #   ^^^ flow: test_empty, test_made, test_mock, test_name, test_nothing, test_object, ~test_on, ~test_passed_on
        if not config:
            config = Config()
        return config
    @flow
    def asks(config: Config | None = None):
    #   ^^^^ flow: test_asked_for_none, test_open
        if config is None:
            config = Config()
        return config
    @flow
    def passes_on(config=None):
    #   ^^^^^^^^^ flow: test_passed_on
        config = config or Rows()
        run(config)
    @flow
    def outer(config=None): run(config)
    #   ^^^^^ flow: test_on
    #- test_flows.py
    from unittest.mock import MagicMock
    from flows import Rows, asks, outer, passes_on, run
    class Mine:
        name = "x"
    def made(there=True): return Mine() if there else None
    def test_nothing(): run()
    def test_object(): run(Mine())
    def test_name():
        mine = Mine()
        run(config=mine)
    def test_mock(): run(MagicMock())
    def test_empty(): run(Rows())
    def test_asked_for_none(): asks(Rows())
    def test_made(): run(made())
    def test_open(): asks(config=made(False))
    def test_passed_on(): passes_on(made())
    def test_on(): outer(Mine())
    """)


def test_members_of_an_enumeration_decide():
    check("""
    #- modes.py
    from enum import Enum, IntEnum
    class Mode(Enum):
        WHOLE = "whole"
        PART = "part"
    class Size(IntEnum):
        SMALL = 0
        LARGE = 1
        BIG = 1
    class Defaults:
        MODE = "a"
        OTHER = "a"
    #- flows.py
    from prefect import flow, task
    from modes import Defaults, Mode, Size
    @task
    def whole(): ...
    #   ^^^^^ task: test_default, test_text, test_whole, ~test_unknown
    @task
    def part(): ...
    #   ^^^^ task: test_part, test_text, ~test_unknown
    @task
    def large(): ...
    #   ^^^^^ task: ~test_size
    @task
    def same(): ...
    #   ^^^^ task: ~test_same
    class Job:
        def __init__(self, name, mode: Mode = Mode.WHOLE):
            try:
                self.mode = Mode(mode)
            except ValueError:
                raise ValueError(name)
        def run(self):
            if self.mode == Mode.WHOLE:
                whole()
            else:
                part()
    @flow
    def etl(mode=Mode.PART):
    #   ^^^ flow: test_part, test_text, test_unknown, test_whole
        if mode is not Mode.WHOLE:
            part()
        elif mode in (Mode.WHOLE, Mode.PART):
            whole()
    @flow
    def sized(size):
    #   ^^^^^ flow: test_size
        if size == Size.LARGE:
            large()
    @flow
    def plain(mode):
    #   ^^^^^ flow: test_same
        if mode == Defaults.OTHER:
            same()
    #- test_flows.py
    import os
    from flows import Job, etl, plain, sized
    from modes import Defaults, Mode, Size
    def test_default(): Job("a").run()
    def test_whole():
        etl(mode=Mode.WHOLE)
        Job("a", Mode.WHOLE).run()
    def test_part():
        etl()
        Job("a", mode=Mode.PART).run()
    def test_text():
        etl("whole")
        Job("a", "part").run()
    def test_unknown(): etl(os.environ["MODE"])
    def test_size(): sized(Size.BIG)
    def test_same(): plain(Defaults.MODE)
    """)


def test_what_a_branch_that_does_not_run_binds_is_nothing():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def fetch(): ...
    #   ^^^^^ task: test_default, test_unknown
    @task
    def other(): ...
    #   ^^^^^ task: test_cased, test_given, test_unknown
    def run(fetcher=None):
        if fetcher is None:
            def default(): return fetch.fn()
            resolved = default
        elif callable(fetcher):
            resolved = fetcher
        else:
            raise TypeError
        return [resolved() for _ in range(2)]
    def cased(mode):
        match mode:
            case "a":
                from flows import fetch as step
            case "b":
                step = other
            case _:
                step = fetch
        inner = lambda: step.fn()
        return inner()
    #- test_flows.py
    import flows
    def test_default(): flows.run()
    def test_given(): flows.run(lambda: flows.other.fn())
    def test_cased(): flows.cased("b")
    def test_unknown(asked): flows.run(asked), flows.cased(asked)
    """)


def test_a_loop_over_nothing_does_not_run():
    check("""
    #- flows.py
    from prefect import task
    @task
    def step(): ...
    #   ^^^^ task: test_enumerated, test_items, test_range, test_sorted, test_while, test_while_asked
    def ranged(times):
        for _ in range(times):
            step.fn()
    def enumerated(rows):
        for number, row in enumerate(rows, 1):
            step.fn()
    def ordered(rows):
        for row in sorted(list(rows)):
            step.fn()
    def items(options):
        for key, value in options.items():
            step.fn()
    def counted(left):
        while left > 0:
            left -= 1
            step.fn()
    def asked(left):
        while step.fn() and left > 0:
            left -= 1
    #- test_flows.py
    import flows
    def test_range(): flows.ranged(2)
    def test_range_none(): flows.ranged(0)
    def test_enumerated(): flows.enumerated([1])
    def test_enumerated_none(): flows.enumerated([])
    def test_sorted(): flows.ordered([1])
    def test_sorted_none(): flows.ordered([])
    def test_items(): flows.items({"a": 1})
    def test_items_none(): flows.items({})
    def test_while(): flows.counted(2)
    def test_while_none(): flows.counted(0)
    def test_while_asked(): flows.asked(0)
    """)


def test_constants_of_modules_decide_branches():
    check("""
    #- config.py
    DRY = False
    MODE = "fast"
    LIMIT = 3
    LOUD = False
    #- flows.py
    import config
    import os
    from config import DRY, LIMIT
    from prefect import task
    DEBUG: bool = False
    ASKED = os.environ.get("ASKED")
    TWICE = False
    TWICE = bool(ASKED)
    GIVEN = False
    @task
    def step(): ...
    #   ^^^^ task: test_asked, test_enclosing, test_global, test_limit, test_loud, test_patched, test_patched_config, \
test_patched_given, test_put, test_twice, test_unknown_value
    @task
    def other(): ...
    #   ^^^^^ task: test_asked, test_config, test_debug, test_dry, test_enclosing, test_global, test_loud, \
test_patched_not, test_twice, test_unknown_value
    def debug():
        if DEBUG:
            step.fn()
        else:
            other.fn()
    def dry(): return step.fn() if DRY else other.fn()
    def asked():
        if ASKED: step.fn()
        else: other.fn()
    def twice():
        if TWICE: step.fn()
        else: other.fn()
    def mode():
        if config.MODE != "fast":
            step.fn()
        else:
            other.fn()
    def limit():
        if LIMIT > 2: step.fn()
    def loud():
        if config.LOUD: step.fn()
        else: other.fn()
    def given():
        if GIVEN: step.fn()
    def turn(value):
        global GIVEN
        GIVEN = value
    def enclosing():
        DEBUG = True
        def inner():
            if not DEBUG: step.fn()
            else: other.fn()
        DEBUG = False
        return inner
    #- test_flows.py
    from unittest.mock import patch
    import config, flows
    def test_debug(): flows.debug()
    def test_patched(monkeypatch):
        monkeypatch.setattr(flows, "DEBUG", True)
        flows.debug()
    def test_patched_not():
        with patch("flows.DEBUG", False):
            flows.debug()
    @patch.object(flows, "DEBUG", new=True)
    def test_put(): flows.debug()
    def test_unknown_value(monkeypatch, value):
        monkeypatch.setattr(flows, "DEBUG", value)
        flows.debug()
    def test_dry(): flows.dry()
    def test_asked(): flows.asked()
    def test_twice(): flows.twice()
    def test_config(): flows.mode()
    def test_patched_config():
        with patch("config.MODE", "slow"): flows.mode()
    def test_limit(): flows.limit()
    def test_loud():
        config.LOUD = True
        flows.loud()
    def test_global():
        flows.turn(True)
        flows.given(), flows.asked()
    def test_patched_given(monkeypatch):
        monkeypatch.setattr("flows.GIVEN", True)
        flows.given()
    def test_enclosing(): flows.enclosing()()
    """)
