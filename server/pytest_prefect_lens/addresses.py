"""What says which Prefect is meant, and what every hermetic run says instead. Standard library alone.

The server reads it for a run of its own, the plugin for a session that somebody started in a terminal.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ADDRESSING = re.compile(
    r"""
    PREFECT_( HOME | PROFILE | PROFILES_PATH | LOCAL_STORAGE_PATH | MEMO_STORE_PATH
            | RESULTS_LOCAL_STORAGE_PATH | .*STORAGE_BLOCK | CLIENT_CUSTOM_HEADERS
            | LOGGING_CONFIG_PATH | LOGGING_SETTINGS_PATH
            | API | CLOUD | SERVER | CLIENT | RESULTS | LOGGING  # a whole group of settings, as JSON
            | (API|CLOUD|SERVER|UI|ORION|MESSAGING)_.*
            | _.*  # what Prefect tells its own child processes
            )
    """,
    re.VERBOSE,
)
"""The variables that say which Prefect is meant. Those that only change how it behaves stay as they are."""


def hermetic(home: Path) -> dict[str, str]:
    """Return what every hermetic run sets for Prefect, with the private folder `home`."""
    return {
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{(home / 'prefect.db').as_posix()}",
        "PREFECT_RESULTS_LOCAL_STORAGE_PATH": str(home / "storage"),
        "PREFECT_SERVER_MEMO_STORE_PATH": str(home / "memo_store.toml"),
        "PREFECT_LOGGING_CONFIG_PATH": str(home / "logging.yml"),
        # Without an API of its own a flow would start a server; a run that lost its API fails at once instead.
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        # An old Prefect warns of an address whose path does not begin with `/api`.
        "PREFECT_SILENCE_API_URL_MISCONFIGURATION": "true",
        "DO_NOT_TRACK": "1",
    }
