"""What code finds by patterns, and what decorators put on a definition, holds after edits as well as from the start."""

from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot

from tests.checking import described, workspace

JOBS = """
#- jobs/__init__.py
#- jobs/first.py
from prefect import flow
@flow
def first(): ...
#- test_jobs.py
import importlib, pkgutil
from pathlib import Path
import importlib.util
import jobs
def test_iterated():
    for found in pkgutil.iter_modules(jobs.__path__):
        getattr(importlib.import_module(f"jobs.{found.name}"), found.name).fn()
def test_globbed():
    for path in (Path(__file__).parent / "jobs").glob("*.py"):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        getattr(module, path.stem).fn()
"""

HOOKS = """
#- flows.py
from prefect import flow
from steps import tell
@flow
def failing(): raise ValueError
@failing.on_failure
def hook(flow, run, state): tell.fn()
#- steps.py
from prefect import task
@task
def tell(): ...
@task
def other(): ...
#- test_flows.py
from flows import failing
def test_failing(): failing(return_state=True)
"""


def after(text: str, **edits: str) -> tuple[list[str], list[str]]:
    """Return what an index says after edits, and what a fresh one does; underscores in names stand for slashes."""
    given = workspace(text)
    snapshot = given.snapshot
    described(snapshot)
    new = {name.replace("_", "/") + ".py": edited for name, edited in edits.items()}
    fresh = Snapshot.empty().update({path: read_facts(one) for path, one in {**given.files, **new}.items()}, {})
    return described(snapshot.update({path: read_facts(one) for path, one in new.items()}, {})), described(fresh)


def test_a_module_that_comes_is_found_by_those_who_look_for_all():
    found, fresh = after(JOBS, jobs_second="from prefect import flow\n@flow\ndef second(): ...\n")
    assert found == fresh
    assert found == [
        "jobs/first.py:3:4+5 flow: test_globbed, test_iterated",
        "jobs/second.py:3:4+6 flow: test_globbed, test_iterated",
    ]


def test_a_hook_stays_where_another_file_is_edited_and_goes_with_its_decorator():
    found, fresh = after(HOOKS, steps="from prefect import task\n\n\n@task\ndef tell(): ...\n")
    assert found == fresh
    assert found == ["flows.py:4:4+7 flow: test_failing", "steps.py:5:4+4 task: test_failing"]
    without = workspace(HOOKS).files["flows.py"].replace("@failing.on_failure\n", "")
    found, fresh = after(HOOKS, flows=without)
    assert found == fresh
    assert found[1:] == ["steps.py:3:4+4 task:", "steps.py:5:4+5 task:"]
