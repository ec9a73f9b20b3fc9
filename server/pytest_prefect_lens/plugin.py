"""pytest's hooks. Without a link or a word from xdist's controller, nothing here does anything. PYTEST_DONT_REWRITE.

Two plugins do the work: the observer stands where the items are and puts what it sees on pytest's reports; the speaker
stands where the link is and tells the server. Under xdist they live in different processes, else in one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_prefect_lens import link

if TYPE_CHECKING:
    from collections.abc import Generator

WORKER_INPUT = "prefect_lens"
"""The key under which xdist's controller hands its workers the order."""


_told: set[tuple[str, str]] = set()


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, None]:
    """Tell of a conftest that cannot be imported, and go on: files that it does not concern can still run.

    pytest would give up here, before any other hook. What the conftest concerns fails when it is collected.
    """
    outcome = yield
    connected = link.current()
    if connected is None or outcome.excinfo is None:
        return
    from pytest_prefect_lens.collection import conftest_error  # noqa: PLC0415  a plain pytest pays for none of it

    error = conftest_error(outcome.excinfo[1])
    if error is not None:
        connected.send(error)
        _told.add((error.path, error.exception.message))
        # xdist's workers load it as well, and die of it before we could say anything there.
        if not getattr(early_config.known_args_namespace, "numprocesses", None):
            outcome.force_result(None)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Put the speaker and the observer where they belong."""
    connected = link.current()
    order: str | None = getattr(config, "workerinput", {}).get(WORKER_INPUT)
    if connected is None and order is None:
        return
    from pytest_prefect_lens.observer import Observer  # noqa: PLC0415
    from pytest_prefect_lens.speaker import Speaker  # noqa: PLC0415

    observer = Observer.for_order(config, connected.order if connected is not None else order)
    config.pluginmanager.register(observer, "prefect-lens-observer")
    if connected is not None:
        config.pluginmanager.register(Speaker(config, connected, observer, _told), "prefect-lens-speaker")
