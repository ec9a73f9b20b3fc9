"""A session of plain pytest in the audit trail."""

import json
import sys

import pytest

from tests.plugin.driving import pytest_alone, write

PROJECT = """
#- pytest.ini
[pytest]
prefect_lens_audit = true
#- test_a.py
import os, sys, pytest

@pytest.mark.parametrize("x", [1, 2])
def test_odd(x): assert x % 2

def test_nothing_here_knows_the_key():
    assert not [name for name in sys.modules if name.startswith("prefect_lens")]
#- prefect_lens/__init__.py
raise SystemExit("this is the project's, and nobody asked for it")
"""


@pytest.fixture
def home(tmp_path):
    return {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "XDG_DATA_HOME": str(tmp_path / "data")}


def test_its_beginning_and_its_end_are_written_by_another_process(tmp_path, home):
    project = write(tmp_path / "project", PROJECT)
    ended = pytest_alone(project, python=sys.executable, **home)
    assert ended.outcomes == {
        "test_odd[1]": "passed",
        "test_odd[2]": "failed",
        "test_nothing_here_knows_the_key": "passed",
    }, ended.output
    (trail,) = (tmp_path / "state").glob("prefect-lens/audit/*.jsonl")
    began, end = (json.loads(line)["entry"] for line in trail.read_text().splitlines())
    assert (began["by"]["through"], began["folder"]) == ("pytest", str(project.folder))
    assert set(began["tests"]) == {f"test_a.py::{name}" for name in ended.outcomes}
    assert (end["run"], end["outcome"]) == (began["run"], "failed")
    assert end["tests"] == {f"test_a.py::{name}": outcome for name, outcome in ended.outcomes.items()}


def test_a_session_that_cannot_be_written_down_does_not_begin(tmp_path, home):
    (tmp_path / "state").write_text("no folder")
    ended = pytest_alone(write(tmp_path / "project", PROJECT), python=sys.executable, **home)
    assert ended.outcomes == {}
    assert "prefect_lens_audit: this session cannot be written down: NotADirectoryError" in ended.output
