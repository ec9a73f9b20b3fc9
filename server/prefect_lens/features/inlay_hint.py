"""What became of a flow or task the last time, beside its `def` and beside each of its calls.

Where the last tests had it run several times, the failure of a test goes before what others came to: the lens above
says that a test failed, and here stands in which call.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_prefect_lens.states import BAD

from prefect_lens.features import counts
from prefect_lens.features.places import frame_location, line_span, test_node_id
from prefect_lens.features.results import function_id
from prefect_lens.features.shift import Shift, split_lines
from prefect_lens.model import Position, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_prefect_lens.wire import CaseRecord, RunRecord

    from prefect_lens.features.results import Batch
    from prefect_lens.features.view import View

MOST_TOLD = 5
"""How many states and tests a tooltip names."""


@dataclass(frozen=True)
class Hint:
    """A few words behind a piece of code."""

    at: Position
    label: str
    tooltip: str


@dataclass
class _Seen:
    """The runs that one place has begun."""

    shown: RunRecord
    failed_a_test: bool
    states: dict[str, int] = field(default_factory=dict[str, int])
    tests: dict[str, None] = field(default_factory=dict[str, None])


def inlay_hints(view: View, path: str, text: str, lines: Span) -> tuple[Hint, ...]:
    """Return the hints in a stretch of a file. What speaks of code that has changed since is left out.

    Args:
        view: what is known of the folder.
        path: the file.
        text: the file as it is now.
        lines: the stretch that the editor shows.
    """
    found: dict[Position, _Seen] = {}
    now = split_lines(text)
    for batch in view.results.batches:
        before = batch.texts.get(path)
        if before is None:
            continue
        shift = None if before == text else Shift(before, text)
        for place, run, case in _places(view, batch, path):
            span, is_same = (place, True) if shift is None else shift.span(place)
            if is_same and lines.start.line <= span.end.line <= min(lines.end.line, len(now) - 1):
                _add(found, Position(span.end.line, min(span.end.column, len(now[span.end.line]))), run, case)
    return tuple(Hint(at, _label(seen), _tooltip(seen)) for at, seen in sorted(found.items()))


def _places(view: View, batch: Batch, path: str) -> Iterator[tuple[Span, RunRecord, CaseRecord]]:
    """Yield where the runs of fresh results stand in a file: the call that began one, and the `def` line of a flow."""
    for case in batch.cases:
        if function_id(case.test) in view.stale:
            continue
        for run in case.runs:
            if not run.states:
                continue
            # A flow that a test calls is told at its `def`: in the test the next line says what came of it.
            is_called = run.kind == "task" or run.parent is not None
            if is_called and run.called_at is not None and run.called_at.path == path:
                yield frame_location(run.called_at).span, run, case
            if run.kind == "flow" and run.path == path and run.line > 0:
                yield line_span(run.line - 1), run, case


def _add(found: dict[Position, _Seen], at: Position, run: RunRecord, case: CaseRecord) -> None:
    failed = case.outcome in counts.BAD and run.states[-1].type in BAD
    seen = found.setdefault(at, _Seen(run, failed))
    if (failed, run.states[-1].time) >= (seen.failed_a_test, seen.shown.states[-1].time):
        seen.shown, seen.failed_a_test = run, failed
    name = _name(run)
    seen.states[name] = seen.states.get(name, 0) + 1
    seen.tests[test_node_id(case.test)] = None


def _label(seen: _Seen) -> str:
    run, number = seen.shown, sum(seen.states.values())
    state = run.states[-1]
    sign = "✗ " if state.type in BAD else "✓ " if state.type == "COMPLETED" else ""
    attempt = f", attempt {run.attempt}" if run.attempt > 1 else ""
    of = f" · {seen.states[_name(run)]} of {number} runs" if seen.failed_a_test and len(seen.states) > 1 else ""
    return f"{sign}{_name(run)}{attempt} · {_time(run)}{of}"


def _tooltip(seen: _Seen) -> str:
    """Return how often the place has begun a run in the latest results, how these ended, and in which tests."""
    number = sum(seen.states.values())
    ended = _listed({f"{count} {name}": None for name, count in seen.states.items()})
    runs = counts.plural(number, "run")
    which = "One" if seen.failed_a_test else "The last"
    first = f"{which} of {runs}: {ended}." if number > 1 else f"One {seen.shown.kind} run."
    return f"{first}\nBy {_listed(seen.tests)}."


def _listed(names: Mapping[str, None]) -> str:
    told = list(names)[:MOST_TOLD]
    more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
    return ", ".join(told) + more


def _name(run: RunRecord) -> str:
    return run.states[-1].name or run.states[-1].type


def _time(run: RunRecord) -> str:
    """Return how long a run took, from when it began to run; a cached one never did."""
    began = next((state.time for state in run.states if state.type == "RUNNING"), run.states[0].time)
    seconds = max(0.0, run.states[-1].time - began)
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else counts.seconds(seconds)
