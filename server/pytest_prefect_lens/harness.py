"""Hands the run's own API to a conftest that calls `prefect_test_harness`. Needs the standard library alone.

Prefect's harness starts a server with an empty database, which takes seconds. The run has just that already, so a
harness is given it, one after the other, with the database made clean in between. Two that are open at the same time
cannot share it: the inner one starts its own server, and so does one that comes after tests which used the run's API
without a harness and may still look for what they wrote there. A worker of xdist shares the run's API with others:
there the first harness starts one that all harnesses of that worker share.
"""

from __future__ import annotations

import functools
import sys
import threading
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import api, later, patching

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager
    from pathlib import Path

_HARNESS = "prefect_test_harness"


class Lease:
    """Who has the run's API, and whether it is as good as new."""

    def __init__(self, clean: Callable[[], bool]) -> None:
        self._clean = clean
        self._held = False
        self._dirty = False
        self._was_held = False
        """Whether it was given back in the test that goes on."""
        self._used_by_others = False

    def take(self) -> bool:
        """Take it, if it can be had as good as new."""
        if self._held or self._used_by_others:
            return False
        if self._dirty and not (drained() and self._clean()):
            self._used_by_others = True  # nobody is to try that again
            return False
        self._held = self._dirty = True
        return True

    def give_back(self) -> None:
        """Say that the one who had it needs it no more."""
        self._held, self._was_held = False, True

    def test_ended(self) -> None:
        """Say that a test has ended; where no harness was around it, it may have written to the API as it found it."""
        if not self._held and not self._was_held:
            self._used_by_others = True
        self._was_held = False


def drained() -> bool:
    """Wait until all that this process has to tell the API is told, as Prefect's harness does at its end."""
    done: list[bool] = []

    def drain() -> None:
        for module, name in (("prefect.events.worker", "EventsWorker"), ("prefect.logging.handlers", "APILogWorker")):
            worker = getattr(sys.modules.get(module), name, None)
            if worker is not None:
                worker.drain_all(timeout=10, at_exit=False)
        done.append(True)

    # In a thread of its own: where an event loop runs, Prefect would return something to be awaited.
    thread = threading.Thread(target=drain, daemon=True)
    thread.start()
    thread.join()
    return bool(done)


def install(lease: Lease, around: Callable[[], AbstractContextManager[None]]) -> Callable[[], None]:
    """Begin to hand the API out; the function returned ends it. A Prefect without the function goes without.

    `around` gives what is to be done around each harness that has the API: to wait for it, to point Prefect to it.
    """

    def wrapping(original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        @contextmanager
        def prefect_test_harness(*args: Any, **kwargs: Any) -> Generator[None]:
            if lease.take():
                try:
                    with around():
                        yield
                finally:
                    lease.give_back()
            else:
                with original(*args, **kwargs):
                    yield

        return prefect_test_harness

    return patching.install(
        {later.UTILITIES: lambda patches, module: patches.wrap(module, None, _HARNESS, wrapping)}, [], later.server
    )


def install_apart(home: Path, cache: Path) -> Callable[[], None]:
    """Have the harnesses of this process share an API of its own, in the folder `home`; the first of them starts it."""

    @functools.cache
    def server() -> api.Api:
        home.mkdir(mode=0o700, exist_ok=True)
        return api.start(home, cache)

    @contextmanager
    def around() -> Generator[None]:
        trouble = server().wait()
        if trouble is not None:
            raise RuntimeError(f"{trouble.what}\n{trouble.detail}".strip())
        settings: Any = import_module("prefect.settings")
        with settings.temporary_settings({settings.PREFECT_API_URL: server().url}):
            yield

    return install(Lease(lambda: server().clean()), around)
