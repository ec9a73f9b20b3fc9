"""Ground truth for the index: a pytest plugin that notes, for each test, which flow and task functions run.

    PREFECT_LENS_TRUTH=truth.json PYTHONPATH=tests/truth pytest -p tracer

The code objects of all flows and tasks are watched, so it does not matter who starts them: the engine, `.fn`, a thread.
The file says for each test function how it ended and which functions ran, by file, line of `def` and name. With
PREFECT_LENS_TRUTH_ROOT, paths begin at that folder above pytest's root.
"""

from __future__ import annotations

import functools
import gc
import json
import linecache
import os
import re
import sys
import threading
from pathlib import Path

import pytest

_watched: dict[int, tuple[object, tuple[str, int, str]]] = {}
"""Code by its identity, for the code of two copies of a file is equal; kept, so that none takes another's place."""
_ran: dict[str, set[tuple[str, int, str]]] = {}
_outcomes: dict[str, set[str]] = {}
_current: list[str] = []


def code_of(function):
    """Return the code that a function runs in the end, behind wrappers, methods and partial calls."""
    seen = set()
    while id(function) not in seen:
        seen.add(id(function))
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif hasattr(function, "__func__"):
            function = function.__func__
        elif hasattr(function, "fn"):
            function = function.fn
        elif not hasattr(function, "__code__") and callable(function):
            function = type(function).__call__
    return getattr(function, "__code__", None)


def watch(function):
    """Note when the code of a function runs from now on."""
    code = code_of(function)
    if code is None or id(code) in _watched:
        return
    line = code.co_firstlineno
    for number in range(line, line + 60):
        if re.match(rf"\s*(async\s+)?def\s+{re.escape(code.co_name)}\b", linecache.getline(code.co_filename, number)):
            line = number
            break
    _watched[id(code)] = code, (code.co_filename, line, code.co_name)
    if hasattr(sys, "monitoring"):
        sys.monitoring.set_local_events(3, code, sys.monitoring.events.PY_START)


def note(code):
    """Note that a function ran in the test that is on."""
    if _current and id(code) in _watched:
        _ran.setdefault(_current[-1], set()).add(_watched[id(code)][1])


def _start():
    if hasattr(sys, "monitoring"):
        sys.monitoring.use_tool_id(3, "truth")
        sys.monitoring.register_callback(3, sys.monitoring.events.PY_START, lambda code, _: note(code))
    else:

        def profile(frame, event, _):
            if event == "call" and id(frame.f_code) in _watched:
                note(frame.f_code)

        threading.setprofile(profile)
        sys.setprofile(profile)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests():
    """Begin before the first conftest.py is imported: it may define flows, and so may plugins that came before."""
    from prefect import flows, tasks

    for cls in (flows.Flow, tasks.Task):
        _wrap(cls)
    _start()
    for one in gc.get_objects():
        if isinstance(one, (flows.Flow, tasks.Task)):
            watch(one.fn)


def _wrap(cls):
    original = cls.__init__

    @functools.wraps(original)
    def init(self, *args, **kwargs):
        original(self, *args, **kwargs)
        watch(self.fn)

    cls.__init__ = init


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item):
    _current.append(item.nodeid.split("[")[0])
    try:
        return (yield)
    finally:
        _current.pop()


def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        _outcomes.setdefault(report.nodeid.split("[")[0], set()).add(outcome)


def pytest_sessionfinish(session):
    if not hasattr(sys, "monitoring"):
        threading.setprofile(None)
        sys.setprofile(None)
    root = Path(os.environ.get("PREFECT_LENS_TRUTH_ROOT", session.config.rootpath))
    inside = session.config.rootpath.relative_to(root).as_posix()
    prefix = "" if inside == "." else inside + "/"
    found = {
        prefix + node: {
            "outcomes": sorted(outcomes),
            "ran": sorted([_relative(file, root), line, name] for file, line, name in _ran.get(node, ())),
        }
        for node, outcomes in _outcomes.items()
    }
    Path(os.environ.get("PREFECT_LENS_TRUTH", "truth.json")).write_text(json.dumps(found, indent=1))


def _relative(file, root):
    try:
        return Path(file).resolve().relative_to(root.resolve()).as_posix()
    except ValueError:
        return file
