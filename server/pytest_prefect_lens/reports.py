"""From pytest's reports on one test to the record of it. PYTEST_DONT_REWRITE.

What only the process that ran the test knows (its identity, its runs, its exception) travels on pytest's own report
as one ASCII string: xdist carries a report's attributes to the controller, but only plain values, and no lone
surrogates.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pytest_prefect_lens.frames import cut
from pytest_prefect_lens.wire import (
    MAX_TEXT,
    CaseRecord,
    Code,
    CollectError,
    ExceptionRecord,
    Failure,
    Reached,
    RunRecord,
    TestId,
    from_json,
    to_json,
)

if TYPE_CHECKING:
    from pytest_prefect_lens.masking import Masker

ATTRIBUTE = "prefect_lens"
WORKER_DIED = "WorkerDied"
"""What stands for an exception's type where a worker of xdist died under a test."""
MAX_FAILURE_TEXT = 200_000


@dataclass(frozen=True)
class Luggage:
    """What travels on a report."""

    test: TestId | None = None
    exception: ExceptionRecord | None = None
    runs: tuple[RunRecord, ...] = ()
    collect_error: CollectError | None = None
    reached: tuple[Reached, ...] = ()
    expects: str | None = None
    called: tuple[Code, ...] = ()
    unsure: tuple[Code, ...] | None = None


def pack(report: Any, luggage: Luggage) -> None:
    """Put luggage on a report."""
    setattr(report, ATTRIBUTE, json.dumps(to_json(luggage)))


def unpack(report: Any) -> Luggage:
    """Return a report's luggage; an empty one where there is none (a worker of xdist that died, another plugin's)."""
    text = getattr(report, ATTRIBUTE, None)
    return from_json(Luggage, json.loads(text)) if isinstance(text, str) else Luggage()


def case_record(test: TestId, reports: list[Any]) -> CaseRecord:
    """Return the record that the reports on a test's phases (and subtests) amount to."""
    luggage = [(report, unpack(report)) for report in reports]
    identity = next((bag.test for _, bag in luggage if bag.test is not None), test)
    failures = tuple(_failure(report, bag) for report, bag in luggage if report.failed)
    real = tuple(failure for failure in failures if failure.exception.type)
    return CaseRecord(
        test=identity,
        outcome=_outcome(reports),
        seconds=sum(report.duration for report in reports if not _is_subtest(report)),
        runs=tuple(run for _, bag in luggage for run in bag.runs),
        # pytest adds "contains 1 failed subtest": nothing new where the subtest's own failure is there.
        failures=real or failures,
        sections=_sections(reports),
        note=next((note for note in map(_note, reports) if note), None),
        reached=tuple(dict.fromkeys(reached for _, bag in luggage for reached in bag.reached)),
        expects=next((bag.expects for _, bag in luggage if bag.expects is not None), None),
        called=tuple(code for _, bag in luggage for code in bag.called),
        unsure=next((bag.unsure for _, bag in luggage if bag.unsure is not None), None),
    )


def shorten_sections(report: Any) -> None:
    """Cut captured output on the report itself, so that pytest does not print or pickle a gigabyte either."""
    report.sections = [(title, cut(text, MAX_TEXT)) for title, text in report.sections]


def mask(report: Any, masker: Masker) -> None:
    """Take secrets out of the report itself: other plugins write it to files of their own."""
    report.sections = [(masker.mask(title), masker.mask(text)) for title, text in getattr(report, "sections", ())]
    if isinstance(reason := getattr(report, "wasxfail", None), str):
        report.wasxfail = masker.mask(reason)
    if properties := getattr(report, "user_properties", None):
        report.user_properties = list(masker.masked(tuple(properties)))
    shown: Any = report.longrepr
    if isinstance(shown, tuple):
        report.longrepr = masker.masked(cast("tuple[Any, ...]", shown))
    elif shown is not None:
        text: str = report.longreprtext
        masked = masker.mask(text)
        if masked != text:
            report.longrepr = masked


def mask_suite(plugins: Any, masker: Masker) -> None:
    """Take secrets out of what tests have said of the whole session, which pytest's JUnit report keeps by itself."""
    for plugin in plugins.get_plugins():
        properties = getattr(plugin, "global_properties", None)
        if isinstance(properties, list):
            plugin.global_properties = list(masker.masked(tuple(cast("list[Any]", properties))))


def _outcome(reports: list[Any]) -> str:
    call = [report for report in reports if report.when not in ("setup", "teardown")]
    if any(report.failed for report in call):
        # xdist's word for a worker that died is no phase of pytest's.
        return "error" if any(report.failed and report.when == "???" for report in call) else "failed"
    if any(report.failed for report in reports):
        return "error"
    for report in reports:
        if hasattr(report, "wasxfail"):
            return "xfailed" if report.skipped else "xpassed"
    return "skipped" if any(report.skipped and not _is_subtest(report) for report in reports) else "passed"


def _is_subtest(report: Any) -> bool:
    """Whether a report is on a part of a test: pytest 9's own, or pytest-subtests'."""
    return type(report).__name__ in ("SubtestReport", "SubTestReport")


def _failure(report: Any, bag: Luggage) -> Failure:
    text: str = report.longreprtext
    if _is_subtest(report):
        text = f"{report.head_line}\n{text}"
    phase = report.when if report.when in ("setup", "teardown") else "call"
    exception = bag.exception
    if exception is None:
        # Text that a plugin put there is told as it is; `longreprtext` would head it with xdist's worker.
        said = report.longrepr if isinstance(report.longrepr, str) else text
        exception = ExceptionRecord("", said.strip() or "failed")
    return Failure(phase, exception, cut(text, MAX_FAILURE_TEXT))


def _sections(reports: list[Any]) -> tuple[tuple[str, str], ...]:
    """Return the captured output. Each report of a test repeats what the earlier phases captured."""
    sections: dict[str, str] = {}
    for report in reports:
        if _is_subtest(report):
            continue
        for title, text in report.sections:
            sections[str(title)] = cut(str(text), MAX_TEXT)
    return tuple(sections.items())


def _note(report: Any) -> str | None:
    """Return why a test was skipped or expected to fail."""
    expected: Any = getattr(report, "wasxfail", None)
    if expected:
        return str(expected).removeprefix("reason: ")
    where: Any = report.longrepr
    if report.skipped and isinstance(where, tuple):
        return str(where[2]).removeprefix("Skipped: ")  # pyright: ignore[reportUnknownArgumentType]
    return None
