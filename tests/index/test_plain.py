"""Code that cannot lead to a flow is not followed, and what others hand to it still is."""

from prefect_lens.index.facts import read_facts
from prefect_lens.index.packed import pack, unpack
from prefect_lens.index.snapshot import Snapshot

from tests.checking import check, described, workspace

PLAIN = """
#- steps.py
import json
class Step:
    def take(self, row): return self.keep(json.dumps(row))
    def keep(self, row): return row
def run(rows):
    step = Step()
    return [row for row in rows if step.take(row)]
#- flows.py
from prefect import flow
from steps import run
@flow
def etl(): run([1])
#- test_a.py
from flows import etl
def test_a(): etl()
"""


def test_a_file_that_imports_nothing_of_prefects_is_not_followed():
    snapshot = workspace(PLAIN).snapshot
    described(snapshot)
    inter = snapshot._known.interpreter
    assert "steps.py" not in inter.active
    assert not any(
        frame.walked for f in inter.modules["steps.py"].frame.functions.values() for frame in f.frames.values()
    )


def test_plain_code_is_followed_once_whatever_mocks_tests_put_into_it():
    patched = "from unittest.mock import patch\nfrom flows import etl\n" + "".join(
        f"def test_{number}():\n    with patch('steps.json'): print(etl())\n" for number in range(5)
    )
    given = workspace(PLAIN)
    files = given.files | {
        "test_b.py": patched,
        "flows.py": given.files["flows.py"].replace("run([1])", "return run([1])"),
        "test_a.py": given.files["test_a.py"].replace("etl()\n", "print(etl())\n"),
    }
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    assert len(snapshot.matches(snapshot.definition("flows.py:etl"))) == 6
    module = snapshot._known.interpreter.modules["steps.py"]
    [run] = [f for f in module.frame.functions.values() if f.label == "run"]
    assert len(run.frames) == 1


def test_what_stands_in_for_something_in_plain_code_may_tell_what_runs():
    check("""
    #- settings.py
    WHICH = "nothing"
    def which(): return WHICH
    #- flows.py
    from prefect import flow
    @flow
    def one(): ...
    #   ^^^ flow: test_one
    @flow
    def two(): ...
    #   ^^^ flow: test_two
    #- test_a.py
    import flows
    import settings
    def test_one(monkeypatch):
        monkeypatch.setattr(settings, "WHICH", "one")
        getattr(flows, settings.which())()
    def test_two(monkeypatch):
        monkeypatch.setattr("settings.WHICH", "two")
        getattr(flows, settings.which())()
    """)


def test_an_edit_of_forgotten_plain_code_is_taken_in():
    files = dict(
        workspace("""
    #- steps.py
    def which(name): return "nothing"
    #- flows.py
    from prefect import flow
    @flow
    def one(): ...
    #- test_a.py
    import flows
    import steps
    def test_one(): getattr(flows, steps.which("x"))()
    """).files
    )
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    assert described(snapshot) == ["flows.py:3:4+3 flow:"]
    snapshot._known.forget_plain()
    files["steps.py"] = files["steps.py"].replace("nothing", "one")
    after = snapshot.update({"steps.py": read_facts(files["steps.py"])}, {})
    assert described(after) == ["flows.py:3:4+3 flow: test_one"]


def test_plain_code_becomes_active_when_what_it_imports_comes_to_a_flow():
    given = workspace(PLAIN)
    files = {
        **given.files,
        "deep.py": "def deep(): ...\n",
        "steps.py": given.files["steps.py"].replace("return row\n", "deep()\n") + "from deep import deep\n",
    }
    snapshot = Snapshot.empty().update({path: read_facts(text) for path, text in files.items()}, {})
    described(snapshot)
    files["deep.py"] = "from prefect import task\n@task\ndef deep(): ...\n"
    after = snapshot.update({"deep.py": read_facts(files["deep.py"])}, {})
    assert described(after) == ["deep.py:3:4+4 task: ~test_a", "flows.py:4:4+3 flow: test_a"]


def test_plain_code_calls_what_it_is_given():
    check("""
    #- helpers.py
    class Runner:
        def __init__(self, action): self.action = action
        def go(self): return again(self.action)
    def again(action): return action()
    def wrap(action):
        def inner(): return action()
        return inner
    #- flows.py
    from prefect import flow
    @flow
    def by_object(): ...
    #   ^^^^^^^^^ flow: test_object
    @flow
    def by_closure(): ...
    #   ^^^^^^^^^^ flow: test_closure
    @flow
    def by_patch(): ...
    #   ^^^^^^^^ flow: test_patch
    #- work.py
    def step(): ...
    def work(): step()
    #- test_a.py
    from helpers import Runner, wrap
    import flows
    import work
    def test_object(): Runner(flows.by_object).go()
    def test_closure(): wrap(flows.by_closure)()
    def test_patch(monkeypatch):
        monkeypatch.setattr("work.step", flows.by_patch)
        work.work()
    """)


def test_plain_code_calls_what_was_registered_with_it():
    check("""
    #- registry.py
    STEPS = []
    class Bus:
        def __init__(self): self.steps = []
        def add(self, step): self.steps.append(step)
        def go(self):
            for step in self.steps: step()
    bus = Bus()
    def register(step):
        STEPS.append(step)
        return step
    def run_all():
        for step in STEPS: step()
    #- flows.py
    from prefect import flow
    from registry import bus, register
    @register
    @flow
    def listed(): ...
    #   ^^^^^^ flow: test_list
    @flow
    def added(): ...
    #   ^^^^^ flow: test_bus
    bus.add(added)
    #- test_a.py
    import flows
    from registry import bus, run_all
    def test_list(): run_all()
    def test_bus(): bus.go()
    """)


def test_an_application_of_a_library_is_followed_wherever_it_stands():
    check("""
    #- app.py
    import typer
    app = typer.Typer()
    def main(): app()
    #- commands.py
    from prefect import flow
    from app import app as cli
    @flow
    def etl(): ...
    #   ^^^ flow: test_invoke, test_main
    @cli.command()
    def run(): etl()
    #- test_a.py
    import commands
    from app import app, main
    from typer.testing import CliRunner
    def test_main(): main()
    def test_invoke(): CliRunner().invoke(app, ["run"])
    """)


def test_a_package_is_active_for_whoever_holds_it_when_a_part_of_it_is():
    check("""
    #- acme/__init__.py
    #- acme/flows.py
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_a
    #- tools.py
    import acme
    def go(): acme.flows.etl()
    #- test_a.py
    import acme.flows
    from tools import go
    def test_a(): go()
    """)


def test_a_factory_is_known_by_what_it_returns():
    check("""
    #- factories.py
    from functools import partial
    from prefect import flow
    def make(fn):
        made = flow(fn)
        return made
    def other(fn): return make(fn)
    again = partial(other)
    #- flows.py
    from factories import again as build, other
    def one(): ...
    def two(): ...
    first = other(one)
    #       ^ flow: test_first
    second = build(two)
    #        ^ flow: test_second
    third = len([])
    #- test_a.py
    import flows
    def test_first(): flows.first()
    def test_second(): flows.second()
    """)


def test_packed_facts_are_what_was_packed():
    for text in workspace(PLAIN).files.values():
        facts = read_facts(text)
        assert unpack(pack(facts)) == facts


def test_what_is_nested_too_deeply_to_be_packed_is_told():
    deep = ("seq", ())
    for _ in range(5000):
        deep = ("seq", (deep,))
    facts = read_facts("x = 1\n")
    scope = facts.scopes[0]._replace(bindings={"x": (0, (deep,))})
    packed = pack(facts._replace(scopes=(scope,)))
    assert packed.problem is not None
    assert len(unpack(packed).scopes) == 1


def test_data_that_a_function_makes_ever_more_of_as_it_calls_itself_is_let_go_of():
    check("""
    #- flows.py
    from prefect import task
    @task
    def clean(data): ...
    #   ^^^^^ task: test_clean
    def merge(data, schema, default=None):
        if not data:
            result = dict(default) if default else dict(schema["default"])
        elif default:
            result = dict(default)
            for key, value in data.items():
                if key in result:
                    result[key] = merge(value, {"properties": {}}, result[key])
                else:
                    result[key] = value
        else:
            result = dict(data)
        for name, prop in schema.get("properties", {}).items():
            if default and name in default:
                result[name] = default[name]
            elif "default" in prop:
                result[name] = prop["default"]
            if name in result:
                result[name] = merge(result[name], prop, default.get(name))
        return result
    class Made:
        def __init__(self, data, schema): self.data = merge(data, schema)
    #- test_flows.py
    from flows import clean, merge, Made
    INNER = {"c": {"properties": {"d": {"default": 3}}}}
    SCHEMA = {"properties": {"a": {"default": {"b": 1}, "properties": {"b": {"default": 2}}}, **INNER}}
    def test_merge(): assert merge({"a": {"b": 3}, "c": {"d": 4}}, SCHEMA)["a"]["b"]
    def test_other(): assert merge({"a": {"e": {"f": 3}}, "c": {"d": 4}}, SCHEMA)["a"]
    def test_clean(): clean(merge({"x": {"y": {}}}, SCHEMA))
    """)
