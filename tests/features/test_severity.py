from prefect_lens.features.severity import with_chosen
from prefect_lens.model import Diagnostic, Location, Position, Severity, Span

PLACE = Location("flows.py", Span(Position(0, 0), Position(0, 1)))
FAILED = Diagnostic(PLACE, Severity.ERROR, "PL101", "Task 'parse' Failed")
SWALLOWED = Diagnostic(PLACE, Severity.HINT, "PL101", "Task 'parse' Failed", setting="swallowed")


EXPECTED = Diagnostic(PLACE, Severity.HINT, "PL101", "Task 'parse' Failed", setting="expected")


def chosen(**severities):
    return with_chosen([FAILED, SWALLOWED, EXPECTED], lambda path: severities if path == "flows.py" else {})


def test_a_code_is_given_another_severity_or_switched_off():
    assert [one.severity for one in chosen(PL101="warning")] == [Severity.WARNING, Severity.HINT]
    assert chosen(PL101="off") == [SWALLOWED]


def test_what_a_test_swallowed_has_a_key_of_its_own():
    assert [one.severity for one in chosen(swallowed="error")] == [Severity.ERROR, Severity.ERROR]
    assert chosen(swallowed="off") == [FAILED]


def test_what_a_test_waited_for_is_told_where_somebody_wants_it():
    assert [one.severity for one in chosen(expected="information")] == [
        Severity.ERROR,
        Severity.HINT,
        Severity.INFORMATION,
    ]


def test_without_a_choice_all_else_stays():
    assert chosen(PL102="error") == [FAILED, SWALLOWED]
