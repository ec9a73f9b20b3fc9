"""A database that Prefect has migrated already, kept in the user's cache for the next run. Standard library alone.

Migrating an empty database takes Prefect some four seconds; a copy of one that was just migrated takes none. What
Prefect registers at its first start is in the copy as well. Where the same release made it, Prefect
need not look for what is missing, which takes it a second; else it looks at the copy as at any database that it opens.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from importlib import metadata
from pathlib import Path

_MEMO = "memo_store.toml"
"""Where Prefect notes, beside its database, which block types it has registered there."""


def place(cache: Path) -> Path | None:
    """Return the folder of the template for the installed Prefect, whether or not it is there yet."""
    try:
        return cache / "databases" / f"prefect-{metadata.version('prefect')}"
    except metadata.PackageNotFoundError:
        return None  # a checkout: its migrations change from day to day


def use(kept: Path | None, database: Path) -> bool:
    """Begin with a copy of the template, where there is a sound one; whether nothing can be missing in it."""
    if kept is None or not (kept / "prefect.db").exists():
        return False
    try:
        for source, target in ((kept / "prefect.db", database), (kept / _MEMO, database.with_name(_MEMO))):
            if source.exists():
                shutil.copyfile(source, target)
        if not _is_sound(database):
            raise sqlite3.DatabaseError("damaged")
    except (OSError, sqlite3.Error):
        database.unlink(missing_ok=True)
        database.with_name(_MEMO).unlink(missing_ok=True)
        shutil.rmtree(kept, ignore_errors=True)
        return False
    # A version of a checkout may stay the same from one migration to the next.
    return re.fullmatch(r"prefect-[\d.]+", kept.name) is not None


def keep(kept: Path | None, database: Path) -> None:
    """Keep a copy of a database that was just made, unless there is one; several may do so at once."""
    if kept is None or kept.exists():
        return
    try:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=".new-", dir=kept.parent))
        source, copy = sqlite3.connect(database), sqlite3.connect(made / "prefect.db")
        source.backup(copy)
        copy.close()
        source.close()
        if database.with_name(_MEMO).exists():
            shutil.copyfile(database.with_name(_MEMO), made / _MEMO)
        made.rename(kept)
    except (OSError, sqlite3.Error):
        shutil.rmtree(locals().get("made", os.devnull), ignore_errors=True)  # the run goes on without


def _is_sound(database: Path) -> bool:
    connection = sqlite3.connect(database)
    try:
        return connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    finally:
        connection.close()
