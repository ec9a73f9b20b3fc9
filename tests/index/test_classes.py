"""Classes that are made, registered and dispatched on by other code than a `class` statement's own."""

from tests.checking import check


def test_singledispatch_chooses_by_the_class_of_the_first_argument():
    check("""
    #- flows.py
    from functools import singledispatch, singledispatchmethod
    from prefect import flow
    @flow
    def first(): ...
    #   ^^^^^ flow: test_derived, test_first, test_lookup, test_method, test_unknown
    @flow
    def number(): ...
    #   ^^^^^^ flow: test_number, test_unknown
    @flow
    def text(): ...
    #   ^^^^ flow: test_text, test_unknown
    @flow
    def other(): ...
    #   ^^^^^ flow: test_method_other, test_other, test_unknown
    class First: ...
    class Derived(First): ...
    class Other: ...
    @singledispatch
    def process(value): other()
    @process.register
    def _(value: First): first()
    @process.register(int)
    def _number(value): number()
    def text_handler(value): text()
    process.register(str, text_handler)
    class Runner:
        @singledispatchmethod
        def run(self, value): other()
        @run.register
        def _(self, value: First): first()
    #- test_flows.py
    from flows import Derived, First, Other, Runner, process
    def test_first(): process(First())
    def test_derived(): process(Derived())
    def test_number(): process(3)
    def test_text(): process("text")
    def test_other(): process(Other())
    def test_unknown(tmp_path): process(tmp_path)
    def test_lookup(): process.dispatch(First)(First())
    def test_method(): Runner().run(First())
    def test_method_other(): Runner().run(Other())
    """)


def test_metaclasses_register_the_classes_that_they_make():
    check("""
    #- meta.py
    STEPS = []
    class Registry(type):
        known = {}
        def __new__(mcs, name, bases, namespace):
            cls = super().__new__(mcs, name, bases, dict(namespace))
            if bases:
                mcs.known[name] = cls
            return cls
    class Collected(type):
        def __init__(cls, name, bases, namespace):
            super().__init__(name, bases, namespace)
            STEPS.append(cls)
    class Plugins(type):
        plugins = []
        def __init__(cls, name, bases, namespace):
            if bases:
                cls.plugins.append(cls)
        def create(cls): return cls()
    #- flows.py
    from prefect import flow
    from meta import Collected, Plugins, Registry
    @flow
    def one(): ...
    #   ^^^ flow: test_known
    @flow
    def two(): ...
    #   ^^^ flow: test_steps
    @flow
    def three(): ...
    #   ^^^^^ flow: test_created, test_plugins
    class Pipeline(metaclass=Registry): ...
    class First(Pipeline):
        def run(self): one()
    class Step(metaclass=Collected):
        def run(self): two()
    class Plugin(metaclass=Plugins): ...
    class Third(Plugin):
        def run(self): three()
    #- test_flows.py
    import flows
    from meta import STEPS, Registry
    def test_known(): Registry.known["First"]().run()
    def test_steps():
        for step in STEPS: step().run()
    def test_plugins():
        for plugin in flows.Plugin.plugins: plugin().run()
    def test_created(): flows.Third.create().run()
    def test_none(): flows.Pipeline()
    """)


def test_a_call_of_type_makes_a_class():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_derived
    @flow
    def two(): ...
    #   ^^^ flow: test_plain
    class Base:
        def execute(self): self.run()
        def run(self): raise NotImplementedError
    Derived = type("Derived", (Base,), {"run": lambda self: one()})
    Plain = type("Plain", (), {"job": staticmethod(two), "run": lambda self: self.job()})
    #- test_flows.py
    from flows import Derived, Plain
    def test_derived(): Derived().execute()
    def test_plain(): Plain().run()
    def test_none(): type(Derived())
    """)


def test_members_of_enumerations_with_methods_are_objects():
    check("""
    #- flows.py
    import enum
    from functools import partial
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_all, test_called, test_key, test_property, test_value
    @flow
    def two(): ...
    #   ^^^ flow: test_all, test_by_value, test_method
    class Kind(enum.Enum):
        ONE = partial(one)
        TWO = partial(two)
        def __call__(self): self.value()
        def run(self): self.value()
    class Name(str, enum.Enum):
        ONE = "one"
        TWO = "two"
        @property
        def job(self): return {"one": one, "two": two}[self.value]
    class Plain(enum.Enum):
        ONE = "one"
    JOBS = {Name.ONE: one, Name.TWO: two}
    #- test_flows.py
    from flows import JOBS, Kind, Name, Plain
    import flows
    def test_called(): Kind.ONE()
    def test_method(): Kind["TWO"].run()
    def test_value(): Kind.ONE.value()
    def test_property(): Name.ONE.job()
    def test_by_value(): Name("two").job()
    def test_all():
        for kind in Kind: kind()
    def test_key(): JOBS[Name.ONE]()
    def test_none(): Kind.ONE, Name.ONE.value
    """)


def test_attributes_that_are_set_by_code_of_the_class_run_it():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def got(): ...
    #   ^^^ flow: test_got
    @flow
    def put(): ...
    #   ^^^ flow: test_property
    @flow
    def noted(): ...
    #   ^^^^^ flow: test_any
    class Thing:
        @property
        def state(self): return got()
        @state.setter
        def state(self, value): put()
    class Watched:
        def __setattr__(self, name, value): noted()
    #- test_flows.py
    from flows import Thing, Watched
    def test_got(): Thing().state
    def test_property():
        thing = Thing()
        thing.state = 1
    def test_any():
        watched = Watched()
        watched.state = 1
    def test_none():
        thing = Thing()
        thing.other = 1
    """)


def test_what_a_method_assigns_hides_the_classs_own_only_where_it_runs_first():
    check("""
    #- flows.py
    from dataclasses import dataclass, field
    from typing import Any
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_class, test_record
    @flow
    def two(): ...
    #   ^^^ flow: test_class, test_record, test_set_up
    class Machine:
        state = "first"
        steps = {"first": one, "second": two}
        def step(self): self.steps[self.state]()
        def go_on(self): self.state = "second"
    class Ready:
        run = staticmethod(one)
        def __init__(self): self.run = two
    @dataclass
    class Job:
        run: Any = None
        def swap(self): self.run = two
    #- test_it.py
    from flows import Job, Machine, Ready, one
    def test_class(): Machine().step()
    def test_set_up(): Ready().run()
    def test_record(): Job(one).run()
    """)


def test_what_makes_the_defaults_of_fields_is_called_for_those_that_are_not_given():
    check("""
    #- flows.py
    from dataclasses import dataclass, field
    import attrs
    from prefect import flow
    @flow
    def one(): return []
    #   ^^^ flow: test_default, test_derived
    @flow
    def two(): return []
    #   ^^^ flow: test_attrs
    @dataclass
    class Job:
        items: list = field(default_factory=lambda: one())
    @dataclass
    class Other(Job):
        name: str = ""
    @attrs.define
    class Third:
        items: list = attrs.field(factory=two)
    #- test_it.py
    from flows import Job, Other, Third
    def test_default(): Job()
    def test_given(): Job(items=[])
    def test_derived(): Other(name="a")
    def test_attrs(): Third()
    """)


def test_what_stands_beside_the_bases_of_a_class_is_told_to_the_hook_of_its_base():
    check("""
    #- flows.py
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_any, test_one
    @flow
    def two(): ...
    #   ^^^ flow: test_any, test_two
    class Reader:
        kinds = {}
        def __init_subclass__(cls, kind="plain", **options):
            super().__init_subclass__(**options)
            Reader.kinds[kind] = cls
    class Csv(Reader, kind="csv"):
        def read(self): one()
    class Plain(Reader):
        def read(self): two()
    #- test_it.py
    from flows import Reader
    def test_one(): Reader.kinds["csv"]().read()
    def test_two(): Reader.kinds["plain"]().read()
    def test_any(kind): Reader.kinds[kind]().read()
    """)
