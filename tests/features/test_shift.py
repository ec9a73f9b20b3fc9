import pytest
from prefect_lens.features.shift import Shift, shifted
from prefect_lens.model import Diagnostic, Location, Position, Severity, Span

BEFORE = "import a\n\ndef f():\n    x = 1\n    raise ValueError\n\ndef g():\n    pass\n"


def at(line, column=4, end=None):
    return Span(Position(line, column), Position(line, column + 5 if end is None else end))


@pytest.mark.parametrize(
    ("after", "line"),
    [
        (BEFORE, 4),
        ("# new\n" + BEFORE, 5),
        (BEFORE.replace("import a\n", ""), 3),
        (BEFORE + "# end\n", 4),
        (BEFORE.replace("x = 1", "x = 2\n    y = 3"), 5),
        (BEFORE.replace("import a", "import b").replace("pass", "return"), 4),
        (BEFORE.replace("\n", "\r\n"), 4),
    ],
)
def test_a_line_is_followed_through_edits_around_it(after, line):
    assert Shift(BEFORE, after).span(at(4)) == (at(line), True)


def test_an_edited_line_stays_where_it_was_and_is_known_to_be_another():
    span, is_same = Shift(BEFORE, BEFORE.replace("raise ValueError", "return")).span(at(4))
    assert not is_same
    assert span.start.line == span.end.line == 4
    assert span.start <= span.end


@pytest.mark.parametrize("after", ["", "\n", "x", BEFORE.replace("    raise ValueError\n", "")])
def test_a_line_that_has_gone_leaves_a_place_inside_of_the_text(after):
    span, is_same = Shift(BEFORE, after).span(at(4))
    assert not is_same
    assert 0 <= span.start.line <= after.count("\n")
    assert span.start <= span.end


def test_form_feeds_and_line_separators_end_no_line():
    before = "a\f\u2028b\nraise\n"
    assert Shift(before, "new\n" + before).span(at(1, 0)) == (at(2, 0), True)


def diagnostic(message="Task 'parse' Failed\nin flow 'orders'"):
    return Diagnostic(Location("f.py", at(4)), Severity.ERROR, "PL101", message, tests=("t.py::test",))


def test_a_diagnostic_moves_with_its_line():
    [one] = shifted([diagnostic()], {"f.py": BEFORE}, {"f.py": "# new\n" + BEFORE}.get, lambda _: False)
    assert one.location.span == at(5)
    assert one.message == diagnostic().message


def test_a_diagnostic_of_older_code_says_so_in_its_first_line():
    [one] = shifted([diagnostic()], {"f.py": BEFORE}, {"f.py": BEFORE}.get, lambda _: True)
    assert one.message == "Task 'parse' Failed (before the last edit)\nin flow 'orders'"


def test_a_diagnostic_on_an_edited_line_is_of_older_code():
    after = BEFORE.replace("raise ValueError", "return")
    [one] = shifted([diagnostic()], {"f.py": BEFORE}, {"f.py": after}.get, lambda _: False)
    assert "(before the last edit)" in one.message


def test_a_file_that_has_gone_keeps_its_diagnostics_place():
    [one] = shifted([diagnostic()], {"f.py": BEFORE}, lambda _: None, lambda _: False)
    assert one == diagnostic()
