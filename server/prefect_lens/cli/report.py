"""What `prefect-lens test` prints: for a person at a terminal, for a pipe, and as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from prefect_lens.features.diagnostics import diagnostics
from prefect_lens.features.results import node_id
from prefect_lens.features.severity import with_chosen
from prefect_lens.features.summary import Summary, summarize
from prefect_lens.model import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prefect_lens.engine.run import RunEvent
    from prefect_lens.model import Diagnostic, Location, RunResult


Chosen = Callable[[str], Mapping[str, str]]
"""Gives for a file the severities that its project chose."""


class Report(Protocol):
    """Hears what happens, and prints of it what its reader wants."""

    def nothing(self, why: str) -> None:
        """There is nothing to run."""
        ...

    def begin(self, problems: Sequence[Diagnostic], known: Sequence[str]) -> None:
        """Runs are about to start: mistakes in the configuration, and the node IDs of the tests that are known."""
        ...

    def hear(self, event: RunEvent) -> None:
        """Something happened in a run."""
        ...

    def end(self, results: Sequence[RunResult], seconds: float) -> str:
        """All runs have ended; return the outcome, a word of `Summary.outcome`."""
        ...


def report_for(chosen: Chosen, *, as_json: bool) -> Report:
    """Return the report for where standard output goes; `chosen` gives the severities that a file's project chose."""
    if as_json:
        return JsonReport(chosen)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from prefect_lens.cli.terminal import TerminalReport  # noqa: PLC0415  rich takes its time

        return TerminalReport(chosen)
    return PlainReport(chosen)


class PlainReport:
    """Findings as a linter prints them, one a line, then how it ended."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self._problems: tuple[Diagnostic, ...] = ()

    def nothing(self, why: str) -> None:
        """See `Report`."""
        print(why)

    def begin(self, problems: Sequence[Diagnostic], known: Sequence[str]) -> None:
        """See `Report`."""
        del known
        self._problems = tuple(problems)

    def hear(self, event: RunEvent) -> None:
        """See `Report`."""

    def end(self, results: Sequence[RunResult], seconds: float) -> str:
        """See `Report`."""
        for diagnostic in (*self._problems, *all_diagnostics(results, self._chosen)):
            if diagnostic.severity is not Severity.HINT:
                print(finding(diagnostic))
        return say_how_it_ended(results, seconds)


class JsonReport:
    """One object, when all is over."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self._problems: tuple[Diagnostic, ...] = ()

    def nothing(self, why: str) -> None:
        """See `Report`."""
        print(why, file=sys.stderr)
        print(json.dumps({"results": [], "diagnostics": [], "trouble": []}, indent=2))

    def begin(self, problems: Sequence[Diagnostic], known: Sequence[str]) -> None:
        """See `Report`."""
        del known
        self._problems = tuple(problems)

    def hear(self, event: RunEvent) -> None:
        """See `Report`."""

    def end(self, results: Sequence[RunResult], seconds: float) -> str:
        """See `Report`."""
        summary = summarize(results, seconds)
        found = (*self._problems, *all_diagnostics(results, self._chosen))
        variables = {node_id(case.test): list(one.variables) for one in results for case in one.cases if one.variables}
        about = {
            "results": [
                {"node_id": node, "outcome": outcome, "seconds": round(took, 6)}
                | ({"variables": variables[node]} if node in variables else {})
                for node, outcome, took in summary.results
            ],
            "diagnostics": [_diagnostic(diagnostic) for diagnostic in found],
            "trouble": [
                {
                    "code": trouble.code,
                    "what": trouble.what,
                    "cure": trouble.cure,
                    "cureIsCommand": trouble.cure_is_command,
                }
                for result in results
                for trouble in result.trouble
            ],
        }
        print(json.dumps(about, indent=2, ensure_ascii=False))
        return summary.outcome


def all_diagnostics(results: Iterable[RunResult], chosen: Chosen) -> tuple[Diagnostic, ...]:
    """Return what all runs found, in the order of files and lines."""
    found = (diagnostic for result in results for diagnostic in diagnostics(result))
    return tuple(sorted(with_chosen(found, chosen), key=lambda diagnostic: diagnostic.location))


def finding(diagnostic: Diagnostic) -> str:
    """Return a diagnostic as a linter prints it, in one line."""
    start = diagnostic.location.span.start
    message = " ".join(diagnostic.message.split())
    return printable(f"{diagnostic.location.path}:{start.line + 1}:{start.column + 1}: {diagnostic.code} {message}")


def printable(text: str) -> str:
    """Return text of the user's code without what would move a terminal's cursor or break a line."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def say_how_it_ended(results: Sequence[RunResult], seconds: float) -> str:
    """Print what a person should know beside the findings, then the last line; return the outcome."""
    for result in results:
        for trouble in result.trouble:
            if trouble.detail:
                print("\n".join(trouble.detail.rstrip().splitlines()[-40:]), file=sys.stderr, flush=True)
        gone = [node_id(test) for test in result.missing]
        if gone:
            print(printable(f"Not there any more: {', '.join(gone)}."), file=sys.stderr, flush=True)
    summary = summarize(results, seconds)
    print(printable(_last_line(results, summary)))
    return summary.outcome


def _last_line(results: Sequence[RunResult], summary: Summary) -> str:
    left_out = sum(len(result.deselected) for result in results)
    if summary.outcome == "nothing" and left_out:
        return f"No test ran: the project's own options left out {left_out}."
    return summary.message


def _diagnostic(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        **_place(diagnostic.location),
        "severity": diagnostic.severity.value,
        "code": diagnostic.code,
        "message": diagnostic.message,
        "related": [{**_place(related.location), "message": related.message} for related in diagnostic.related],
    }


def _place(location: Location) -> dict[str, Any]:
    return {"file": location.path, "line": location.span.start.line + 1, "column": location.span.start.column + 1}
