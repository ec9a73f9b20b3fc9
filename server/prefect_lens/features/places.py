"""Places in the records of a run, as locations. Python counts lines and columns from 1, we count from 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.model import Location, Position, Span

if TYPE_CHECKING:
    from pytest_prefect_lens.wire import Frame, RunRecord, TestId

_TO_THE_END = 1_000
"""Where a column is not known: behind the end of the line, which every client takes for the end."""


def frame_location(frame: Frame) -> Location:
    """Return the stretch of text that a frame was at."""
    line = max(frame.line - 1, 0)
    start = Position(line, max((frame.column or 1) - 1, 0))
    if frame.end_line is None or frame.end_column is None or frame.column is None:
        return Location(frame.path, Span(start, Position(line, max(start.column, _TO_THE_END))))
    return Location(frame.path, Span(start, max(Position(frame.end_line - 1, frame.end_column - 1), start)))


def body_location(run: RunRecord) -> Location:
    """Return the name in the `def` of a run's function."""
    line = max(run.line - 1, 0)
    if run.column is None or run.end_column is None:
        return Location(run.path, line_span(line))
    return Location(run.path, Span(Position(line, run.column - 1), Position(line, run.end_column - 1)))


def line_span(line: int) -> Span:
    """Return a whole line."""
    return Span(Position(line, 0), Position(line, _TO_THE_END))


def file_location(path: str) -> Location:
    """Return the first line of a file, for what concerns all of it."""
    return Location(path, Span(Position(0, 0), Position(0, 0)))


def is_same_place(one: Location, other: Location) -> bool:
    """Whether two locations are on the same line."""
    return one.path == other.path and one.span.start.line == other.span.start.line


def test_node_id(test: TestId) -> str:
    """Return the node ID of a case, with its parameters."""
    node_id = "::".join((test.path, *test.names))
    return node_id if test.params is None else f"{node_id}[{test.params}]"


test_node_id.__test__ = False  # type: ignore[attr-defined]  # pytest would take the name for a test's
