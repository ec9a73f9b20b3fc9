"""Environments that cannot run a test: told before or at once, with the command that cures them, and no flow blamed."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest
from prefect_lens.engine.interpreter import find_interpreter
from prefect_lens.model import Ending, Trouble

from tests import forkserver
from tests.engine.running import interpreter, run

FLOW = """
#- test_flow.py
from prefect import flow
@flow
def hello(): return 1
def test_hello(): assert hello() == 1
"""


@pytest.fixture
def bare(project):
    """A project whose environment has nothing."""
    folder = project(FLOW)
    venv.create(folder / ".venv", with_pip=False)
    return folder


def pretend(folder: Path, name: str, version: str) -> None:
    site = next((folder / ".venv").glob("lib/python*/site-packages"))
    (site / f"{name}-{version}.dist-info").mkdir()
    (site / f"{name}-{version}.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")


LACKING = {
    "nothing": ({}, "PL903", "No pytest in .venv. Run: .venv/bin/python -m pip install pytest"),
    "no Prefect": ({"pytest": "9.2.0"}, "PL904", "No Prefect in .venv. Run: .venv/bin/python -m pip install prefect"),
    "Prefect 2": (
        {"pytest": "9.2.0", "prefect": "2.20.4"},
        "PL905",
        (
            "Prefect 2.20.4 in .venv is too old: Prefect Lens needs 3.1 or newer. "
            'Run: .venv/bin/python -m pip install "prefect>=3.1"'
        ),
    ),
}


@pytest.mark.parametrize(("there", "code", "message"), LACKING.values(), ids=LACKING)
async def test_what_is_lacking_is_told_without_starting_anything(bare, there, code, message, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for name, version in there.items():
        pretend(bare, name, version)
    found = find_interpreter(bare, ".", environ={})
    monkeypatch.setattr("asyncio.create_subprocess_exec", None)
    result = await run(bare, found, "test_flow.py")
    assert result.ending is Ending.BROKEN
    assert [(trouble.code, trouble.message) for trouble in result.trouble] == [(code, message)]


@pytest.mark.slow
@pytest.mark.parametrize(("there", "code", "message"), LACKING.values(), ids=LACKING)
async def test_what_reading_cannot_tell_the_worker_tells(bare, there, code, message, monkeypatch, tmp_path):  # noqa: PLR0917  fixtures
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "elsewhere"))
    for name, version in there.items():
        pretend(bare, name, version)
    found = find_interpreter(bare, ".", environ={})
    result = await run(bare, found, "test_flow.py")
    assert [(trouble.code, trouble.cure) for trouble in result.trouble] == [(code, message.partition("Run: ")[2])]


async def test_an_interpreter_that_went_away_is_told_with_its_path(bare):
    found = find_interpreter(bare, ".", environ={})
    (bare / ".venv/bin/python").unlink()
    result = await run(bare, found, "test_flow.py")
    assert [trouble.code for trouble in result.trouble] == ["PL901"]
    assert ".venv/bin/python (.venv in the project) is not there any more" in result.trouble[0].what


@pytest.mark.slow
async def test_a_program_that_is_no_python_is_told(bare, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    found = find_interpreter(bare, ".", environ={})
    (bare / ".venv/bin/python").unlink()
    (bare / ".venv/bin/python").write_text("#!/no/such/program\n")
    (bare / ".venv/bin/python").chmod(0o755)
    result = await run(bare, found, "test_flow.py")
    assert [trouble.code for trouble in result.trouble] == ["PL901"]
    assert ".venv/bin/python" in result.trouble[0].what


@pytest.mark.slow
async def test_a_prefect_whose_server_cannot_start_is_told_with_its_cure_and_kept_in_mind(
    project, monkeypatch, tmp_path
):
    path = os.environ.get("PREFECT_LENS_TEST_BROKEN_PYTHON")
    if path is None:
        pytest.skip(
            "PREFECT_LENS_TEST_BROKEN_PYTHON names no interpreter whose Prefect stands beside a FastAPI that breaks it"
        )
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = project(FLOW)
    events = []
    result = await run(folder, interpreter(path), "test_flow.py", events=events)
    assert result.ending is Ending.BROKEN
    assert result.cases == ()
    (trouble,) = result.trouble
    assert trouble.code == "PL906"
    assert "cannot start its server beside fastapi" in trouble.what
    assert trouble.cure_is_command
    assert trouble.cure.endswith('-m pip install "fastapi<0.151"')
    assert "Traceback" in trouble.detail
    monkeypatch.setattr("asyncio.create_subprocess_exec", None)
    again = await run(folder, interpreter(path), "test_flow.py")
    assert again.trouble == result.trouble


@pytest.mark.slow
async def test_a_server_that_cannot_start_for_a_reason_of_the_moment_is_tried_again(
    project, python, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(forkserver.VARIABLE, raising=False)  # it is to be imported
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "fastapi.py").write_text("raise RuntimeError('the moon is wrong')")
    folder = project(FLOW)
    monkeypatch.setenv("PYTHONPATH", str(shadow))
    result = await run(folder, python, "test_flow.py")
    assert [trouble.code for trouble in result.trouble] == ["PL906"]
    assert "the moon is wrong" in result.trouble[0].what
    (shadow / "fastapi.py").unlink()
    result = await run(folder, python, "test_flow.py")
    assert [case.outcome for case in result.cases] == ["passed"]


FOUND = {
    "setting": ({"setting": "python"}, "one/bin/python", "prefectLens.interpreter"),
    "setting, folder": ({"setting": "${workspaceFolder}/one"}, "one/bin/python", "prefectLens.interpreter"),
    "editor": ({"editor": "one/bin/python", "configured": "two"}, "one/bin/python", "chosen in the Python extension"),
    "configured": ({"configured": "../two/bin/python"}, "two/bin/python", "[tool.prefect-lens] interpreter"),
    "own": ({}, "package/.venv/bin/python", ".venv in the project"),
}


@pytest.mark.parametrize(("how", "expected", "why"), FOUND.values(), ids=FOUND)
def test_the_first_that_is_given_or_there_is_taken_as_it_is(tmp_path, how, expected, why):
    for name in ("one", "two", "package/.venv"):
        (tmp_path / name / "bin").mkdir(parents=True)
        (tmp_path / name / "bin" / "python").symlink_to(sys.executable)
        (tmp_path / name / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    how = {key: value if value != "python" else str(tmp_path / "one/bin/python") for key, value in how.items()}
    found = find_interpreter(tmp_path, "package", **how, environ={})
    assert (found.path, found.why, found.python) == (str(tmp_path / expected), why, "3.12.1")


def test_an_environment_of_the_workspace_serves_its_projects(tmp_path):
    (tmp_path / "packages/a").mkdir(parents=True)
    venv.create(tmp_path / ".venv", with_pip=False)
    found = find_interpreter(tmp_path, "packages/a", environ={})
    assert found.path == str(tmp_path / ".venv/bin/python")


def test_an_active_environment_and_the_path_come_last(tmp_path):
    (tmp_path / "active/bin").mkdir(parents=True)
    (tmp_path / "active/bin/python3").symlink_to(sys.executable)
    environ = {"VIRTUAL_ENV": str(tmp_path / "active"), "PATH": str(Path(sys.executable).parent)}
    assert find_interpreter(tmp_path, ".", environ=environ).why == "active (VIRTUAL_ENV)"
    environ["VIRTUAL_ENV"] = str(tmp_path / "gone")
    assert find_interpreter(tmp_path, ".", environ=environ).why == "python3 on PATH"
    assert find_interpreter(tmp_path, ".", environ={"PATH": "/none"}).code == "PL901"


WRONG = {
    "no such file": ("{}/none/python", "none/python (prefectLens.interpreter) not found."),
    "a broken link": ("{}/broken", "broken (prefectLens.interpreter) leads to /gone/python3, which is not there."),
    "not executable": ("plain", "plain (prefectLens.interpreter) is not executable."),
    "a folder without one": ("empty", "empty (prefectLens.interpreter) holds no Python."),
}


@pytest.mark.parametrize(("setting", "what"), WRONG.values(), ids=WRONG)
def test_a_setting_that_names_no_python_is_told_with_its_path(tmp_path, setting, what):
    (tmp_path / "broken").symlink_to("/gone/python3")
    (tmp_path / "plain").touch()
    (tmp_path / "empty").mkdir()
    found = find_interpreter(tmp_path, ".", setting=setting.format(tmp_path), environ={})
    assert isinstance(found, Trouble)
    assert found.what == what


def test_an_environment_whose_python_is_gone_is_told_rather_than_passed_over(tmp_path):
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to("/gone/python3.9")
    found = find_interpreter(tmp_path, ".", environ=os.environ)
    assert found.what == ".venv/bin/python (.venv in the project) leads to /gone/python3.9, which is not there."


KINDS = {
    "uv": (
        "pyvenv.cfg",
        "home = /x\nuv = 0.5.1\nversion_info = 3.12.3\n",
        "uv pip install --python .venv/bin/python pytest",
    ),
    "poetry": ("poetry.lock", "", "poetry add --group dev pytest"),
    "uv project": ("uv.lock", "", "uv add --dev pytest"),
}


@pytest.mark.parametrize(("name", "text", "cure"), KINDS.values(), ids=KINDS)
async def test_the_cure_fits_who_made_the_environment(bare, name, text, cure, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    (bare / (f".venv/{name}" if name == "pyvenv.cfg" else name)).write_text(text)
    result = await run(bare, find_interpreter(bare, ".", environ={}), "test_flow.py")
    assert result.trouble[0].cure == cure


async def test_conda_and_pixi_install_in_their_own_way(project, monkeypatch):
    monkeypatch.delenv("PYTHONPATH", raising=False)
    folder = project(FLOW)
    for place, cure in (
        ("conda", f"conda install --prefix {folder}/conda --channel conda-forge pytest"),
        (".pixi/envs/default", "pixi add pytest"),
    ):
        (folder / place / "bin").mkdir(parents=True)
        (folder / place / "conda-meta").mkdir()
        (folder / place / "conda-meta/python-3.12.4-h123_0.json").touch()
        (folder / place / "lib/python3.12/site-packages").mkdir(parents=True)
        (folder / place / "bin/python").symlink_to(sys.executable)
        found = find_interpreter(
            folder, ".", environ={"CONDA_PREFIX": str(folder / "conda")} if place == "conda" else {}
        )
        assert found.python == "3.12.4"
        result = await run(folder, found, "test_flow.py")
        assert result.trouble[0].cure == cure


@pytest.mark.slow
def test_a_cure_can_be_pasted(tmp_path):
    folder = tmp_path / "my project"
    folder.mkdir()
    venv.create(folder / ".venv", with_pip=False)
    found = find_interpreter(folder, ".", environ={})
    from prefect_lens.engine.cures import install

    command = install(folder, ".", found, ("prefect>=3.1", "pytest"))
    said = subprocess.run(
        ["sh", "-c", f"set -- {command}; printf '%s|' \"$@\""], cwd=folder, capture_output=True, text=True, check=True
    )
    assert said.stdout == ".venv/bin/python|-m|pip|install|prefect>=3.1|pytest|"
