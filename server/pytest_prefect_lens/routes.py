"""Makes the routes of Prefect's API once for all forks: they are half of what an API computes before it is ready.

Prefect makes an application around them for its settings. What the routes themselves go by is what is set for the API;
where that is another in a fork, it makes its own, as it does where anything is not as expected.
"""

from __future__ import annotations

import functools
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class _MadeError(Exception):
    """The routes are there: the application around them is not needed."""


@dataclass(frozen=True)
class _Made:
    """An API, and for what it was made."""

    module: Any
    arguments: tuple[tuple[Any, ...], dict[str, Any]]
    set_for_it: object
    api: Any


_made: _Made | None = None


def prepare() -> None:
    """Make the routes, where Prefect's server is imported. Nothing else of this process changes."""
    global _made  # noqa: PLW0603  one process makes them once
    found: list[_Made] = []

    def note(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        found.append(_Made(_server(), (args, kwargs), _set_for_it(), original(*args, **kwargs)))
        raise _MadeError

    logging: Any = import_module("prefect.logging.configuration")
    set_up = logging.setup_logging
    logging.setup_logging = _nothing  # the application's own affair
    kept: dict[Any, Any] = getattr(_server(), "API_APP_CACHE", {})
    before = dict(kept)
    try:
        with suppress(_MadeError):
            _create(note)
        if found:
            _look_up(found[0].api)
            _made = found[0]
    except Exception:  # noqa: BLE001  then each makes its own
        _made = None
    finally:
        logging.setup_logging = set_up
        kept.clear()  # a test that makes an application of its own gets its own
        kept.update(before)


def create() -> Any:
    """Return Prefect's application, with the routes that are there already."""

    def take(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        made = _made
        fits = made is not None and made.module is _server() and made.arguments == (args, kwargs)
        return made.api if made is not None and fits and made.set_for_it == _set_for_it() else original(*args, **kwargs)

    return _create(take)


def _nothing() -> None:
    pass


def _server() -> Any:
    return import_module("prefect.server.api.server")


def _create(instead: Callable[..., Any]) -> Any:
    """Have Prefect make its application, but its API by a function that is given the one that makes it."""
    server = _server()
    original = getattr(server, "create_api_app", None)
    if original is None:
        return server.create_app()
    server.create_api_app = functools.partial(instead, original)
    try:
        return server.create_app()
    finally:
        server.create_api_app = original


def _set_for_it() -> object:
    settings: Any = import_module("prefect.settings").get_current_settings()
    return settings.server.api.model_dump()


def _look_up(routes: Any) -> None:
    """Have FastAPI do at once what newer ones do when the first request looks for its route."""
    for route in list(getattr(routes, "routes", ())):
        for name in ("effective_candidates", "effective_low_priority_routes"):
            if hasattr(route, name):
                getattr(route, name)()
