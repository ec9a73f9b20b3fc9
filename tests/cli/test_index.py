"""`prefect-lens index` as a person and a script see it."""

import argparse
import json
import subprocess
import sys

import pytest
from prefect_lens.cli import index

from tests.checking import workspace

PROJECT = """
#- flows/etl.py
from prefect import flow, task
@task
def load(): ...
@flow
def etl(): load()
quick = etl.with_options(retries=0)
#- flows/broken.py
def x(:
#- tests/test_etl.py
from flows.etl import etl
def test_etl(): etl()
#- prefect.yaml
deployments:
- name: nightly
  entrypoint: flows/etl.py:etl
"""


@pytest.fixture
def project(tmp_path):
    for path, text in workspace(PROJECT).files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def call(*words: str) -> int:
    parser = argparse.ArgumentParser()
    index.add_arguments(parser)
    return index.run(parser.parse_args(words))


def test_json_has_definitions_tests_and_problems(project, capsys):
    assert call(str(project), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    load, etl, quick = found["definitions"]
    assert load == {
        "entrypoint": "flows/etl.py:load",
        "kind": "task",
        "name": "load",
        "file": "flows/etl.py",
        "line": 3,
        "tests": [
            {
                "node_id": "tests/test_etl.py::test_etl",
                "match": "indirect",
                "evidence": "code",
                "reason": "test_etl → etl → load",
            }
        ],
    }
    assert etl["tests"][0]["match"] == "direct"
    assert (quick["line"], quick["declared_at"]) == (5, {"file": "flows/etl.py", "line": 6})
    assert [(p["file"], p["line"], p["code"], p["severity"]) for p in found["problems"]] == [
        ("flows/broken.py", 1, "PL501", "error")
    ]
    assert found["deployments"] == [
        {
            "name": "nightly",
            "entrypoint": "flows/etl.py:etl",
            "file": "prefect.yaml",
            "line": 2,
            "flow": "flows/etl.py:etl",
        }
    ]


def test_people_get_a_tree(project, capsys):
    assert call(str(project)) == 0
    assert capsys.readouterr().out.splitlines() == [
        "flows/etl.py",
        "  task load:3  1 test",
        "    └ tests/test_etl.py::test_etl  indirect: test_etl → etl → load",
        "  flow etl:5  1 test",
        "    deployed as nightly",
        "    └ tests/test_etl.py::test_etl  direct: test_etl → etl",
        "  flow quick:6  No tests",
        "flows/broken.py:1:7: PL501 Syntax error: invalid syntax.",
    ]


def test_a_folder_that_is_not_there_is_told(tmp_path, capsys):
    assert call(str(tmp_path / "gone")) == 2
    assert capsys.readouterr().err == f"prefect-lens index: {tmp_path / 'gone'} does not exist.\n"


def test_a_folder_without_prefect_is_told(tmp_path, capsys):
    (tmp_path / "a.py").write_text("x = 1\n")
    assert call(str(tmp_path)) == 0
    assert "no Python file names it" in capsys.readouterr().out


def test_nothing_of_the_project_is_imported_or_run(project):
    (project / "flows" / "etl.py").write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")
    assert call(str(project)) == 0
    assert not (project / "flows" / "ran").exists()


def test_the_command_loads_neither_the_protocol_nor_rich():
    code = (
        "import sys, argparse; from prefect_lens.cli import index; from prefect_lens import workspace;"
        "print([m for m in ('pygls', 'lsprotocol', 'rich', 'pathspec', 'asyncio') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
