"""Puts what it reads into the system's keyring: `keyring_put.py SERVICE USER`, by an interpreter that has `keyring`."""

import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Put it there; the exit status is not 0 where the keyring refuses."""
    keyring: Any = import_module("keyring")
    _, service, username = sys.argv
    keyring.set_password(service, username, sys.stdin.buffer.read().decode("utf-8"))


main()
