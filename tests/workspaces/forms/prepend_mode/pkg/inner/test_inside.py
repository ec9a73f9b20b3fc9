from pkg.inner import steps as absolute

from . import steps
from .steps import in_the_package


def test_relative():
    steps.in_the_package.fn()


def test_absolute():
    absolute.in_the_package.fn()


def test_name():
    in_the_package.fn()
