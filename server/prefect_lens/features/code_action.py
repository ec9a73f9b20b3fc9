"""Every lens as a code action, for editors that show no lenses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.features.code_lens import Call, code_lenses

if TYPE_CHECKING:
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


def _kind(call: Call) -> str:
    return SOURCE if call.command in ("suggestTest", "showOutput") else RUN


def _title(title: str, name: str) -> str:
    """Return a lens' title with the name of what it stands above: a menu shows it without its place."""
    return f"{title} ({name})"
