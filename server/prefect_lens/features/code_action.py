"""What can be done at a place: every lens, for editors that show none, and what a diagnostic asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.features import counts
from prefect_lens.features.code_lens import Call, code_lenses

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.features.view import View
    from prefect_lens.model import Span

RUN = "quickfix.prefectLens.run"
SOURCE = "source.prefectLens"
KINDS = (RUN, SOURCE)


@dataclass(frozen=True)
class Action:
    """Something to do at a definition."""

    title: str
    kind: str
    call: Call


def code_actions(view: View, path: str, span: Span) -> tuple[Action, ...]:
    """Return what can be done on the lines of a span."""
    return tuple(
        Action(_title(lens.title, lens.definition.name), _kind(lens.call), lens.call)
        for lens in code_lenses(view, path)
        if span.start.line <= lens.span.end.line and lens.span.start.line <= span.end.line
    )


def for_diagnostic(
    text: str,
    tests: tuple[str, ...],
    *,
    may_run: bool,
    debug_at: tuple[str, int] | None = None,
    swallowed: str = "",
) -> tuple[Action, ...]:
    """Return what can be done about a diagnostic that a run has shown.

    Args:
        text: all that it says, and where.
        tests: the node IDs of the cases that showed it.
        may_run: whether the user trusts the workspace.
        debug_at: the path and the line at which its debugger is to stop; None for an editor that has none.
        swallowed: the name of the state that the tests did not look at, where it tells of one and can be marked.
    """
    return tuple(_for_diagnostic(text, tests, may_run=may_run, debug_at=debug_at, swallowed=swallowed))


def _for_diagnostic(
    text: str, tests: tuple[str, ...], *, may_run: bool, debug_at: tuple[str, int] | None, swallowed: str
) -> Iterator[Action]:
    if tests:
        name = tests[0].rpartition("::")[2] if len(tests) == 1 else f"these {counts.plural(len(tests), 'test')}"
        these = {"tests": list(tests)}
        if may_run:
            yield Action(f"Run {name} again", RUN, Call("run", {"scope": "tests", **these}))
        if may_run and debug_at is not None:
            stop = {"path": debug_at[0], "line": str(debug_at[1])}
            yield Action(f"Debug {name}", RUN, Call("debug", {"scope": "tests", **these, **stop}))
        yield Action(f"Open the traceback of {name}", RUN, Call("showTraceback", these))
        yield Action(f"Show the output of {name}", RUN, Call("showOutput", these))
        if swallowed:
            yield Action(f"Mark {swallowed} as expected", RUN, Call("markExpected", {**these, "state": swallowed}))
    yield Action("Copy what it says", RUN, Call("copy", {"text": text}))


def _kind(call: Call) -> str:
    return SOURCE if call.command in ("suggestTest", "showOutput") else RUN


def _title(title: str, name: str) -> str:
    """Return a lens' title with the name of what it stands above: a menu shows it without its place."""
    return f"{title} ({name})"
