"""What functions and classes of the standard library make of flows: containers, iterators, context managers."""

from tests.checking import check


def test_a_context_manager_as_a_decorator_is_entered_by_each_call():
    check("""
    #- flows.py
    from contextlib import ContextDecorator, contextmanager
    from prefect import flow
    @flow
    def before(): ...
    #   ^^^^^^ flow: test_flow, test_itself, test_timed, test_wrapped
    @flow
    def after(): ...
    #   ^^^^^ flow: test_flow, test_itself, test_timed, test_wrapped
    @flow
    def inside(): ...
    #   ^^^^^^ flow: test_timed, test_wrapped, ~test_flow
    @contextmanager
    def around():
        before()
        yield
        after()
    class Timer(ContextDecorator):
        def __enter__(self): before()
        def __exit__(self, *error): after()
    @around()
    def wrapped(): inside()
    @Timer()
    def timed(): inside()
    @flow
    @around()
    def whole(): inside()
    #   ^^^^^ flow: test_flow
    #- test_flows.py
    from flows import around, timed, whole, wrapped
    def test_wrapped(): wrapped()
    def test_timed(): timed()
    def test_flow(): whole()
    @around()
    def test_itself(): ...
    def test_none(): around
    """)


def test_iterators_give_what_they_are_made_of():
    check("""
    #- test_flows.py
    import itertools
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_cycle, test_groupby, test_islice, test_takewhile
    @flow
    def two(): ...
    #   ^^^ flow: test_groupby
    def test_islice():
        for step in itertools.islice([one], 1): step()
    def test_cycle(): next(itertools.cycle([one]))()
    def test_takewhile():
        for step in itertools.takewhile(bool, [one]): step()
    def test_groupby():
        for key, group in itertools.groupby([one, two], key=str):
            for step in group: step()
    def test_none(): itertools.cycle([one])
    """)


def test_containers_of_libraries_hold_what_is_put_into_them():
    check("""
    #- test_flows.py
    import queue
    from collections import ChainMap, defaultdict, namedtuple
    from contextvars import ContextVar
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_chained, test_defaultdict, test_named, test_queue, test_setdefault, test_unpacked, test_variable
    @flow
    def two(): ...
    #   ^^^ flow: test_other
    Job = namedtuple("Job", "first other")
    def test_queue():
        waiting = queue.Queue()
        waiting.put(one)
        waiting.get()()
    def test_variable():
        current = ContextVar("current")
        current.set(one)
        current.get()()
    def test_defaultdict():
        found = defaultdict(list)
        found["a"].append(one)
        found["b"].append(two)
        for step in found["a"]: step()
    def test_setdefault():
        found = {}
        found.setdefault("a", []).append(one)
        for step in found["a"]: step()
    def test_chained(): ChainMap({"a": one}, {"a": two})["a"]()
    def test_named(): Job(one, two).first()
    def test_other(): Job(one, other=two).other()
    def test_unpacked():
        first, _ = Job(one, two)
        first()
    def test_none(): Job(one, two)
    """)


def test_members_of_a_module_are_looked_at_by_name():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_all, test_flows, test_named
    @flow
    def two(): ...
    #   ^^^ flow: test_all, test_flows, test_functions, test_named
    def plain(): two()
    #- test_flows.py
    import inspect
    import flows
    from prefect import Flow
    def test_all():
        for name, member in inspect.getmembers(flows): member()
    def test_flows():
        for name, member in inspect.getmembers(flows, lambda one: isinstance(one, Flow)): member()
    def test_functions():
        for name, member in inspect.getmembers(flows, inspect.isfunction): member()
    def test_named():
        for name in dir(flows): getattr(flows, name)()
    """)


def test_a_default_stands_in_only_for_what_is_not_there():
    check("""
    #- test_flows.py
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_attribute, test_key
    @flow
    def other(): ...
    #   ^^^^^ flow: test_missing
    class Visitor:
        def visit(self, name): getattr(self, f"visit_{name}", self.otherwise)()
        def visit_one(self): one()
        def otherwise(self): other()
    def test_key(): {"one": one}.get("one", other)()
    def test_missing():
        {"one": one}.get("two", other)()
        Visitor().visit("two")
    def test_attribute(): Visitor().visit("one")
    """)


def test_who_asks_what_a_function_is_does_not_call_it():
    check("""
    #- test_flows.py
    import asyncio
    from prefect import task
    @task
    def step(): ...
    #   ^^^^ task: test_called
    def asked(function):
        return asyncio.iscoroutinefunction(function)
    def test_asked():
        def call(): step()
        assert not asked(call)
    def test_called():
        def call(): step()
        assert not asked(call)
        call()
    """)


def test_a_library_hands_values_through_functions():
    check("""
    #- flows.py
    from prefect import task
    @task
    def clean(x): return x
    #   ^^^^^ task: test_frame, test_pipe
    @task
    def total(x): return x
    #   ^^^^^ task: test_frame
    @task
    def named(x): return x
    #   ^^^^^ task:
    #- test_it.py
    import pandas, toolz
    from flows import clean, named, total
    def test_pipe(): toolz.pipe([1], clean.fn, sum)
    def test_frame(): pandas.DataFrame([1]).pipe(clean.fn).agg(total.fn)
    def test_named(): toolz.describe(named)
    """)


def test_the_names_of_a_module_include_those_that_it_has_from_others():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_global, test_global_of_others
    @flow
    def _two(): ...
    #   ^^^^ flow:
    #- others.py
    from flows import *
    from runner import *
    #- runner.py
    from others import *
    from flows import *
    def run(name): return globals()[name]()
    #- test_it.py
    import others, runner
    def test_global(): runner.run("one")
    def test_global_of_others(): vars(others)["one"]()
    """)


def test_locals_has_the_names_of_the_call():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_it
    @flow
    def two(): ...
    #   ^^^ flow:
    def run(given):
        chosen = given
        return locals()["chosen"]()
    #- test_it.py
    from flows import one, run
    def test_it(): run(one)
    """)
