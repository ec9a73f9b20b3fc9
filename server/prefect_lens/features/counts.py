"""Counts and times in words: the one voice of lenses, summaries and progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ORDER = ("error", "failed", "passed", "xpassed", "xfailed", "skipped")
"""pytest's words for an outcome, the one that matters most first."""

GOOD = frozenset({"passed", "xpassed", "xfailed"})
BAD = frozenset({"failed", "error"})


def plural(number: int, noun: str) -> str:
    """Return `1 test`, `3 tests`, `1,204 tests`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def worst(outcomes: Iterable[str]) -> str:
    """Return the outcome that speaks for all: a test function failed when one of its cases did."""
    return min(outcomes, key=lambda outcome: ORDER.index(outcome) if outcome in ORDER else -1)


def count(outcomes: Iterable[str]) -> dict[str, int]:
    """Return how often each outcome happened, the one that matters most first."""
    found: dict[str, int] = {}
    for outcome in outcomes:
        found[outcome] = found.get(outcome, 0) + 1
    return dict(sorted(found.items(), key=lambda item: ORDER.index(item[0]) if item[0] in ORDER else -1))


def in_words(counts: Mapping[str, int], separator: str = ", ") -> str:
    """Return `1 failed, 2 passed`."""
    return separator.join(plural(n, "error") if word == "error" else f"{n:,} {word}" for word, n in counts.items())


def seconds(value: float) -> str:
    """Return a time as a lens shows it: `0.2 s`, `12 s`, `3 min 20 s`."""
    if value < 0.095:
        return f"{value:.2f} s"
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
