"""A run in one line and in the few values that a client gets as its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.features import counts
from prefect_lens.features.results import node_id
from prefect_lens.model import Ending, RunResult, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Summary:
    """How a run over one or several projects ended."""

    ending: Ending
    outcome: str
    """`passed`, `failed`, `cancelled`, `broken` or `nothing`."""
    seconds: float
    counts: Mapping[str, int]
    """Cases by pytest's outcome."""
    message: str
    results: tuple[tuple[str, str, float], ...]
    """Node ID, outcome and seconds of each case."""
    trouble: Trouble | None


def summarize(runs: Sequence[RunResult], seconds: float) -> Summary:
    """Return what the runs of one click, one for each project, say together."""
    cases = tuple(case for run in runs for case in run.cases)
    found = counts.count(case.outcome for case in cases)
    errors = sum(len(run.collect_errors) for run in runs)
    ending = _ending(runs)
    trouble = next((trouble for run in runs for trouble in run.trouble), None)
    outcome = _outcome(ending, found, errors)
    return Summary(
        ending,
        outcome,
        seconds,
        found,
        _message(outcome, found, errors, seconds, trouble),
        tuple((node_id(case.test), case.outcome, case.seconds) for case in cases),
        trouble,
    )


def _ending(runs: Sequence[RunResult]) -> Ending:
    for ending in (Ending.BROKEN, Ending.CANCELLED):
        if any(run.ending is ending for run in runs):
            return ending
    return Ending.COMPLETE


def _outcome(ending: Ending, found: Mapping[str, int], errors: int) -> str:
    if ending is Ending.BROKEN:
        return "broken"
    if ending is Ending.CANCELLED:
        return "cancelled"
    if errors or not counts.BAD.isdisjoint(found):
        return "failed"
    return "passed" if found else "nothing"


def _message(outcome: str, found: Mapping[str, int], errors: int, seconds: float, trouble: Trouble | None) -> str:
    parts = [counts.in_words(found)] if found else []
    if errors:
        parts.append(f"{counts.plural(errors, 'file')} could not be collected")
    words = ", ".join(parts)
    match outcome:
        case "broken":
            why = trouble.message if trouble is not None else "the machinery failed"
            return f"Could not run: {why}" + (f" ({words} before)" if words else "")
        case "cancelled":
            return f"Cancelled after {seconds:.2f} s" + (f": {words}" if words else "")
        case "nothing":
            return "No test ran"
        case _:
            return f"{words} in {seconds:.2f} s"
