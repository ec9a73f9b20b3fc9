"""Our types as the protocol's, and back: columns, ranges, lenses, actions, diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from prefect_lens.lsp.uris import to_path
from prefect_lens.model import Diagnostic, Location, Position, Severity, Span

if TYPE_CHECKING:
    from prefect_lens.features.code_action import Action
    from prefect_lens.features.code_lens import Call, Lens

PREFIX = "prefectLens.server."
SOURCE = "prefect-lens"

Lines = Callable[[str], Sequence[str]]
"""Gives the lines of a file, by its path."""

ToUri = Callable[[str], str]
"""Gives the URI of a file, by its path."""

_SEVERITIES = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.INFORMATION: types.DiagnosticSeverity.Information,
    Severity.HINT: types.DiagnosticSeverity.Hint,
}


class Columns:
    """Columns as a client counts them. Ours are code points; a client's are units of the encoding it negotiated."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding

    def to_client(self, line: str, column: int) -> int:
        """Return a column of ours in the client's units."""
        if self.encoding == types.PositionEncodingKind.Utf32 or line.isascii():
            return column
        return self._units(line[:column]) + max(0, column - len(line))

    def from_client(self, line: str, column: int) -> int:
        """Return a client's column in code points. One inside of a character becomes that before it."""
        if self.encoding == types.PositionEncodingKind.Utf32 or line.isascii():
            return column
        units = 0
        for index, character in enumerate(line):
            units += self._units(character)
            if units > column:
                return index
        return len(line)

    def _units(self, text: str) -> int:
        if self.encoding == types.PositionEncodingKind.Utf8:
            return len(text.encode("utf-8", "surrogatepass"))
        return len(text.encode("utf-16-le", "surrogatepass")) // 2


def to_position(columns: Columns, lines: Sequence[str], position: Position) -> types.Position:
    """Return a position as the protocol has it."""
    line = lines[position.line] if position.line < len(lines) else ""
    return types.Position(position.line, columns.to_client(line, position.column))


def to_range(columns: Columns, lines: Sequence[str], span: Span) -> types.Range:
    """Return a span as the protocol has it."""
    return types.Range(to_position(columns, lines, span.start), to_position(columns, lines, span.end))


def from_range(columns: Columns, lines: Sequence[str], range_: types.Range) -> Span:
    """Return a range of the protocol as a span."""

    def position(one: types.Position) -> Position:
        line = lines[one.line] if one.line < len(lines) else ""
        return Position(one.line, columns.from_client(line, one.character))

    return Span(position(range_.start), position(range_.end))


def to_command(call: Call, title: str, folder: str, tooltip: str | None = None) -> types.Command:
    """Return a call of ours as a command that the server executes."""
    return types.Command(title, PREFIX + call.command, tooltip, [{"folder": folder, **call.arguments}])


def to_code_lens(columns: Columns, lines: Sequence[str], folder: str, lens: Lens) -> types.CodeLens:
    """Return a lens, its command with it, and what is needed to bring it up to date later."""
    return types.CodeLens(
        to_range(columns, lines, lens.span),
        to_command(lens.call, lens.title, folder, lens.tooltip),
        {"folder": folder, "entrypoint": lens.definition.entrypoint, "command": lens.call.command},
    )


def to_code_action(folder: str, action: Action, diagnostic: types.Diagnostic | None = None) -> types.CodeAction:
    """Return an action, its command with it, and the diagnostic that it is about."""
    command = to_command(action.call, action.title, folder)
    return types.CodeAction(
        action.title, action.kind, [diagnostic] if diagnostic is not None else None, command=command
    )


def to_diagnostics(
    columns: Columns, diagnostics: Iterable[Diagnostic], lines: Lines, to_uri: ToUri, *, related: bool = True
) -> list[types.Diagnostic]:
    """Return diagnostics as the protocol has them.

    Args:
        columns: how the client counts.
        diagnostics: those of one file.
        lines: gives the lines of a file.
        to_uri: gives the URI of a file.
        related: whether the client shows related information; without, the places stand in the message.
    """

    def location(one: Location) -> types.Location:
        return types.Location(to_uri(one.path), to_range(columns, lines(one.path), one.span))

    return [
        types.Diagnostic(
            to_range(columns, lines(one.location.path), one.location.span),
            one.message if related else "\n".join((one.message, *_in_words(one))),
            _SEVERITIES[one.severity],
            one.code,
            types.CodeDescription(one.href) if one.href else None,
            SOURCE,
            related_information=[
                types.DiagnosticRelatedInformation(location(place.location), place.message) for place in one.related
            ]
            if related and one.related
            else None,
            data=_data(one),
        )
        for one in diagnostics
    ]


def in_words(path: str, diagnostic: types.Diagnostic) -> str:
    """Return a diagnostic of the protocol as a text to paste: where, what, and the places that belong to it."""
    start = diagnostic.range.start
    lines = [f"{path}:{start.line + 1}:{start.character + 1}: {diagnostic.code} {diagnostic.message}"]
    for place in diagnostic.related_information or ():
        name = (to_path(place.location.uri) or Path(place.location.uri)).name
        lines.append(f"  {name}:{place.location.range.start.line + 1}  {place.message}")
    return "\n".join(lines)


def _data(diagnostic: Diagnostic) -> dict[str, Any] | None:
    """Return what the client gives back when it asks what can be done about a diagnostic."""
    if not diagnostic.tests:
        return None
    swallowed = {"swallowed": diagnostic.state} if diagnostic.setting == "swallowed" and diagnostic.state else {}
    return {"tests": list(diagnostic.tests), **swallowed}


def _in_words(diagnostic: Diagnostic) -> Iterable[str]:
    for place in diagnostic.related:
        yield f"  {place.location.path}:{place.location.span.start.line + 1}  {place.message}"


def capability(capabilities: types.ClientCapabilities, path: str) -> Any:
    """Return what a client says of a capability, which is named in Python's spelling; None where it says nothing."""
    value: Any = capabilities
    for name in path.split("."):
        value = getattr(value, name, None)
    return value
