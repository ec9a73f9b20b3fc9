"""Drives pytest as a worker does, and writes what the plugin says, one message a line."""

import json
import os
import sys
import threading
from pathlib import Path

from pytest_prefect_lens import link, wire

if __name__ == "__main__":
    import pytest

    _, order_path, said_path = sys.argv
    with Path(order_path).open("rb") as file:
        order = wire.from_json(wire.Order, json.load(file))
    lock = threading.Lock()
    with Path(said_path).open("ab", buffering=0) as said:

        def send(message: wire.Message) -> None:
            with lock:
                said.write(wire.encode(message))

        def wait_for_api() -> None:
            if "DRIVE_BROKEN_API" in os.environ:
                raise link.MachineryError(wire.Broken("PL906", "the server did not start"))

        link.connect(order, send, wait_for_api)
        files = list(dict.fromkeys((*(test.path for test in order.tests), *order.files)))
        raise SystemExit(pytest.main(["-p", link.PLUGIN, *order.pytest_args, *files]))
