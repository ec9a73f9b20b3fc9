import functools
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.lsp.editor import FORKS, NONE_READY, editor

ORDERS = Path(__file__).parents[1] / "workspaces" / "orders"


@pytest.fixture(scope="session")
def python() -> str:
    """A Python with pytest and a supported Prefect, as a user's project has."""
    return os.environ.get("PREFECT_LENS_TEST_PYTHON") or sys.executable


@pytest.fixture(scope="session")
def cache(tmp_path_factory) -> Path:
    """A user's cache folder, which outlives single servers."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def home(tmp_path) -> Path:
    """A home folder that nobody has lived in."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def open_editor(home, cache, keeps_ready, forks):
    """Start a server as an editor does; nothing is run with it yet, or by the server's own Python."""
    environ = {"XDG_CACHE_HOME": str(cache)} | ({} if keeps_ready else NONE_READY) | (FORKS if forks else {})
    return functools.partial(editor, home=home, environ=environ)


@pytest.fixture
def keeps_ready() -> bool:
    """Whether a server keeps workers ready. For a single run those cost more than they save."""
    return False


@pytest.fixture
def forks() -> bool:
    """Whether a worker shares its imports with those of other tests; not where it is the subject how one is ended."""
    return True


@pytest.fixture
def orders(tmp_path) -> Path:
    """The example project, to be changed at will."""
    return Path(shutil.copytree(ORDERS, tmp_path / "orders", ignore=shutil.ignore_patterns("__pycache__", ".*")))


@pytest.fixture
def write(tmp_path):
    """Write files given as one text, each behind a line `#- path`, and return their folder."""

    def write_files(text: str, folder: str = "project") -> Path:
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        for part in text.split("#- ")[1:]:
            name, _, body = part.partition("\n")
            path = root / name.strip()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(body, "utf-8")
        return root

    return write_files
