"""Takes the waits out of Prefect that are nothing but waits. Needs the standard library alone.

All patches of Prefect's internals that are there for speed stand here. Each is a step that says whether it fits the
Prefect that it meets; where one does not, Prefect takes its time there.

| step | what it saves |
|---|---|
| `heartbeat_seconds` of the flow engines | a flow's heartbeat, a thread that sleeps up to a second and is waited for |
| `__init__` of the clients | the reading of all certificates, for an address that has no encryption |
"""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import patching

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable
    from types import ModuleType

    from pytest_prefect_lens.patching import Patches

_unfit: list[str] = []


def install() -> Callable[[], None]:
    """Begin; the function returned ends it."""
    _unfit.clear()
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


def _around_client(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def begin(self: Any, api: Any, *args: Any, httpx_settings: dict[str, Any] | None = None, **kwargs: Any) -> None:
        if isinstance(api, str) and api.startswith("http://127.0.0.1:") and "verify" not in (httpx_settings or {}):
            context = certificates()
            if context is not None:
                httpx_settings = {**(httpx_settings or {}), "verify": context}
        original(self, api, *args, httpx_settings=httpx_settings, **kwargs)

    return begin


@functools.cache
def certificates() -> ssl.SSLContext | None:
    """Return what Prefect's clients would make anew each time; a warm parent makes it before it forks."""
    try:
        certifi: Any = import_module("certifi")
        made: ssl.SSLContext = import_module("ssl").create_default_context(cafile=certifi.where())
    except (ImportError, OSError):
        return None
    return made


_STEPS: dict[str, Callable[[Patches, ModuleType], None]] = {
    "prefect.flow_engine": _flow_engine,
    "prefect.client.orchestration": _client,
}
