"""Prints an entry of the system's keyring: `keyring_entry.py SERVICE USER`, by an interpreter that has `keyring`."""

import json
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Print the entry as JSON."""
    keyring: Any = import_module("keyring")
    errors: Any = import_module("keyring.errors")
    _, service, username = sys.argv
    try:
        value = keyring.get_password(service, username)
    except errors.KeyringLocked:
        told = {"error": "The keyring is locked.", "cure": "Unlock it, and run again."}
    except errors.NoKeyringError:
        told = {"error": "No keyring of this system can be used.", "cure": "See `keyring --list-backends`."}
    except errors.KeyringError as error:
        told = {"error": f"The keyring refused: {type(error).__name__}."}
    else:
        cure = f"Put it there: keyring set {service} {username}"
        told = (
            {"error": f"The keyring has no {service}/{username}.", "cure": cure} if value is None else {"value": value}
        )
    sys.stdout.write(json.dumps(told))


main()
