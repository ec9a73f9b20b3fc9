"""What a value must be to go into an environment, and how long it is good for."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, cast

from prefect_lens.environment.provider import Fetched, ProviderError

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = 300.0
"""Seconds that a value is kept which does not say how long it is valid."""

LARGEST = 100_000
"""Bytes of a value. Linux starts no program that finds more than 128 KiB in one variable."""


def check(value: object) -> None:
    """Return when a value can be a variable's.

    Raises:
        ProviderError: it cannot.
    """
    if not isinstance(value, str):
        raise ProviderError("The provider gave something that is no text.")
    if not value:
        raise ProviderError("The provider gave an empty value.")
    if "\0" in value:
        raise ProviderError("The value holds a NUL character, which no variable can.")
    if len(value.encode("utf-8", "surrogatepass")) > LARGEST:
        raise ProviderError(f"The value is larger than {LARGEST // 1000} KB, which is too much for a variable.")


def expiry(fetched: Fetched) -> float | None:
    """Return when values cease to be valid, as their provider or they themselves say, in seconds since the epoch."""
    if fetched.expires is not None:
        return fetched.expires
    return min((end for value in fetched.values.values() if (end := _claim(value, "exp")) is not None), default=None)


def since(fetched: Fetched) -> float | None:
    """Return when values came to be, as their provider or they themselves say, in seconds since the epoch."""
    if fetched.since is not None:
        return fetched.since
    return min((at for value in fetched.values.values() if (at := _claim(value, "iat")) is not None), default=None)


def fetched_anew(now: float, expires: float | None, ttl: float | None) -> float:
    """Return when a value is to be fetched anew: a run that begins then should not see its end."""
    ends: list[float] = [] if ttl is None else [now + ttl]
    if expires is not None:
        ends.append(expires - min(60.0, (expires - now) / 5))
    return min(ends) if ends else now + KEPT


def _claim(value: str, name: str) -> float | None:
    """Return when a JSON Web Token says that it ends or was issued (RFC 7519, section 4.1); None for what is none."""
    header, *rest = value.split(".")
    if not header or len(rest) != 2:
        return None
    try:
        claims: object = json.loads(base64.urlsafe_b64decode(rest[0] + "=" * (-len(rest[0]) % 4)))
    except ValueError:
        return None
    at = cast("Mapping[str, object]", claims).get(name) if isinstance(claims, dict) else None
    return float(at) if isinstance(at, int | float) and not isinstance(at, bool) else None
