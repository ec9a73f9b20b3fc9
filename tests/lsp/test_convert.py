import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types
from prefect_lens.lsp.convert import Columns, capability, from_range, to_diagnostics, to_range
from prefect_lens.model import Diagnostic, Location, Position, Related, Severity, Span

LINE = "x = 'ö流🎉'; y"


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 17), ("utf-16", 12), ("utf-32", 11)])
def test_columns_are_counted_as_negotiated(encoding, column):
    columns = Columns(encoding)
    assert columns.to_client(LINE, LINE.index("y") - 1) == column - 1
    assert columns.to_client(LINE, LINE.index("y")) == column
    assert columns.from_client(LINE, column) == LINE.index("y")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
@given(line=st.text(st.characters(exclude_characters="\r\n")), data=st.data())
def test_a_column_survives_the_way_to_the_client_and_back(encoding, line, data):
    columns = Columns(encoding)
    column = data.draw(st.integers(0, len(line)))
    assert columns.from_client(line, columns.to_client(line, column)) == column


def test_a_column_inside_of_a_character_is_that_before_it():
    assert Columns("utf-16").from_client("🎉x", 1) == 0
    assert Columns("utf-8").from_client("🎉x", 3) == 0


def test_a_column_behind_the_line_is_its_end():
    assert Columns("utf-16").from_client("ö", 99) == 1


def test_a_line_that_is_not_there_counts_as_empty():
    span = Span(Position(7, 3), Position(9, 4))
    range_ = to_range(Columns("utf-16"), ["only"], span)
    assert (range_.start.line, range_.start.character, range_.end.character) == (7, 3, 4)
    assert from_range(Columns("utf-16"), ["only"], range_) == span


def test_related_places_stand_in_the_message_for_a_client_that_shows_none():
    place = Location("flows/a.py", Span(Position(4, 0), Position(4, 1)))
    one = Diagnostic(place, Severity.ERROR, "PL101", "failed", related=(Related(place, "called here"),))
    [shown] = to_diagnostics(Columns("utf-16"), [one], lambda _: [], lambda path: f"file:///{path}", related=False)
    assert shown.message == "failed\n  flows/a.py:5  called here"
    assert shown.related_information is None


def test_a_capability_that_nobody_spoke_of_is_not_there():
    assert not capability(types.ClientCapabilities(), "workspace.code_lens.refresh_support")
    lens = types.CodeLensWorkspaceClientCapabilities(refresh_support=True)
    there = types.ClientCapabilities(types.WorkspaceClientCapabilities(code_lens=lens))
    assert capability(there, "workspace.code_lens.refresh_support")
