"""How a definition stands: what its lens, its code actions and a test view all show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.features import counts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefect_lens.features.view import LiveRun, View
    from prefect_lens.model import Trouble


@dataclass(frozen=True)
class NotRun:
    """No test of it has a result."""


@dataclass(frozen=True)
class Queued:
    """A run of its tests waits for another one."""

    run: str


@dataclass(frozen=True)
class Fetching:
    """A run of its tests waits for the variables that they get."""

    run: str


@dataclass(frozen=True)
class Running:
    """Its tests run."""

    run: str
    done: int
    total: int


@dataclass(frozen=True)
class Ended:
    """Its tests have run."""

    counts: Mapping[str, int]
    """Test functions by outcome, the one that matters most first."""
    seconds: float
    is_stale: bool
    """Whether the code has changed since."""
    not_run: int
    """How many of its tests have no result."""

    @property
    def is_bad(self) -> bool:
        """Whether a test failed."""
        return not counts.BAD.isdisjoint(self.counts)


@dataclass(frozen=True)
class CouldNotRun:
    """The machinery failed before its tests had a result."""

    trouble: Trouble


Status = NotRun | Queued | Fetching | Running | Ended | CouldNotRun


def status(view: View, functions: Sequence[str]) -> Status:
    """Return how a definition stands of which these are the test functions, by node ID."""
    for run in view.live:
        asked = [function for function in functions if function in run.asked]
        if not asked:
            continue
        if run.is_waiting:
            return Queued(run.run)
        if run.is_fetching:
            return Fetching(run.run)
        done = sum(run.is_done(function) for function in asked)
        if done < len(asked):
            return Running(run.run, done, len(asked))
    for function in functions:
        if (trouble := view.results.troubles.get(function)) is not None:
            return CouldNotRun(trouble)
    outcomes: list[str] = []
    seconds = 0.0
    for function in functions:
        if (outcome := _outcome(view, function)) is not None:
            outcomes.append(outcome[0])
            seconds += outcome[1]
    if not outcomes:
        return NotRun()
    return Ended(
        counts.count(outcomes),
        seconds,
        any(function in view.stale for function in functions),
        len(functions) - len(outcomes),
    )


def _outcome(view: View, function: str) -> tuple[str, float] | None:
    for run in view.live:
        if run.is_done(function):
            return _of_run(run, function)
    if (result := view.results.tests.get(function)) is not None:
        return result.outcome, result.seconds
    if function.partition("::")[0] in view.results.collect_errors:
        return "error", 0.0
    return None


def _of_run(run: LiveRun, function: str) -> tuple[str, float]:
    cases = run.cases[function]
    return counts.worst(case.outcome for case in cases), sum(case.seconds for case in cases)
