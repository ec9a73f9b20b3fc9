"""Flows as methods."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar, Generic, TypeVar, overload

from prefect import Flow, flow, task
from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")


@task
def shared(x=1):
    return x


@task
def other(x=1):
    return x


class Pipeline:
    @flow
    def run(self, x=1):
        return self.helper(x)

    def helper(self, x):
        return self.step.fn(self, x)

    @task
    def step(self, x):
        return x

    @staticmethod
    @flow
    def static(x=1):
        return x

    @classmethod
    @flow
    def of_class(cls, x=1):
        return x

    @flow
    @staticmethod
    def static_inside(x=1):
        return x

    def plain(self):
        return self.static(2)


class Base(ABC):
    @abstractmethod
    def work(self):
        ...

    @flow
    def template(self):
        return self.work()

    @task
    def overridden(self):
        return "base"

    def call_overridden(self):
        return self.overridden.fn(self)


class Child(Base):
    def work(self):
        return shared.fn(1)

    @task
    def overridden(self):
        return "child"


class Grandchild(Child):
    def work(self):
        return super().work() + other.fn(2)


class Mixin:
    @flow
    def mixed(self):
        return "mixed"


class Mixed(Mixin, Child):
    pass


@dataclass
class Job:
    action: Any = shared
    others: list = field(default_factory=lambda: [other])
    registry: ClassVar[dict] = {"shared": shared}

    @flow
    def run(self):
        return self.action.fn(1)

    def run_others(self):
        return [one.fn(1) for one in self.others]

    def __post_init__(self):
        self.ready = True


class Model(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True, ignored_types=(Flow,))

    action: Callable = shared
    size: int = Field(default=1)
    steps: list = Field(default_factory=lambda: [shared])

    @flow
    def process(self):
        return self.size

    def go(self):
        return self.action.fn(self.size)

    def all(self):
        return [one.fn(1) for one in self.steps]


class Container(Generic[T]):
    def __init__(self, content: T):
        self.content = content

    def get(self) -> T:
        return self.content


class Service:
    def __init__(self, job: Job):
        self.job = job

    def serve(self):
        return self.job.run_others()


class Nested:
    class Inner:
        @flow
        def deep(self=None):
            return "deep"


@overload
def process(x: int) -> int: ...
@overload
def process(x: str) -> str: ...
@task
def process(x):
    return x


class Overloaded:
    @overload
    def go(self, x: int) -> int: ...
    @overload
    def go(self, x: str) -> str: ...
    @flow
    def go(self, x):
        return x
