"""What slow tests share: interpreters and a cache that some of them change, and what makes many of them quicker."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import forkserver
from tests.pythons import VARIABLES, prefect_pythons


def pytest_configure(config: pytest.Config) -> None:
    """Have many slow tests share what each would import, and let none take itself for a worker of our own xdist."""
    for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
        del os.environ[name]
    is_many = getattr(config.option, "numprocesses", None)  # not so in xdist's workers
    if is_many and VARIABLES[0] in os.environ:
        stack = ExitStack()
        stack.enter_context(forkserver.running(prefect_pythons()))
        config.add_cleanup(stack.close)


@pytest.fixture(autouse=True)
def shared(request) -> Iterator[None]:
    """Let a slow test that `changes_what_is_shared` run alone, and the others beside each other."""
    if sys.platform == "win32" or request.node.get_closest_marker("slow") is None:
        yield
        return
    import fcntl

    alone = request.node.get_closest_marker("changes_what_is_shared") is not None
    with ExitStack() as stack:
        door, room = (stack.enter_context(_lock(name).open("a")) for name in ("door", "room"))
        # Who waits for the room keeps the door shut behind it: else those who share it would never leave it empty.
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


def _lock(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"prefect-lens-tests-{Path.home().name}.{name}"
