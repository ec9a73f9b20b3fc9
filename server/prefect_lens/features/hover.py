"""What a cursor on a flow or task tells: how it is written, its tests, how they ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.features.code_lens import in_short, summary
from prefect_lens.features.source import Source
from prefect_lens.features.status import Fetching, Queued, Running, status
from prefect_lens.model import Evidence, How

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefect_lens.features.view import View
    from prefect_lens.model import Definition, Match, Position, Span

MOST_TESTS = 5
"""How many tests are listed."""


@dataclass(frozen=True)
class Pointed:
    """A definition that a place in a file names, and where its name stands there."""

    definition: Definition
    span: Span


def pointed(view: View, path: str, source: Source, position: Position) -> Pointed | None:
    """Return the definition whose name stands at a position: in its `def`, at a call, in an import."""
    for definition in view.snapshot.definitions(path):
        for place in (definition.location, definition.declared_at):
            if place is not None and place.path == path and place.span.start <= position <= place.span.end:
                return Pointed(definition, place.span)
    word = source.word(position)
    if word is None:
        return None
    found = view.snapshot.named(path, word.around, word.names)
    return Pointed(found[0], word.span) if found else None


def hover(view: View, definition: Definition, text: Callable[[str], str | None]) -> str:
    """Return what there is to say of a definition, as Markdown.

    Args:
        view: what is known.
        definition: a flow or task.
        text: gives the text of a file.
    """
    written = Source(text(definition.location.path) or "").written(definition.location.span.start)
    parts = [f"**{definition.kind}** {_code(definition.name)} · {_code(definition.entrypoint)}"]
    if written is not None:
        parts.append("\n".join(("```python", *written.decorators, written.head, "```")))
        if written.doc:
            parts.append(written.doc)
    if deployed := [one for one, flow in view.snapshot.deployments() if flow == definition]:
        parts.append("Deployed as " + ", ".join(f"{_code(one.name)} ({one.location.path})" for one in deployed))
    parts.append("\n".join(_tests(view, definition)))
    return "\n\n".join(parts)


def _tests(view: View, definition: Definition) -> Iterator[str]:
    matches = view.matches(definition)
    if view.why_unsure:
        yield f"{view.why_unsure}\n"
    elif not matches:
        yield "No tests"
    if not matches:
        return
    yield f"{summary(matches)}{_ended(view, matches)}\n"
    for match in matches[:MOST_TESTS]:
        is_plain = match.how is How.DIRECT and match.evidence is Evidence.CODE
        yield f"- {_code(match.test.node_id)}" + ("" if is_plain else f": {match.reason}")
    if len(matches) > MOST_TESTS:
        yield f"- … and {len(matches) - MOST_TESTS:,} more"


def _ended(view: View, matches: tuple[Match, ...]) -> str:
    match status(view, tuple(match.test.node_id for match in matches)):
        case Queued():
            return " · queued"
        case Fetching():
            return " · fetching secrets"
        case Running() as now:
            return f" · running {now.done}/{now.total}"
        case now:
            short = in_short(now)
            return f" · {short}" if short is not None else ""


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"
