"""Ways through a project: from a flow or task to its tests, from a test to what it exercises, who calls whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.features.hover import pointed
from prefect_lens.features.source import Source
from prefect_lens.model import Location

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.features.view import View
    from prefect_lens.model import Definition, Deployment, Position, Span, TestCase

MOST_SYMBOLS = 200
"""How many symbols one question gets."""


@dataclass(frozen=True)
class Calls:
    """A definition or a test that calls, or a definition that is called, and where."""

    other: Definition | TestCase
    path: str
    """The file that the places lie in: the caller's."""
    spans: tuple[Span, ...]


def implementations(view: View, path: str, source: Source, position: Position) -> tuple[Location, ...]:
    """Return the tests of the flow or task at a position, or what the test at it exercises."""
    for test in view.snapshot.tests(path):
        if test.span.start <= position <= test.span.end:
            return tuple(one.location for one in view.snapshot.exercised(test))
    found = pointed(view, path, source, position)
    if found is None:
        return ()
    return tuple(Location(match.test.path, match.test.span) for match in view.matches(found.definition))


def symbols(view: View, query: str) -> tuple[Definition, ...]:
    """Return the flows and tasks whose name or entrypoint has the letters of a query in their order."""
    wanted = query.casefold().replace(" ", "")
    found = [
        one
        for one in view.snapshot.definitions()
        if _has(one.name.casefold(), wanted) or _has(one.qualname.casefold(), wanted)
    ]
    found.sort(key=lambda one: (wanted not in one.qualname.casefold(), len(one.qualname), one.entrypoint))
    return tuple(found[:MOST_SYMBOLS])


def deployment_symbols(view: View, query: str) -> tuple[Deployment, ...]:
    """Return the deployments whose name has the letters of a query in their order."""
    wanted = query.casefold().replace(" ", "")
    found = [one for one, _ in view.snapshot.deployments() if _has(one.name.casefold(), wanted)]
    return tuple(found[:MOST_SYMBOLS])


def outgoing(view: View, definition: Definition, text: Callable[[str], str | None]) -> tuple[Calls, ...]:
    """Return the flows and tasks that a flow or task calls."""
    body = definition.location
    source = Source(text(body.path) or "")
    return tuple(
        Calls(callee, body.path, _places(source, body.span.start, callee) or (body.span,))
        for callee in view.snapshot.callees(definition)
        if callee != definition
    )


def incoming(view: View, definition: Definition, text: Callable[[str], str | None]) -> tuple[Calls, ...]:
    """Return the flows and tasks that call a flow or task, and the tests that do."""
    found: list[Calls] = []
    for caller in view.snapshot.callers(definition):
        body = caller.location
        places = _places(Source(text(body.path) or ""), body.span.start, definition)
        found.append(Calls(caller, body.path, places or (body.span,)))
    for match in view.matches(definition):
        if len(match.path) == 2:  # the test, the definition: nothing in between
            test = match.test
            places = _places(Source(text(test.path) or ""), test.span.start, definition)
            found.append(Calls(test, test.path, places or (test.span,)))
    return tuple(found)


def _places(source: Source, body: Position, callee: Definition) -> tuple[Span, ...]:
    return source.calls(body, callee.qualname.rpartition(".")[2])


def _has(text: str, letters: str) -> bool:
    """Whether the letters stand in the text in their order."""
    rest = iter(text)
    return all(letter in rest for letter in letters)
