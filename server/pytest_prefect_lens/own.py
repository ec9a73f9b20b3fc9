"""A hermetic Prefect for a plain `pytest`: an API of the session's own, and settings that lead nowhere else.

What an editor's run has from its start is made here for a session that somebody started in a terminal: a private home,
an API with a clean database, an environment and settings without the user's profile, `.env`, `prefect.toml` or
`[tool.prefect]`. All of it is taken back at the end. Needs the standard library alone; Prefect is not imported.
"""

from __future__ import annotations

import getpass
import logging
import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import addresses, api, harness, hermetic, patching

if TYPE_CHECKING:
    from pytest_prefect_lens.wire import Broken


class Own:
    """An API of this process' own. Nothing else of Prefect is within reach from `Own()` to `end`."""

    def __init__(self) -> None:
        self._before = dict(os.environ)
        self._home = Path(tempfile.mkdtemp(prefix="prefect-lens-"))
        for name in [name for name in os.environ if addresses.ADDRESSING.fullmatch(name.upper())]:
            del os.environ[name]
        os.environ.update(addresses.hermetic(self._home))
        self._api = api.start(self._home, cache())
        self._settings = hermetic.begin(self._api.url)
        context: Any = sys.modules.get("prefect.context")
        self._settings_before: Any = None if context is None else context.GLOBAL_SETTINGS_CONTEXT
        if context is not None:
            context.GLOBAL_SETTINGS_CONTEXT = context.root_settings_context()
        self._used = False
        self._undo = patching.install({"prefect.flow_engine": _without_heartbeat}, [])

    @property
    def url(self) -> str:
        """The address of the API."""
        return self._api.url

    def wait(self) -> Broken | None:
        """Wait until it answers, and look whether Prefect will speak to it alone; return what is wrong."""
        return self._settings.verify() or self._api.wait()

    def clean(self) -> bool:
        """Make the database as new as at the start, if it was used; whether that could be done."""
        if self._used and not (harness.drained() and self._api.clean()):
            return False
        self._used = True
        return True

    def end(self) -> None:
        """End the API, and leave environment and settings as they were."""
        self._undo()
        # A newer Prefect warns at once that it is not done yet, below pytest's last line.
        logging.getLogger("EventsWorker").setLevel(logging.ERROR)
        harness.drained()
        self._api.end()
        for name in os.environ.keys() - self._before.keys():
            if addresses.ADDRESSING.fullmatch(name.upper()) or name == "PREFECT_LENS_HELD":
                del os.environ[name]
        os.environ.update({name: value for name, value in self._before.items() if name.startswith("PREFECT_")})
        for name in addresses.hermetic(self._home):
            if name in self._before:
                os.environ[name] = self._before[name]
            else:
                os.environ.pop(name, None)
        if self._settings_before is not None:
            # Put back, not read again: to read them Prefect makes a home.
            sys.modules["prefect.context"].GLOBAL_SETTINGS_CONTEXT = self._settings_before  # type: ignore[attr-defined]
        shutil.rmtree(self._home, ignore_errors=True)


def cache() -> Path:
    """Return the folder in which migrated databases are kept, the one that editor and command use."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    with suppress(OSError):
        (base / "prefect-lens").mkdir(mode=0o700, parents=True, exist_ok=True)
        return base / "prefect-lens"
    return Path(tempfile.gettempdir()) / f"prefect-lens-cache-{getpass.getuser()}"


def _without_heartbeat(patches: patching.Patches, module: Any) -> None:
    """Take away what costs each flow a second: its thread beats every 30 seconds, sleeps in whole ones, and is joined.

    A Prefect that has no such thing goes without.
    """
    engine: Any = getattr(module, "BaseFlowRunEngine", None)
    if engine is not None and hasattr(engine, "heartbeat_seconds"):
        patches.put(engine, "heartbeat_seconds", None)
