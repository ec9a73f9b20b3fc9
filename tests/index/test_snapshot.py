"""A snapshot after changes is the snapshot of what the files say now, and nothing makes it fail."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot

from tests.checking import described, workspace

PROJECT = """
#- registry.py
FLOWS = {}
def register(f):
    FLOWS[f.__name__] = f
    return f
#- flows/__init__.py
from .etl import etl
#- flows/etl.py
from prefect import flow, task
from registry import register
from .steps import load
@register
@flow
def etl(): load()
@flow
def other(): ...
#- flows/steps.py
from prefect import task
@task
def load(): ...
@task
def spare(): ...
#- tests/conftest.py
import pytest
from flows import etl
@pytest.fixture
def run(): return etl
#- tests/helpers.py
from flows.steps import spare
def helped(): spare()
#- tests/test_a.py
from flows.etl import etl
from helpers import helped
def test_a(): etl()
def test_helped(): helped()
#- tests/test_b.py
from registry import FLOWS
def test_b(run): run()
def test_all():
    for f in FLOWS.values(): f()
"""


def fresh(files: dict[str, str]) -> list[str]:
    return described(Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {}))


EDITS = [
    ("flows/etl.py", "def etl(): load()", "def etl(): other()"),
    ("flows/etl.py", "@register\n", ""),
    ("flows/steps.py", "@task\ndef load", "def load"),
    ("flows/steps.py", "def spare(): ...", "def spare(): return load()"),
    ("flows/__init__.py", ".etl import etl", ".etl import other as etl"),
    ("tests/conftest.py", "return etl", "etl()"),
    ("tests/helpers.py", "def helped(): spare()", "def helped(): spare"),
    ("tests/test_a.py", "def test_a(): etl()", "def test_a(): ...\ndef test_new(): etl.fn()"),
    ("registry.py", "FLOWS[f.__name__] = f", "pass"),
    ("flows/etl.py", "@flow\ndef other", "@register\n@flow\ndef other"),
]


@pytest.mark.parametrize("seed", range(12))
def test_edits_one_by_one_leave_what_a_fresh_index_says(seed):
    rng = random.Random(seed)
    files = dict(workspace(PROJECT).files)
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    described(snapshot)
    for _ in range(12):
        path, old, new = rng.choice(EDITS)
        if rng.random() < 0.5:
            old, new = new, old
        if old not in files[path]:
            continue
        files[path] = files[path].replace(old, new, 1) if old else files[path]
        snapshot = snapshot.update({path: read_facts(files[path])}, {})
        if rng.random() < 0.6:
            assert described(snapshot) == fresh(files)
    assert described(snapshot) == fresh(files)


def test_files_may_come_and_go():
    files = dict(workspace(PROJECT).files)
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    before = described(snapshot)
    without = snapshot.update({"flows/steps.py": None}, {})
    assert described(without) == fresh({path: text for path, text in files.items() if path != "flows/steps.py"})
    assert described(without.update({"flows/steps.py": read_facts(files["flows/steps.py"])}, {})) == before
    assert described(snapshot) == before


def test_a_keystroke_keeps_what_other_files_know():
    given_ = workspace(PROJECT)
    snapshot = given_.snapshot
    described(snapshot)
    after = snapshot.update({"tests/helpers.py": read_facts(given_.files["tests/helpers.py"] + "x = 1\n")}, {})
    old, new = snapshot._known, after._known
    assert new.interpreter.modules["flows/etl.py"] is old.interpreter.modules["flows/etl.py"]
    assert new.reached["tests/test_b.py"] is old.reached["tests/test_b.py"]
    assert "tests/test_a.py" not in new.reached


def test_a_syntax_error_keeps_the_last_good_answer():
    given_ = workspace(PROJECT)
    snapshot = given_.snapshot
    before = described(snapshot)
    broken = snapshot.update({"flows/etl.py": read_facts(given_.files["flows/etl.py"] + "\ndef x(:\n")}, {})
    assert described(broken) == before
    (problem,) = broken.problems()
    assert (problem.location.path, problem.code) == ("flows/etl.py", "PL501")
    assert problem.location.span.start.line == 9
    assert broken.problems("flows/steps.py") == ()
    assert described(broken.update({"flows/etl.py": read_facts(given_.files["flows/etl.py"])}, {})) == before


def test_one_broken_file_of_fifty_takes_no_other_with_it():
    files = {f"flow_{n}.py": f"from prefect import flow\n@flow\ndef f{n}(): ...\n" for n in range(50)}
    files["flow_7.py"] = "from prefect import flow\nimport (\n@flow\ndef f7(: ...\n"
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    assert len({d.path for d in snapshot.definitions()} | {"flow_7.py"}) == 50
    assert [problem.location.path for problem in snapshot.problems()] == ["flow_7.py"]


def ask_everything(snapshot: Snapshot) -> None:
    described(snapshot)
    snapshot.tests()
    snapshot.problems()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400) | st.binary(max_size=400).map(lambda b: b.decode("latin-1")))
def test_no_text_makes_it_fail(text):
    ask_everything(
        Snapshot.empty().update({"test_a.py": read_facts(text)}, {"pyproject.toml": text, "pytest.ini": text})
    )


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_no_half_written_code_makes_it_fail(data):
    given_ = workspace(PROJECT)
    path = data.draw(st.sampled_from(sorted(given_.files)))
    text = given_.files[path]
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    put = data.draw(
        st.sampled_from(["", "(", ")", ":", "'", "\n", "\t", "def ", "class X(X):", "*", "lambda", "@", "\0"])
    )
    files = {**given_.files, path: text[:start] + put + text[end:]}
    ask_everything(Snapshot.empty().update({p: read_facts(t) for p, t in files.items()}, {}))


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "x = " + "-" * 20000 + "1",
        "x = " + " + ".join(["f()"] * 3000),
        "a" + ".b" * 5000,
        "a" + "()" * 5000,
        "def f():\n" + "".join(" " * n + "if x:\n" for n in range(1, 95)) + " " * 96 + "f()",
        "from . import *\nfrom test_a import *\nfrom .test_a import test_a\n",
        "class A(B): ...\nclass B(A): ...\nclass T(A):\n def test(self): super().test()\n",
        "x = [x, x]\ny = {'a': y}\nfor x in x: x = x()\n",
        "def f(g=lambda: f()): return g\ndef test(): f()()()\n",
    ],
    ids=range(10),
)
def test_deep_and_circular_code_is_taken(text):
    ask_everything(Snapshot.empty().update({"test_a.py": read_facts(text)}, {}))
