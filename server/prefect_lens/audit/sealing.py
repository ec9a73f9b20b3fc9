"""One line of the trail: what it says, what it follows, and its seal."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.audit.keys import is_signed_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prefect_lens.audit.keys import Key

NOTHING = "0" * 64
"""The hash of what the first entry follows."""


@dataclass(frozen=True)
class Line:
    """A line that can be read. Whether its seal holds is another question."""

    number: int
    at: str
    """When it was written, in UTC."""
    previous: str
    """The hash of the line before."""
    key: str
    """The name of the key that sealed it."""
    entry: Mapping[str, Any]
    found: Mapping[str, Any]
    """What its writer came across that should not be: a torn line, a head that was missing."""
    seal: str
    signature: str | None
    sealed: bytes
    """What the seal is of."""
    signed: bytes
    """What the signature is of."""
    hash: str


@dataclass(frozen=True)
class Head:
    """How far the trail goes."""

    count: int
    last: str
    """The hash of the last entry."""


def write_line(key: Key, after: Head, at: str, entry: object, found: Mapping[str, Any]) -> bytes:
    """Return a sealed line that follows the trail up to now, its end with it."""
    body: dict[str, Any] = {"n": after.count + 1, "at": at, "previous": after.last, "key": key.id, "entry": entry}
    if found:
        body["found"] = found
    return _with_seal(key, body) + b"\n"


def read_line(text: bytes) -> Line | None:
    """Return what stands in a line, without its end; None for one that nobody has written so."""
    if (body := _body(text)) is None:
        return None
    try:
        seal, sealed, signature, signed = _parts(body)
        return Line(
            int(body["n"]),
            str(body["at"]),
            str(body["previous"]),
            str(body["key"]),
            cast("dict[str, Any]", body["entry"]),
            body.get("found", {}),
            seal,
            signature,
            sealed,
            signed,
            hash_of(text),
        )
    except (KeyError, TypeError, ValueError):
        return None


def write_head(key: Key, head: Head) -> bytes:
    """Return a sealed head."""
    return _with_seal(key, {"count": head.count, "last": head.last, "key": key.id})


def read_head(text: bytes, keys: Sequence[Key]) -> Head | None:
    """Return what a head says; None where its seal is of none of these keys."""
    if (body := _body(text.strip())) is None:
        return None
    try:
        seal, sealed, _, _ = _parts(body)
        head = Head(int(body["count"]), str(body["last"]))
    except (KeyError, TypeError, ValueError):
        return None
    return head if any(key.seal(sealed) == seal for key in keys) else None


def signed_head(text: bytes, public: str) -> Head | None:
    """Return what a head says; None where its signature is not one of the public key's.

    Raises:
        ValueError: that is no public key.
    """
    if (body := _body(text.strip())) is None:
        return None
    try:
        _, _, signature, signed = _parts(body)
        head = Head(int(body["count"]), str(body["last"]))
    except (KeyError, TypeError, ValueError):
        return None
    return head if signature is not None and is_signed_by(public, signature, signed) else None


def hash_of(text: bytes) -> str:
    """Return the hash of a line, without its end."""
    return hashlib.sha256(text).hexdigest()


def _with_seal(key: Key, body: dict[str, Any]) -> bytes:
    if (signature := key.sign(_canonical(body))) is not None:
        body["signature"] = signature
    return _canonical({**body, "seal": key.seal(_canonical(body))})


def _parts(body: dict[str, Any]) -> tuple[str, bytes, str | None, bytes]:
    body = dict(body)
    seal = str(body.pop("seal"))
    sealed = _canonical(body)
    signature = body.pop("signature", None)
    return seal, sealed, signature, _canonical(body)


def _body(text: bytes) -> dict[str, Any] | None:
    try:
        found: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    body = cast("dict[str, Any]", found)
    # Another spelling of the same is a change, too.
    return body if _canonical(body) == text else None


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
