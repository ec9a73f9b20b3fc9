"""What counts as a flow or task, and where it stands."""

import pytest

from tests.checking import check, workspace


def test_decorators_in_all_their_forms_define():
    check("""
    #- flows.py
    import prefect
    import prefect as p
    from prefect import flow, task as job
    from prefect.flows import flow as flow2
    from prefect.assets import materialize
    @flow
    def plain(): ...
    #   ^^^^^ flow:
    @flow(name="Called")
    def called(): ...
    #   ^^^^^^ flow:
    @prefect.task(retries=2)
    async def dotted(): ...
    #         ^^^^^^ task:
    @p.flow
    def aliased(): ...
    #   ^^^^^^^ flow:
    @job
    def renamed(): ...
    #   ^^^^^^^ task:
    @flow2()
    def module(): ...
    #   ^^^^^^ flow:
    @materialize("s3://a")
    def asset(): ...
    #   ^^^^^ task:
    """)


def test_functions_that_only_look_like_flows_are_none():
    check("""
    #- other.py
    from elsewhere import flow, task
    def prefect(f): return f
    @flow
    def a(): ...
    @task()
    def b(): ...
    @prefect
    def c(): ...
    """)


def test_methods_and_nested_functions_have_pythons_own_names():
    snapshot = check("""
    #- flows.py
    from prefect import flow, task
    class Pipeline:
        @flow
        def run(self): ...
    #       ^^^ flow:
        @staticmethod
        @task
        def clean(x): ...
    #       ^^^^^ task:
        @classmethod
        @flow
        def build(cls): ...
    #       ^^^^^ flow:
    def make():
        @flow
        def inner(): ...
    #       ^^^^^ flow:
        return inner
    if True:
        @task
        def sometimes(): ...
    #       ^^^^^^^^^ task:
    """)
    assert [d.qualname for d in snapshot.definitions()] == [
        "Pipeline.run",
        "Pipeline.clean",
        "Pipeline.build",
        "make.<locals>.inner",
        "sometimes",
    ]


def test_a_definition_made_by_a_call_stands_at_the_call_and_at_its_body():
    snapshot = check("""
    #- flows.py
    from prefect import flow, task
    def body(): ...
    made = flow(body, name="Made")
    #      ^ flow: test_fast, test_made
    fast = made.with_options(retries=1)
    #      ^ flow: test_fast
    @task
    def step(): ...
    #   ^^^^ task: test_step, test_variant
    variant = step.with_options(name="x")
    #         ^ task: test_variant
    #- test_flows.py
    from flows import made, fast, step, variant
    def test_made(): made()
    def test_fast(): fast()
    def test_step(): step()
    def test_variant(): variant()
    """)
    found = {d.qualname: d for d in snapshot.definitions()}
    assert found["made"].name == "Made"
    assert found["made"].location.span.start.line == 1
    assert found["made"].declared_at.span.start.line == 2
    assert found["variant"].location == found["step"].location
    assert found["variant"].name == "x"


def test_names_follow_prefect():
    given = workspace("""
    #- flows.py
    from prefect import flow, task
    @flow
    def my_flow(): ...
    @task
    def my_task(): ...
    @flow(name="Given")
    def other(): ...
    """)
    assert [d.name for d in given.snapshot.definitions()] == ["my-flow", "my_task", "Given"]


def test_own_decorators_that_wrap_prefects_define():
    check("""
    #- deco.py
    import functools
    from prefect import flow, task
    def our_task(fn=None, **options):
        if fn is None:
            return functools.partial(our_task, **options)
        return task(fn, **options)
    def our_flow(log=False):
        def wrap(fn):
            @functools.wraps(fn)
            def inner(*args):
                return fn(*args)
            return flow(inner)
        return wrap
    #- flows.py
    from deco import our_flow, our_task
    @our_task
    def one(): ...
    #   ^^^ task: ~test_all
    @our_task(retries=1)
    def two(): ...
    #   ^^^ task: ~test_all
    @our_flow(log=True)
    def all_of_them():
    #   ^^^^^^^^^^^ flow: test_all
        return one(), two()
    #- test_flows.py
    from flows import all_of_them
    def test_all(): all_of_them()
    """)


def test_a_decorator_of_the_project_whose_wrapper_is_a_task_defines_what_it_is_put_on():
    check("""
    #- deco.py
    from functools import wraps
    from prefect import task
    def timed(fn):
        @task(name=fn.__name__)
        @wraps(fn)
        def wrapper(*args):
            return fn(*args)
        return wrapper
    def checked(model):
        def decorator(fn):
            @task
            @wraps(fn)
            def wrapper(*args):
                return model(fn(*args))
            return wrapper
        return decorator
    def bare(fn):
        @task
        def wrapper(*args):
    #       ^^^^^^^ task: test_three
            return fn(*args)
        return wrapper
    #- tasks.py
    from deco import bare, checked, timed
    @timed
    def one(): ...
    #   ^^^ task: test_one, ~test_two
    @checked(dict)
    def two(): one()
    #   ^^^ task: test_two
    @bare
    def three(): ...
    #- test_tasks.py
    from tasks import one, three, two
    def test_one(): one()
    def test_two(): two.fn()
    def test_three(): three()
    """)


def test_a_call_on_a_wrapped_function_defines_the_function_that_is_wrapped():
    snapshot = check("""
    #- flows.py
    from functools import wraps
    from prefect import task
    def retried(fn):
        @wraps(fn)
        def again(*args):
            return fn(*args)
        return again
    @retried
    def load(): ...
    load_task = task(load)
    #           ^ task: test_load
    #- test_flows.py
    from flows import load_task
    def test_load(): load_task()
    """)
    (definition,) = snapshot.definitions()
    assert (definition.location.span.start.line, definition.name) == (8, "load")


def test_what_a_decorator_of_the_project_hides_behind_a_wrapper_is_defined():
    check(
        """
        #- app/steps.py
        from functools import wraps
        from prefect import flow, task
        def step(function):
            made = task(function)
            def wrapper(*args): return made(*args)
            return wrapper
        def late(**options):
            def decorate(function):
                @wraps(function)
                def wrapper(*args): return flow(**options)(function)(*args)
                return wrapper
            return decorate
        def plain(function):
            def wrapper(*args): return function(*args)
            return wrapper
        #- app/main.py
        from app.steps import late, plain, step
        @step
        def load(): ...
        #   ^^^^ task: test_load, ~test_run
        @late(retries=1)
        def run(): load()
        #   ^^^ flow: test_run
        @plain
        def neither(): ...
        def named(): ...
        bound = step(named)
        #       ^ task: test_bound
        #- tests/test_main.py
        from app.main import bound, load, neither, run
        def test_load(): load()
        def test_run(): run()
        def test_neither(): neither()
        def test_bound(): bound()
        """
    )


def test_columns_are_code_points():
    check("""
    #- flows.py
    from prefect import flow
    é = 1; bä = flow(lambda: 2)
    #           ^ flow:
    @flow
    def größe(): ...
    #   ^^^^^ flow:
    """)


@pytest.mark.parametrize(
    "body",
    ["def broken(:\n    pass", "x = (1,\n", "class A:\n    def m(self):\n        return )", "'''", "\tindent\n  mixed"],
)
def test_what_stands_around_a_syntax_error_is_read(body):
    given = workspace("#- flows.py\nfrom prefect import flow\n@flow\ndef first(): ...\n\n" + body + "\n")
    assert [d.qualname for d in given.snapshot.definitions()] == ["first"]
    assert [problem.code for problem in given.snapshot.problems()] == ["PL501"]


def test_a_function_that_is_called_past_what_its_decorator_makes_of_it_runs_all_the_same():
    check("""
    #- steps.py
    from functools import wraps
    from prefect import task
    def step(function):
        def plan(*args): return function(*args)
        @wraps(function)
        def wrapper(*args): return plan(*args)
        wrapper = task(wrapper)
        wrapper.plan = plan
        return wrapper
    #- test_flows.py
    from steps import step
    @step
    def load(name): ...
    #   ^^^^ task: test_planned, test_run
    @step
    def save(name): ...
    #   ^^^^ task:
    def test_planned(): load.plan("a")
    def test_run(): load("a")
    def test_neither(): save.name
    """)
