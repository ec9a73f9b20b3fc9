"""What a finished run shows at the lines of the user's files. The command prints the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_prefect_lens.states import TESTS
from pytest_prefect_lens.wire import CaseRecord, CollectError, Failure, Frame, TestId

from prefect_lens.features.places import body_location, file_location, frame_location, is_same_place, test_node_id
from prefect_lens.features.stories import (
    Family,
    Story,
    described,
    is_same,
    is_unfinished,
    keeps_nothing,
    shortened,
    stories,
)
from prefect_lens.model import Diagnostic, Location, Related, RunResult, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_NAMED = 3
"""How many tests, and how many variants of a failure, a message names; a diagnostic's `tests` has all."""
MAX_RELATED = 20
_PHASES = {"setup": "PL302", "teardown": "PL303"}
_ORDER = tuple(Severity)


def diagnostics(result: RunResult) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of a run, by file and line; one for each cause at a line, however many tests met it."""
    told = [(case, stories(case)) for case in result.cases]
    found = [
        *_merged([story for _, of_case in told for story in of_case]),
        *_gathered([one for case, of_case in told for one in _of_failures(case, of_case)]),
        *_gathered([one for case in result.cases for one in (*_of_reached(case), *_of_expired(case))]),
        *_gathered([_of_collect_error(error) for error in result.collect_errors]),
        *map(_of_missing, result.missing),
        *(
            Diagnostic(trouble.location, Severity.ERROR, trouble.code, trouble.message)
            for trouble in result.trouble
            if trouble.location is not None
        ),
    ]
    return tuple(sorted(found, key=_rank))


def _rank(diagnostic: Diagnostic) -> tuple[Location, int, str, str]:
    return diagnostic.location, _ORDER.index(diagnostic.severity), diagnostic.code, diagnostic.message


# --- states -----------------------------------------------------------------------------------------


def _merged(all_stories: list[Story]) -> Iterator[Diagnostic]:
    """Yield one diagnostic for what the same run did at the same line, over all tests."""
    groups: dict[tuple[str, int, str, str], list[Story]] = {}
    for story in all_stories:
        place = story.location.path, story.location.span.start.line
        groups.setdefault((*place, story.row.code, story.subject), []).append(story)
    for group in groups.values():
        # Where one test failed by it, those that passed have nothing to add.
        yield _told([story for story in group if not story.is_harmless] or group)


def _told(group: list[Story]) -> Diagnostic:
    first = group[0]
    lines: list[str] = []
    headlines: dict[str, list[Story]] = {}
    for story in group:
        headlines.setdefault(story.headline, []).append(story)
    for headline, alike in list(headlines.items())[:MAX_NAMED]:
        lines += [headline if not lines else f"also: {headline}", _where(alike)]
    if len(headlines) > MAX_NAMED:
        lines.append(f"and {len(headlines) - MAX_NAMED} more like it")
    related: list[Related] = []
    for story in group:
        related += [
            one for one in story.related if not any(is_same_place(one.location, other.location) for other in related)
        ]
    return Diagnostic(
        location=first.location,
        severity=min((story.severity for story in group), key=_ORDER.index),
        code=first.row.code,
        message="\n".join(lines),
        href=first.row.href,
        related=tuple(related[:MAX_RELATED]),
        tests=tuple(dict.fromkeys(story.test for story in group)),
        setting=_setting(group),
        state=first.state,
    )


def _setting(group: list[Story]) -> str:
    if not all(story.is_harmless for story in group):
        return ""
    return "expected" if all(story.is_expected for story in group) else "swallowed"


def _where(alike: list[Story]) -> str:
    """Return through which flows and by which tests: `in flow 'orders', by tests/test_orders.py::test_totals`."""
    by_context: dict[str, dict[str, None]] = {}
    for story in alike:
        by_context.setdefault(story.context, {})[story.test] = None
    verb = "expected by" if all(story.is_expected for story in alike) else "by"
    end = ", which passed" if verb == "by" and alike[0].is_harmless else ""
    parts = [
        ", ".join(filter(None, (context, f"{verb} {_listed(tuple(tests))}{end}")))
        for context, tests in by_context.items()
    ]
    return "; ".join(parts[:MAX_NAMED]) + (f"; and {len(parts) - MAX_NAMED} more" if len(parts) > MAX_NAMED else "")


def _listed(tests: tuple[str, ...]) -> str:
    if len(tests) <= MAX_NAMED:
        return tests[0] if len(tests) == 1 else f"{', '.join(tests[:-1])} and {tests[-1]}"
    return f"{', '.join(tests[:MAX_NAMED])} and {len(tests) - MAX_NAMED} more"


# --- tests ------------------------------------------------------------------------------------------


def _of_failures(case: CaseRecord, of_case: tuple[Story, ...]) -> Iterator[Diagnostic]:
    test = test_node_id(case.test)
    for failure in case.failures:
        if failure.exception.type == "WorkerDied":
            yield Diagnostic(
                _place(case, failure), Severity.ERROR, "PL907", f"The process died in {test}.", tests=(test,)
            )
            continue
        row = TESTS[_PHASES.get(failure.phase, "PL301")]
        location = _place(case, failure)
        causes = [
            story for story in of_case if story.exception is not None and is_same(failure.exception, story.exception)
        ]
        if not causes and is_unfinished(failure.exception):
            causes = [story for story in of_case if not story.is_harmless]
        if any(is_same_place(story.location, location) for story in causes):
            continue  # the line in the test is the cause, and says so already
        # A cause has a diagnostic of its own: here is the line in the test, and the way there.
        what = causes[0].headline if causes else _said(failure)
        asked = None if causes else Family(case.runs).asked(failure.exception)
        verb = {"setup": "was not run, its set-up failed", "teardown": "was torn down with an error"}
        related = [
            Related(story.location, story.headline)
            for story in (causes or [story for story in of_case if not story.is_harmless])
            if not is_same_place(story.location, location)
        ]
        if asked is not None and asked.path:
            related.insert(0, Related(body_location(asked), keeps_nothing(asked)))
        if not causes:
            related += [
                Related(frame_location(frame), f"through {frame.function}")
                for frame in reversed(failure.exception.frames)
                if not is_same_place(frame_location(frame), location)
            ]
        yield Diagnostic(
            location,
            Severity(row.severity),
            row.code,
            f"{_name(case.test)} {verb.get(failure.phase, 'failed')}: {what}",
            row.href,
            tuple(_distinct(related)[:MAX_RELATED]),
            (test,),
        )


def _of_reached(case: CaseRecord) -> Iterator[Diagnostic]:
    row = TESTS["PL306"]
    for one in case.reached:
        yield Diagnostic(
            frame_location(one.frame),
            Severity(row.severity),
            row.code,
            f"Not hermetic: reaches {one.host}",
            tests=(test_node_id(case.test),),
        )


def _of_expired(case: CaseRecord) -> Iterator[Diagnostic]:
    row = TESTS["PL307"]
    for name, at in case.expired:
        when = datetime.fromtimestamp(at, UTC)
        yield Diagnostic(
            _place(case, case.failures[0]),
            Severity(row.severity),
            row.code,
            f"{name} expired at {when:%H:%M:%S} UTC, in the middle of the run; the next run fetches it anew",
            tests=(test_node_id(case.test),),
        )


def _distinct(related: list[Related]) -> list[Related]:
    kept: list[Related] = []
    for one in related:
        if not any(is_same_place(one.location, other.location) for other in kept):
            kept.append(one)
    return kept


def _place(case: CaseRecord, failure: Failure) -> Location:
    """Return the line to show a failure at: the test's own, or for a fixture that stands elsewhere the fixture's."""
    frames = failure.exception.frames
    own = [frame for frame in frames if frame.path == case.test.path]
    if own:
        return frame_location(own[-1])
    return frame_location(frames[-1]) if frames else file_location(case.test.path)


def _said(failure: Failure) -> str:
    """Return what went wrong: an assertion explains itself, the word would say it twice."""
    exception = failure.exception
    if exception.type in ("AssertionError", "") and exception.message:
        return shortened(exception.message)
    return described(exception)


def _name(test: TestId) -> str:
    """Return a test's name as it reads in its own file."""
    name = ".".join(test.names)
    return name if test.params is None else f"{name}[{test.params}]"


def _gathered(failures: list[Diagnostic]) -> Iterator[Diagnostic]:
    """Yield one diagnostic for each line, however many parameters of a test fail there or tests need one fixture."""
    groups: dict[tuple[str, int, str], list[Diagnostic]] = {}
    for one in failures:
        groups.setdefault((one.location.path, one.location.span.start.line, one.code), []).append(one)
    for group in groups.values():
        messages = list(dict.fromkeys(one.message for one in group))
        if len(messages) > MAX_NAMED:
            messages = [*messages[:MAX_NAMED], f"and {len(messages) - MAX_NAMED} more"]
        yield replace(
            group[0],
            message="\n".join(messages),
            related=tuple(_distinct([related for one in group for related in one.related])[:MAX_RELATED]),
            tests=tuple(dict.fromkeys(test for one in group for test in one.tests)),
        )


# --- what could not run -----------------------------------------------------------------------------


def _of_collect_error(error: CollectError) -> Diagnostic:
    row = TESTS["PL304"]
    frames = error.exception.frames or (Frame(error.path, 1, "<module>"),)
    location = frame_location(frames[-1])
    return Diagnostic(
        location,
        Severity(row.severity),
        row.code,
        f"{error.path} cannot be collected: {described(error.exception)}",
        row.href,
        tuple(
            Related(frame_location(frame), "imported here")
            for frame in reversed(frames[:-1])
            if not is_same_place(frame_location(frame), location)
        )[:MAX_RELATED],
    )


def _of_missing(test: TestId) -> Diagnostic:
    row = TESTS["PL305"]
    return Diagnostic(
        file_location(test.path),
        Severity(row.severity),
        row.code,
        f"{_name(test)} is not there any more: pytest finds no such test in {test.path}.",
        row.href,
        tests=(test_node_id(test),),
    )
