"""A mapping of many keys that costs nothing to change: what few keys stand for by now lies above what was there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import ItemsView, Iterator, ValuesView

T = TypeVar("T")

MOST_ABOVE = 100
"""So many changes lie above the mapping, then both become one."""


class Layered(Mapping[str, T]):
    """An immutable mapping whose next states share nearly all with it. No value is None."""

    __slots__ = ("_above", "_below", "_size")

    def __init__(self, below: dict[str, T], above: dict[str, T | None] | None = None) -> None:
        """Begin with what nobody changes any more, and what stands for some keys instead; None for those gone."""
        self._below = below
        self._above = above or {}
        self._size = len(below) + sum((value is not None) - (key in below) for key, value in self._above.items())

    def after(self, changes: Mapping[str, T | None]) -> Layered[T]:
        """Return the mapping when some keys stand for something else, or (None) for nothing."""
        if not changes:
            return self
        above = {**self._above, **changes}
        if len(above) <= MOST_ABOVE:
            return Layered(self._below, above)
        merged: dict[str, T | None] = {**self._below, **above}
        return Layered({key: value for key, value in merged.items() if value is not None})

    def __getitem__(self, key: str) -> T:
        found = self._above[key] if key in self._above else self._below[key]
        if found is None:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str) and key in self._above:
            return self._above[key] is not None
        return key in self._below

    def __iter__(self) -> Iterator[str]:
        if not self._above:
            yield from self._below
            return
        yield from (key for key in self._below if key not in self._above or self._above[key] is not None)
        yield from (key for key, value in self._above.items() if value is not None and key not in self._below)

    def __len__(self) -> int:
        return self._size

    def items(self) -> ItemsView[str, T]:
        """Return the keys with what they stand for."""
        return super().items() if self._above else self._below.items()

    def values(self) -> ValuesView[T]:
        """Return what the keys stand for."""
        return super().values() if self._above else self._below.values()
