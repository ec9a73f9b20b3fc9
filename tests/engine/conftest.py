"""Projects to run, and interpreters to run them with."""

import logging
import os
import time
from collections.abc import AsyncGenerator, Callable, Generator
from pathlib import Path
from textwrap import dedent

import pytest
from prefect_lens.engine.warm import WarmWorkers
from prefect_lens.model import Interpreter

from tests import forkserver
from tests.engine.running import interpreter, processes
from tests.engine.warming import Engine
from tests.pythons import prefect_pythons


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


@pytest.fixture
def nothing_left(home, tmp_path, monkeypatch) -> Generator[None]:  # noqa: ARG001  the user's own stays out of it
    """Hold that the test ends with no process and no private folder of its runs."""
    mark = f"{tmp_path.name}-{time.monotonic_ns()}"
    monkeypatch.setenv("RUN_MARK", mark)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    yield
    assert processes(mark) == []
    assert list(temporary.glob("prefect-lens-*")) == []


@pytest.fixture
def shared_imports(monkeypatch) -> None:
    """Have warm parents share their imports with other tests; not where it is the subject how they get ready or end."""
    monkeypatch.setenv(forkserver.FORK_PARENT, "1")


@pytest.fixture
async def engine(request, nothing_left, caplog) -> AsyncGenerator[Engine]:  # noqa: ARG001  it looks when this one has ended
    """Warm workers, which end with the test: `forked` ones, or as its parameter says such as are started `ahead`."""
    caplog.set_level(logging.INFO)
    source = WarmWorkers(forks=getattr(request, "param", "forked") == "forked")
    yield Engine(source, caplog)
    await source.close()
