"""Which tests run which definitions: names, calls, values handed around."""

from tests.checking import check, workspace


def test_names_lead_to_definitions_by_any_import():
    check("""
    #- pkg/__init__.py
    from .sub import *
    from .sub.flows import a as again
    #- pkg/sub/__init__.py
    from . import flows
    from .flows import a, b
    __all__ = ["b"]
    #- pkg/sub/flows.py
    from prefect import flow
    @flow
    def a(): ...
    #   ^ flow: test_again, test_chain, test_function, test_module, test_typing
    @flow
    def b(): ...
    #   ^ flow: test_fallback, test_star
    #- tests/test_pkg.py
    from typing import TYPE_CHECKING
    import pkg.sub.flows
    import pkg.sub.flows as f
    from pkg import again, b
    try:
        from pkg.sub import b as quick
    except ImportError:
        quick = None
    if TYPE_CHECKING:
        from pkg.sub.flows import a as typed
    run = f.a
    def test_again(): again()
    def test_star(): b()
    def test_chain(): pkg.sub.flows.a()
    def test_module(): run()
    def test_function():
        from pkg.sub.flows import a as inside
        inside()
    def test_fallback(): quick()
    def test_typing(): typed()
    """)


def test_a_mention_is_no_run():
    check("""
    #- flows.py
    from prefect import flow, serve
    @flow
    def etl(): ...
    #   ^^^ flow:
    #- test_flows.py
    import inspect
    from unittest.mock import MagicMock
    from flows import etl
    def test_name(): assert etl.name == "etl"
    def test_kind(): assert isinstance(etl, object) and callable(etl)
    def test_deploy(): etl.deploy("x", work_pool_name="p"); etl.to_deployment("y"); etl.serve()
    def test_signature(): assert inspect.signature(etl)
    def test_mock(): m = MagicMock(); m(etl); m.assert_called_with(etl)
    def test_set(): assert {etl} == {etl}
    """)


def test_flows_and_tasks_run_by_their_own_methods():
    check("""
    #- flows.py
    from prefect import task
    @task
    def t(x=1): ...
    #   ^ task: test_call, test_delay, test_fn, test_map, test_options, test_submit
    #- test_flows.py
    from flows import t
    def test_call(): t()
    def test_fn(): t.fn(1)
    def test_submit(): t.submit(1).result()
    def test_map(): t.map([1, 2])
    def test_delay(): t.delay(1)
    def test_options(): t.with_options(retries=1)()
    #                   ^ task: test_options
    """)


def test_what_is_handed_to_a_helper_runs_where_the_helper_calls_it():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def a(): ...
    #   ^ flow: test_a, test_lambda, test_partial
    @flow
    def b(): ...
    #   ^ flow: test_b, test_keyword
    @flow
    def c(): ...
    #   ^ flow: test_async, test_thread
    #- tests/helpers.py
    def run(f, *args): return f(*args)
    def run_later(*, f): return lambda: f()
    def ignore(f): return f.name
    #- tests/test_flows.py
    import asyncio, functools
    from concurrent.futures import ThreadPoolExecutor
    from helpers import run, run_later, ignore
    from flows import a, b, c
    def test_a(): run(a)
    def test_b(): run(b)
    def test_keyword(): run_later(f=b)()
    def test_lambda(): run(lambda: a())
    def test_partial(): run(functools.partial(a))
    def test_ignored(): ignore(a)
    def test_thread():
        with ThreadPoolExecutor() as pool:
            pool.submit(c)
    def test_async(): asyncio.run(asyncio.to_thread(c))
    """)


def test_containers_are_followed_by_key_and_place():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def one(): ...
    #   ^^^ task: test_key, test_loop, test_names, test_place, ~test_dispatch
    @task
    def two(): ...
    #   ^^^ task: test_loop, test_names, test_other
    STEPS = {"one": one, "two": two}
    ALL = [one, two]
    @flow
    def dispatch(which): STEPS[which]()
    #   ^^^^^^^^ flow: test_dispatch
    #- test_flows.py
    import pytest
    from flows import STEPS, ALL, dispatch
    def test_key(): STEPS["one"]()
    def test_other(): STEPS.get("two")()
    def test_place(): ALL[0]()
    def test_loop():
        for name, step in STEPS.items(): step()
    @pytest.mark.parametrize("name", list(STEPS))
    def test_names(name): STEPS[name]()
    def test_dispatch(): dispatch("one")
    """)


def test_classes_bind_their_flows_to_objects():
    check("""
    #- pipes.py
    from dataclasses import dataclass
    from prefect import flow, task
    @task
    def default(): ...
    #   ^^^^^^^ task: ~test_child, ~test_default, ~test_property
    @task
    def given(): ...
    #   ^^^^^ task: test_dataclass, ~test_given
    class Pipe:
        def __init__(self, sink=None):
            self.sink = sink or default
        @flow
        def run(self): return self.sink()
    #       ^^^ flow: test_child, test_default, test_given, test_property
        @property
        def outcome(self): return self.run()
    class Child(Pipe):
        def run_all(self): return super().run()
    @dataclass
    class Job:
        fn: object
        def go(self): self.fn()
    #- test_pipes.py
    from pipes import Pipe, Child, Job, given
    def test_default(): Pipe().run()
    def test_given(): Pipe(given).run()
    def test_property(): assert Pipe().outcome
    def test_child(): Child().run_all()
    def test_dataclass(): Job(fn=given).go()
    """)


def test_registries_hold_what_decorators_put_into_them():
    check("""
    #- registry.py
    FLOWS = {}
    def register(name):
        def put(f):
            FLOWS[name] = f
            return f
        return put
    #- flows.py
    from prefect import flow
    from registry import register
    @register("a")
    @flow
    def a(): ...
    #   ^ flow: test_a, test_all
    @register("b")
    @flow
    def b(): ...
    #   ^ flow: test_all
    #- test_flows.py
    from registry import FLOWS
    def test_a(): FLOWS["a"]()
    def test_all():
        for f in FLOWS.values(): f()
    """)


def test_factories_give_flows_that_run_what_they_were_given():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def one(): ...
    #   ^^^ task: ~test_one
    @task
    def two(): ...
    #   ^^^ task: ~test_two
    def make(step):
        @flow
        def made(): step()
    #       ^^^^ flow: test_one, test_two
        return made
    first, second = make(one), make(two)
    #- test_flows.py
    from flows import first, second
    def test_one(): first()
    def test_two(): second()
    """)


def test_modules_are_found_by_path_and_by_name():
    check("""
    #- scripts/job.py
    from prefect import flow
    @flow
    def job(): ...
    #   ^^^ flow: test_entrypoint, test_import, test_runpy, test_spec
    #- tests/test_job.py
    import importlib, importlib.util, runpy
    from pathlib import Path
    from prefect.flows import load_flow_from_entrypoint
    SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"
    def test_spec():
        spec = importlib.util.spec_from_file_location("job", SCRIPTS / "job.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.job()
    def test_runpy(): runpy.run_path(str(SCRIPTS / "job.py"))["job"]()
    def test_import(): importlib.import_module("scripts.job").job()
    def test_entrypoint(): load_flow_from_entrypoint("scripts/job.py:job")()
    """)


def test_what_is_patched_does_not_run_and_what_stands_in_does():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def step(): ...
    #   ^^^^ task: ~test_outside, ~test_plain
    @task
    def other(): ...
    #   ^^^^^ task: ~test_side
    @flow
    def etl(): step()
    #   ^^^ flow: T::test_c, test_decorator, test_fixture, test_monkey, test_outside, test_plain, test_side, test_with
    #- test_flows.py
    import pytest
    from unittest import mock
    from unittest.mock import patch
    import flows
    from flows import etl, other
    def test_plain(): etl()
    def test_with():
        with patch("flows.step"):
            etl()
    def test_outside():
        with patch("flows.step"):
            pass
        etl()
    @mock.patch.object(flows, "step")
    def test_decorator(step): etl()
    def test_monkey(monkeypatch):
        monkeypatch.setattr("flows.step", lambda: 1)
        etl()
    def test_side():
        with patch.object(flows, "step", side_effect=other):
            etl()
    @pytest.fixture
    def patched():
        with patch("flows.step"):
            yield
    def test_fixture(patched): etl()
    @patch("flows.step")
    class T:
        pass
    class TestNot: ...
    @patch("flows.step", new=None)
    class T(__import__("unittest").TestCase):
        def test_c(self): etl()
    """)


def test_reasons_are_the_names_on_the_way():
    snapshot = check("""
    #- flows.py
    from prefect import flow, task
    @task
    def parse(): ...
    #   ^^^^^ task: test_parse, ~test_totals
    def helper(): return parse()
    @flow
    def orders(): helper()
    #   ^^^^^^ flow: test_totals
    #- test_flows.py
    from flows import orders, helper
    def test_totals(): orders()
    def test_parse(): helper()
    """)
    parse = snapshot.definition("flows.py:parse")
    assert [match.reason for match in snapshot.matches(parse)] == [
        "test_parse → helper → parse",
        "test_totals → orders → helper → parse",
    ]


def test_code_behind_a_return_is_not_reached():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def a(): ...
    #   ^ flow: test_a
    @flow
    def b(): ...
    #   ^ flow:
    #- test_flows.py
    from flows import a, b
    def test_a():
        a()
        return
        b()
    """)


def test_recursion_ends():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def even(n): return odd(n - 1)
    #   ^^^^ flow: test_even
    @flow
    def odd(n): return even(n - 1)
    #   ^^^ flow: ~test_even
    x = x if x else y
    y = x
    class A(A): ...
    def wrap(f): return wrap(lambda: f())
    w = wrap(even)
    #- test_flows.py
    from flows import even, w
    def test_even(): even(3)
    def test_w(): w.anything
    """)


def test_a_flow_bound_to_infrastructure_does_not_run_here():
    check("""
    #- flows.py
    from prefect import flow
    from prefect_docker.experimental import docker
    @docker(work_pool="pool")
    @flow
    def far(): ...
    #   ^^^ flow: test_fn
    #- test_flows.py
    from flows import far
    def test_far(): far()
    def test_fn(): far.fn()
    """)


def test_a_flow_that_is_submitted_to_a_worker_does_not_run_here():
    check("""
    #- workers.py
    from prefect.workers.base import BaseWorker
    class OurWorker(BaseWorker["Configuration", "Variables"]): ...
    class Pool:
        def submit(self, flow): flow()
    #- flows.py
    from prefect import flow
    @flow
    def far(): ...
    #   ^^^ flow: test_pool
    #- test_flows.py
    from prefect_docker.worker import DockerWorker
    from flows import far
    from workers import OurWorker, Pool
    async def test_library():
        async with DockerWorker(work_pool_name="x") as worker:
            await worker.submit(far)
    async def test_ours():
        async with OurWorker(work_pool_name="x") as worker:
            await worker.submit(far)
    def test_pool(): Pool().submit(far)
    """)


def test_a_future_gives_what_its_function_returns():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def a(): ...
    #   ^ flow: test_future
    def choose(): return a
    #- test_flows.py
    from concurrent.futures import ThreadPoolExecutor
    from flows import choose
    def test_future():
        with ThreadPoolExecutor() as pool:
            pool.submit(choose).result()()
    """)


def test_pytest_generate_tests_gives_arguments_to_tests():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def by_module(): ...
    #   ^^^^^^^^^ flow: test_module
    @flow
    def by_conftest(): ...
    #   ^^^^^^^^^^^ flow: test_conftest
    @flow
    def by_class(): ...
    #   ^^^^^^^^ flow: TestScenarios::test_class
    @flow
    def by_fixture(): ...
    #   ^^^^^^^^^^ flow: test_fixture
    @flow
    def only_listed(): ...
    #   ^^^^^^^^^^^ flow:
    #- tests/conftest.py
    import pytest
    from flows import by_conftest, by_fixture
    def pytest_generate_tests(metafunc):
        if "everywhere" in metafunc.fixturenames:
            give(metafunc)
    def give(metafunc):
        metafunc.parametrize("everywhere", [by_conftest])
        metafunc.parametrize("started", [by_fixture], indirect=True)
    @pytest.fixture
    def started(request): return request.param()
    #- tests/test_a.py
    import flows
    def pytest_generate_tests(metafunc):
        for name in metafunc.fixturenames:
            if name == "job":
                metafunc.parametrize("job,unused", [(flows.by_module, flows.only_listed)], ids=["one"])
    def test_module(job, unused): job()
    def test_conftest(everywhere): everywhere()
    def test_fixture(started): ...
    def test_none(): ...
    #- tests/test_b.py
    import flows
    class TestScenarios:
        scenarios = [("one", flows.by_class)]
        def pytest_generate_tests(self, metafunc):
            metafunc.parametrize("name,step", metafunc.cls.scenarios)
        def test_class(self, name, step): step()
    """)


def test_the_import_mode_says_which_of_two_modules_of_one_name_is_meant():
    for mode, found in {"prepend": "near", "append": "far", "importlib": "far"}.items():
        snapshot = workspace(f"""
        #- pytest.ini
        [pytest]
        addopts = --import-mode={mode}
        #- work.py
        from prefect import flow
        @flow
        def far(): ...
        run = far
        #- tests/work.py
        from prefect import flow
        @flow
        def near(): ...
        run = near
        #- tests/test_a.py
        from work import run
        def test_a(): run()
        """).snapshot
        assert [d.name for d in snapshot.definitions() if snapshot.matches(d)] == [found], mode


def test_a_decorator_in_a_test_may_be_applied_while_its_flow_is_followed():
    check("""
    #- work.py
    from prefect import task
    @task
    def step(): ...
    #   ^^^^ task: ~TestA::test_a
    #- dispatch.py
    def dispatch(instead):
        def decorator(function):
            def wrapper():
                called = function if undecided() else instead
                return called()
            return wrapper
        return decorator
    #- test_a.py
    from prefect import flow
    from dispatch import dispatch
    from work import step
    class TestA:
        def test_a(self):
            def other(): step()
            @dispatch(other)
            def either(): ...
            @flow
            def outer(): return either()
            #   ^^^^^ flow: TestA::test_a
            assert outer() == "sync"
    """)


def test_the_hooks_of_a_conftest_run_in_the_tests_beside_it():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def prepare(): ...
    #   ^^^^^^^ flow: test_near
    @flow
    def check(): ...
    #   ^^^^^ flow: test_near
    @flow
    def clean(): ...
    #   ^^^^^ flow: test_near
    @flow
    def never(): ...
    #   ^^^^^ flow:
    #- near/conftest.py
    import pytest
    from flows import check, clean, prepare
    def pytest_runtest_setup(item): prepare()
    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(item):
        check()
        return (yield)
    def pytest_runtest_teardown(item, nextitem): clean()
    #- near/test_near.py
    from flows import never
    def pytest_runtest_setup(item): never()
    def test_near(): ...
    #- test_far.py
    def test_far(): ...
    """)
