"""What stands where the link is: tells the server what pytest's reports say. PYTEST_DONT_REWRITE."""

# ruff: noqa: PTH118, PTH120
# Paths are text here, as tracebacks and node IDs have them, and `Path.resolve` would follow links.

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_prefect_lens.bodies import definition
from pytest_prefect_lens.frames import cut, line_frame, text_of
from pytest_prefect_lens.link import Link, MachineryError
from pytest_prefect_lens.naming import same_file, test_id_from
from pytest_prefect_lens.observer import WORKER_OUTPUT, Observer
from pytest_prefect_lens.plugin import WORKER_INPUT
from pytest_prefect_lens.reports import WORKER_DIED, Luggage, case_record, pack, unpack
from pytest_prefect_lens.states import PYTEST_STOPPED
from pytest_prefect_lens.wire import (
    MAX_TEXT,
    Broken,
    Collected,
    CollectError,
    Ended,
    ExceptionRecord,
    Finished,
    Frame,
    Message,
    Started,
    TestId,
    from_json,
    to_json,
)

if TYPE_CHECKING:
    from collections.abc import Generator


class Speaker:
    """Tells the server. Speaks only in the process that was given the link, not in one that a test forked."""

    def __init__(
        self, config: pytest.Config, link: Link, observer: Observer, told: set[tuple[str, str]] | None = None
    ) -> None:
        self._config = config
        self._link = link
        self._observer = observer
        self._reports: dict[str, list[Any]] = {}
        self._running: dict[str, int] = {}
        self._unfinished: dict[TestId, None] = {}
        self._collected: Collected | None = None
        self._rerun: set[str] = set()
        self._told = set[tuple[str, str]]() if told is None else told
        self._stopped_by_us = False

    # --- collecting -------------------------------------------------------------------------------

    @pytest.hookimpl(hookwrapper=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, Any, None]:
        """Tell what stopped pytest before it had anything to run.

        A file named in the arguments below a conftest that cannot be imported stops it, too: then the others are
        collected without that one.
        """
        outcome = yield
        if outcome.excinfo is None or not isinstance(outcome.excinfo[1], pytest.UsageError):
            return
        broken = [same_file(os.path.dirname(path)) for path, _ in self._told if path.endswith("conftest.py")]
        kept = [argument for argument in self._config.args if not self._is_below(argument, broken)]
        if kept == self._config.args:
            said = "\n".join(map(str, outcome.excinfo[1].args))
            self._send(Broken(PYTEST_STOPPED, f"pytest cannot work with its arguments: {said}", said))
        elif kept:
            self._config.args = kept
            session.perform_collect()
            outcome.force_result(None)

    def pytest_collectreport(self, report: Any) -> None:
        """Tell of a file that cannot be collected, once, however many workers of xdist tried."""
        if not report.failed:
            return
        error = unpack(report).collect_error
        if error is None:
            path = os.path.normpath(os.path.join(self._root, report.nodeid.partition("::")[0]))
            text = report.longreprtext
            error = CollectError(path, ExceptionRecord("", text.strip(), (Frame(path, 1, "<module>"),)), text)
        if (error.path, error.exception.message) not in self._told:
            self._told.add((error.path, error.exception.message))
            self._send(error)

    def pytest_collection_finish(self) -> None:
        """Tell what will run. xdist's controller collects nothing itself."""
        if self._observer.collected is not None and not self._has_workers:
            self._tell_collected(self._observer.collected)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Tell what will run, as the first worker of xdist says; they all collect the same."""
        if self._collected is None:
            self._tell_collected(Collected(tuple(test_id_from(node_id, self._root) for node_id in ids)))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Tell what a worker of xdist can say only at its end: what is missing, what was left out."""
        text: str | None = getattr(node, "workeroutput", {}).get(WORKER_OUTPUT)
        if text is None or self._collected is None:
            return
        late = from_json(Collected, json.loads(text))
        collected = replace(self._collected, missing=late.missing, deselected=late.deselected)
        if collected != self._collected:
            self._collected = collected
            self._send(collected)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Hand a worker of xdist the order."""
        order = self._link.order
        # It inherits the variables themselves.
        order = replace(order, environment=replace(order.environment, variables=()))
        node.workerinput[WORKER_INPUT] = json.dumps(to_json(order))

    # --- running ----------------------------------------------------------------------------------

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, None, None]:
        """Wait for the API, in the last moment before somebody needs it."""
        if session.items or self._has_workers:
            try:
                self._link.wait_for_api()
            except MachineryError as error:
                self._stopped_by_us = True
                self._send(error.broken)
                pytest.exit(error.broken.what, returncode=int(pytest.ExitCode.INTERNAL_ERROR))
        yield

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        """Tell that a test begins."""
        self._reports[nodeid] = []
        if nodeid in self._running:
            return  # a plugin runs it again
        test, line = self._test(nodeid)
        if not line and location[1] is not None:
            # Where only xdist's worker has the function, pytest says where its first decorator stands.
            line = definition(test.path, location[1] + 1, test.names[-1])[0]
        self._running[nodeid] = line
        self._send(Started(test, self._running[nodeid]))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Keep the report of a phase; a test that is run again starts anew, so that the last run counts."""
        reports = self._reports.setdefault(report.nodeid, [])
        if report.outcome == "rerun":
            self._rerun.add(report.nodeid)
            reports.clear()
            return
        if report.when == "setup" and any(earlier.when in ("setup", "teardown") for earlier in reports):
            self._rerun.discard(report.nodeid)
            reports.clear()
        reports.append(report)
        if report.when == "???":
            # A worker of xdist died: nobody will say that this test has ended, and only we know where it stands.
            test, line = self._test(report.nodeid)[0], self._running.get(report.nodeid) or 1
            frame = line_frame(test.path, line, test.names[-1])
            pack(report, Luggage(exception=ExceptionRecord(WORKER_DIED, str(report.longrepr), (frame,))))
            self._finish(report.nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Tell how a test ended, unless it is to be run again."""
        if nodeid in self._rerun:
            self._rerun.discard(nodeid)
            self._reports.pop(nodeid, None)
        else:
            self._finish(nodeid)

    def _finish(self, nodeid: str) -> None:
        reports = self._reports.pop(nodeid, [])
        self._running.pop(nodeid, None)
        if not reports:
            return
        case = case_record(self._test(nodeid)[0], reports)
        self._unfinished.pop(case.test, None)
        self._send(Finished(case))

    # --- ending -----------------------------------------------------------------------------------

    def pytest_internalerror(self, excrepr: object, excinfo: Any) -> None:
        """Tell that pytest or one of its plugins broke."""
        # xdist puts a worker's whole traceback into the text.
        said = text_of(excinfo.value).strip().rpartition("\n")[2].strip()
        self._send(
            Broken(PYTEST_STOPPED, f"pytest broke: {type(excinfo.value).__name__}: {said}", cut(str(excrepr), MAX_TEXT))
        )

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Tell that the session is over, and what it did not get to."""
        stopped: Any = session.shouldfail or session.shouldstop
        self._send(Ended(int(exitstatus), str(stopped) if stopped else None, tuple(self._unfinished)))

    # --- helpers ----------------------------------------------------------------------------------

    @property
    def _has_workers(self) -> bool:
        """Whether xdist's workers run the tests."""
        return self._config.pluginmanager.hasplugin("dsession")

    def _is_below(self, argument: str, folders: list[str]) -> bool:
        path = same_file(os.path.join(str(self._config.invocation_params.dir), argument.partition("::")[0]))
        return any(path.startswith(folder + os.sep) for folder in folders)

    @property
    def _root(self) -> str:
        return str(self._config.rootpath)

    def _tell_collected(self, collected: Collected) -> None:
        self._collected = collected
        self._unfinished = dict.fromkeys(collected.tests)
        self._send(collected)

    def _test(self, nodeid: str) -> tuple[TestId, int]:
        return self._observer.test_ids.get(nodeid) or (test_id_from(nodeid, self._root), 0)

    def _send(self, message: Message) -> None:
        if os.getpid() == self._link.pid:
            self._link.send(message)
