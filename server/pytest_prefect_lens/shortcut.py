"""Leads a request to Prefect's API by the shortest way. Runs in the API's process; standard library alone.

Prefect's application is the API and its user interfaces, behind what browsers need. Some of its layers start tasks and
threads for each request, to look at a header. Clients of a run are no browsers and sit on the same machine, so that
what those layers would find is known beforehand. The API itself stays as it is.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import ModuleType

    from pytest_prefect_lens.patching import Patches

_JSON = (b"content-type", b"application/json")
_WITH_A_BODY = ("POST", "PUT", "PATCH")


def through(app: Any) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """Return the application, with requests to its API led there at once; where it is built otherwise, as it is."""
    mount: Any = next((route for route in app.routes if getattr(route, "name", None) == "api"), None)
    if not hasattr(mount, "matches") or not hasattr(getattr(mount, "app", None), "user_middleware"):
        return app

    async def at_once(scope: Any, receive: Any, send: Any) -> None:
        _, known = mount.matches(scope)
        await mount.app({**scope, **known}, receive, send)

    try:
        short: Any = at_once
        for layer in reversed(app.user_middleware):
            if layer.cls.__name__ != "CORSMiddleware":  # it is there for requests that name their origin
                short = layer.cls(short, *layer.args, **layer.kwargs)
    except (AttributeError, TypeError):
        return app  # an older Starlette
    has_given_a_type = _take_out(mount.app, "default_content_type")

    async def either(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        # To pack what goes over loopback takes longer than to send it.
        headers = {name: value for name, value in scope["headers"] if name != b"accept-encoding"}
        given = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        if has_given_a_type and _lacks_type(scope["method"], headers):
            given.append(_JSON)
        scope = {**scope, "headers": given}
        way = app if b"origin" in headers or not scope["path"].startswith("/api/") else short
        await way(scope, receive, send)

    return either


def patch_dependencies(patches: Patches, module: ModuleType) -> None:
    """Have FastAPI call in place what Prefect wants called before an endpoint: to make an object or read a header."""
    patches.wrap(module, None, "run_in_threadpool", _around_threadpool, wanted=("func",))


def _around_threadpool(original: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @functools.wraps(original)
    async def run(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if str(getattr(func, "__module__", "")).startswith("prefect."):
            return func(*args, **kwargs)
        return await original(func, *args, **kwargs)

    return run


def _take_out(api: Any, name: str) -> bool:
    """Take a layer out of the API that is a function of this name; whether there was one."""
    kept = [layer for layer in api.user_middleware if getattr(layer.kwargs.get("dispatch"), "__name__", "") != name]
    if len(kept) == len(api.user_middleware) or api.middleware_stack is not None:
        return False
    api.user_middleware[:] = kept
    return True


def _lacks_type(method: str, headers: dict[bytes, bytes]) -> bool:
    """Whether a request has a body of which it does not say what it is: Prefect's API takes that for JSON."""
    return method in _WITH_A_BODY and b"content-type" not in headers and int(headers.get(b"content-length", b"0")) > 0
