"""Hands the run's own API to a conftest that calls `prefect_test_harness`. Needs the standard library alone.

Prefect's harness starts a server with an empty database, which takes seconds. The run has just that already, so the
first harness of a process is given it, as long as no test has ended: nothing has been written to it then. A later
harness, as one for each module or each test makes them, expects an empty database again and starts its own, and so
does one in a worker of xdist, which shares the run's API with others.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import patching

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_HARNESS = "prefect_test_harness"


class Lease:
    """Whether the run's API is still as nobody has used it."""

    def __init__(self) -> None:
        self._free = True

    def take(self) -> bool:
        """Take it, if it is free; it is not from here on."""
        free, self._free = self._free, False
        return free

    def spoil(self) -> None:
        """Say that something may have been written to it."""
        self._free = False


def install(lease: Lease, wait_for_api: Callable[[], None]) -> Callable[[], None]:
    """Begin to hand the API out; the function returned ends it. A Prefect without the function goes without."""

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        @contextmanager
        def prefect_test_harness(*args: Any, **kwargs: Any) -> Generator[None]:
            if lease.take():
                wait_for_api()
                yield
            else:
                with original(*args, **kwargs):
                    yield

        return prefect_test_harness

    return patching.install(
        {"prefect.testing.utilities": lambda patches, module: patches.wrap(module, None, _HARNESS, around)}, []
    )
