"""An entry of the system's keyring, by an interpreter that has `keyring`.

`keyring_entry.py get SERVICE USER` prints it as JSON, with when it was written where that is known;
`keyring_entry.py put SERVICE USER` writes what it reads from its standard input.
"""

import contextlib
import hashlib
import json
import sys
import time
from importlib import import_module
from typing import Any

keyring: Any = import_module("keyring")
errors: Any = import_module("keyring.errors")


def main() -> None:
    """Do it; the exit status of `put` is not 0 where the keyring refuses."""
    _, what, service, user = sys.argv
    if what == "put":
        put(service, user, sys.stdin.buffer.read().decode("utf-8"))
    else:
        sys.stdout.write(json.dumps(got(service, user)))


def got(service: str, user: str) -> dict[str, Any]:
    """Return the entry, or why there is none."""
    try:
        value = keyring.get_password(service, user)
        if value is not None:
            return {"value": value, "since": written(service, user, value)}
    except errors.KeyringLocked:
        return {"error": "The keyring is locked.", "cure": "Unlock it, and run again."}
    except errors.NoKeyringError:
        return {"error": "No keyring of this system can be used.", "cure": "See `keyring --list-backends`."}
    except errors.KeyringError as error:
        return {"error": f"The keyring refused: {type(error).__name__}."}
    cure = f"Put it there: keyring set {service} {user}"
    return {"error": f"The keyring has no {service}/{user}.", "cure": cure}


def put(service: str, user: str, value: str) -> None:
    """Write an entry, and beside it when that was, for keyrings that do not tell."""
    keyring.set_password(service, user, value)
    if told_by_secret_service(service, user) is None:
        keyring.set_password(service, note_of(user), f"{int(time.time())} {fingerprint(value)}")


def written(service: str, user: str, value: str) -> float | None:
    """Return when an entry was written, in seconds since the epoch; None where nobody knows."""
    told = told_by_secret_service(service, user)
    if told is not None:
        return told
    # The note is good for the value that it was written with: it may have been changed by other means.
    seconds, _, whose = (keyring.get_password(service, note_of(user)) or "").partition(" ")
    return float(seconds) if whose == fingerprint(value) and seconds.isdecimal() else None


def told_by_secret_service(service: str, user: str) -> float | None:
    """Return what a Secret Service says: when the entry was last changed."""
    active = keyring.get_keyring()
    backends = [active, *getattr(active, "backends", ())]
    if not any(type(one).__module__ == "keyring.backends.SecretService" for one in backends):
        return None
    with contextlib.suppress(Exception):  # whatever is in its way, the value itself is there
        library: Any = import_module("secretstorage")
        with contextlib.closing(library.dbus_init()) as bus:
            items = library.get_default_collection(bus).search_items({"service": service, "username": user})
            return max((float(item.get_modified()) for item in items), default=None)
    return None


def note_of(user: str) -> str:
    """Return the user of the entry that holds the note."""
    return f"{user} (since)"


def fingerprint(value: str) -> str:
    """Return what tells a value from another one. It stands where the value stands, and nowhere else."""
    return hashlib.sha256(value.encode("utf-8")).hexdigest()


main()
