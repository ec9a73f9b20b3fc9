"""Holds a run's Prefect to the run's own API, home and database, whatever the user's files and code say.

The server has set the environment, which beats `.env`, `prefect.toml` and `[tool.prefect]`. Here it is looked at
again once Prefect is there: a conftest or a plugin may have changed it, and a later Prefect may read it in another way.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from pytest_prefect_lens.wire import Broken

_HELD = (
    # A setting, the variable that sets it, and its value; None: the variable's value at the start of the run.
    ("api.url", "PREFECT_API_URL", None),
    ("home", "PREFECT_HOME", None),
    ("profiles_path", "PREFECT_PROFILES_PATH", None),
    ("server.database.connection_url", "PREFECT_SERVER_DATABASE_CONNECTION_URL", None),
    ("server.memo_store_path", "PREFECT_SERVER_MEMO_STORE_PATH", None),
    ("results.local_storage_path", "PREFECT_RESULTS_LOCAL_STORAGE_PATH", None),
    ("logging.config_path", "PREFECT_LOGGING_CONFIG_PATH", None),
    ("server.ephemeral.enabled", "PREFECT_SERVER_EPHEMERAL_ENABLED", "False"),
    ("server.analytics_enabled", "PREFECT_SERVER_ANALYTICS_ENABLED", "False"),
    ("cloud.api_url", "PREFECT_CLOUD_API_URL", "https://api.prefect.cloud/api"),
    ("server.docket.url", "PREFECT_SERVER_DOCKET_URL", "memory://"),
)

_EMPTY: tuple[tuple[str, dict[str, str] | None], ...] = (
    # Settings that no variable can set to nothing: Prefect takes an empty text for a text, and merges dictionaries.
    ("api.key", None),
    ("api.auth_string", None),
    ("server.api.auth_string", None),
    ("results.default_storage_block", None),
    ("tasks.scheduling.default_storage_block", None),
    ("client.custom_headers", {}),
)

_FILES = (".env", "prefect.toml", "pyproject.toml")


_VARIABLE = "PREFECT_LENS_HELD"


def begin(api_url: str) -> Settings:
    """Return what holds in this process and its children, and put it into the environment."""
    names = {variable for _, variable, value in _HELD if value is None} - {"PREFECT_API_URL"}
    held = {"PREFECT_API_URL": api_url, **{name: os.environ[name] for name in sorted(names)}}
    os.environ[_VARIABLE] = json.dumps(held)
    settings = Settings(held)
    settings.set()
    return settings


def inherited() -> Settings | None:
    """Return what the process that began holds; None where there is none."""
    text = os.environ.get(_VARIABLE)
    return Settings(json.loads(text)) if text is not None else None


class Settings:
    """What Prefect's settings must be, as they were set before anything of the user's was imported."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._verified = False

    @property
    def api_url(self) -> str:
        """The address of the run's API."""
        return self._environment["PREFECT_API_URL"]

    @property
    def home(self) -> Path:
        """The run's private folder."""
        return Path(self._environment["PREFECT_HOME"])

    def set(self) -> None:
        """Put them into the environment, which child processes inherit."""
        os.environ.update(self._environment)

    def verify(self) -> Broken | None:
        """See to it that Prefect, if it is imported, has these settings; return what is wrong where it cannot be had.

        Says nothing once it has found all well: what a fixture of the user's changes later is the user's own matter,
        and Prefect's own test harness does just that.
        """
        if self._verified:
            return None
        self.set()
        if "prefect.context" not in sys.modules:
            return None
        self._verified = True
        _empty()
        if not self._wrong():
            return None
        _reload()
        _empty()
        wrong = self._wrong()
        if not wrong:
            sys.stderr.write("prefect-lens: settings that address another Prefect were set aside for this run\n")
            return None
        setting, variable = wrong[0]
        where = _named_in(setting, variable)
        what = (
            f"{variable} does not come from this run but from {where}; no test was run, to keep your Prefect untouched."
        )
        return Broken("PL911", what, "\n".join(f"{setting} ({variable})" for setting, variable in wrong))

    def _wrong(self) -> list[tuple[str, str]]:
        settings = _effective()
        wrong: list[tuple[str, str]] = []
        for setting, variable, value in _HELD:
            wanted = self._environment[variable] if value is None else value
            found = _get(settings, setting)
            if found is not None and str(found) != wanted and not (setting == "api.url" and is_harness(found)):
                wrong.append((setting, variable))
        wrong += [
            (setting, f"PREFECT_{setting.replace('.', '_').upper()}")
            for setting, _ in _EMPTY
            if _get(settings, setting)
        ]
        if _get(settings, "api.url") is None:
            wrong.append(("api.url", "PREFECT_API_URL"))
        return wrong


def _effective() -> Any:
    return import_module("prefect.settings").get_current_settings()


def _reload() -> None:
    """Make Prefect read its settings again."""
    context: Any = import_module("prefect.context")
    context.GLOBAL_SETTINGS_CONTEXT = context.root_settings_context()


def _empty() -> None:
    settings = _effective()
    for setting, nothing in _EMPTY:
        *groups, name = setting.split(".")
        group = settings
        for step in groups:
            group = getattr(group, step, None)
        if group is not None and getattr(group, name, nothing) != nothing:
            setattr(group, name, nothing)


def _get(settings: Any, setting: str) -> Any:
    """Return the setting's value, or None in a Prefect that does not have it."""
    for name in setting.split("."):
        settings = getattr(settings, name, None)
    secret = getattr(settings, "get_secret_value", None)
    return secret() if secret is not None else settings


def is_harness(url: object) -> bool:
    """Whether an address is that of a server that Prefect's test harness started in this process."""
    module = sys.modules.get("prefect.server.api.server")
    servers: dict[object, Any] = getattr(getattr(module, "SubprocessASGIServer", None), "_instances", {})
    return any(server.running and server.api_url == url for server in list(servers.values()))


def _named_in(setting: str, variable: str) -> str:
    word = setting.rpartition(".")[2].upper()
    for name in _FILES:
        try:
            text = Path(name).read_text(encoding="utf-8", errors="replace").upper()
        except OSError:
            continue
        if variable in text or word in text:
            return name
    return "a conftest or a plugin"
