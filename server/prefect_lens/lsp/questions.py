"""What an editor asks about a place: hover, tests of a definition, symbols, who calls whom."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types

from prefect_lens.features import navigation
from prefect_lens.features.hover import Pointed, hover, pointed
from prefect_lens.features.inlay_hint import inlay_hints as hints
from prefect_lens.features.settings_help import settings_completions, settings_hover
from prefect_lens.features.source import Source
from prefect_lens.lsp.convert import from_range, to_position, to_range
from prefect_lens.lsp.uris import to_path
from prefect_lens.model import Definition, Kind, Position

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prefect_lens.lsp.app import App
    from prefect_lens.model import Span, TestCase
    from prefect_lens.session.folder import Folder


SETTINGS = "pyproject.toml"


async def show_hover(app: App, params: types.HoverParams) -> types.Hover | None:
    """Tell what there is to say of the flow or task at a place."""
    if (at := await _at(app, params)) is None:
        return None
    folder, path, position = at
    if path.rpartition("/")[2] == SETTINGS:
        told = settings_hover(folder.text(path) or "", position)
        return None if told is None else _hover(app, folder, path, told.text, told.span)
    found = await asyncio.to_thread(_pointed, app, folder, path, position)
    if found is None:
        return None
    view = await app.session.view_of(folder, found.definition.path)
    text = await asyncio.to_thread(hover, view, found.definition, folder.text)
    return _hover(app, folder, path, text, found.span)


async def inlay_hints(app: App, params: types.InlayHintParams) -> list[types.InlayHint]:
    """Return what became of the flows and tasks of a stretch of a file the last time."""
    if (place := await app.place(params.text_document.uri)) is None or not place[0].settings.inlay_hints:
        return []
    folder, path = place
    text, lines = folder.text(path) or "", app.lines(folder)(path)
    span = from_range(app.columns, lines, params.range)
    found = await asyncio.to_thread(hints, app.session.view(folder), path, text, span)
    return [
        types.InlayHint(to_position(app.columns, lines, one.at), one.label, tooltip=one.tooltip, padding_left=True)
        for one in found
    ]


async def completions(app: App, params: types.CompletionParams) -> list[types.CompletionItem]:
    """Return what can stand at a place of our own table in a `pyproject.toml`."""
    if (at := await _at(app, params)) is None:
        return []
    folder, path, position = at
    if path.rpartition("/")[2] != SETTINGS:
        return []
    lines = app.lines(folder)(path)
    return [
        types.CompletionItem(
            one.label,
            kind=types.CompletionItemKind.Property if one.is_key else types.CompletionItemKind.Value,
            documentation=types.MarkupContent(types.MarkupKind.Markdown, one.about) if one.about else None,
            filter_text=one.text,
            text_edit=types.TextEdit(to_range(app.columns, lines, one.span), one.text),
        )
        for one in settings_completions(folder.text(path) or "", position)
    ]


async def implementations(app: App, params: types.ImplementationParams) -> list[types.Location]:
    """Return the tests of the flow or task at a place, or what the test there exercises."""
    if (at := await _at(app, params)) is None:
        return []
    folder, path, position = at
    view, source = app.session.view(folder), Source(folder.text(path) or "")
    found = await asyncio.to_thread(navigation.implementations, view, path, source, position)
    text = app.lines(folder)
    return [
        types.Location(app.file_uri(folder, one.path), to_range(app.columns, text(one.path), one.span)) for one in found
    ]


async def symbols(app: App, params: types.WorkspaceSymbolParams) -> list[types.WorkspaceSymbol]:
    """Return the flows, tasks and deployments whose names fit a query."""
    found: list[types.WorkspaceSymbol] = []
    for folder in tuple(app.session.folders.values()):
        text = app.lines(folder)
        for one in await asyncio.to_thread(navigation.symbols, app.session.view(folder), params.query):
            place = one.declared_at or one.location
            location = types.Location(
                app.file_uri(folder, place.path), to_range(app.columns, text(place.path), place.span)
            )
            found.append(types.WorkspaceSymbol(location, _label(one), _kind(one), container_name=one.path))
        for one in await asyncio.to_thread(navigation.deployment_symbols, app.session.view(folder), params.query):
            place = one.location
            location = types.Location(
                app.file_uri(folder, place.path), to_range(app.columns, text(place.path), place.span)
            )
            found.append(types.WorkspaceSymbol(location, one.name, types.SymbolKind.Object, container_name=place.path))
    return found


async def prepare_hierarchy(app: App, params: types.CallHierarchyPrepareParams) -> list[types.CallHierarchyItem]:
    """Return the flow or task at a place, to ask about its calls."""
    if (at := await _at(app, params)) is None:
        return []
    folder, path, position = at
    found = await asyncio.to_thread(_pointed, app, folder, path, position)
    return [] if found is None else [_item(app, folder, found.definition)]


async def incoming(app: App, params: types.CallHierarchyIncomingCallsParams) -> list[types.CallHierarchyIncomingCall]:
    """Return the flows, tasks and tests that call a flow or task."""
    return [
        types.CallHierarchyIncomingCall(_item(app, folder, one.other), _ranges(app, folder, one))
        for folder, one in await _calls(app, params.item, navigation.incoming)
    ]


async def outgoing(app: App, params: types.CallHierarchyOutgoingCallsParams) -> list[types.CallHierarchyOutgoingCall]:
    """Return the flows and tasks that a flow or task calls."""
    return [
        types.CallHierarchyOutgoingCall(_item(app, folder, one.other), _ranges(app, folder, one))
        for folder, one in await _calls(app, params.item, navigation.outgoing)
    ]


async def _at(app: App, params: Any) -> tuple[Folder, str, Position] | None:
    if (place := await app.place(params.text_document.uri)) is None:
        return None
    folder, path = place
    range_ = types.Range(params.position, params.position)
    return folder, path, from_range(app.columns, app.lines(folder)(path), range_).start


def _pointed(app: App, folder: Folder, path: str, position: Position) -> Pointed | None:
    return pointed(app.session.view(folder), path, Source(folder.text(path) or ""), position)


async def _calls(
    app: App, item: types.CallHierarchyItem, question: Callable[..., tuple[navigation.Calls, ...]]
) -> list[tuple[Folder, navigation.Calls]]:
    given = cast("object", item.data)
    data: Mapping[str, object] = cast("Mapping[str, object]", given) if isinstance(given, Mapping) else {}
    root = to_path(str(data.get("folder")))
    if root is None or (folder := app.session.folders.get(root)) is None:
        return []
    await folder.caught_up()
    definition = folder.snapshot.definition(str(data.get("entrypoint")))
    if definition is None:
        return []  # a test, of which nobody asks who calls it; or gone since
    found = await asyncio.to_thread(question, app.session.view(folder), definition, folder.text)
    return [(folder, one) for one in found]


def _item(app: App, folder: Folder, one: Definition | TestCase) -> types.CallHierarchyItem:
    if isinstance(one, Definition):
        place, name, kind, about = one.location, _label(one), _kind(one), {"entrypoint": one.entrypoint}
        path, span = place.path, place.span
    else:
        name, kind, about = one.names[-1], types.SymbolKind.Function, {"node_id": one.node_id}
        path, span = one.path, one.span
    range_ = to_range(app.columns, app.lines(folder)(path), span)
    data = {"folder": app.folder_uri(folder.root), **about}
    return types.CallHierarchyItem(name, kind, app.file_uri(folder, path), range_, range_, detail=path, data=data)


def _ranges(app: App, folder: Folder, calls: navigation.Calls) -> list[types.Range]:
    text = app.lines(folder)(calls.path)

    def range_of(span: Span) -> types.Range:
        return to_range(app.columns, text, span)

    return [range_of(span) for span in calls.spans]


def _hover(app: App, folder: Folder, path: str, text: str, span: Span) -> types.Hover:
    formats: Sequence[object] = app.client.value("text_document.hover.content_format") or ()
    kind = types.MarkupKind.Markdown if types.MarkupKind.Markdown in formats else types.MarkupKind.PlainText
    return types.Hover(types.MarkupContent(kind, text), to_range(app.columns, app.lines(folder)(path), span))


def _label(definition: Definition) -> str:
    return definition.qualname.replace(".<locals>.", ".")


def _kind(definition: Definition) -> types.SymbolKind:
    return types.SymbolKind.Event if definition.kind is Kind.FLOW else types.SymbolKind.Function
