"""`--prefect-repeat N`: runs each test that runs flows N times, and holds that the runs are the same each time.

Compared are the trees of runs: names, states, results, exceptions and artifacts. Times, ids and the names that Prefect
makes up are not, nor the order of runs that were submitted or are asynchronous; a cached result is a completed one.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# Prefect is not there where the server's code is checked.

from __future__ import annotations

import difflib
import re
from copy import copy
from typing import TYPE_CHECKING, Any, cast

import pytest
from _pytest.runner import runtestprotocol

from pytest_prefect_lens import recorder
from pytest_prefect_lens.frames import cut, text_of, type_name
from pytest_prefect_lens.live import LiveBook, held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_prefect_lens.result import Run

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
_LONGEST = 2_000


class Repeat:
    """Runs tests several times."""

    def __init__(self, times: int) -> None:
        self._times = times
        self._number = 0
        self._first: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Run a test until it fails, differs, has run often enough, or turns out to run no flow."""
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        reports: list[pytest.TestReport] = []
        for number in range(1, self._times + 1):
            self._number = number
            # What a test beside this one would share stays; its own fixtures are made anew.
            reports = runtestprotocol(item, log=False, nextitem=copy(item))
            if not self._first or any(not report.passed for report in reports):
                break
        self._first = []
        shared = pytest.CallInfo[None].from_call(
            lambda: cast("Any", item.session)._setupstate.teardown_exact(nextitem),  # noqa: SLF001  no public way
            when="teardown",
        )
        if shared.excinfo is not None:
            reports.append(item.ihook.pytest_runtest_makereport(item=item, call=shared))
        for report in reports:
            if report.failed and self._number > 1:
                report.sections.append(("Prefect Lens", f"in run {self._number} of {self._times}"))
            item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        """Compare the runs of a test's call with those of the first time."""
        with recorder.looking_on() as book:
            yield
        tree = told(book)
        if self._number == 1:
            self._first = tree
        elif tree != self._first:
            names = "run 1", f"run {self._number}"
            shown = difflib.unified_diff(self._first, tree, *names, n=1000, lineterm="")
            pytest.fail("the same test ran its flows in another way:\n" + "\n".join(shown), pytrace=False)


def told(book: LiveBook) -> list[str]:
    """Return the runs of a book as lines that are the same whenever the same has happened."""
    if not book.records:
        return []
    from pytest_prefect_lens.result import FlowResult, TaskRunResult  # noqa: PLC0415  it imports Prefect

    ids = {record.id for record in book.records}
    kinds: dict[str, type[Run[Any]]] = {"flow": FlowResult, "task": TaskRunResult}
    roots = [kinds[record.kind](record, book) for record in book.records if record.parent not in ids]
    lines = [line for root in roots for line in _lines(root, book, "")]
    for root in roots:
        lines += sorted(_artifacts(root))
    return [_steady(line, book) for line in lines]


def _lines(run: Run[Any], book: LiveBook, indent: str) -> list[str]:
    states = " → ".join("Completed" if name == "Cached" else name for name in run.states)
    lines = [f"{indent}{run.kind} {run.run_name if run.run_name_set else run.name}: {states}{_outcome(run)}"]
    inside = [(_lines(child, book, indent + "  "), _is_in_order(child, book)) for child in run.children]
    in_order = [text for text, ordered in inside if ordered]
    others = sorted(text for text, ordered in inside if not ordered)
    return [*lines, *(line for text in (*in_order, *others) for line in text)]


def _is_in_order(run: Run[Any], book: LiveBook) -> bool:
    return not (book.was_submitted(run.id) or getattr(book.subjects.get(run.id), "isasync", False))


def _outcome(run: Run[Any]) -> str:
    if run.exception is not None:
        return f", {type_name(type(run.exception))}: {text_of(run.exception)}"
    return f", {_value(held(run.state))}" if run.is_completed else ""


def _value(value: Any) -> str:
    """Return a result as text; a state is told by its name, as it has an id and a time."""
    if hasattr(value, "state_details") and hasattr(value, "name"):
        return str(value.name)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, cast('list[Any]', value)))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {_value(one)}' for key, one in cast('dict[Any, Any]', value).items())}}}"
    try:
        return cut(repr(value), _LONGEST)
    except Exception as error:  # noqa: BLE001  a broken `__repr__` may raise anything
        return f"a {type(value).__name__} whose repr raises {type(error).__name__}"


def _artifacts(run: Run[Any]) -> list[str]:
    if run.kind != "flow":
        return []
    from httpx import HTTPError  # noqa: PLC0415

    try:
        found = cast("Any", run).artifacts
    except (HTTPError, RuntimeError, ValueError):
        return []  # the test's own harness is gone, and the API with it
    return [f"artifact {one.key} ({one.type}): {cut(str(one.data), _LONGEST)}" for one in found]


def _steady(line: str, book: LiveBook) -> str:
    for record in book.records:
        line = line.replace(record.id, record.name)
        if record.run_name and not record.run_name_set:
            line = line.replace(record.run_name, record.name)
    return _ADDRESS.sub("at …", line)
