"""The key of the seals: one secret, made once, in the system's keyring or in a file that its owner alone can read.

Only a process that writes or verifies the trail asks for it. Nothing hands it on: it is in no argument, no variable of
an environment, and no message to a process that runs tests.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect_lens.audit.places import Places

SERVICE, USER = "prefect-lens", "audit-trail"
"""What the key is called in a keyring."""


@dataclass(frozen=True)
class Key:
    """One secret, and what is derived from it: seals, signatures, fingerprints."""

    secret: bytes = field(repr=False)
    where: str
    """Where it is kept, as a person reads it."""

    @cached_property
    def id(self) -> str:
        """A name that tells it from others, and nothing else about it."""
        return self._derived("id").hex()[:16]

    def seal(self, data: bytes) -> str:
        """Return what only who has the key can make: an HMAC-SHA-256, in hex."""
        return hmac.new(self._derived("seal"), data, hashlib.sha256).hexdigest()

    def fingerprint(self, name: str, value: str) -> str:
        """Return a text that is the same for the same value of a variable, and that tells nothing without the key."""
        said = f"{name}\0{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._derived("fingerprint"), said, hashlib.sha256).hexdigest()[:16]

    def sign(self, data: bytes) -> str | None:
        """Return an Ed25519 signature, which others can verify; None where `cryptography` is not at hand."""
        return None if self._signer is None else self._signer.sign(data).hex()

    @cached_property
    def public(self) -> str | None:
        """What others verify signatures with, in hex; None where `cryptography` is not at hand."""
        return None if self._signer is None else self._signer.public_key().public_bytes_raw().hex()

    @cached_property
    def _signer(self) -> Any:
        ed25519 = _ed25519()
        return None if ed25519 is None else ed25519.Ed25519PrivateKey.from_private_bytes(self._derived("sign"))

    def _derived(self, purpose: str) -> bytes:
        return hmac.new(self.secret, f"prefect-lens audit {purpose}".encode(), hashlib.sha256).digest()


def is_signed_by(public: str, signature: str, data: bytes) -> bool | None:
    """Return whether a signature is one of the public key's; None where `cryptography` is not at hand.

    Raises:
        ValueError: that is no public key.
    """
    ed25519 = _ed25519()
    if ed25519 is None:
        return None
    key = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    try:
        key.verify(bytes.fromhex(signature), data)
    except Exception:  # noqa: BLE001  the library's own error, or text that is no hex: not one of its signatures
        return False
    return True


def known_keys(places: Places) -> list[Key]:
    """Return the keys that are there, the one that seals new entries first.

    Raises:
        OSError: the file of the key cannot be read.
    """
    found = [_in_file(places), _in_keyring()]
    return [key for key in found if key is not None]


def make_key(places: Places) -> Key:
    """Make the key, in the keyring where there is one. To be called by whoever has the trail's lock, and found none.

    Raises:
        OSError: it cannot be written; or a keyring that may have the key of the trail that is there does not answer.
    """
    secret = secrets.token_bytes(32)
    if (ring := _keyring()) is not None:
        try:
            if ring.get_password(SERVICE, USER) is None:
                ring.set_password(SERVICE, USER, secret.hex())
                return Key(secret, "the system's keyring")
        except Exception as error:  # noqa: BLE001  an edge: somebody else's backend
            if places.segments():  # what is sealed with another key would not follow what is there
                why = (
                    f"the system's keyring, which may have its key, does not answer ({type(error).__name__}); unlock it"
                )
                raise OSError(why) from None
    descriptor = os.open(places.key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret.hex())
        file.flush()
        os.fsync(descriptor)
    return Key(secret, str(places.key))


def _in_file(places: Places) -> Key | None:
    try:
        secret = bytes.fromhex(places.key.read_text("ascii").strip())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OSError(f"{places.key} holds no key; move it away, and a new one is made") from error
    return Key(secret, str(places.key))


def _in_keyring() -> Key | None:
    if (ring := _keyring()) is None:
        return None
    try:
        secret = ring.get_password(SERVICE, USER)
        return None if secret is None else Key(bytes.fromhex(secret), "the system's keyring")
    except Exception:  # noqa: BLE001  an edge: somebody else's backend, which is locked or away
        return None


def _keyring() -> Any:
    """Return the keyring library, where it is installed beside us and the system has a keyring that it knows."""
    try:
        ring: Any = import_module("keyring")
        # Those that keep nothing, or would keep it in a plain file, have a priority below 1.
        return ring if ring.get_keyring().priority >= 1 else None
    except Exception:  # noqa: BLE001  an edge: it is not there, or a backend of somebody else's breaks
        return None


def _ed25519() -> Any:
    try:
        return import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
    except ImportError:
        return None
