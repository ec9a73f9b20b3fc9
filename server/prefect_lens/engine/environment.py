"""What a worker finds in its environment: what a terminal's `pytest` would have, less what addresses Prefect.

Prefect takes a setting from its environment first, then from `.env`, `prefect.toml`, `[tool.prefect]` and the profile.
So what addresses Prefect is taken out of the environment, and set there to what is the run's own, which beats the
files. What only changes how Prefect behaves (retries, caching, log level) stays as it is, in both.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_prefect_lens.addresses import ADDRESSING, hermetic

from prefect_lens.model import EnvironmentKind, Interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMED_ELSEWHERE = (
    # Settings whose neutral value is set only where a file names them: their defaults may change with Prefect.
    (r"API_KEY|\bKEY\s*=", {"PREFECT_API_KEY": ""}),
    ("AUTH_STRING", {"PREFECT_API_AUTH_STRING": "", "PREFECT_SERVER_API_AUTH_STRING": ""}),
    ("BASE_PATH", {"PREFECT_SERVER_API_BASE_PATH": "/api"}),
    ("CLOUD", {"PREFECT_CLOUD_API_URL": "https://api.prefect.cloud/api"}),
    ("DOCKET", {"PREFECT_SERVER_DOCKET_URL": "memory://"}),
    ("MESSAGING_BROKER", {"PREFECT_SERVER_EVENTS_MESSAGING_BROKER": "prefect.server.utilities.messaging.memory"}),
    ("MESSAGING_CACHE", {"PREFECT_SERVER_EVENTS_MESSAGING_CACHE": "prefect.server.utilities.messaging.memory"}),
    ("CAUSAL_ORDERING", {"PREFECT_SERVER_EVENTS_CAUSAL_ORDERING": "prefect.server.events.ordering.memory"}),
    ("LEASE_STORAGE", {"PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.memory"}),
    ("STATIC_DIRECTORY", {"PREFECT_SERVER_UI_STATIC_DIRECTORY": ""}),
)


def environment(environ: Mapping[str, str], interpreter: Interpreter, root: Path, home: Path) -> dict[str, str]:
    """Return the environment of a worker that runs in `root` with the private folder `home`.

    The address of the run's API is not in it yet: the worker sets it before Prefect is imported.
    """
    kept = {name: value for name, value in environ.items() if not ADDRESSING.fullmatch(name.upper())}
    return {**kept, **_activation(kept, interpreter), **hermetic(home), **_against(root)}


def _activation(environ: Mapping[str, str], interpreter: Interpreter) -> dict[str, str]:
    """Return what activating the interpreter's environment would set."""
    folder = Path(interpreter.path).parent
    prefix = folder.parent if folder.name in ("bin", "Scripts") else folder
    if (prefix / "pyvenv.cfg").is_file():
        changes = {"VIRTUAL_ENV": str(prefix)}
    elif interpreter.kind in (EnvironmentKind.CONDA, EnvironmentKind.PIXI):
        changes = {"CONDA_PREFIX": str(prefix)}
        if sys.platform == "win32":
            folder = prefix / "Library" / "bin"
    else:
        return {}
    path = environ.get("PATH", os.defpath)
    if path.split(os.pathsep)[0] != str(folder):
        changes["PATH"] = os.pathsep.join((str(folder), path))
    return changes


def _against(root: Path) -> dict[str, str]:
    """Return neutral values for what the files in the working folder name.

    A word that stands there for another reason does no harm: the value is Prefect's own default.
    """
    text = "".join(_text(root / name) for name in (".env", "prefect.toml", "pyproject.toml")).upper()
    return {name: value for word, values in _NAMED_ELSEWHERE if re.search(word, text) for name, value in values.items()}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
