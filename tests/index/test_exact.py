"""What an object was made with decides which branch of its methods runs."""

from tests.checking import check


def test_a_condition_on_an_attribute_says_which_branch_runs():
    check("""
    #- jobs.py
    from dataclasses import dataclass
    from typing import Optional
    from prefect import task
    from pydantic import BaseModel
    @task
    def load(): ...
    #   ^^^^ task: test_full, test_model, test_options, test_plain, test_record, test_variable
    @task
    def warn(): ...
    #   ^^^^ task: test_model_dry, test_options, test_plain_dry, test_record_dry, test_variable
    @task
    def audit(): ...
    #   ^^^^^ task: test_full
    class Job:
        strict = False
        def __init__(self, name, dry_run=False):
            self.name = name
            self.dry_run = dry_run
        def run(self):
            if self.strict:
                audit()
            if self.dry_run:
                warn()
            else:
                load()
    class Strict(Job):
        strict = True
    @dataclass
    class Record:
        name: str
        dry_run: bool = False
        def run(self):
            if self.dry_run:
                warn()
                return
            load()
    class Model(BaseModel):
        source: Optional[str] = None
        def run(self):
            if self.source is None:
                warn()
            if self.source:
                load()
    #- test_jobs.py
    from jobs import Job, Model, Record, Strict
    def test_plain(): Job("a").run()
    def test_plain_dry(): Job("a", True).run()
    def test_full(): Strict("a").run()
    def test_record(): Record("a", False).run()
    def test_record_dry(): Record("a", dry_run=True).run()
    def test_model(): Model(source="x").run()
    def test_model_dry(): Model().run()
    def test_variable(dry): Job("a", dry).run()
    def test_options(options): Model(**options).run()
    """)


def test_an_object_that_is_handed_on_decides_as_well():
    check("""
    #- flows.py
    from dataclasses import dataclass, field
    from prefect import flow, task
    @dataclass
    class Options:
        mode: str = "full"
        upload: bool = True
    @dataclass
    class Context:
        options: Options = field(default_factory=Options)
    @task
    def send(): ...
    #   ^^^^ task: ~test_default, ~test_part
    @task
    def extract_all(): ...
    #   ^^^^^^^^^^^ task: ~test_default, ~test_quiet
    @task
    def extract_new(): ...
    #   ^^^^^^^^^^^ task: ~test_part
    @flow
    def etl(context: Context):
    #   ^^^ flow: test_default, test_part, test_quiet
        if context.options.mode == "full":
            extract_all()
        else:
            extract_new()
        finish(context.options)
    def finish(options):
        if options.upload:
            send()
    #- test_flows.py
    from flows import Context, Options, etl
    def test_default(): etl(Context())
    def test_quiet(): etl(Context(Options(upload=False)))
    def test_part(): etl(Context(options=Options("part")))
    """)


def test_what_is_missing_is_refused_behind_several_calls():
    check("""
    #- spec.py
    from dataclasses import dataclass, replace
    from prefect import flow
    @flow
    def build(request): ...
    #   ^^^^^ flow: test_whole
    @dataclass(frozen=True)
    class Spec:
        name: str
        source: object | None = None
        parser: object | None = None
        def of(self, source):
            return replace(self, source=source)
        def parsed_by(self, parser):
            return replace(self, parser=parser)
        def build(self):
            return build(self._compiled())
        def _compiled(self):
            source, parser = self._checked()
            return (self.name, source, parser)
        def _checked(self):
            if not self.name:
                raise ValueError("no name")
            if self.source is None:
                raise ValueError("no source")
            if self.parser is None:
                raise ValueError("no parser")
            return self.source, self.parser
    #- test_spec.py
    import pytest
    from spec import Spec
    def test_without_a_name():
        spec = Spec("").of(open).parsed_by(str)
        with pytest.raises(ValueError):
            spec.build()
    def test_without_a_source():
        with pytest.raises(ValueError):
            Spec("a").build()
        with pytest.raises(ValueError):
            Spec("a").of(open).build()
    def test_whole():
        Spec("a").of(open).parsed_by(str).build()
    """)


def test_an_attribute_that_may_be_another_by_then_decides_nothing():
    check("""
    #- jobs.py
    import copy
    from prefect import task
    from pydantic import BaseModel, field_validator
    from pydantic_settings import BaseSettings
    @task
    def load(): ...
    #   ^^^^ task: test_check, test_copy, test_each, test_env, test_method, test_named, test_patch, test_set, test_twice
    class Base:
        def __init__(self):
            self.on = False
        def run(self):
            if self.on:
                load()
    class ByMethod(Base):
        def switch(self):
            self.on = True
    class Each:
        ready = False
        def __init__(self, **options):
            for name, value in options.items():
                setattr(self, name, value)
        def run(self):
            if self.ready:
                load()
    class Twice:
        def __init__(self, go):
            self.go = False
            if go:
                self.go = bool(go)
        def run(self):
            if self.go:
                load()
    class Environment(BaseSettings):
        go_on: bool = False
        def run(self):
            if self.go_on:
                load()
    class Builder:
        source = None
        def reading(self, source):
            new = copy.copy(self)
            new.source = source
            return new
        def run(self):
            if self.source:
                load()
    class Checked(BaseModel):
        origin: str | None = None
        @field_validator("origin", mode="before")
        def given(cls, value):
            return value or "default"
        def run(self):
            if self.origin:
                load()
    class Plain:
        def __init__(self):
            self.enabled = False
            self.wanted = False
            self.loud = False
        def run(self):
            if self.enabled or self.wanted or self.loud:
                load()
    #- helpers.py
    def enable(job):
        job.enabled = True
    def name(job):
        setattr(job, "loud", True)
    #- test_jobs.py
    from helpers import enable, name
    from jobs import Builder, ByMethod, Checked, Each, Environment, Plain, Twice
    def test_method():
        job = ByMethod()
        job.switch()
        job.run()
    def test_each(): Each(ready=True).run()
    def test_twice(): Twice(1).run()
    def test_env(): Environment().run()
    def test_copy(): Builder().reading("x").run()
    def test_set():
        job = Plain()
        enable(job)
        job.run()
    def test_named():
        job = Plain()
        name(job)
        job.run()
    def test_check(): Checked(origin=None).run()
    def test_patch(monkeypatch):
        job = Plain()
        monkeypatch.setattr(job, "wanted", True)
        job.run()
    """)


def test_what_is_missing_and_made_instead_is_as_good_as_what_is_passed():
    check("""
    #- flows.py
    from dataclasses import dataclass
    from prefect import flow, task
    @task
    def upload(): ...
    #   ^^^^^^ task: ~test_default, ~test_given, ~test_written
    @dataclass
    class Options:
        upload: bool = True
    @flow
    def etl(options: Options | None = None):
    #   ^^^ flow: test_default, test_given, test_off
        options = options or Options()
        if options.upload:
            upload()
    @flow
    def quiet(options: Options | None = None):
    #   ^^^^^ flow: test_quiet, test_written
        if options is None:
            options = Options(upload=False)
        if options.upload:
            upload()
    #- test_flows.py
    from flows import Options, etl, quiet
    def test_default(): etl()
    def test_given(): etl(Options())
    def test_off(): etl(Options(upload=False))
    def test_quiet(): quiet()
    def test_written(): quiet(Options(True))
    """)


def test_an_attribute_that_is_there_is_not_none():
    check("""
    #- flows.py
    from dataclasses import dataclass
    from prefect import task
    @task
    def connect(): ...
    #   ^^^^^^^ task: test_left_out, test_nothing
    @task
    def save(): ...
    #   ^^^^ task: test_left_out
    @task
    def many(): ...
    #   ^^^^ task: test_given, test_nothing, test_object
    class Client: ...
    class Job:
        def __init__(self, client=None, rows=None):
            self.client = client
            self.rows = rows
        def run(self):
            if self.client is None:
                connect.fn()
            if self.rows is None:
                save.fn()
            elif self.rows or self.client:
                many.fn()
    #- test_flows.py
    from flows import Client, Job
    def test_left_out(): Job().run()
    def test_object(): Job(Client(), rows=[]).run()
    def test_given(): Job(Client(), rows=[1]).run()
    def test_nothing(): Job(rows=[]).run()
    """)


def test_what_a_test_puts_into_an_object_is_there():
    check("""
    #- service.py
    from prefect import flow, task
    @task
    def connect(): ...
    #   ^^^^^^^ task: test_again, test_asked, test_closed, test_fresh, test_other, test_taken, test_unknown
    class Service:
        def __init__(self):
            self.client = None
        def setup(self):
            if self.client is None:
                self.client = connect()
        def run(self):
            self.setup()
            return self.client
    class Asking(Service):
        def setup(self):
            if self.client is None:
                self.client = load()
            if self.client is None:
                connect()
    class Again(Service):
        def setup(self):
            for _ in range(2):
                if self.client is None:
                    self.client = connect()
    class Closing(Service):
        def close(self):
            self.client = None
    class Lazy:
        def __init__(self, client=None):
            self._client = client
        @property
        def client(self):
            if not self._client:
                self._client = connect()
            return self._client
    #- test_service.py
    import unittest
    from unittest.mock import MagicMock
    import pytest
    from service import Again, Asking, Closing, Lazy, Service
    def test_fresh(): Service().run()
    def test_given():
        service = Service()
        service.client = MagicMock()
        service.run()
    def test_other():
        service = Service()
        service.other = MagicMock()
        service.run()
    def test_unknown(x):
        service = Service()
        service.client = x
        service.run()
    def test_taken():
        service = Service()
        service.client = MagicMock()
        service.client = None
        service.run()
    def test_closed():
        service = Closing()
        service.client = MagicMock()
        service.close()
        service.run()
    def test_asked():
        service = Asking()
        service.client = MagicMock()
        service.run()
    def test_again():
        service = Again()
        service.client = MagicMock()
        service.run()
    def test_property():
        lazy = Lazy()
        lazy._client = MagicMock()
        lazy.client
    class TestService(unittest.TestCase):
        def setUp(self):
            self.service = Service()
            self.service.client = MagicMock()
        def test_run(self):
            self.service.run()
    """)
