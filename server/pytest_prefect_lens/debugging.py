"""Lets a debugger attach to a worker, by debugpy, before anything of the project is imported.

debugpy's adapter is a process of its own, and begins before the run's variables are here: they stand in neither its
environment nor its arguments. What a debugger shows of the worker afterwards is for whoever debugs to see.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.wire import Broken, Debuggable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_prefect_lens.wire import Message

_QUIET = "PYDEVD_DISABLE_FILE_VALIDATION"
"""Keeps it from writing that the interpreter's own modules are frozen, which nobody debugs."""


def lacking(folder: str) -> Broken | None:
    """Return why no debugger can attach: neither the interpreter nor `folder` has debugpy."""
    if importlib.util.find_spec("debugpy") is not None or (Path(folder or os.devnull) / "debugpy").is_dir():
        return None
    return Broken("PL916", f"No debugpy in {sys.prefix}.", distributions=("debugpy",))


def wait(folder: str, say: Callable[[Message], None]) -> None:
    """Say on which port of this machine a debugger is waited for, and wait for it. `lacking` has been asked before."""
    if importlib.util.find_spec("debugpy") is None:
        sys.path.append(folder)  # it imports more of itself later on
    quiet = os.environ.setdefault(_QUIET, "1")
    debugpy: Any = importlib.import_module("debugpy")
    _, port = debugpy.listen(("127.0.0.1", 0))
    say(Debuggable(port))
    debugpy.wait_for_client()
    if quiet == "1":
        os.environ.pop(_QUIET, None)


def arguments(given: tuple[str, ...]) -> list[str]:
    """Return what pytest is told so that every test runs in this process, for as long as a person looks, traced by one.

    Coverage would take the place of the debugger, and workers of xdist would be processes that it is not attached to.
    An option of a plugin that is not loaded would stop pytest.
    """
    blocked = {word.removeprefix("no:") for word in given if word.startswith("no:")}
    blocked |= {word.removeprefix("-pno:") for word in given if word.startswith("-pno:")}
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        return []
    found: list[str] = []
    if importlib.util.find_spec("pytest_cov") is not None and not blocked & {"cov", "pytest_cov"}:
        found.append("--no-cov")
    if importlib.util.find_spec("xdist") is not None and "xdist" not in blocked:
        found += ["-n", "0"]
    if importlib.util.find_spec("pytest_timeout") is not None and not blocked & {"timeout", "pytest_timeout"}:
        found.append("--timeout=0")
    return found
