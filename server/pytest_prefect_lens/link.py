"""How a worker hands its order to the plugin that pytest loads. Needs the standard library alone.

`worker.py` calls `connect` and then `pytest.main(["-p", link.PLUGIN, …])`. Without a link, as under a plain
`pytest`, the plugin does nothing. PYTEST_DONT_REWRITE: pytest would warn that it cannot rewrite a module that is
imported already.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_prefect_lens.wire import Broken, Message, Order

PLUGIN = "pytest_prefect_lens"
"""What to write behind `-p`, be the distribution installed (its entry point has this name) or only on the path."""


class MachineryError(Exception):
    """Something of ours failed before the tests could run; `broken` is what to tell the server."""

    def __init__(self, broken: Broken) -> None:
        super().__init__(broken.what)
        self.broken = broken


@dataclass(frozen=True)
class Link:
    """The server's order, and the way back. `send` may be called from any thread."""

    order: Order
    send: Callable[[Message], None]
    wait_for_api: Callable[[], None]
    """Returns when the run's Prefect API answers; raises `MachineryError` when it never will."""
    pid: int = field(default_factory=os.getpid)


_link: Link | None = None


def connect(order: Order, send: Callable[[Message], None], wait_for_api: Callable[[], None] = lambda: None) -> Link:
    """Make this process the one that speaks for the order."""
    global _link  # noqa: PLW0603  one process has one link; pytest offers no other way to hand a plugin an object
    _link = Link(order, send, wait_for_api)
    return _link


def current() -> Link | None:
    """Return the link of this process. A child that a test forked has none: it must never speak on the channel."""
    return _link if _link is not None and _link.pid == os.getpid() else None


def disconnect() -> None:
    """Forget the link; the plugin does nothing from here on."""
    global _link  # noqa: PLW0603
    _link = None
