"""What slow tests share: interpreters and a cache that some of them change."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest


def pytest_configure() -> None:
    """Let nothing that is started here take itself for a worker of xdist, where these tests run in one."""
    for name in [name for name in os.environ if name.startswith("PYTEST_XDIST_")]:
        del os.environ[name]


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
