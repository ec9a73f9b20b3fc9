"""Decorators of the project's own."""

import functools
import logging
import time

from prefect import flow, get_run_logger, task
from prefect import flow as prefect_flow
from prefect import task as prefect_task


def timed(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        begun = time.monotonic()
        try:
            return function(*args, **kwargs)
        finally:
            logging.debug("%s", time.monotonic() - begun)

    return wrapper


def logged(level="info"):
    def decorate(function):
        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            return function(*args, **kwargs)

        return wrapper

    return decorate


def job(function):
    """The project's own flow."""
    return flow(name=function.__name__, retries=1)(function)


def step(function=None, *, retries=0, **options):
    """With and without parentheses."""
    if function is None:
        return functools.partial(step, retries=retries, **options)
    return prefect_task(retries=retries, **options)(function)


def safe_flow(**options):
    def decorate(function):
        @prefect_flow(**options)
        @functools.wraps(function)
        def inner(*args, **kwargs):
            return function(*args, **kwargs)

        return inner

    return decorate


class Team:
    """A decorator that is a method, and an object that decorates."""

    def __init__(self, tag):
        self.tag = tag

    def flow(self, *args, **kwargs):
        kwargs.setdefault("description", self.tag)
        if args:
            return flow(*args, **kwargs)
        return flow(**kwargs)

    def __call__(self, function):
        return task(function, tags=[self.tag])


team = Team("blue")
quick_task = functools.partial(task, retries=0)
my_task = task(retries=2)


@timed
@flow
def outside():
    return 1


@flow
@timed
def inside():
    return 1


@flow(name="both")
@logged("debug")
@timed
def both():
    return 1


@logged()
@task
@timed
def around_a_task():
    return 1


@job
def own_flow():
    return 1


@step
def own_task():
    return 1


@step(retries=2)
def own_task_with_options():
    return 1


@safe_flow(name="safe")
def safe():
    return 1


@team.flow
def by_method():
    return 1


@team.flow(retries=1)
def by_method_with_options():
    return 1


@team
def by_object():
    return 1


@quick_task
def by_partial():
    return 1


@quick_task(name="options")
def by_partial_with_options():
    return 1


@my_task
def by_kept_decorator():
    return 1


@functools.lru_cache
def not_a_flow():
    return 1
