"""The lenses above flows and tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prefect_lens.features import counts
from prefect_lens.features.status import CouldNotRun, Ended, Fetching, NotRun, Queued, Running, Status, status
from prefect_lens.model import Definition, Evidence, How, Match, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prefect_lens.features.view import View

MOST_REASONS = 10
"""How many tests a tooltip lists."""


@dataclass(frozen=True)
class Call:
    """A command of the server, and what to give it."""

    command: str
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class Lens:
    """A line of text above a definition that does something when it is clicked."""

    definition: Definition
    span: Span
    title: str
    call: Call
    tooltip: str | None = None


def code_lenses(view: View, path: str) -> tuple[Lens, ...]:
    """Return the lenses of a file, from its top to its end."""
    found = [
        lens
        for definition, matches in view.defined(path).items()
        for lens in _lenses_of(view, definition, matches, path)
    ]
    return tuple(sorted(found, key=lambda lens: lens.span))


def _lenses_of(view: View, definition: Definition, matches: tuple[Match, ...], path: str) -> Iterator[Lens]:
    lines = tuple(_lines(view, definition, matches, is_sure=view.is_sure(path)))
    places = [place for place in (definition.location, definition.declared_at) if place and place.path == path]
    for place in {place.span.start.line: place for place in places}.values():
        for title, call, tooltip in lines:
            yield Lens(definition, place.span, title, call, tooltip)


def _lines(
    view: View, definition: Definition, matches: tuple[Match, ...], *, is_sure: bool
) -> Iterator[tuple[str, Call, str | None]]:
    target: Mapping[str, object] = {"target": definition.entrypoint}
    run = Call("run", {"scope": "targets", "targets": [definition.entrypoint]})
    if not matches and is_sure:
        yield "No tests", Call("suggestTest", target), "No test exercises this. Click to see where one could go."
        return
    # Until every file has been read, there may be more of them.
    tests = counts.plural(len(matches), "test") if is_sure else "tests"
    if not view.may_run:
        yield f"▶ Trust to run {tests}", Call("requestTrust"), "Nothing of an untrusted workspace is run."
        return
    if not is_sure:
        yield f"▶ Run {tests}", run, view.why_unsure
        return
    now = status(view, tuple(match.test.node_id for match in matches))
    match now:
        case Queued():
            yield "… queued", Call("cancel", {"run": now.run}), "Waits for the run before it. Click to cancel."
        case Fetching():
            yield "■ Fetching secrets…", Call("cancel", {"run": now.run}), "The run waits for them. Click to cancel."
        case Running():
            yield f"■ Running {now.done}/{now.total}", Call("cancel", {"run": now.run}), "Click to cancel."
        case NotRun() | Ended() | CouldNotRun():
            yield f"▶ Run {tests}", run, tooltip(matches)
            if view.can_debug:
                yield "Debug", Call("debug", run.arguments), "Run them with the debugger attached."
            if (title := in_short(now)) is not None:
                yield title, _second(now, target), _second_tooltip(now)


def in_short(now: Status) -> str | None:
    """Return how the last run ended, in a few words; None before there was one."""
    match now:
        case CouldNotRun():
            return f"⚠ could not run: {_clause(now.trouble.what)}"
        case Ended(is_stale=True):
            return f"○ {counts.in_words(now.counts)}, before the last edit"
        case Ended():
            sign = "✗" if now.is_bad else "✓" if not counts.GOOD.isdisjoint(now.counts) else "○"
            waiting = f" · {now.not_run} not run" if now.not_run else ""
            return f"{sign} {counts.in_words(now.counts, ' · ')}{waiting} · {counts.seconds(now.seconds)}"
        case NotRun() | Queued() | Fetching() | Running():
            return None


def tooltip(matches: tuple[Match, ...]) -> str:
    """Return how many tests reach a definition directly and indirectly, and why."""
    lines = [summary(matches)]
    lines += [match.reason for match in matches[:MOST_REASONS]]
    if len(matches) > MOST_REASONS:
        lines.append(f"… and {len(matches) - MOST_REASONS:,} more")
    return "\n".join(lines)


def summary(matches: tuple[Match, ...]) -> str:
    """Return `3 tests: 2 direct, 1 indirect · 2 seen to run`."""
    direct = sum(match.how is How.DIRECT for match in matches)
    seen = sum(match.evidence is not Evidence.CODE for match in matches)
    parts = [f"{direct} direct"] if direct else []
    if direct < len(matches):
        parts.append(f"{len(matches) - direct} indirect")
    return f"{counts.plural(len(matches), 'test')}: {', '.join(parts)}" + (f" · {seen} seen to run" if seen else "")


def _second(now: Status, target: Mapping[str, object]) -> Call:
    match now:
        case CouldNotRun():
            return Call("showTrouble", target)
        case Ended() if now.is_bad:
            return Call("goToFailure", target)
        case _:
            return Call("showOutput", target)


def _second_tooltip(now: Status) -> str:
    match now:
        case CouldNotRun():
            return now.trouble.message
        case Ended() if now.is_bad:
            return "Go to the first failure."
        case _:
            return "Show the output."


def _clause(sentence: str, limit: int = 80) -> str:
    """Return a sentence as the end of another one: its first line, without its full stop, not too long."""
    line = sentence.strip().partition("\n")[0].removesuffix(".")
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
