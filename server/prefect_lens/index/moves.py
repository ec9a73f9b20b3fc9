"""Edits that only move code: comments, blank lines, line breaks. Nothing that was found out changes but its places.

The facts of before the edit stay what answers are worked out from; where a place leaves the index, it is told where it
stands now, and a place that is asked about, where it stood.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index.facts import Parameter, Scope
from prefect_lens.model import Definition, Location, Position, Span, TestCase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect_lens.index.facts import Facts
    from prefect_lens.model import Match

Place = tuple[int, int]
"""Line and column."""

_LIFT = 10_000_000
"""No text has so many lines: from here on, a line tells places apart from those that facts had before an edit."""


def moves(old: Facts, new: Facts) -> dict[Place, Place] | None:
    """Return where the places of a file have moved to; None where the file says something else now."""
    if (old.prefect, old.makes) != (new.prefect, new.makes):
        return None
    found: dict[Place, Place] = {}
    try:
        return found if _is_same(old.scopes, new.scopes, found) else None
    except RecursionError:
        return None


def same_but(old: Facts, new: Facts, found: dict[Place, Place]) -> list[int] | None:
    """Return which functions of a file say something else now, inside; None where more is different.

    Args:
        old: the facts before.
        new: the facts now.
        found: takes where places have moved to.
    """
    if (old.prefect, old.makes, len(old.scopes)) != (new.prefect, new.makes, len(new.scopes)):
        return None
    changed: list[int] = []
    try:
        for index, (before, now) in enumerate(zip(old.scopes, new.scopes, strict=True)):
            moved: dict[Place, Place] = {}
            if not _is_same(before, now, moved):
                moved = {}
                if before.kind != "function" or not _is_same(_outside(before), _outside(now), moved):
                    return None
                changed.append(index)
            if not all(_has_moved(place, to, found) for place, to in moved.items()):
                return None
    except RecursionError:
        return None
    return changed


def is_same(old: object, new: object) -> bool:
    """Whether two forms say the same, wherever they stand."""
    return _is_same(_lifted(old), _lifted(new), {})


def apart(old: Scope, new: Scope) -> Scope:
    """Return a function as it says now, with its name where it stood; the places in it are none of the text's."""
    return Scope._make(_lifted(new))._replace(line=old.line, column=old.column, keyword_line=old.keyword_line)


class Moved:
    """Where the places of some files stand now."""

    def __init__(self, by_path: Mapping[str, Mapping[Place, Place]]) -> None:
        self._by_path = by_path

    def definition(self, definition: Definition) -> Definition:
        """Return a definition where it stands now."""
        declared = definition.declared_at
        if definition.location.path not in self._by_path and (declared is None or declared.path not in self._by_path):
            return definition
        return replace(
            definition,
            location=self._location(definition.location),
            declared_at=self._location(declared) if declared is not None else None,
        )

    def test(self, test: TestCase) -> TestCase:
        """Return a test where it stands now."""
        return replace(test, span=self._span(test.path, test.span)) if test.path in self._by_path else test

    def matches(self, matches: tuple[Match, ...]) -> tuple[Match, ...]:
        """Return the tests of a definition where they stand now."""
        if not any(one.test.path in self._by_path for one in matches):
            return matches
        return tuple(replace(one, test=self.test(one.test)) for one in matches)

    def before(self, path: str, now: Position | None) -> Position | None:
        """Return where a place stood in the facts."""
        if now is None or path not in self._by_path:
            return now
        wanted = (now.line, now.column)
        return next((Position(*old) for old, new in self._by_path[path].items() if new == wanted), now)

    def _location(self, location: Location) -> Location:
        return Location(location.path, self._span(location.path, location.span))

    def _span(self, path: str, span: Span) -> Span:
        start = span.start
        line, column = self._by_path.get(path, {}).get((start.line, start.column), (start.line, start.column))
        return Span(Position(line, column), Position(line, column + span.end.column - start.column))


def _lifted(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _lifted(value) for name, value in cast("dict[Any, Any]", part).items()}
    if not isinstance(part, tuple):
        return part
    parts = cast("tuple[Any, ...]", part)
    if isinstance(parts, Parameter):
        return parts
    if len(parts) == 6 and parts[0] == "call":
        line = parts[4] if parts[4] >= _LIFT else parts[4] + _LIFT
        return (*map(_lifted, parts[:4]), line, parts[5])
    return tuple(map(_lifted, parts))


def _outside(scope: Scope) -> Scope:
    return scope._replace(bindings={}, body=(), returns=(), yields=())


def _is_same(old: object, new: object, found: dict[Place, Place]) -> bool:
    if type(old) is not type(new):
        return False
    if isinstance(old, tuple):
        before, now = cast("tuple[Any, ...]", old), cast("tuple[Any, ...]", new)
        if isinstance(before, Scope):
            return (
                _has_moved(before[3:5], now[3:5], found)
                and _are_same(before[:3], now[:3], found)
                and (_are_same(before[6:], now[6:], found))
            )
        if len(before) == len(now) == 6 and before[0] == now[0] == "call":
            return _has_moved(before[4:], now[4:], found) and _are_same(before[:4], now[:4], found)
        return _are_same(before, now, found)
    if isinstance(old, dict):
        parts, others = cast("dict[Any, Any]", old).items(), cast("dict[Any, Any]", new).items()
        return _are_same(tuple(parts), tuple(others), found)
    return old == new


def _are_same(old: tuple[Any, ...], new: tuple[Any, ...], found: dict[Place, Place]) -> bool:
    if len(old) != len(new):
        return False
    for one, other in zip(old, new, strict=True):  # noqa: SIM110  each keystroke waits for it
        if one is not other and not _is_same(one, other, found):  # a name is one object wherever it stands
            return False
    return True


def _has_moved(old: Place, new: Place, found: dict[Place, Place]) -> bool:
    return found.setdefault(old, new) == new
