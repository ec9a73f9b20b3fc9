"""What stands where the tests run: selects, watches, and puts what it saw on pytest's reports. PYTEST_DONT_REWRITE."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_prefect_lens import bypass, held, injection, marks, network, recorder
from pytest_prefect_lens.bodies import body_of, class_line
from pytest_prefect_lens.collection import collect_error
from pytest_prefect_lens.console import answer_nobody
from pytest_prefect_lens.dropped import is_dropped
from pytest_prefect_lens.frames import caller, exception_record, is_users, line_frame
from pytest_prefect_lens.masking import Masker
from pytest_prefect_lens.naming import rename, test_id_of
from pytest_prefect_lens.reports import Luggage, mask, mask_suite, pack, shorten_sections
from pytest_prefect_lens.selection import select
from pytest_prefect_lens.states import BAD
from pytest_prefect_lens.wire import Code, Collected, ExceptionRecord, Frame, Order, Reached, TestId, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_prefect_lens.wire import RunRecord

MAX_REACHED = 100
"""How many places that reach a host are told of one test."""
WORKER_OUTPUT = "prefect_lens"
"""The key under which a worker of xdist tells its controller what was collected."""


class Observer:
    """Watches the tests of this process."""

    def __init__(self, config: pytest.Config, order: Order) -> None:
        self.order = order
        self.collected: Collected | None = None
        self.test_ids: dict[str, tuple[TestId, int]] = {}
        """By node ID: the test, and the line of its `def`."""
        self._config = config
        self._pid = os.getpid()
        self._broken_files: set[str] = set()
        secrets = injection.secrets_of(order.environment)
        self._masker = Masker(secrets) if any(secrets) else None
        self._reached: dict[Reached, None] = {}
        self._unseen = frozenset[str]()
        self._shared: set[Code] = set()
        """What fixtures have run that more than one test may have."""
        self._names: dict[str, int] = {}
        """How many items have a node ID, once it is masked."""
        self._undo: list[Callable[[], None]] = []

    @classmethod
    def for_order(cls, config: pytest.Config, order: Order | str | None) -> Observer:
        """Return the observer for an order, or for the text of one that came through xdist."""
        return cls(config, order if isinstance(order, Order) else from_json(Order, json.loads(order or "")))

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Overrule the options that cannot work, or would hide what was asked for, where nobody sits at a terminal."""
        option: Any = config.option
        # One broken file must not keep the others from running.
        option.continue_on_collection_errors = True
        for name in ("usepdb", "trace", "lf", "failedfirst", "newfirst", "stepwise"):
            if getattr(option, name, False):
                setattr(option, name, False)
        self._undo = [recorder.install(), bypass.install()]
        if not self.order.environment.is_configured and self.order.environment.network is None:
            self._undo.append(network.watch(self._note_reached))
        elif self.order.environment.network is not None and hasattr(config, "workerinput"):
            self._undo.append(held.take_over())
        if tempfile.tempdir == self.order.home:
            tempfile.tempdir = None  # what the worker set for pytest's own capture, which has begun

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Answer what asks a person; here, since pytest's own pdb has put itself in place by now."""
        self._undo.append(answer_nobody())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Mask what is written of the whole session, before that is done."""
        if self._masker is not None:
            mask_suite(session.config.pluginmanager, self._masker)

    def pytest_unconfigure(self) -> None:
        """Leave the process as it was."""
        while self._undo:
            self._undo.pop()()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell in the output what could not be seen, so that a missing diagnostic has an explanation."""
        for sentence in recorder.unfit():
            terminalreporter.write_line(f"prefect-lens does not see all of this Prefect: {sentence}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Mask the id of a test's parameters where a secret is one: folders, files and variables are named by it."""
        if self._masker is not None:
            rename(item, self._masker, self._names)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_make_collect_report(self, collector: Any) -> Generator[None, Any, None]:
        """Put the line to blame on the report of a file that cannot be collected."""
        outcome = yield
        report = outcome.get_result()
        call: Any = getattr(report, "call", None)
        if report.failed and call is not None and call.excinfo is not None:
            error = collect_error(str(collector.path), call.excinfo.value, report.longreprtext)
            self._broken_files.update((error.path, str(collector.path)))
            self._pack(report, Luggage(collect_error=error))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        """Keep what was asked for; note what other plugins then leave out of it."""
        selection = select(
            [(test_id_of(item), item) for item in items], self.order.tests, self.order.files, self._broken_files
        )
        items[:] = selection.kept
        if selection.rest:
            self._config.hook.pytest_deselected(items=list(selection.rest))
        yield
        left = set(map(id, items))
        for item in items:
            self.test_ids[item.nodeid] = test_id_of(item), body_of(getattr(item, "obj", None)).line
        self.collected = Collected(
            tests=tuple(test_id_of(item) for item in items),
            missing=selection.missing,
            deselected=tuple(test_id_of(item) for item in selection.kept if id(item) not in left),
        )
        output: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[WORKER_OUTPUT] = json.dumps(to_json(replace(self.collected, tests=())))

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, None, None]:
        """Attribute to this test what happens from here to its last report."""
        recorder.take()
        bypass.begin()
        self._reached.clear()
        self._unseen = frozenset[str]()
        yield

    @pytest.hookimpl(hookwrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, None]:
        """Note what a fixture runs for other tests too: only the first of them is seen to."""
        if fixturedef.scope == "function":
            yield
            return
        before = recorder.begun() | bypass.called()
        yield
        self._shared |= (recorder.begun() | bypass.called()) - before

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: Any) -> Generator[None, Any, None]:
        """Put on the report what only this process knows."""
        outcome = yield
        report = outcome.get_result()
        if os.getpid() != self._pid:
            return
        shorten_sections(report)
        excinfo: Any = call.excinfo
        failure = _failure(item, report, excinfo) if report.failed else None
        luggage = Luggage(test_id_of(item), failure, expects=_expected(item))
        if call.when == "call":
            self._unseen = _unseen()
        if call.when == "teardown":
            unsure = bypass.unsure()
            luggage = replace(
                luggage,
                runs=tuple(replace(run, is_unseen=self._is_unseen(run)) for run in recorder.take()),
                reached=tuple(self._reached),
                called=tuple(bypass.called()),
                unsure=None if unsure is None else tuple(unsure | self._shared),
            )
        self._pack(report, luggage)

    def _pack(self, report: Any, luggage: Luggage) -> None:
        """Put luggage on a report, and leave no secret in either: both go to other plugins, and to their files."""
        if self._masker is not None:
            luggage = self._masker.masked(luggage)
            mask(report, self._masker)
        pack(report, luggage)

    def _is_unseen(self, run: RunRecord) -> bool:
        """Whether the test was given what became of a run, by `run_flow` or as a state, and did not look."""
        if run.id in self._unseen:
            return True
        failed = run.parent is None and bool(run.states) and run.states[-1].type in BAD
        return failed and run.called_at is not None and is_dropped(run.called_at)

    def _note_reached(self, host: str) -> None:
        frame = caller()
        if frame is not None and os.getpid() == self._pid and len(self._reached) < MAX_REACHED:
            self._reached[Reached(host, frame)] = None


def _unseen() -> frozenset[str]:
    """Return the ids of the runs that the test was told of by `run_flow` and did not look at."""
    running: Any = sys.modules.get("pytest_prefect_lens.running")
    return frozenset(result.id for result in running.latest if not result.is_looked_at) if running else frozenset()


def _expected(item: pytest.Item) -> str | None:
    """Return the state that a test's mark expects, as far as the mark says one."""
    if item.get_closest_marker(marks.MARKER) is None:
        return None
    try:
        return marks.asked(item).expect_state
    except ValueError:  # the test's own failure
        return None


def _failure(item: pytest.Item, report: Any, excinfo: Any) -> ExceptionRecord:
    if excinfo is None:
        # pytest's own verdict: an unexpected pass that is strict.
        return ExceptionRecord("", str(report.longrepr).strip(), _definition(item))
    exception: BaseException = excinfo.value
    record = exception_record(exception)
    wanted: Any = getattr(exception, "argname", None)
    if type(exception).__name__ == "FixtureLookupError" and isinstance(wanted, str):
        # Its own text is for the terminal alone, and no line of the user's stands on its way.
        message = getattr(exception, "msg", None) or f"fixture '{wanted}' not found"
        return replace(record, message=message, frames=_definition(item))
    return record if record.frames else replace(record, frames=_definition(item))


def _definition(item: pytest.Item) -> tuple[Frame, ...]:
    """Return where a test stands, as the one frame of what happened outside of any code of the user's."""
    body = body_of(getattr(item, "obj", None))
    if body.path and is_users(body.path):
        return (line_frame(body.path, body.line, body.qualname),)
    # A test that its class inherits from a library stands at the class.
    cls: Any = getattr(item, "cls", None)
    line = 0 if cls is None else class_line(str(item.path), cls.__name__)
    return (line_frame(str(item.path), line, item.name),) if line else ()
