"""How Prefect is patched: when it is imported, only where it fits, and without a trace afterwards."""

import asyncio
import importlib
import subprocess
import sys
import uuid
from types import SimpleNamespace

import pytest
from pytest_prefect_lens import recorder

from tests.plugin.driving import SERVER

# A Prefect of the same shape, so that these tests need no real one.
FLOW_ENGINE = """
class FlowRunEngine:
    def set_state(self, state, force=False):
        "Theirs."
        return state
class AsyncFlowRunEngine:
    async def set_state(self, state, force=False):
        return state
"""
WITHOUT = "class FlowRunEngine:\n    def set_state(self, new, force=False): return new\n"


@pytest.fixture
def prefect(tmp_path, monkeypatch):
    """Make a package `prefect` that can be imported, and forget it afterwards."""

    def make(flow_engine: str):
        (tmp_path / "prefect").mkdir(exist_ok=True)
        (tmp_path / "prefect" / "__init__.py").touch()
        (tmp_path / "prefect" / "flow_engine.py").write_text(flow_engine)
        monkeypatch.syspath_prepend(str(tmp_path))
        return lambda: importlib.import_module("prefect.flow_engine")

    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "prefect"}
    for name in before:
        del sys.modules[name]
    yield make
    for name in [name for name in sys.modules if name.partition(".")[0] == "prefect"]:
        del sys.modules[name]
    sys.modules.update(before)


def a_state(name: str = "Failed", data: object = None) -> SimpleNamespace:
    return SimpleNamespace(
        id=uuid.uuid4(),
        type=SimpleNamespace(value=name.upper()),
        name=name,
        message=None,
        data=data,
        timestamp=SimpleNamespace(timestamp=lambda: 1.0),
    )


def equip(engine):
    engine.flow = SimpleNamespace(name="orders", flow_run_name=None, retries=0, fn=a_state)
    engine.flow_run = SimpleNamespace(id=uuid.uuid4(), name="dashing-uakari")
    return engine


@pytest.mark.parametrize("first", ["import", "install"])
def test_states_are_seen_whether_prefect_was_imported_before_or_after(prefect, first):
    load = prefect(FLOW_ENGINE)
    if first == "import":
        load()
    undo = recorder.install()
    try:
        module = load()
        failed = a_state(data=ValueError("x"))
        assert equip(module.FlowRunEngine()).set_state(failed) is failed
        assert asyncio.run(equip(module.AsyncFlowRunEngine()).set_state(failed)) is failed
        runs = recorder.take()
        assert [(run.name, run.states[0].exception.message) for run in runs] == [("orders", "x")] * 2
        assert recorder.unfit() == ()
        assert module.__spec__.loader.__class__.__name__ == "SourceFileLoader"
    finally:
        undo()
    assert module.FlowRunEngine.set_state.__doc__ == "Theirs."
    assert not hasattr(module.FlowRunEngine.set_state, "__wrapped__")
    assert recorder.take() == ()


def test_a_step_that_does_not_fit_is_left_out_and_told(prefect):
    undo = recorder.install()
    try:
        module = prefect(WITHOUT)()
        assert module.FlowRunEngine().set_state("new") == "new"
        assert recorder.unfit() == (
            "prefect.flow_engine.FlowRunEngine.set_state takes self, new, force.",
            "prefect.flow_engine.AsyncFlowRunEngine.set_state is not there.",
        )
    finally:
        undo()


def test_what_goes_wrong_in_recording_is_told_and_harms_no_flow(prefect):
    undo = recorder.install()
    try:
        module = prefect(FLOW_ENGINE)()
        assert module.FlowRunEngine().set_state("an engine without a run") == "an engine without a run"
        assert any("AttributeError" in sentence for sentence in recorder.unfit())
    finally:
        undo()


def test_recording_imports_no_prefect():
    code = (
        "import sys; from pytest_prefect_lens import recorder; recorder.install(); assert 'prefect' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(SERVER)}, check=True)
