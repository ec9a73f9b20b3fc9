"""How a test and its runs failed, as tracebacks: pytest's own where it has one, else the frames of the user's code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.features.places import test_node_id
from prefect_lens.features.stories import ended_badly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_prefect_lens.wire import CaseRecord, ExceptionRecord

    from prefect_lens.features.results import Results


def traceback_text(results: Results, tests: frozenset[str]) -> str:
    """Return the tracebacks of some cases, by node ID; empty where none of them, and nothing in them, failed."""
    parts = [
        part
        for batch in results.batches
        for case in batch.cases
        if test_node_id(case.test) in tests
        for part in _of(case, batch.texts)
    ]
    return "\n\n".join(parts)


def _of(case: CaseRecord, texts: Mapping[str, str]) -> Iterator[str]:
    name = test_node_id(case.test)
    for failure in case.failures:
        yield f"{name}, {failure.phase}\n\n{failure.text.rstrip()}"
    for run in case.runs:
        failed = [state for state in run.states if state.exception is not None]
        # Attempts that were followed by a better one are told, too: they are what one looks for in a flaky task.
        for state in failed if not ended_badly(run) else failed[-1:]:
            if state.exception is not None:
                title = f"{run.kind.capitalize()} {run.name!r} {state.name or state.type}, in {name}"
                yield "\n".join((title, "", *_lines(state.exception, texts)))


def _lines(exception: ExceptionRecord, texts: Mapping[str, str]) -> Iterable[str]:
    """Yield an exception as Python writes it, what caused it first."""
    if exception.cause is not None:
        yield from _lines(exception.cause, texts)
        yield from ("", "The above exception was the direct cause of the following exception:", "")
    if exception.frames:
        yield "Traceback (most recent call last, frames of your code alone):"
    for frame in exception.frames:
        yield f'  File "{frame.path}", line {frame.line}, in {frame.function}'
        lines = texts.get(frame.path, "").split("\n")
        if 0 < frame.line <= len(lines) and lines[frame.line - 1].strip():
            yield f"    {lines[frame.line - 1].strip()}"
    yield f"{exception.type}: {exception.message}" if exception.message else exception.type
