"""`--prefect-report FILE`: what ran, as a line of JSON for each test; and as properties where JUnit's XML is written.

Under xdist the runs are watched in the workers, travel on pytest's reports, and are written down by the controller.
"""

from __future__ import annotations

from datetime import datetime, timezone
from json import dumps
from typing import TYPE_CHECKING, Any

import pytest

from pytest_prefect_lens import recorder
from pytest_prefect_lens.reports import Luggage, case_record, pack
from pytest_prefect_lens.wire import TestId

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from pytest_prefect_lens.wire import RunRecord, StateRecord

_FLOW, _TASKS = "prefect_flow_run", "prefect_task_runs"


def begin(config: pytest.Config, file: str, *, watched: bool) -> None:
    """Watch the runs of this process, unless that is done already, and write them down, unless a controller does."""
    if not watched:
        config.pluginmanager.register(Watcher(config), "prefect-lens-watcher")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Writer(config, config.invocation_params.dir / file), "prefect-lens-writer")


class Watcher:
    """Puts the runs of a test on its last report."""

    def __init__(self, config: pytest.Config) -> None:
        config.add_cleanup(recorder.install())

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None]:
        """Attribute to this test what happens from here on."""
        recorder.take()
        yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Generator[None, Any, None]:
        """Take the runs when the test's fixtures are done as well."""
        runs = recorder.take() if call.when == "teardown" else ()
        if runs:
            kept = [(name, value) for name, value in item.user_properties if name not in (_FLOW, _TASKS)]
            item.user_properties[:] = [*kept, *_properties(runs)]
        outcome = yield
        if runs:
            pack(outcome.get_result(), Luggage(runs=runs))


class Writer:
    """Writes a line for each test."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8")
        except OSError as error:
            raise pytest.UsageError(f"--prefect-report: {path} cannot be written: {error.strerror}.") from error
        config.add_cleanup(self._file.close)
        self._reports: dict[str, list[Any]] = {}

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Take in a report; the one on the teardown is the last."""
        reports = self._reports.setdefault(report.nodeid, [])
        reports.append(report)
        if report.when in ("teardown", "???"):  # xdist's word where a worker died
            self._write(report.nodeid, self._reports.pop(report.nodeid))

    def pytest_sessionfinish(self) -> None:
        """Write what never came to its end."""
        for nodeid, reports in self._reports.items():
            self._write(nodeid, reports)

    def _write(self, nodeid: str, reports: list[Any]) -> None:
        case = case_record(TestId("", (nodeid,)), reports)
        line = {
            "test": nodeid,
            "outcome": case.outcome,
            "seconds": round(case.seconds, 6),
            "runs": [_run(run) for run in case.runs],
        }
        self._file.write(dumps(line) + "\n")
        self._file.flush()


def _run(run: RunRecord) -> dict[str, Any]:
    return {
        "id": run.id,
        "kind": run.kind,
        "name": run.name,
        "run_name": run.run_name,
        "parent": run.parent,
        "file": run.path,
        "line": run.line,
        "attempt": run.attempt,
        "max_attempts": run.max_attempts,
        "states": [_state(state) for state in run.states],
    }


def _state(state: StateRecord) -> dict[str, Any]:
    error = state.exception
    return {
        "name": state.name,
        "type": state.type,
        "time": datetime.fromtimestamp(state.time, timezone.utc).isoformat(),
        "message": state.message,
        "exception": None if error is None else f"{error.type}: {error.message}",
    }


def _properties(runs: tuple[RunRecord, ...]) -> list[tuple[str, object]]:
    flows = [run for run in runs if run.kind == "flow"]
    told: list[tuple[str, object]] = [
        (_FLOW, f"{run.name} ({run.run_name}): {run.states[-1].name}, {_seconds(run):.3f} s")
        for run in flows
        if run.states
    ]
    return [*told, (_TASKS, len(runs) - len(flows))]


def _seconds(run: RunRecord) -> float:
    return run.states[-1].time - run.states[0].time
