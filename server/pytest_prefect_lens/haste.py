"""Takes the waits out of a run that are nothing but waits. Needs the standard library alone.

All patches of internals that are there for speed stand here. Each is a step that says whether it fits the Prefect or
the pytest that it meets; where one does not, that takes its time there.

| step | what it saves |
|---|---|
| `heartbeat_seconds` of the flow engines | a flow's heartbeat, a thread that sleeps up to a second and is waited for |
| `__init__` of the clients | the reading of all certificates, for an address that has no encryption |
| `raise_for_api_version_mismatch` of the clients | a request, to compare the API's version with its own |
| `check_server_version` of the events | the same, in a client that reads all certificates |
| `begin_transaction` of SQLite | the seconds until a client asks again that was told "database is locked" |
| `get` of the messages in memory | what the services of the API take while a flow waits for an answer, see `backlog` |
| `setup_sqlite`, and aiosqlite's connections | two changes of threads for each step of a statement, see `inline` |
| `to_environment_variables` of settings | a fifth of a second, eight times while the API starts |
| `run_in_threadpool` of FastAPI's dependencies | as many for each answer, see `shortcut` |
| `getsource`, `fullsource` of pytest's tracebacks | the parsing of Prefect's engines in each report, see `outlines` |
| `_check_for_wrapped_fixture` of pytest | the search for a fixture in some thousand things that are not wrapped |

What distributions declare is remembered where a process waits for its run, see `declared`.
"""

from __future__ import annotations

import functools
import inspect
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import inline, outlines, patching, shortcut

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from pytest_prefect_lens.backlog import Backlog
    from pytest_prefect_lens.patching import Patches

_unfit: list[str] = []
_own_api: str | None = None
_backlog: Backlog | None = None


def install(api: str | None = None, backlog: Backlog | None = None) -> Callable[[], None]:
    """Begin; the function returned ends it.

    `api` is the address of the API that the run has to itself, if any; `backlog` is given in the process of that API.
    """
    global _own_api, _backlog
    _unfit.clear()
    _own_api, _backlog = api, backlog
    return patching.install(_STEPS, _unfit)


def _flow_engine(patches: Patches, module: ModuleType) -> None:
    engine: Any = getattr(module, "BaseFlowRunEngine", None)
    get: Any = getattr(getattr(engine, "heartbeat_seconds", None), "fget", None)
    if get is None:
        patches.unfit.append("BaseFlowRunEngine.heartbeat_seconds is not there.")
        return

    def heartbeat_seconds(self: Any) -> int | None:
        return get(self) if _heartbeat_is_wanted() else None

    patches.put(engine, "heartbeat_seconds", property(heartbeat_seconds))


def _heartbeat_is_wanted() -> bool:
    """Whether somebody has set how often a flow's heart is to beat."""
    settings: Any = sys.modules["prefect.settings"]
    flows = settings.get_current_settings().flows
    return "heartbeat_frequency" in flows.model_fields_set


def _client(patches: Patches, module: ModuleType) -> None:
    for name in ("SyncPrefectClient", "PrefectClient"):
        patches.wrap(module, name, "__init__", _around_client, wanted=("api", "httpx_settings"))
        patches.wrap(module, name, "raise_for_api_version_mismatch", _around_comparison)


def _around_client(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def begin(self: Any, api: Any, *args: Any, httpx_settings: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if isinstance(api, str) and api.startswith("http://127.0.0.1:") and "verify" not in (httpx_settings or {}):
            context = certificates()
            if context is not None:
                httpx_settings = {**(httpx_settings or {}), "verify": context}
        original(self, api, *args, httpx_settings=httpx_settings, **kwargs)

    return begin


def _around_comparison(original: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def is_its_own(client: Any) -> bool:
        return str(client.api_url).rstrip("/") == _own_api

    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def compare_later(self: Any) -> None:
            if not is_its_own(self):
                await original(self)

        return compare_later

    @functools.wraps(original)
    def compare(self: Any) -> None:
        if not is_its_own(self):
            original(self)

    return compare


def _events(patches: Patches, module: ModuleType) -> None:
    patches.wrap(module, None, "check_server_version", _around_check, wanted=("api_url",))


def _around_check(original: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(original)
    async def check_server_version(api_url: str, *args: Any, **kwargs: Any) -> None:
        if api_url != _own_api:
            await original(api_url, *args, **kwargs)

    return check_server_version


def _database(patches: Patches, module: ModuleType) -> None:
    patches.wrap(module, "AioSqliteConfiguration", "begin_transaction", _around_begin, wanted=("with_for_update",))
    if _backlog is not None:
        patches.wrap(module, "AioSqliteConfiguration", "setup_sqlite", inline.around_setup, wanted=("conn",))


def _around_begin(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def begin_transaction(self: Any, session: Any, with_for_update: bool = False) -> Any:  # noqa: ARG001, FBT001, FBT002
        # A transaction that reads before it writes fails at once where another one has written meanwhile: no time-out
        # of SQLite's holds for that. One that says from its start that it writes waits for the other one.
        return original(self, session, with_for_update=True)

    return begin_transaction


def _messages(patches: Patches, module: ModuleType) -> None:
    if _backlog is not None:
        patches.wrap(module, "Subscription", "get", _backlog.around_get)


def _driver(patches: Patches, module: ModuleType) -> None:
    if _backlog is not None:
        inline.patch_driver(patches, module)


def _dependencies(patches: Patches, module: ModuleType) -> None:
    if _backlog is not None:
        shortcut.patch_dependencies(patches, module)


def _settings(patches: Patches, module: ModuleType) -> None:
    if _backlog is not None:  # in the API's process nobody changes them
        patches.wrap(module, "PrefectBaseSettings", "to_environment_variables", _around_variables)


def _around_variables(original: Callable[..., dict[str, str]]) -> Callable[..., dict[str, str]]:
    found: dict[tuple[Any, ...], tuple[Any, dict[str, str]]] = {}

    @functools.wraps(original)
    def to_environment_variables(self: Any, *args: Any, **kwargs: Any) -> dict[str, str]:
        asked = (id(self), args, *sorted(kwargs.items()))
        if asked not in found:
            found[asked] = self, original(self, *args, **kwargs)  # as long as it is kept, no other has its identity
        return dict(found[asked][1])

    return to_environment_variables


@functools.cache
def certificates() -> ssl.SSLContext | None:
    """Return what Prefect's clients would make anew each time; a warm parent makes it before it forks."""
    try:
        certifi: Any = import_module("certifi")
        made: ssl.SSLContext = import_module("ssl").create_default_context(cafile=certifi.where())
    except (ImportError, OSError):
        return None
    return made


def _fixtures(patches: Patches, module: ModuleType) -> None:
    if not hasattr(getattr(module, "FixtureManager", None), "_check_for_wrapped_fixture"):
        return  # older ones do not search

    def around(original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def check(self: Any, name: str, obj: object) -> None:
            try:
                is_wrapped = hasattr(obj, "__wrapped__")
            except Exception:  # noqa: BLE001  things that raise whatever they are asked count as not wrapped
                return
            if is_wrapped:
                original(self, name, obj)

        return check

    patches.wrap(module, "FixtureManager", "_check_for_wrapped_fixture", around, wanted=("name", "obj"))


_STEPS: dict[str, Callable[[Patches, ModuleType], None]] = {
    "prefect.flow_engine": _flow_engine,
    "prefect.settings.base": _settings,
    "prefect.client.orchestration": _client,
    "prefect.events.clients": _events,
    "prefect.server.database.configurations": _database,
    "prefect.server.utilities.messaging.memory": _messages,
    "aiosqlite.core": _driver,
    "fastapi.dependencies.utils": _dependencies,
    "_pytest._code.code": outlines.patch,
    "_pytest.fixtures": _fixtures,
}
