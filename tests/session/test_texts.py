import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect_lens.model import Position, Span
from prefect_lens.session.texts import edited, line_starts, lines


def span(start_line, start, end_line, end):
    return Span(Position(start_line, start), Position(end_line, end))


@pytest.mark.parametrize(
    ("before", "where", "new", "after"),
    [
        ("abc", span(0, 1, 0, 2), "X", "aXc"),
        ("a\nb\nc", span(0, 1, 2, 0), "", "ac"),
        ("a\r\nb\r\n", span(1, 0, 1, 1), "x", "a\r\nx\r\n"),
        ("a\rb", span(1, 0, 1, 1), "x", "a\rx"),
        ("a\n", span(1, 0, 1, 0), "b\n", "a\nb\n"),
        ("", span(0, 0, 0, 0), "new", "new"),
        ("old", None, "new", "new"),
        ("a\fb\u2028c\nd", span(1, 0, 1, 1), "x", "a\fb\u2028c\nx"),
        ("ab", span(5, 0, 9, 9), "c", "abc"),
        ("ab\ncd", span(1, 1, 0, 0), "x", "ab\ncxd"),
    ],
)
def test_an_edit_replaces_its_stretch(before, where, new, after):
    assert edited(before, where, new) == after


@given(st.text("ab\r\n\f\u2028", max_size=20))
def test_lines_begin_where_the_ones_before_end(text):
    assert len(line_starts(text)) == len(lines(text))
    for start, line in zip(line_starts(text), lines(text), strict=True):
        assert text[start : start + len(line)] == line
