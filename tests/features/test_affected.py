"""What a saved change runs: no test too few, and none too many where it is plain which function has changed."""

import pytest
from prefect_lens.features.affected import affected
from prefect_lens.index.facts import read_facts

from tests.features.build import snapshot

FLOWS = """from prefect import flow, task
from helpers import scale

RATE = 2

@task
def parse(text):
    return float(text)  # as it comes

@task
def double(number):
    return scale(number) * RATE

@flow
def etl(text):
    return parse(text)

@flow
def other(number):
    return double(number)
"""
HELPERS = """
def scale(number):
    return number
"""
TESTS = """from flows import etl, other
import pytest

@pytest.fixture
def text():
    return "1"

def test_etl(text):
    assert etl(text) == 1

def test_other():
    assert other(1) == 2

def test_nothing():
    assert True
"""
FILES = {"flows.py": FLOWS, "helpers.py": HELPERS, "test_flows.py": TESTS}
BOTH = ["test_etl", "test_other"]
ALL = [*BOTH, "test_nothing"]


@pytest.mark.parametrize(
    ("path", "old", "new", "tests"),
    [
        ("flows.py", "return float(text)", "return int(text)", ["test_etl"]),
        ("flows.py", "@task\ndef double", "@task(retries=1)\ndef double", ["test_other"]),
        ("flows.py", "    return parse(text)\n", "    # as text\n    return parse(text)\n", ["test_etl"]),
        ("flows.py", "\n\n@flow\ndef etl", "\n\n# The first.\n\n@flow\ndef etl", []),
        ("flows.py", "RATE = 2", "RATE = 3", BOTH),
        ("flows.py", "return float(text)", "return float(", []),
        ("flows.py", "RATE = 2", "RATE = 2\n\ndef helper(): ...", BOTH),
        ("helpers.py", "return number", "return -number", BOTH),
        ("test_flows.py", "etl(text) == 1", "etl(text) == 1.0", ["test_etl"]),
        ("test_flows.py", "assert True", "assert 1", ["test_nothing"]),
        ("test_flows.py", 'return "1"', 'return "1.0"', ALL),
    ],
)
def test_the_tests_of_what_has_changed_are_affected(path, old, new, tests):
    before = snapshot("".join(f"#- {name}\n{text}" for name, text in FILES.items()))
    for definition in before.definitions():
        before.matches(definition)
    assert FILES[path].count(old) == 1
    now = FILES[path].replace(old, new)
    after = before.update({path: read_facts(now)}, {})
    assert sorted(test.names[-1] for test in affected(after, path, FILES[path], now)) == sorted(tests)
