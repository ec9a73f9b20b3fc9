"""A plugin of pytest for the benchmark: notes what each test spends on itself, on Prefect's API, and on waiting.

Writes a line of JSON for each test into the file that `BENCH_ASKING` names. Standard library and pytest alone.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

_asked: list[float] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    """Note a test."""
    _asked.clear()
    wall, own = time.monotonic(), time.process_time()
    yield
    about = {
        "test": item.nodeid,
        "wall": time.monotonic() - wall,
        "own": time.process_time() - own,
        "asked": len(_asked),
        "api": sum(_asked),
    }
    with Path(os.environ["BENCH_ASKING"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(about) + "\n")


def pytest_fixture_setup() -> None:
    """Measure what clients ask, once there are any: to import them is the tests' to do."""
    httpx: Any = sys.modules.get("httpx")
    if httpx is None or hasattr(httpx.Client.send, "__wrapped__"):
        return
    send, send_async = httpx.Client.send, httpx.AsyncClient.send

    @functools.wraps(send)
    def measured(*args: Any, **kwargs: Any) -> Any:
        began, own = time.monotonic(), time.thread_time()
        try:
            return send(*args, **kwargs)
        finally:
            _asked.append(time.monotonic() - began - (time.thread_time() - own))

    @functools.wraps(send_async)
    async def measured_async(*args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()
        try:
            return await send_async(*args, **kwargs)
        finally:
            _asked.append(time.monotonic() - began)

    httpx.Client.send, httpx.AsyncClient.send = measured, measured_async
