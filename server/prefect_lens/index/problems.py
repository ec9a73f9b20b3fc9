"""The codes of what the index finds wrong by reading. They stand beside the states' codes and never change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.model import Diagnostic, Location, Position, Severity, Span

if TYPE_CHECKING:
    from prefect_lens.index.facts import SyntaxProblem

SYNTAX_ERROR = "PL501"
CONFIG_DOES_NOT_PARSE = "PL502"
UNKNOWN_KEY = "PL503"
WRONG_TYPE = "PL504"
UNREADABLE_FILE = "PL505"
NO_SUCH_FLOW = "PL506"
IMPOSSIBLE = "PL507"
CREDENTIAL = "PL508"
IN_A_FILE = "PL509"
NO_SUCH_PARAMETER = "PL510"
TOO_OLD = "PL511"


def syntax_error(path: str, error: SyntaxProblem) -> Diagnostic:
    """Return what is wrong with a file that is no Python."""
    span = Span(Position(error.line, error.column), Position(error.line, error.column + 1))
    return Diagnostic(Location(path, span), Severity.ERROR, SYNTAX_ERROR, f"Syntax error: {error.message}.")
