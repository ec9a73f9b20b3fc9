"""`prefect_lens_audit = true`: a session of plain pytest in the user's audit trail.

This process runs tests, and so it never has the trail's key. It starts a helper of ours before the first test, which
has it, and tells it when the session begins and how it ended. Under xdist the controller does that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

import pytest

from pytest_prefect_lens.reports import case_record
from pytest_prefect_lens.wire import TestId

if TYPE_CHECKING:
    from pytest_prefect_lens.wire import CaseRecord, RunRecord

PATIENCE = 60.0
"""Seconds that the helper has to write the last entry down."""

MOST_RUNS = 500
"""The most flow and task runs that are told one by one, as `prefect_lens.audit.facts` has it."""


def begin(config: pytest.Config) -> None:
    """Have this session written down.

    Raises:
        pytest.UsageError: it cannot be.
    """
    if sys.version_info < (3, 11):
        raise pytest.UsageError("prefect_lens_audit needs Python 3.11 or newer; this is an older one.")
    config.pluginmanager.register(Audited(config), "prefect-lens-audited")


class Audited:
    """Tells the helper."""

    def __init__(self, config: pytest.Config) -> None:
        self._folder = str(config.rootpath)
        self._run = uuid.uuid4().hex[:12]
        self._began = time.monotonic()
        self._reports: dict[str, list[Any]] = {}
        self._tests: dict[str, str] = {}
        self._runs: list[dict[str, Any]] = []
        self._more_runs = 0
        self._trouble = ""
        self._has_begun = False
        # -P: what lies in the working folder is not taken for ours.
        self._helper = subprocess.Popen(
            [sys.executable, "-P", "-m", "prefect_lens", "audit", "append"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        config.add_cleanup(self._end)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Have the session's beginning written down before anything of it runs."""
        tests = [item.nodeid for item in getattr(session, "items", ())]
        answer = self._told({"what": "run started", "folder": self._folder, "tests": tests, **_versions()})
        if answer is not None:
            raise pytest.UsageError(f"prefect_lens_audit: this session cannot be written down: {answer}")
        self._has_begun = True

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take in a report; the one on the teardown is the last."""
        reports = self._reports.setdefault(report.nodeid, [])
        reports.append(report)
        if report.when in ("teardown", "???"):  # xdist's word where a worker died
            self._take(report.nodeid, case_record(TestId("", (report.nodeid,)), self._reports.pop(report.nodeid)))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Have written down how it ended."""
        if not self._has_begun:
            return
        for nodeid, reports in self._reports.items():  # what never came to its end
            self._take(nodeid, case_record(TestId("", (nodeid,)), reports))
        told: dict[str, Any] = {
            "what": "run ended",
            "outcome": _outcome(int(exitstatus)),
            "seconds": round(time.monotonic() - self._began, 3),
            "versions": _versions()["interpreter"],
            "tests": self._tests,
            "runs": self._runs,
        }
        if self._more_runs:
            told["runs beside that"] = self._more_runs
        self._trouble = self._told(told) or ""

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell of an end that could not be written down."""
        if self._trouble:
            terminalreporter.write_line(f"The end of this session is not in the audit trail: {self._trouble}", red=True)

    def _take(self, nodeid: str, case: CaseRecord) -> None:
        self._tests[nodeid] = case.outcome
        room = max(0, MOST_RUNS - len(self._runs))
        self._runs += [_told_run(nodeid, run) for run in case.runs[:room]]
        self._more_runs += len(case.runs[room:])

    def _told(self, message: dict[str, Any]) -> str | None:
        """Tell the helper; return why it could not write that down."""
        assert self._helper.stdin is not None
        assert self._helper.stdout is not None
        try:
            self._helper.stdin.write(json.dumps({**message, "run": self._run}) + "\n")
            self._helper.stdin.flush()
            answer = self._helper.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            _, said = self._helper.communicate()
            return said.strip().rpartition("\n")[2] or "the helper process ended"
        error: str | None = json.loads(answer).get("error")
        return error

    def _end(self) -> None:
        try:
            self._helper.communicate(timeout=PATIENCE)
        except (subprocess.TimeoutExpired, ValueError, OSError):
            self._helper.kill()
            self._helper.wait()


def _told_run(nodeid: str, run: RunRecord) -> dict[str, Any]:
    return {
        "test": nodeid,
        "kind": run.kind,
        "name": run.name,
        "at": f"{os.path.relpath(run.path)}:{run.qualname}" if run.path else "",
        "id": run.id,
        "parent": run.parent,
        "states": [[state.name or state.type, round(state.time, 3)] for state in run.states],
    }


def _outcome(exitstatus: int) -> str:
    known = {0: "passed", 1: "failed", 2: "cancelled", 5: "nothing"}
    return known.get(exitstatus, "broken")


def _versions() -> dict[str, Any]:
    return {
        "interpreter": {
            "path": sys.executable,
            "python": ".".join(map(str, sys.version_info[:3])),
            "pytest": pytest.__version__,
            "prefect": _installed("prefect"),
        }
    }


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
