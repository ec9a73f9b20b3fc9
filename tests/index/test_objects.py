"""What is known of objects: how they are made, copied and kept, and what annotations say of them."""

from tests.checking import check


def test_a_base_class_registers_what_is_made_of_it_where_its_module_keeps_that():
    check("""
    #- base.py
    STEPS = {}
    class Step:
        kind = "none"
        def __init_subclass__(cls):
            STEPS[cls.kind] = cls
    #- steps.py
    from prefect import flow
    from base import Step
    @flow
    def load(): ...
    #   ^^^^ flow: test_all, test_load
    @flow
    def save(): ...
    #   ^^^^ flow: test_all
    class Load(Step):
        kind = "load"
        def run(self): load()
    class Save(Step):
        kind = "save"
        def run(self): save()
    #- test_steps.py
    import steps
    from base import STEPS
    def test_load(): STEPS["load"]().run()
    def test_all():
        for step in STEPS.values(): step().run()
    def test_none(): STEPS
    """)


def test_copies_of_objects_have_what_is_changed_in_them_and_the_rest():
    check("""
    #- flows.py
    from dataclasses import dataclass, replace
    from typing import NamedTuple
    from prefect import flow
    from pydantic import BaseModel
    @flow
    def one(): ...
    #   ^^^ flow: test_model, test_plan, test_tuple
    @flow
    def two(): ...
    #   ^^^ flow: test_kept, test_model, test_plan
    @dataclass(frozen=True)
    class Plan:
        first: object = None
        last: object = two
        def starting(self, first): return replace(self, first=first)
        def run(self):
            self.first()
            self.last()
    class Model(BaseModel):
        first: object = None
        last: object = None
        def run(self):
            self.first()
            self.last()
    class Steps(NamedTuple):
        first: object
        def run(self): self.first()
    #- test_flows.py
    from flows import Model, Plan, Steps, one, two
    def test_plan(): Plan().starting(one).run()
    def test_model(): Model(first=two, last=two).model_copy(update={"first": one}).run()
    def test_kept(): Model(first=two).model_copy().run()
    def test_tuple(): Steps(two)._replace(first=one).run()
    """)


def test_class_methods_of_libraries_make_objects_of_the_projects_classes():
    check("""
    #- flows.py
    from prefect import flow
    from prefect.blocks.core import Block
    from pydantic import BaseModel
    @flow
    def etl(): ...
    #   ^^^ flow: test_block, test_model, test_own
    class Model(BaseModel):
        def run(self): etl()
    class Stored(Block):
        def run(self): etl()
    class Own:
        @classmethod
        def load(cls, name): return Model()
        def run(self): ...
    class Plain:
        def run(self): etl()
    #- test_flows.py
    from flows import Model, Own, Plain, Stored
    def test_model(): Model.model_validate({}).run()
    async def test_block(): (await Stored.load("name")).run()
    def test_own(): Own.load("name").run()
    def test_plain(): Plain.load("name").run()
    """)


def test_what_an_annotation_says_of_a_container_is_said_of_its_elements():
    check("""
    #- flows.py
    from __future__ import annotations
    import typing
    from dataclasses import dataclass
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_list, test_mapping, test_optional, test_pair
    class Step:
        def run(self): etl()
    def listed(steps: list[Step]):
        for step in steps: step.run()
    def mapped(steps: typing.Mapping[str, Step]):
        steps["first"].run()
    def optional(steps: typing.Optional[typing.Sequence[Step]] = None):
        steps[0].run()
    def pair() -> tuple[Step, int]: ...
    def plain(steps: list[str], more: list[Unknown], some: type[list[Step]], none: tuple[()] = ()):
        steps[0].run()
        more[0].run()
        some.run()
    #- test_flows.py
    from flows import listed, mapped, optional, pair, plain
    def test_list(tmp_path): listed(tmp_path.glob("*"))
    def test_mapping(tmp_path): mapped(tmp_path.stat())
    def test_optional(): optional()
    def test_pair(): pair()[0].run()
    def test_plain(tmp_path): plain(tmp_path, tmp_path, tmp_path)
    """)


def test_an_object_that_a_loop_makes_of_the_one_before_is_known():
    check("""
    #- flows.py
    from prefect import flow, task
    @task
    def again(): ...
    #   ^^^^^ task: ~test_etl
    class Run:
        def __init__(self, number):
            self.number = number
        def next(self):
            again()
            return Run(self.number + 1)
    @flow
    def etl():
    #   ^^^ flow: test_etl
        run = Run(0)
        for _ in range(3):
            print(f"run {run.number}")
            run = run.next()
    #- test_flows.py
    from flows import etl
    def test_etl(): etl()
    """)


def test_the_coroutine_behind_what_is_also_sync_is_found():
    check("""
    #- flows.py
    from prefect import flow, task
    from prefect.utilities.asyncutils import sync_compatible
    @task
    def inner(): ...
    #   ^^^^^ task: ~test_etl
    class Job:
        @sync_compatible
        async def trigger(self):
            inner()
    @flow
    async def etl(job: Job):
    #         ^^^ flow: test_etl
        await task(job.trigger.aio)(job)
    #         ^ task: ~test_etl
    #- test_flows.py
    from flows import Job, etl
    async def test_etl(): await etl(Job())
    """)
