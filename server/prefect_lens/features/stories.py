"""What became of the runs of one test, as stories: one for each cause, told where it began.

A flow that failed because its task raised is the messenger: it appears in the task's story and has none of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_prefect_lens.states import BAD, Row, is_own_name, lookup

from prefect_lens.features.places import body_location, frame_location, is_same_place, test_node_id
from prefect_lens.model import Location, Related, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_prefect_lens.wire import CaseRecord, ExceptionRecord, Frame, RunRecord, StateRecord

MAX_TEXT = 300
MAX_RELATED = 12
_SEVERAL = re.compile(r"\d+/\d+ states failed")


@dataclass(frozen=True, slots=True)
class Story:
    """One cause."""

    location: Location
    severity: Severity
    row: Row
    subject: str
    """Whose story it is: `Task 'parse'`."""
    headline: str
    """The run, the state, the exception."""
    context: str
    """Through which flow: `in flow 'orders'`; empty for a run that nothing called but the test."""
    test: str
    related: tuple[Related, ...]
    is_harmless: bool = False
    """Whether the test passed all the same."""
    is_expected: bool = False
    """Whether it passed although the failure reached it and it looked, as with `pytest.raises`: it waited for that."""
    exception: ExceptionRecord | None = None
    state: str = ""
    """The name of the state that the run ended in."""


def stories(case: CaseRecord) -> tuple[Story, ...]:
    """Return the stories of a case, in the order in which its runs began."""
    family = Family(case.runs)
    return tuple(story for run in case.runs for story in _stories(case, run, family))


def described(exception: ExceptionRecord) -> str:
    """Return type and message on the way they stand at the end of a traceback, cut."""
    name = exception.type.rpartition(".")[2]
    message = shortened(exception.message)
    return ": ".join(filter(None, (name, message)))


def shortened(text: str) -> str:
    """Return a text that fits into a diagnostic; the whole stands in the test's output."""
    text = text.strip()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1].rstrip() + "…"


def is_same(one: ExceptionRecord, other: ExceptionRecord) -> bool:
    """Whether two records are of one exception object, seen at two places on its way up."""
    if (one.type, one.message) != (other.type, other.message):
        return False
    short, long = sorted((one.frames, other.frames), key=len)
    return not short or long[-len(short) :] == short


def is_unfinished(exception: ExceptionRecord) -> bool:
    """Whether it says no more than that a run has no result, as Prefect's `state.result()` does."""
    return exception.type.rpartition(".")[2] == "UnfinishedRun"


def keeps_nothing(run: RunRecord) -> str:
    """Return why a run's result is missing, and what has it kept."""
    return f"{_subject(run)} does not persist its result: persist_result=True does."


def ended_badly(run: RunRecord) -> bool:
    """Whether the last thing that became of a run is a failure of some kind."""
    return bool(run.states) and run.states[-1].type in BAD


class Family:
    """The runs of a case, and who called whom."""

    def __init__(self, runs: tuple[RunRecord, ...]) -> None:
        self._by_id = {run.id: run for run in runs}
        self._bad_inside: dict[str, list[RunRecord]] = {}
        """By a run's id: those further in that ended badly."""
        self._shallowest: dict[tuple[str, str], RunRecord] = {}
        """By an exception's words: the run that saw it with the fewest frames, nearest to where it was raised."""
        self._held_up: set[str] = set()
        """The ids of runs in which one never began, since another one, which it needs, did not complete."""
        for run in runs:
            if run.states and run.states[-1].name == "NotReady":
                self._held_up |= {ancestor.id for ancestor in self.ancestors(run)}
            if not ended_badly(run):
                continue
            for ancestor in self.ancestors(run):
                self._bad_inside.setdefault(ancestor.id, []).append(run)
            exception = run.states[-1].exception
            if exception is not None and exception.frames:
                key = exception.type, exception.message
                known = self._shallowest.setdefault(key, run).states[-1].exception
                if known is not None and len(exception.frames) < len(known.frames):
                    self._shallowest[key] = run

    def ancestors(self, run: RunRecord) -> tuple[RunRecord, ...]:
        """Return who called a run, the nearest first."""
        found: dict[str, RunRecord] = {}
        parent = self._by_id.get(run.parent or "")
        while parent is not None and parent.id not in found:
            found[parent.id] = parent
            parent = self._by_id.get(parent.parent or "")
        return tuple(found.values())

    def asked(self, exception: ExceptionRecord | None) -> RunRecord | None:
        """Return the run whose result was asked for, and was not kept."""
        return next((self._by_id[id_] for id_ in exception.about if id_ in self._by_id), None) if exception else None

    def rolled_back_by(self, run: RunRecord) -> RunRecord | None:
        """Return the run whose failure had a transaction rolled back: one beside it, else the one that called it."""
        beside = [other for other in self._by_id.values() if other.parent == run.parent and ended_badly(other)]
        parent = self._by_id.get(run.parent or "")
        return beside[0] if beside else parent if parent is not None and ended_badly(parent) else None

    def is_messenger(self, run: RunRecord) -> bool:
        """Whether a run failed by what another one, further in, failed by."""
        state = run.states[-1]
        inside = [other.states[-1] for other in self._bad_inside.get(run.id, ())]
        if state.exception is None:
            several = _SEVERAL.match(state.message or "") is not None
            return any(several or (state.message is not None and state.message == other.message) for other in inside)
        if any(other.exception is not None and is_same(state.exception, other.exception) for other in inside):
            return True
        if is_unfinished(state.exception) and run.id in self._held_up and inside:
            return True  # it asked for the result of a run that never began: what held that up is the cause
        nearest = self._shallowest.get((state.exception.type, state.exception.message))
        theirs = None if nearest is None else nearest.states[-1].exception
        if theirs is None:
            return False
        return len(theirs.frames) < len(state.exception.frames) and is_same(state.exception, theirs)


def _stories(case: CaseRecord, run: RunRecord, family: Family) -> Iterator[Story]:
    if not run.states:
        return
    last = run.states[-1]
    if last.type in BAD:
        if not family.is_messenger(run):
            yield _of_the_end(case, run, last, family)
        return
    for state in _first_of_each(_failed_attempts(run)):
        yield _of_an_attempt(case, run, state, family)
    if last.name == "RolledBack" or last.type == "PAUSED":
        yield _of_an_interruption(case, run, last, family)


def _of_the_end(case: CaseRecord, run: RunRecord, state: StateRecord, family: Family) -> Story:
    row = lookup(run.kind, state.type, state.name)
    harmless = case.outcome not in ("failed", "error")
    asked = family.asked(state.exception)
    location = body_location(asked) if asked is not None and asked.path else _blamed(case, run, state)
    outermost = (run, *family.ancestors(run))[-1]
    return Story(
        location=location,
        severity=Severity.HINT if harmless else Severity(row.severity),
        row=row,
        subject=_subject(run),
        headline=_headline(run, state) + (f" {keeps_nothing(asked)}" if asked is not None else ""),
        context=_context(run, family),
        test=test_node_id(case.test),
        related=_related(case, run, state.exception, family, location),
        is_harmless=harmless,
        is_expected=harmless
        and (
            (ended_badly(outermost) and not outermost.is_unseen)
            or case.outcome == "xfailed"
            or case.expects in (state.name, state.type)
        ),
        exception=state.exception,
        state=state.name or state.type,
    )


def _of_an_attempt(case: CaseRecord, run: RunRecord, state: StateRecord, family: Family) -> Story:
    row = lookup(run.kind, "SCHEDULED", "AwaitingRetry")
    location = _blamed(case, run, state)
    last = run.states[-1]
    ended = f"{last.name or last.type} on attempt {run.attempt} of {run.max_attempts}"
    assert state.exception is not None
    return Story(
        location=location,
        severity=Severity(row.severity),
        row=row,
        subject=_subject(run),
        headline=f"{_who(run)} {ended}, after: {described(state.exception)}{_waited(run)}",
        context=_context(run, family),
        test=test_node_id(case.test),
        related=_related(case, run, state.exception, family, location),
        exception=state.exception,
    )


def _of_an_interruption(case: CaseRecord, run: RunRecord, state: StateRecord, family: Family) -> Story:
    """Tell of a run that was rolled back, at its call, by what; or of one that waits for a person, where it asked."""
    row = lookup(run.kind, state.type, state.name)
    by = family.rolled_back_by(run) if state.name == "RolledBack" else None
    end = None if by is None else by.states[-1]
    why = shortened(state.message or row.sentence) if by is None or end is None else f"after {_headline(by, end)}"
    location = _blamed(case, run, state) if run.called_at is None or by is None else frame_location(run.called_at)
    related = _related(case, run, None, family, location)
    if by is not None and end is not None and not is_same_place(place := _blamed(case, by, end), location):
        related = (Related(place, _headline(by, end)), *related)
    return Story(
        location=location,
        severity=Severity(row.severity),
        row=row,
        subject=_subject(run),
        headline=f"{_headline(run, replace(state, message=None))}: {why}",
        context=_context(run, family),
        test=test_node_id(case.test),
        related=related,
        state=state.name,
    )


# --- words ------------------------------------------------------------------------------------------


def _subject(run: RunRecord) -> str:
    return f"{'Task' if run.kind == 'task' else 'Flow'} {run.name!r}"


def _who(run: RunRecord) -> str:
    """Return whose run it is; with the name of the run only where the author set it, for Prefect makes up others."""
    return f"{_subject(run)} ({run.run_name})" if run.run_name_set and run.run_name else _subject(run)


def _headline(run: RunRecord, state: StateRecord) -> str:
    notes: list[str] = []
    if not is_own_name(state.type, state.name):
        notes.append(state.type)
    if run.max_attempts > 1:
        notes.append(f"attempt {run.attempt} of {run.max_attempts}")
    named = f"{_who(run)} {state.name or state.type}" + (f" ({', '.join(notes)})" if notes else "")
    what = _what(state)
    return f"{named}: {what}" if what else named


def _waited(run: RunRecord) -> str:
    delays = [state.delay for state in run.states if state.delay]
    return f" (AwaitingRetry for {', '.join(dict.fromkeys(f'{delay:g} s' for delay in delays))})" if delays else ""


def _what(state: StateRecord) -> str:
    # A timeout's exception only says that a scope timed out; Prefect's message says whose, and after how long.
    if state.exception is None or state.name == "TimedOut":
        return shortened(state.message or "")
    return described(state.exception)


def _context(run: RunRecord, family: Family) -> str:
    parts: list[str] = []
    for ancestor in family.ancestors(run)[:3]:
        ended = "" if ended_badly(ancestor) or not ancestor.states else f" ({ancestor.states[-1].name})"
        parts.append(f"in {ancestor.kind} {ancestor.name!r}{ended}")
    return ", ".join(parts)


# --- places -----------------------------------------------------------------------------------------


def blamed_frame(exception: ExceptionRecord | None, is_fake: Callable[[Frame], bool] = lambda _: False) -> Frame | None:
    """Return the innermost line of the user's code that raised an exception, or one that caused it.

    Lines of fakes, which a test put in the place of other code, are passed over where another one called them.
    """
    while exception is not None:
        # A group stands where its members were awaited; its first member is told as its cause.
        is_group = exception.type.endswith("ExceptionGroup") and exception.cause is not None and exception.cause.frames
        if exception.frames and not is_group:
            real = [frame for frame in exception.frames if not is_fake(frame)]
            return (real or exception.frames)[-1]
        exception = exception.cause
    return None


def _is_tests_own(case: CaseRecord, run: RunRecord) -> Callable[[Frame], bool]:
    """Return whether a frame is a test's doing, for a run whose code is not."""

    def is_tests_own(frame: Frame) -> bool:
        return frame.path == case.test.path or frame.path.rpartition("/")[2] == "conftest.py"

    return (lambda _: False) if run.path == case.test.path else is_tests_own


def _blamed(case: CaseRecord, run: RunRecord, state: StateRecord) -> Location:
    frame = blamed_frame(state.exception, _is_tests_own(case, run)) or state.returned_at
    if frame is not None:
        return frame_location(frame)
    began = any(state.type == "RUNNING" for state in run.states)
    if not began and run.called_at is not None:
        # Arguments that do not fit are the caller's.
        return frame_location(run.called_at)
    if run.path:
        return body_location(run)
    return body_location(run) if run.called_at is None else frame_location(run.called_at)


def _related(
    case: CaseRecord, run: RunRecord, exception: ExceptionRecord | None, family: Family, location: Location
) -> tuple[Related, ...]:
    found: list[Related] = []

    def add(frame: Frame | None, message: str) -> None:
        if frame is None:
            return
        place = frame_location(frame)
        known = (location, *(one.location for one in found))
        if not any(is_same_place(place, other) for other in known) and len(found) < MAX_RELATED:
            found.append(Related(place, message))

    inner = run
    for ancestor in family.ancestors(run):
        add(inner.called_at, f"called here, in {ancestor.kind} {ancestor.name!r}")
        for frame in _way_to(ancestor, exception):
            add(frame, f"on the way up, in {ancestor.kind} {ancestor.name!r}")
        inner = ancestor
    for failure in case.failures:
        for frame in reversed(failure.exception.frames):
            if frame.path == case.test.path:
                raised = exception is not None and is_same(exception, failure.exception)
                asserted = failure.exception.type == "AssertionError" and not raised
                add(frame, "asserted here" if asserted else "called here, in the test")
                break
    in_test = inner.called_at is not None and inner.called_at.path == case.test.path
    add(inner.called_at, "called here, in the test" if in_test else "called here")
    for frame in reversed(exception.frames if exception is not None else ()):
        add(frame, f"through {frame.function}")
    cause = None if exception is None else exception.cause
    if cause is not None and cause.frames:
        add(cause.frames[-1], f"caused by {described(cause)}")
    for state in _first_of_each(_failed_attempts(run)):
        if state.exception is not None and (exception is None or not is_same(state.exception, exception)):
            add(blamed_frame(state.exception), f"an earlier attempt: {described(state.exception)}")
    return tuple(found)


def _way_to(ancestor: RunRecord, exception: ExceptionRecord | None) -> tuple[Frame, ...]:
    """Return the lines of an ancestor's own code that an exception passed on its way up."""
    if exception is None or not ancestor.states:
        return ()
    theirs = ancestor.states[-1].exception
    if theirs is None or not is_same(theirs, exception) or len(theirs.frames) <= len(exception.frames):
        return ()
    return theirs.frames[len(theirs.frames) - len(exception.frames) - 1 :][:1]


def _failed_attempts(run: RunRecord) -> Iterator[StateRecord]:
    for state in run.states[:-1]:
        if state.exception is not None and state.name in ("AwaitingRetry", "Retrying"):
            yield state


def _first_of_each(states: Iterator[StateRecord]) -> Iterator[StateRecord]:
    """Yield the first state for each kind of failure: five attempts that end alike are one story."""
    told: list[ExceptionRecord] = []
    for state in states:
        exception = state.exception
        if exception is not None and not any(is_same(exception, other) for other in told):
            told.append(exception)
            yield state
