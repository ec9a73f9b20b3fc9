"""The interpreters that tests run Prefect with."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

VARIABLES = ("PREFECT_LENS_TEST_PYTHON", "PREFECT_LENS_TEST_PYTHON_OLDEST")
"""They name an interpreter with the newest Prefect and pytest, and one with the oldest."""

MISSING = f"{' and '.join(VARIABLES)} name no interpreter that has Prefect and pytest"


def prefect_pythons() -> list[str]:
    """Interpreters that have Prefect and pytest: those that the variables name, else our own if it has them."""
    named = [path for variable in VARIABLES if (path := os.environ.get(variable))]
    return named or ([sys.executable] if find_spec("prefect") else [])


def newest_and_thoroughly_the_rest() -> list:
    """The same, as parameters: all but the first are for `make thorough`."""
    first, *rest = prefect_pythons() or [None]
    return [first, *(pytest.param(python, marks=pytest.mark.thorough) for python in rest)]


def python_with(*modules: str) -> str:
    """An interpreter that has pytest and these modules."""
    for python in dict.fromkeys((sys.executable, *prefect_pythons())):
        code = f"import importlib.util as u; assert all(map(u.find_spec, {('pytest', *modules)!r}))"
        if subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0:
            return python
    pytest.skip(f"no interpreter in {' and '.join(VARIABLES)} has {' and '.join(modules)}")
