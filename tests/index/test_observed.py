"""What runs have shown goes before what the code lets one think, for as long as the code is what it was."""

import pytest
from prefect_lens.index.facts import read_facts
from prefect_lens.index.observed import Observed, Seen
from prefect_lens.index.snapshot import Snapshot
from prefect_lens.model import Evidence

from tests.checking import workspace

FILES = workspace("""
#- settings.py
import os
DEEP = os.cpu_count() > 0.5
#- flows/steps.py
from prefect import task
@task
def load(): ...
@task
def clean(): ...
@task
def secret(): ...
#- flows/etl.py
from prefect import flow
from flows.steps import load, clean
import settings
@flow
def etl():
    load()
    if settings.DEEP: clean()
#- tests/test_etl.py
from flows.etl import etl
def test_etl(): etl()
#- tests/test_load.py
from flows.steps import load
def test_load(): load()
#- other.py
def nothing(): ...
""").files

TEST = "tests/test_etl.py::test_etl"


def snapshot() -> Snapshot:
    return Snapshot.empty().update({path: read_facts(text) for path, text in FILES.items()}, {})


def observed(snapshot: Snapshot) -> Snapshot:
    """Have seen the flow run `load`, and by ways that nobody can read `secret`, but never `clean`."""
    path = TEST.partition("::")[0]
    assert set(snapshot.guessed(path)) == {TEST}
    sources = snapshot.sources([path])[path]
    cone = tuple((one, snapshot.digest(one)) for one in sorted({*sources, "tests/conftest.py"}))
    steps = "flows/steps.py"
    seen = Seen(
        cone, frozenset({"flows/etl.py:etl", f"{steps}:load", f"{steps}:secret"}), frozenset({f"{steps}:clean"})
    )
    return snapshot.observing(Observed().after({TEST: seen}))


def reasons(snapshot: Snapshot) -> list[str]:
    return [match.reason for one in snapshot.definitions() for match in snapshot.matches(one)]


STATIC = [
    "test_etl → etl",
    "test_load → load",
    "test_etl → etl → load",
    "test_etl → etl → clean",
]
REFINED = [
    "test_etl → etl (seen to run)",
    "test_load → load",
    "test_etl → etl → load (seen to run)",
    "test_etl → secret (seen to run; the code does not tell how)",
]


def test_runs_confirm_refute_and_add_to_what_the_code_tells():
    assert reasons(snapshot()) == STATIC
    found = observed(snapshot())
    assert reasons(found) == REFINED
    (test,) = found.tests("tests/test_etl.py")
    assert [one.qualname for one in found.exercised(test)] == ["etl", "load", "secret"]


@pytest.mark.parametrize("path", ["tests/test_etl.py", "flows/etl.py", "flows/steps.py", "settings.py"])
def test_an_edit_on_the_way_from_the_test_to_the_definition_makes_it_lapse(path):
    found = observed(snapshot())
    edited = found.update({path: read_facts(FILES[path].replace("\n", "  # edited\n", 1))}, {})
    assert reasons(edited) == STATIC
    assert reasons(edited.update({path: read_facts(FILES[path])}, {})) == REFINED


def test_a_constant_that_no_fact_tells_of_counts():
    found = observed(snapshot()).update({"settings.py": read_facts("import os\nDEEP = os.cpu_count() > 0.7\n")}, {})
    assert reasons(found) == STATIC


def test_edits_elsewhere_leave_it_as_it_is():
    found = observed(snapshot()).update({"other.py": read_facts("x = 1\n"), "tests/test_load.py": None}, {})
    assert reasons(found) == [reason for reason in REFINED if "test_load" not in reason]


def test_a_conftest_that_appears_beside_the_test_makes_it_lapse():
    found = observed(snapshot()).update({"tests/conftest.py": read_facts("x = 1\n")}, {})
    assert reasons(found) == STATIC


def test_a_file_that_is_broken_for_a_moment_changes_nothing():
    found = observed(snapshot()).update({"flows/etl.py": read_facts(FILES["flows/etl.py"] + "def (:\n")}, {})
    assert reasons(found) == REFINED


def test_a_test_that_a_class_inherits_from_a_library_is_known_once_it_was_seen():
    files = FILES | {"tests/test_suite.py": "from library import Suite\nclass TestMine(Suite): ...\n"}
    found = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    cone = (("tests/test_suite.py", found.digest("tests/test_suite.py")),)
    seen = Seen(cone, frozenset({"flows/etl.py:etl"}))
    tests = {f"tests/test_suite.py::{name}::test_it": seen for name in ("TestMine", "TestGone")}
    [etl] = found.observing(Observed().after(tests)).definitions("flows/etl.py")
    static, inherited = found.observing(Observed().after(tests)).matches(etl)
    assert static.test.node_id == TEST
    assert inherited.test.node_id == "tests/test_suite.py::TestMine::test_it"
    assert (inherited.test.span.start.line, inherited.evidence) == (1, Evidence.RUN)


def test_what_was_seen_once_of_the_same_code_stays_seen():
    one = Seen((("a.py", "1"),), frozenset({"a.py:x"}), frozenset({"a.py:y"}))
    other = Seen((("a.py", "1"),), frozenset({"a.py:y"}), frozenset({"a.py:x", "a.py:z"}))
    assert other.after(one) == Seen(one.cone, frozenset({"a.py:x", "a.py:y"}), frozenset({"a.py:z"}))
    newer = Seen((("a.py", "2"),), frozenset())
    assert newer.after(one) == newer
