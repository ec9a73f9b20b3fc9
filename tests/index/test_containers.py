"""What containers of the project and of the standard library hold, however it came into them."""

from tests.checking import check


def test_a_registry_of_a_class_is_filled_by_its_own_method_and_read_by_its_objects():
    check("""
    #- flows.py
    import typing as t
    from prefect import flow
    @flow
    def daily(): ...
    #   ^^^^^ flow: test_default
    @flow
    def recover(): ...
    #   ^^^^^^^ flow: test_named
    class Service:
        registry: t.ClassVar[dict[str, t.Callable]] = {}
        @classmethod
        def register(cls, name, found):
            cls.registry[name] = found
        def __init__(self): self.chosen = None
        def run(self, name=None):
            found = self.registry[name] if name else self.chosen or daily
            return found()
    Service.register("recover", recover)
    #- test_flows.py
    from flows import Service
    def test_named(): Service().run("recover")
    def test_default(): Service().run()
    """)


def test_a_global_is_what_a_function_was_given_while_all_was_imported():
    check("""
    #- settings.py
    current = None
    def configure(found, verbose=False):
        global current
        current = found
    def run(): return current()
    #- flows.py
    from prefect import flow
    import settings
    @flow
    def daily(): ...
    #   ^^^^^ flow: test_run
    @flow
    def other(): ...
    #   ^^^^^ flow:
    settings.configure(daily, verbose=True)
    #- test_flows.py
    import flows
    from settings import run
    def test_run(): run()
    """)


def test_containers_of_the_standard_library():
    check("""
    #- flows.py
    import functools
    from collections import defaultdict, namedtuple
    from prefect import flow
    @flow
    def daily(): ...
    #   ^^^^^ flow: test_first, test_keyword, test_known, test_method
    @flow
    def other(): ...
    #   ^^^^^ flow: test_known, test_last, test_unknown
    KNOWN = defaultdict(lambda: other, {"daily": daily})
    NAMED = defaultdict(list, daily=daily)
    Pair = namedtuple("Pair", "first last")
    PAIR = Pair(daily, other)
    class Runner:
        def run(self, what, times=1):
            return what()
        run_daily = functools.partialmethod(run, daily)
    #- test_flows.py
    from flows import KNOWN, NAMED, PAIR, Runner
    def test_known(): KNOWN["daily"]()
    def test_unknown(): KNOWN["another"]()
    def test_keyword(): NAMED["daily"]()
    def test_first(): PAIR[0]()
    def test_last(): PAIR[-1]()
    def test_method(): Runner().run_daily(times=2)
    """)


def test_the_names_of_a_pattern_are_parts_of_what_is_matched():
    check("""
    #- flows.py
    from dataclasses import dataclass
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_attribute, test_first, test_key, test_rest, test_same
    @flow
    def two(): ...
    #   ^^^ flow: test_last
    @dataclass
    class Job:
        action: object
        after: object = None
    def run(thing):
        match thing:
            case Job(action=action, after=None):
                action()
            case [first]:
                first()
            case [_, {"run": inner}]:
                inner()
            case [_, _, *more]:
                more[-1]()
            case other:
                other()
    #- test_it.py
    from flows import Job, one, run, two
    def test_attribute(): run(Job(one, two))
    def test_first(): run([one])
    def test_key(): run([1, {"run": one, "stop": two}])
    def test_last(): run([1, 2, two])
    def test_rest(): run([1, 2, one])
    def test_same(): run(one)
    """)
