"""Makes the database of a running API as new as it was at its start. Runs in the API's process; standard library alone.

SQLite's own backup puts the kept copy into the place of the contents, under the connections that are open. What else
the server holds of the past are events on their way into the database: the steps below keep those out that it
received before. All patches of the server's internals stand here; where one does not fit, nothing is ever cleaned,
and who wants an empty database starts another server.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import sqlite3
import sys
from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

_WRITERS = (
    # Where a function writes events, its name, and which of its arguments they are.
    ("prefect.server.events.services.event_persister", "write_events", "events"),
    ("prefect.server.services.task_run_recorder", "record_bulk_task_run_events", "events"),
    ("prefect.server.events.services.task_run_recorder", "record_bulk_task_run_events", "events"),
    ("prefect.server.services.task_run_recorder", "record_task_run_event", "event"),
    ("prefect.server.events.services.task_run_recorder", "record_task_run_event", "event"),
)


class Cleaner:
    """Cleans the database of this process' API."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._copy = database.with_name("clean.db")
        self._since = datetime.min.replace(tzinfo=timezone.utc)
        self._writing = 0
        fitted = {name for module, name, argument in _WRITERS if self._hold_back(module, name, argument)}
        self._fits = "write_events" in fitted and len(fitted) > 1

    def keep(self) -> None:
        """Keep a copy of the database as it is now: clean."""
        if self._fits:
            copy_database(self._database, self._copy)

    async def clean(self) -> bool:
        """Put the kept copy back; whether that could be done."""
        if not self._copy.exists():
            return False
        self._since = datetime.now(timezone.utc)
        while self._writing:  # noqa: ASYNC110  each of them may begin anew before it ends
            await asyncio.sleep(0.001)
        try:
            await asyncio.to_thread(copy_database, self._copy, self._database)
        except sqlite3.Error as error:
            sys.stderr.write(f"prefect-lens: the database could not be cleaned: {error}\n")
            return False
        return True

    def _hold_back(self, where: str, name: str, argument: str) -> bool:
        """Keep a writer from writing what was received before the last cleaning."""
        try:
            module = import_module(where)
        except ImportError:
            return False
        original: Callable[..., Awaitable[Any]] | None = getattr(module, name, None)
        if original is None or not inspect.iscoroutinefunction(original):
            return False

        @functools.wraps(original)
        async def write(*args: Any, **kwargs: Any) -> Any:
            events: Any = kwargs[argument] if argument in kwargs else args[-1] if name == "write_events" else args[0]
            self._writing += 1
            try:
                if argument == "event":
                    return await original(*args, **kwargs) if self._is_of_now(events) else None
                kept = [event for event in events if self._is_of_now(event)]
                if not kept:
                    return None
                if argument in kwargs:
                    return await original(*args, **{**kwargs, argument: kept})
                if name == "write_events":
                    return await original(*args[:-1], kept, **kwargs)
                return await original(kept, *args[1:], **kwargs)
            finally:
                self._writing -= 1

        setattr(module, name, write)
        return True

    def _is_of_now(self, event: Any) -> bool:
        return event.received >= self._since


def copy_database(source: Path, target: Path) -> None:
    """Copy one database over another one, which may be in use.

    Raises:
        sqlite3.Error: one of them cannot be read or written.
    """
    read, write = sqlite3.connect(source), sqlite3.connect(target, timeout=10)
    try:
        read.backup(write)
    finally:
        write.close()
        read.close()
