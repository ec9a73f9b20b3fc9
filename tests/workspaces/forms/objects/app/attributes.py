"""Attributes that stand in no class, and those that are worked out."""

import threading
from contextlib import contextmanager
from typing import NamedTuple
from unittest.mock import patch

from app import tasks
from app.tasks import extract, transform


def runs_extract():
    return runs_extract.task.fn()


runs_extract.task = extract


class Lazily:
    def __init__(self):
        self._known = {"extract": extract}

    def __getattr__(self, name):
        return self._known[name]


class Field:
    def __init__(self, value):
        self.value = value

    def __get__(self, instance, owner):
        return self.value


class Model:
    step = Field(extract)


class Background(threading.Thread):
    def run(self):
        transform.fn()


class Pair(NamedTuple):
    left: object
    right: object


class Stage:
    def __init__(self, f, before=None):
        self.f, self.before = f, before

    def __call__(self):
        if self.before is not None:
            self.before()
        return self.f.fn()

    def __rshift__(self, other):
        return Stage(other.f, before=self)

    def __or__(self, other):
        return Stage(other.f, before=self)

    def __truediv__(self, other):
        return Stage(other.f, before=self)


@contextmanager
def without_load():
    with patch("app.tasks.load.fn"):
        yield


@contextmanager
def loading_otherwise():
    with without_load():
        yield


def load_it():
    return tasks.load.fn()
