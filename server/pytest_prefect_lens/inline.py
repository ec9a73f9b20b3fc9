"""Has the API of a run speak to its database without a thread between. In the API's process; standard library alone.

aiosqlite gives each connection a thread, and hands it each step of each statement: some eighteen times for one answer
of Prefect's API, twice through the system each time. What SQLite does in between takes less than that. Here the steps
are done where they are asked for. One that another connection keeps waiting is tried again from the event loop, on
which that other one goes on.
"""

from __future__ import annotations

import functools
from threading import Thread
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import ModuleType

    from pytest_prefect_lens.patching import Patches

PATIENCE = 60.0
"""Seconds that a step waits for another connection, as Prefect has SQLite itself wait."""

_SOON, _LATER = 0.001, 0.02
"""Seconds until a step is tried again: the first time, and at most."""

_BUSY = 5
"""SQLite's code for a lock that will be free again; see https://www.sqlite.org/rescode.html#busy."""


def patch_driver(patches: Patches, module: ModuleType) -> None:
    """Have the connections of `aiosqlite.core` do without their threads, where this one has what that takes."""
    patches.wrap(module, "Connection", "__init__", _around_connection, wanted=("connector", "iter_chunk_size"))


def around_setup(original: Callable[..., None]) -> Callable[..., None]:
    """Have SQLite say at once that it is busy, where waiting would hold up the event loop."""

    @functools.wraps(original)
    def setup_sqlite(self: Any, conn: Any, *args: Any, **kwargs: Any) -> None:
        original(self, conn, *args, **kwargs)
        if isinstance(getattr(getattr(conn, "_connection", None), "_tx", None), _Inline):
            cursor = conn.cursor()
            cursor.execute("PRAGMA busy_timeout = 0")
            cursor.close()

    return setup_sqlite


def _around_connection(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        is_thread = isinstance(self, Thread)  # before 0.22
        thread: Any = self if is_thread else getattr(self, "_thread", None)
        if thread is not None and hasattr(self, "_tx"):
            self._tx = _Inline()
            thread.start = _nothing

    return begin


def _nothing() -> None:
    pass


class _Inline:
    """Stands in the place of the queue between a connection and its thread."""

    def put_nowait(self, item: Any) -> None:
        """Do a step; its future is done when this returns, unless the database is busy."""
        if not isinstance(item, tuple):
            return  # the word that the thread is to end
        future, step = cast("tuple[asyncio.Future[Any] | None, Callable[[], Any]]", item)
        if future is None:
            step()
        else:
            _take(step, future, _SOON, future.get_loop().time() + PATIENCE)


def _take(step: Callable[[], Any], future: asyncio.Future[Any], pause: float, deadline: float) -> None:
    if future.done():
        return  # whoever asked has gone
    try:
        result = step()
    except BaseException as error:  # noqa: BLE001  it is raised where the step was asked for
        loop = future.get_loop()
        if _is_busy(error) and loop.time() < deadline:
            loop.call_later(pause, _take, step, future, min(2 * pause, _LATER), deadline)
        else:
            future.set_exception(error)
    else:
        future.set_result(result)


def _is_busy(error: BaseException) -> bool:
    import sqlite3  # noqa: PLC0415  the worker has none of it from us

    if not isinstance(error, sqlite3.OperationalError):
        return False
    code: int | None = getattr(error, "sqlite_errorcode", None)  # Python 3.10 does not tell it
    return code == _BUSY if code is not None else str(error) == "database is locked"
