"""A snapshot after changes is the snapshot of what the files say now, and nothing makes it fail."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefect_lens.index import definitions, known, module_table
from prefect_lens.index import snapshot as snapshot_room
from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot
from prefect_lens.model import Position

from tests.checking import check, described, workspace

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


_PIECES = [
    "",
    "import helpers\n",
    "from prefect import flow, task\n",
    "from registry import FLOWS, register\n",
    "from flows.steps import load as again\nagain()\n",
    "def made(f): return task(f)\n",
    "def deep(): ...\nworked = made(deep)\n",
    "from tests.helpers import helped as first\nfirst()\n",
    "import typer\napp = typer.Typer()\n",
    "from flows.etl import *\n",
    "\n\n",
    "# a comment\n",
]


@pytest.mark.parametrize("most", [0, 8, 100_000])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_edits_leave_what_a_fresh_index_says(most, data):
    files = dict(workspace(PROJECT).files)
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known, "MOST_FRAMES", most)
        patch.setattr(known, "FEW_FOLLOWED", 0)
        patch.setattr(module_table, "MOST", most)
        patch.setattr(known.gc, "collect", lambda: 0)  # it takes its time, and nothing comes of it here
        for _ in range(data.draw(st.integers(1, 5))):
            changed: dict[str, str | None] = {}
            for path in data.draw(
                st.lists(st.sampled_from(sorted({*files, "new.py", "tests/test_new.py"})), max_size=2)
            ):
                text = files.get(path) or "def test_b(): ...\n"
                put = data.draw(st.sampled_from(_PIECES))
                at_end = data.draw(st.booleans())
                is_gone = data.draw(st.integers(0, 9)) == 0
                changed[path] = None if is_gone else text + put if at_end else put + text
            files.update({path: text for path, text in changed.items() if text is not None})
            for path in [path for path, text in changed.items() if text is None]:
                files.pop(path, None)
            facts = {path: None if text is None else read_facts(text) for path, text in changed.items()}
            snapshot = snapshot.update(facts, {})
            if data.draw(st.booleans()):
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
    old = snapshot._known
    new = snapshot.update({"tests/helpers.py": read_facts(given_.files["tests/helpers.py"] + "x = 1\n")}, {})._known
    assert new.interpreter.modules["flows/etl.py"] is old.interpreter.modules["flows/etl.py"]
    assert new.answers.reached["tests/test_b.py"] is old.answers.reached["tests/test_b.py"]
    assert "tests/test_a.py" not in new.answers.reached


def test_an_edit_that_only_moves_code_moves_places_and_nothing_else():
    given_ = workspace(PROJECT)
    snapshot = given_.snapshot
    described(snapshot)
    [other] = [one for one in snapshot.definitions("flows/etl.py") if one.name == "other"]
    text = given_.files["flows/etl.py"].replace("@flow\ndef other", "\n# the other one\n@flow\ndef  other")
    after = snapshot.update({"flows/etl.py": read_facts(text)}, {})
    assert after._known is snapshot._known
    assert described(after) == fresh({**given_.files, "flows/etl.py": text})
    moved = after.definition(other.entrypoint)
    assert moved is not None
    assert moved.location.span.start == Position(other.location.span.start.line + 2, 5)
    assert after.callees(after.definitions("flows/etl.py")[0]) == snapshot.callees(
        snapshot.definitions("flows/etl.py")[0]
    )
    assert after.named("flows/etl.py", moved.location.span.start, ("other",)) == (moved,)
    tests = "# more\n" + given_.files["tests/test_a.py"]
    later = after.update({"tests/test_a.py": read_facts(tests)}, {})
    [first, *_] = later.tests("tests/test_a.py")
    assert first.span.start.line == snapshot.tests("tests/test_a.py")[0].span.start.line + 1
    assert later.exercised(first) == after.exercised(after.tests("tests/test_a.py")[0])
    assert described(later.update({"tests/test_a.py": read_facts(given_.files["tests/test_a.py"])}, {})) == described(
        after
    )


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


_REAL = sorted(Path(snapshot_room.__file__).parent.glob("*.py"))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_torn_file_of_real_code_makes_it_fail(data):
    lines = data.draw(st.sampled_from(_REAL)).read_text().splitlines(keepends=True)
    start = data.draw(st.integers(0, len(lines)))
    middle = data.draw(st.integers(start, len(lines)))
    again = data.draw(st.integers(0, middle))
    text = "".join(lines[:start] + lines[middle:] + lines[:again])
    text = text[: data.draw(st.integers(0, len(text)))]
    ask_everything(Snapshot.empty().update({"test_a.py": read_facts(f"from prefect import flow\n{text}")}, {}))


_NAMES = st.sampled_from(["a", "b", "c", "A", "B", "self", "flow"])
_EXPRESSIONS = st.recursive(
    _NAMES | st.sampled_from(["self.a", "self.b", "'a'", "lambda a: a(b)"]),
    lambda inner: (
        st.tuples(inner, inner).map(lambda p: f"{p[0]}({p[1]})" if not p[0].startswith("lambda") else f"({p[0]})(b)")
        | st.tuples(inner, _NAMES).map(lambda p: f"({p[0]}).{p[1]}")
        | st.lists(inner, min_size=1, max_size=3).map(lambda p: f"[{', '.join(p)}]")
        | inner.map(lambda e: f"partial({e}, a=b)")
        | inner.map(lambda e: f"({e})()")
    ),
    max_leaves=6,
)
_STATEMENTS = st.one_of(
    st.tuples(_NAMES, _EXPRESSIONS).map(lambda p: f"{p[0]} = {p[1]}"),
    st.tuples(_NAMES, _EXPRESSIONS, _EXPRESSIONS).map(lambda p: f"@{p[0]}\ndef a(self, b={p[1]}):\n  return {p[2]}"),
    st.tuples(_NAMES, _EXPRESSIONS).map(lambda p: f"def {p[0]}(a, b):\n  def c():\n    return {p[1]}\n  return c"),
    st.tuples(_NAMES, _NAMES, _EXPRESSIONS, _EXPRESSIONS).map(
        lambda p: (
            f"class {p[0]}({p[1]}):\n  def __init__(self, a):\n    self.a = {p[2]}\n"
            f"  def __call__(self, b):\n    self.b = b\n    return {p[3]}\n  a = __call__"
        )
    ),
)


@settings(max_examples=250, deadline=timedelta(seconds=20))
@given(st.lists(_STATEMENTS, min_size=2, max_size=8))
def test_no_knot_of_calls_makes_it_fail_or_run_on(statements):
    text = "\n".join(["from functools import partial", "from prefect import flow", *statements, "def test(): a(b)()"])
    ask_everything(Snapshot.empty().update({"test_a.py": read_facts(text)}, {}))


def test_an_object_that_calls_a_larger_one_of_its_kind_is_followed_to_an_end():
    check("""
    #- assets.py
    from functools import partial
    from prefect import flow
    class Asset:
        def __init__(self, fn):
            self.fn = fn
            self.run = Run(self)
        def __call__(self, *args):
            return self.run(*args)
        def put(self, *args):
            return Asset(partial(self.fn, *args))
    class Run:
        def __init__(self, asset):
            self.asset = asset
        def __call__(self, *args):
            return self.asset.put(*args)() or self.asset.fn()
    @flow
    def inner(): ...
    #   ^^^^^ flow: test_asset
    #- test_assets.py
    from assets import Asset, inner
    def test_asset():
        given = Asset(inner)(1)
    """)


def test_a_question_that_leads_too_deep_costs_no_other_its_answer(caplog, monkeypatch):
    def decorated(inter, module, index):
        if module.facts.scopes[index].name == "deep":
            raise RecursionError
        return real_decorated(inter, module, index)

    def start(inter, fixtures, test, project):
        if test.case.names == ("test_deep",):
            raise RecursionError
        return real_start(inter, fixtures, test, project)

    real_decorated, real_start = definitions._decorated, known.start
    monkeypatch.setattr(definitions, "_decorated", decorated)
    monkeypatch.setattr(known, "start", start)
    check("""
    #- test_a.py
    from prefect import flow
    @flow
    def deep(): ...
    @flow
    def shallow(): ...
    #   ^^^^^^^ flow: test_shallow
    def test_deep(): shallow()
    def test_shallow(): shallow()
    """)
    assert [record.getMessage() for record in caplog.records] == [
        "test_a.py:3 leads too deep to be followed to its end",
        "test_a.py::test_deep leads too deep to be followed to its end",
    ]


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


def test_what_a_project_imports_of_others_is_known_by_its_full_name():
    files = workspace("""
    #- flows/etl.py
    import os, yaml
    from prefect import flow
    from sqlalchemy.orm import Session
    from flows.steps import load
    from . import rates
    def late(): import boto3
    #- flows/steps.py
    import helpers, vendored
    #- other/pyproject.toml
    [project]
    name = "other"
    #- other/src/vendored/__init__.py
    import duckdb
    #- helpers.py
    """)
    assert files.snapshot.imports(".") == ("boto3", "sqlalchemy.orm", "sqlalchemy.orm.Session", "yaml")
