"""Functions that return flows."""

from functools import partial

from prefect import Flow, Task, flow, task


def make_flow(name):
    @flow(name=name)
    def made():
        return name

    return made


def make_task(function, **options):
    return task(function, **options)


def build_all():
    @task
    def extract():
        return 1

    @flow
    def pipeline():
        return extract.fn()

    return pipeline, extract


def plain(x=1):
    return x


def plain_too(x=1):
    return x


def for_class(x=1):
    return x


class Factory:
    def __init__(self, base):
        self.base = base

    def create(self):
        base = self.base

        @flow
        def created():
            return base

        return created

    @classmethod
    def default(cls):
        return cls(1).create()


daily = make_flow("daily")
weekly = make_flow("weekly")
plain_task = task(plain)
plain_flow = flow(plain_too, name="plain flow")
of_class = Flow(for_class, name="of class")
task_of_class = Task(fn=partial(plain, 2), name="partial")
FLOWS = {name: make_flow(name) for name in ("a", "b")}
numbered = [flow(lambda: 1, name="one")]
pipeline, extract = build_all()
created = Factory(2).create()
by_default = Factory.default()
helper_task = make_task(lambda x: x, name="from lambda")
