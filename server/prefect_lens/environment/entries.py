"""What can be told of a variable: its name, where it comes from, how old it is. Never its value."""

from __future__ import annotations

from dataclasses import dataclass

_CLASSES = (("empty", 1), ("under 6 characters", 6), ("6 to 15 characters", 16), ("16 to 63 characters", 64))


@dataclass(frozen=True, slots=True)
class Entry:
    """A variable in the tests' environment."""

    name: str
    """As the tests see it."""
    variable: str
    """As it is configured."""
    provider: str
    address: str
    is_secret: bool
    length: str
    """How long it is, roughly."""
    fetched: float
    """When, in seconds since the epoch."""
    expires: float | None = None
    """When it ceases to be valid, in seconds since the epoch, where that is known."""
    since: float | None = None
    """When the credential came to be, in seconds since the epoch, where that is known."""
    notes: tuple[str, ...] = ()
    """What a person should know: that it cannot be masked, that it is old, that everybody can read it."""


def length_class(value: str) -> str:
    """Return how long a value is, roughly."""
    return next((name for name, end in _CLASSES if len(value) < end), "64 characters and more")


def in_words(seconds: float) -> str:
    """Return a time's length as a person says it."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
