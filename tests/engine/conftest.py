"""Projects to run, interpreters to run them with, and one call that does it."""

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from prefect_lens.engine.cold import ColdWorkers
from prefect_lens.engine.interpreter import find_interpreter
from prefect_lens.engine.run import RunEvent, RunRequest, run_tests
from prefect_lens.model import Interpreter, RunResult
from pytest_prefect_lens.wire import TestId

if TYPE_CHECKING:
    import asyncio


def prefect_pythons() -> list[str]:
    """Interpreters that have Prefect and pytest: those that the variables name, else our own if it has them."""
    named = os.environ.get("PREFECT_LENS_TEST_PYTHONS") or os.environ.get("PREFECT_LENS_TEST_PYTHON") or ""
    own = [sys.executable] if find_spec("prefect") else []
    return [path for path in named.split(os.pathsep) if path] or own


@pytest.fixture(
    scope="session", params=prefect_pythons() or [None], ids=lambda path: Path(path).parts[-3] if path else "none"
)
def every_python(request) -> Interpreter:
    """Each interpreter in turn that has Prefect."""
    return interpreter(request.param)


@pytest.fixture(scope="session")
def python() -> Interpreter:
    """One interpreter that has Prefect."""
    return interpreter(next(iter(prefect_pythons()), None))


def interpreter(path: str | None) -> Interpreter:
    if path is None:
        pytest.skip("PREFECT_LENS_TEST_PYTHONS names no interpreter that has Prefect and pytest")
    found = find_interpreter(Path.cwd(), ".", setting=path, environ={})
    assert isinstance(found, Interpreter), found
    return found


@pytest.fixture
def project(tmp_path) -> Callable[[str], Path]:
    """Write files, given as `#- path` and their text, into a new workspace folder."""

    def write(text: str) -> Path:
        folder = tmp_path / "project"
        for part in dedent(text).split("#- ")[1:]:
            name, _, body = part.partition("\n")
            path = folder / name.strip()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body)
        return folder

    return write


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    """A user's home folder with a Prefect profile and database in it, and a cache that is the machine's."""
    folder = tmp_path / "home"
    (folder / ".prefect" / "storage").mkdir(parents=True)
    (folder / ".prefect" / "profiles.toml").write_text('active = "local"\n[profiles.local]\n')
    (folder / ".prefect" / "prefect.db").write_bytes(b"not to be touched")
    monkeypatch.setenv("XDG_CACHE_HOME", os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"))
    monkeypatch.setenv("HOME", str(folder))
    return folder


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, byte for byte, with the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


async def run(folder: Path, interpreter: Interpreter, *files: str, tests: tuple[TestId, ...] = (), **how) -> RunResult:
    """Run files of a project in a worker of their own."""
    events: list[RunEvent] = how.pop("events", [])
    on_event = how.pop("on_event", events.append)
    cancel: asyncio.Event | None = how.pop("cancel", None)
    request = RunRequest(folder, how.pop("project", "."), interpreter, tests, files, **how)
    return await run_tests(request, ColdWorkers(), on_event, cancel)
