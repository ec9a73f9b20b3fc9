"""Whatever happens to the files of a workspace, in whatever order, the index says what a fresh one would say."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from prefect_lens.index.facts import read_facts
from prefect_lens.index.packed import pack
from prefect_lens.index.snapshot import Snapshot

from tests.checking import described, workspace

FILES = """
#- registry.py
STEPS = []
def register(f):
    STEPS.append(f)
    return f
class Box:
    def __init__(self): self.held = None
    def put(self, f):
        self.held = f
        return self
    def run(self):
        return self.held()
#- pkg/__init__.py
from .flows import outer
#- pkg/flows.py
from prefect import flow, task
from pkg.helpers import apply, choose
from registry import register
@task
def one(x=None):
    return x
@task
def two():
    total = 0
    return total
@register
@flow
def inner():
    return one()
@flow
def outer(callback=None):
    apply(two)
    found = choose()
    return found
#- pkg/helpers.py
def apply(f):
    return f()
def choose():
    from pkg import flows
    return flows.inner
#- pkg/jobs.py
from pkg.flows import one, two
class BadError(Exception): ...
class Job:
    def __init__(self, on=False):
        self.on = on
    def run(self):
        if self.on:
            one()
        refuse(self)
        two()
def refuse(job):
    if job:
        raise BadError("bad")
#- pkg/guards.py
from pkg.flows import one, two
def handing_on(f):
    def wrapper(*args, **options):
        return f(*args, **options)
    return wrapper
def work(x):
    return x
@handing_on
def checked(x=None, dry=False):
    if dry:
        one()
    try:
        work(x)
    except ValueError:
        two()
        raise
current = None
def configure(f):
    global current
    current = f
configure(one)
#- tests/conftest.py
import pytest
from pkg.flows import inner
@pytest.fixture
def made(): return inner
#- tests/test_a.py
from pkg import outer
from registry import Box, STEPS
def test_outer(): outer()()
def test_box():
    box = Box()
    box.put(outer).run()
def test_steps():
    for step in STEPS: step()
#- tests/test_b.py
from pkg.flows import one, two
def test_made(made): made()
def test_both():
    one(two)()
#- tests/test_d.py
import pytest
from pkg.jobs import BadError, Job
def test_job(): Job().run()
def test_refused():
    job = Job(True)
    with pytest.raises(BadError):
        job.run()
#- tests/test_e.py
import pytest
from pkg import guards
def test_checked(): guards.checked()
def test_dry(): guards.checked(dry=True)
def test_raises():
    with pytest.raises(ValueError):
        guards.checked(1)
def test_current(): guards.current()
"""

BODIES = (
    "print('x')",
    "x = 1",
    "total = len('abc')",
    "# a remark",
    "if True: pass",
    "one()",
    "return two()",
    "return two",
    "found = one",
    "from pkg.flows import two; two()",
    "apply(one)",
    "def nested(): return one()",
    "made = flow(one); made()",
    "callback and callback()",
    "global held; held = one",
    "refuse(1)",
    "raise BadError('worse')",
    "if x: raise BadError('worse')",
    "self.on = True",
    "job.on = True",
    "for x in 'ab': refuse(x)",
    "raise ValueError(x)",
    "if x: raise ValueError(x)",
    "options.pop('dry', None)",
    "return f(*args)",
    "configure(two)",
    "x = x or 1",
)
"""Lines for a function's body: some mean nothing to anybody else, some do."""

TAILS = (
    "\n@flow\ndef late(): one()\n",
    "\nfrom pkg.flows import *\n",
    "\nimport importlib\n",
    "\nfrom extra import more\nmore()\n",
    "\ndef broken(:\n",
    "\nx = (\n",
    "\0",
    "\n",
)

NEW = {
    "extra.py": "from prefect import flow\nfrom pkg.flows import one\n@flow\ndef more(): one()\n",
    "tests/extra.py": "def more(): ...\n",
    "tests/__init__.py": "",
    "tests/test_c.py": "import extra\ndef test_more(): extra.more()\n",
    "conftest.py": "import pytest\nfrom pkg.flows import two\n@pytest.fixture(autouse=True)\ndef always(): two()\n",
    "pkg/helpers/__init__.py": "def apply(f): ...\ndef choose(): ...\n",
}

_places = st.integers(0, 40)


class Workspace(RuleBasedStateMachine):
    """Files that are edited, saved, made, removed, renamed and checked out, with an index that is told of each."""

    @initialize()
    def open(self) -> None:
        self.saved = dict(workspace(FILES).files)
        self.texts = dict(self.saved)
        self.good = dict(self.saved)
        self.snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in self.texts.items()}, {})
        described(self.snapshot)

    def tell(self, changes: dict[str, str | None]) -> None:
        for path, text in changes.items():
            if text is None:
                self.texts.pop(path, None)
                self.good.pop(path, None)
                continue
            self.texts[path] = text
            if read_facts(text).problem is None or path not in self.good:
                self.good[path] = text
        self.snapshot = self.snapshot.update(
            {path: None if text is None else read_facts(text) for path, text in changes.items()}, {}
        )

    @rule(data=st.data(), line=st.sampled_from(BODIES), at=_places)
    def type_in_a_function(self, data, line, at) -> None:
        path = data.draw(st.sampled_from(sorted(self.texts)))
        lines = self.texts[path].split("\n")
        bodies = [number for number, text in enumerate(lines) if text.startswith("    ") and text.strip()]
        if bodies:
            number = bodies[at % len(bodies)]
            indent = lines[number][: len(lines[number]) - len(lines[number].lstrip())]
            self.tell({path: "\n".join([*lines[:number], indent + line, *lines[number:]])})

    @rule(line=st.sampled_from(BODIES), at=_places)
    def type_in_a_flow_and_look(self, line, at) -> None:
        path = "pkg/flows.py"
        if path in self.texts:
            lines = self.texts[path].split("\n")
            bodies = [number for number, text in enumerate(lines) if text.startswith("    ")]
            number = bodies[at % len(bodies)] if bodies else len(lines)
            self.tell({path: "\n".join([*lines[:number], "    " + line, *lines[number:]])})
            self.look_at_everything()

    @rule(data=st.data(), at=_places)
    def remove_a_line(self, data, at) -> None:
        path = data.draw(st.sampled_from(sorted(self.texts)))
        lines = self.texts[path].split("\n")
        self.tell({path: "\n".join(line for number, line in enumerate(lines) if number != at % len(lines))})

    @rule(data=st.data(), tail=st.sampled_from(TAILS))
    def type_at_the_end(self, data, tail) -> None:
        path = data.draw(st.sampled_from(sorted(self.texts)))
        self.tell({path: self.texts[path] + tail})

    @rule(path=st.sampled_from(sorted(NEW)))
    def make(self, path) -> None:
        self.tell({path: NEW[path]})

    @precondition(lambda self: len(self.texts) > 2)
    @rule(data=st.data())
    def remove(self, data) -> None:
        self.tell({data.draw(st.sampled_from(sorted(self.texts))): None})

    @rule(data=st.data(), name=st.sampled_from(["pkg/other.py", "other.py", "tests/test_d.py", "pkg/flows.py"]))
    def rename(self, data, name) -> None:
        path = data.draw(st.sampled_from(sorted(self.texts)))
        if path != name:
            self.tell({path: None, name: self.texts[path]})

    @rule()
    def save(self) -> None:
        self.saved = dict(self.texts)

    @rule()
    def check_out(self) -> None:
        self.tell(dict.fromkeys(self.texts.keys() - self.saved.keys()) | self.saved)

    @rule(data=st.data())
    def look_at_one_file(self, data) -> None:
        for definition in self.snapshot.definitions_at(data.draw(st.sampled_from(sorted(self.texts)))):
            self.snapshot.matches(definition)

    @rule()
    def run_out_of_memory(self) -> None:
        self.snapshot._known.forget()

    @rule()
    def forget_code_that_leads_nowhere(self) -> None:
        self.snapshot._known.forget_plain()

    @rule()
    def settle(self) -> None:
        self.snapshot._known.interpreter.settle()

    @rule()
    def look_at_everything(self) -> None:
        fresh = Snapshot.empty().update({path: read_facts(text) for path, text in self.good.items()}, {})
        assert described(self.snapshot) == described(fresh)
        for definition in fresh.definitions():
            mine = self.snapshot.definition(definition.entrypoint)
            assert mine is not None
            assert self.snapshot.callees(mine) == fresh.callees(fresh.definition(definition.entrypoint))

    @invariant()
    def the_files_are_those(self) -> None:
        if hasattr(self, "texts"):
            assert set(self.snapshot.paths) == set(self.texts)

    def teardown(self) -> None:
        if hasattr(self, "texts"):
            self.look_at_everything()


TestWorkspace = Workspace.TestCase
TestWorkspace.settings = settings(max_examples=25, stateful_step_count=14, deadline=None)


def test_an_edit_that_means_nothing_to_others_keeps_all_that_is_known():
    files = dict(workspace(FILES).files)
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    described(snapshot)
    answers = snapshot._known.answers
    text = files["pkg/flows.py"].replace("    total = 0\n", "    total = 0\n    print(total)\n")
    after = snapshot.update({"pkg/flows.py": read_facts(text)}, {})
    assert after._known.answers is answers
    again = after.update({"pkg/flows.py": read_facts(text.replace("return found", "return found()"))}, {})
    assert again._known.answers is not answers
    assert again._known.answers.reached.keys() < answers.reached.keys()


def test_an_edit_that_calls_others_has_no_test_followed_again():
    files = dict(workspace(FILES).files)
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    described(snapshot)
    assert "test_made" not in running(snapshot, "pkg/flows.py:two")
    answers = snapshot._known.answers
    for before, line in (("return one()", "two()"), ("return f()", "f"), ("total = 0", "one()")):
        path = next(path for path, text in files.items() if f"    {before}\n" in text)
        files[path] = files[path].replace(f"    {before}\n", f"    {line}\n    {before}\n")
        snapshot = snapshot.update({path: read_facts(files[path])}, {})
        fresh = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
        assert described(snapshot) == described(fresh)
        assert snapshot._known.answers is answers
    assert "test_made" in running(snapshot, "pkg/flows.py:two")
    files["pkg/flows.py"] = files["pkg/flows.py"].replace("    two()\n", "")
    snapshot = snapshot.update({"pkg/flows.py": read_facts(files["pkg/flows.py"])}, {})
    assert "test_made" not in running(snapshot, "pkg/flows.py:two")


def test_an_edit_has_no_tests_looked_up_again_for_definitions_that_it_does_not_concern():
    files = dict(workspace(FILES).files)
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    described(snapshot)
    before = {one.entrypoint: snapshot.matches(one) for one in snapshot.definitions()}
    for line, concerned in (("print(total)", set()), ("one()", {"pkg/flows.py:one"})):
        files["pkg/flows.py"] = files["pkg/flows.py"].replace("    total = 0\n", f"    total = 0\n    {line}\n")
        snapshot = snapshot.update({"pkg/flows.py": read_facts(files["pkg/flows.py"])}, {})
        after = {one.entrypoint: snapshot.matches(one) for one in snapshot.definitions()}
        assert {name for name, matches in after.items() if matches is not before[name]} == concerned
        before = after


def running(snapshot, entrypoint):
    return {match.test.names[-1] for match in snapshot.matches(snapshot.definition(entrypoint))}


def test_facts_are_packed_the_same_each_time():
    for text in workspace(FILES).files.values():
        assert pack(read_facts(text)) == pack(read_facts(text))


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("notify.py", "    raise RuntimeError(text)\n", "    print(text)\n"),
        ("notify.py", "    raise RuntimeError(text)\n", "    if text:\n        raise RuntimeError(text)\n"),
        ("client.py", "    return fetch()\n", "    return abs(fetch())\n"),
        ("client.py", "    return fetch()\n", "    fetch()\n    return 5\n"),
        ("client.py", "    return fetch()\n", "    print(1)\n    return fetch()\n"),
        ("flows.py", "        notify.fail('no rows')\n", "        print(1)\n"),
    ],
)
def test_an_edit_of_what_decides_branches_elsewhere_is_seen_there(path: str, before: str, after: str):
    files = dict(
        workspace("""
        #- notify.py
        from prefect import task
        @task
        def fail(text):
            print(text)
            raise RuntimeError(text)
        #- client.py
        from prefect import task
        def fetch(): ...
        @task
        def rows():
            return fetch()
        #- flows.py
        from prefect import flow, task
        import client
        import notify
        @task
        def load(): ...
        @flow
        def etl(options):
            found = client.rows()
            if found is None:
                return
            load()
            if options.bad:
                notify.fail('no rows')
        #- test_flows.py
        from flows import etl
        def test_etl(monkeypatch):
            monkeypatch.setattr("client.fetch", lambda: None)
            etl(1)
        def test_some(): etl(2)
        """).files
    )
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    for old, new in ((before, after), (after, before)):
        described(snapshot)
        assert old in files[path]
        files[path] = files[path].replace(old, new)
        snapshot = snapshot.update({path: read_facts(files[path])}, {})
        fresh = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
        assert described(snapshot) == described(fresh)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("config.py", "DRY = False\n", "DRY = True\n"),
        ("config.py", "DRY = False\n", "DRY = bool(input())\n"),
        ("other.py", "print(config)\n", "config.DRY = True\n"),
        ("client.py", "    return False\n", "    return 'x'\n"),
        ("client.py", "    return False\n", "    if input():\n        return False\n"),
        ("client.py", "    return {'rows': rows}\n", "    if rows:\n        return {'rows': rows}\n"),
        ("client.py", "    return {'rows': rows}\n", "    return {**rows}\n"),
    ],
)
def test_an_edit_of_what_is_given_in_any_case_is_seen_where_it_decides(path: str, before: str, after: str):
    files = dict(
        workspace("""
        #- config.py
        DRY = False
        #- other.py
        import config
        print(config)
        #- client.py
        def is_off():
            print(1)
            return False
        def build(rows):
            return {'rows': rows}
        #- flows.py
        from prefect import flow, task
        from client import build, is_off
        from config import DRY
        import config
        @task
        def load(): ...
        @task
        def save(): ...
        @flow
        def etl(data=None):
            data = data or load()
            if is_off():
                load()
            if DRY or config.DRY:
                save()
        #- test_flows.py
        from flows import etl
        from client import build
        def test_etl(): etl(build([]))
        """).files
    )
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    for old, new in ((before, after), (after, before)):
        was = described(snapshot)
        assert old in files[path]
        files[path] = files[path].replace(old, new)
        snapshot = snapshot.update({path: read_facts(files[path])}, {})
        fresh = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
        assert described(snapshot) == described(fresh) != was
