"""From a name to a definition, from a definition to those that it calls, from a test to what it runs."""

from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot
from prefect_lens.model import Position

FILES = {
    "flows/steps.py": """
from prefect import flow, task

@task
def parse(line): ...

@task
def store(number): ...

class Pipeline:
    @flow
    def run(self):
        store(1)
""",
    "flows/etl.py": """
from prefect import flow
from flows import steps
from flows.steps import parse as read

def helper(line):
    return steps.store(read(line))

@flow
def sub():
    helper("x")

@flow
def etl(lines):
    later = steps.parse.with_options(retries=3)
    later("1")
    sub()
""",
    "tests/test_etl.py": """
from flows.etl import etl, sub
from flows.steps import parse

def test_etl():
    etl(["1"])

def test_parse():
    parse.fn("1")
""",
}


def snapshot():
    return Snapshot.empty().update({path: read_facts(text) for path, text in FILES.items()}, {})


def entrypoints(definitions):
    return [one.entrypoint for one in definitions]


def named(path, *names, around=None):
    return entrypoints(snapshot().named(path, around, names))


def test_a_name_is_followed_through_imports_and_aliases():
    assert named("tests/test_etl.py", "etl") == ["flows/etl.py:etl"]
    assert named("flows/etl.py", "read") == ["flows/steps.py:parse"]
    assert named("flows/etl.py", "steps", "store") == ["flows/steps.py:store"]
    assert named("tests/test_etl.py", "parse", "fn") == ["flows/steps.py:parse"]


def test_a_name_of_a_function_is_looked_up_there():
    at = next(one for one in snapshot().definitions("flows/etl.py") if one.qualname == "etl").location.span.start
    assert named("flows/etl.py", "later", around=at) == ["flows/etl.py:etl.<locals>.later"]
    assert named("flows/etl.py", "later") == []


def test_a_name_that_means_no_definition_means_nothing():
    assert named("flows/etl.py", "helper") == named("flows/etl.py", "nobody") == named("nowhere.py", "x") == []


def test_the_definitions_that_a_body_calls_are_found_through_helpers():
    index = snapshot()
    etl, sub = index.definition("flows/etl.py:etl"), index.definition("flows/etl.py:sub")
    assert entrypoints(index.callees(etl)) == ["flows/etl.py:etl.<locals>.later", "flows/etl.py:sub"]
    assert entrypoints(index.callees(sub)) == ["flows/steps.py:parse", "flows/steps.py:store"]
    run = index.definition("flows/steps.py:Pipeline.run")
    assert entrypoints(index.callees(run)) == ["flows/steps.py:store"]


def test_a_test_knows_what_it_exercises_direct_ones_first():
    index = snapshot()
    one, two = index.tests("tests/test_etl.py")
    found = entrypoints(index.exercised(one))
    assert found[0] == "flows/etl.py:etl"
    assert set(found) >= {"flows/etl.py:sub", "flows/steps.py:parse", "flows/steps.py:store"}
    assert entrypoints(index.exercised(two)) == ["flows/steps.py:parse"]


def test_a_place_where_no_function_stands_is_the_modules():
    assert entrypoints(snapshot().named("flows/etl.py", Position(999, 0), ("sub",))) == ["flows/etl.py:sub"]
