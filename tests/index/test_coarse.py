"""Functions that are called in very many ways: only what may lead somewhere tells their calls apart."""

from prefect_lens.index import known, plain
from prefect_lens.index.facts import read_facts
from prefect_lens.index.interpret import Interpreter
from prefect_lens.index.snapshot import Snapshot

KINDS = 40

FLOWS = """
from prefect import flow
class Row:
    def __init__(self, name, parts=()): self.name, self.parts = name, parts
class Sink:
    def __init__(self, target): self.target = target
    def put(self): return self.target()
def visit(row, sink=None):
    if sink is not None:
        sink.put()
    return row
""" + "".join(f"@flow\ndef flow_{n}(): ...\n" for n in range(KINDS))


def _snapshot(texts: dict[str, str]) -> Snapshot:
    return Snapshot.empty().update({path: read_facts(text) for path, text in texts.items()}, {})


def test_objects_that_hold_no_code_are_told_apart_by_their_classes_and_others_by_what_they_hold():
    rows = "".join(f"def test_row_{n}(): visit(Row('row_{n}', [Row('part_{n}')]))\n" for n in range(KINDS))
    sinks = "".join(f"def test_sink_{n}(): visit(Row('row_{n}'), Sink(flow_{n}))\n" for n in range(KINDS))
    texts = {"flows.py": FLOWS, "test_flows.py": "from flows import *\n" + rows + sinks}
    snapshot = _snapshot(texts)
    for number in range(KINDS):
        definition = snapshot.definition(f"flows.py:flow_{number}")
        assert definition is not None
        found = [match.test.node_id for match in snapshot.matches(definition)]
        assert found == [f"test_flows.py::test_sink_{number}"]
    calls = snapshot._known.interpreter.modules["flows.py"].frame.functions
    visited = [len(function.frames) for function in calls.values() if function.scope.name == "visit"]
    assert sum(visited) < KINDS + 2 * Interpreter.most_exact


def test_each_test_has_its_own_ways_of_calling_what_hundreds_call(monkeypatch):
    monkeypatch.setattr(Interpreter, "most_frames", 8)
    tests = "".join(f"def test_{n}(): Sink(flow_{n}).put()\n" for n in range(KINDS))
    snapshot = _snapshot({"flows.py": FLOWS, "test_flows.py": "from flows import *\n" + tests})
    for number in range(KINDS):
        definition = snapshot.definition(f"flows.py:flow_{number}")
        assert definition is not None
        assert [match.test.node_id for match in snapshot.matches(definition)] == [f"test_flows.py::test_{number}"]


def test_calls_have_more_room_where_few_test_files_fill_it(monkeypatch):
    monkeypatch.setattr(known, "MOST_FRAMES", KINDS)
    tests = "".join(f"def test_{n}(): visit(Row('row'), Sink(flow_{n}))\n" for n in range(KINDS))
    texts = {"flows.py": FLOWS} | {f"test_{name}.py": "from flows import *\n" + tests for name in "abc"}
    for most, is_kept in ((known.FEW_FOLLOWED, True), (0, False)):
        monkeypatch.setattr(known, "FEW_FOLLOWED", most)
        snapshot = _snapshot(texts)
        interpreter = snapshot._known.interpreter
        assert [test for one in snapshot.definitions() for test in snapshot.matches(one)]
        assert (snapshot._known.interpreter is interpreter) == is_kept


def _visited(test_lines):
    """Return in how many ways `visit` is called."""
    tests = "import lib, importlib\nfrom flows import *\n" + "".join(test_lines)
    snapshot = _snapshot({"flows.py": FLOWS, "test_flows.py": tests})
    snapshot.guessed("test_flows.py")
    functions = snapshot._known.interpreter.modules["flows.py"].frame.functions.values()
    return next(len(function.frames) for function in functions if function.scope.name == "visit")


def test_data_tells_nothing_apart_where_there_is_much_of_it():
    lines = (f"def test_{n}(): visit(flow_0 if lib.is_{n} else lib.part_{n})\n" for n in range(KINDS))
    assert _visited(lines) == Interpreter.most_exact + 2


def test_names_far_within_a_library_are_not_told_apart():
    deep = "importlib" + ".part" * plain.DEEPEST
    lines = (f"def test_{n}(): visit(flow_0 if lib.is_{n} else {deep}.part_{n})\n" for n in range(KINDS))
    assert _visited(lines) == 1
