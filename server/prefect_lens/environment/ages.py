"""How old credentials are, and which are older than `max_age` says they should be.

An age is known where the credential or its place tells it: a file's date, a keyring that notes it, an editor that kept
it, a JSON Web Token's own claim. Of what a program prints, or another variable holds, nobody knows it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.environment.entries import in_words
from prefect_lens.index.environment import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.environment import Environment


@dataclass(frozen=True, slots=True)
class Ages:
    """When a credential came to be, and those that it was had with."""

    since: float | None = None
    """In seconds since the epoch; None where nobody knows."""
    inner: tuple[tuple[str, float], ...] = ()
    """The same of what its arguments refer to, by the argument's name, as `client_secret`."""


def too_old(ages: Ages, source: Source, environment: Environment) -> Iterator[str]:
    """Yield what is to be said of a variable's credentials that are too old: `100 d old, which is …`."""
    most = source.max_age or environment.max_age
    yield from _told("", ages.since, most)
    for name, since in ages.inner:
        inner = source.argument(name)
        own = inner.max_age if isinstance(inner, Source) else None
        yield from _told(f"its {name} is ", since, own or most)


def _told(of: str, since: float | None, most: float | None) -> Iterator[str]:
    age = time.time() - since if since is not None else None
    if most is not None and age is not None and age > most:
        yield f"{of}{in_words(age)} old, which is more than {in_words(most)} (max_age)"
