"""Runs as text: a headline for one, a picture of the tree for all. Needs the standard library alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_prefect_lens.frames import text_of, type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_prefect_lens.result import Run

_LONGEST = 160
_MOST = 200
"""Lines of a picture; of a flow with thousands of tasks the rest is counted."""


def headline(run: Run[Any]) -> str:
    """Return one line: what ran, how it ended, how long it took, what it raised."""
    parts = [f"{run.kind} {run.name}"]
    if run.run_name and run.run_name != run.name:
        parts[0] += f" ({run.run_name})"
    parts.append(f"{run.state_name}, {run.seconds:.2f} s")
    if run.retries:
        parts.append(f"attempt {run.attempts}")
    if len(run.transitions) > 2 and (run.retries or not run.is_completed):
        parts.append(" → ".join(run.states))
    error, said = run.exception, cast("Any", run).state.message
    if error is not None:
        parts.append(f"{type_name(type(error))}: {text_of(error)}")
    elif not run.is_completed and said:
        parts.append(str(said))
    line = " · ".join(" ".join(part.split()) for part in parts)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def short(run: Run[Any]) -> str:
    """Return a word or two: the run and its state."""
    return f"{run.run_name or run.name} {run.state_name}"


def picture(run: Run[Any]) -> str:
    """Return the tree of a run, a line for each run in it."""
    lines = list(_lines(run))
    left = len(lines) - _MOST
    return "\n".join(lines if left <= 0 else [*lines[:_MOST], f"… and {left} more runs"])


def one_of(name: str, what: str, found: list[tuple[Any, Any]], run: Run[Any]) -> Any:
    """Return the one thing of a name that a run made.

    Raises:
        LookupError: there is none, or more than one; it names those that there are.
    """
    __tracebackhide__ = True
    wanted = [value for known, value in found if known == name]
    if len(wanted) == 1:
        return wanted[0]
    known = ", ".join(dict.fromkeys(repr(one) for one, _ in found if not str(one).startswith("prefect."))) or "no other"
    count = f"{len(wanted)} {what}s {name!r}, not one" if wanted else f"no {what} {name!r}"
    raise LookupError(f"{run.name!r} made {count}. It made {known}.")


def not_once(kind: str, asked: str, times: int, run: Run[Any]) -> str:
    """Return what to say where something ran not once, with the tree of what ran."""
    what = f"the {kind} {asked!r} {times} times, not once" if times else f"no {kind} {asked!r}"
    return f"{run.name!r} ran {what}:\n{run}"


def _lines(run: Run[Any], first: str = "", rest: str = "") -> Iterator[str]:
    yield first + headline(run)
    for child in run.children:
        last = child is run.children[-1]
        yield from _lines(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
