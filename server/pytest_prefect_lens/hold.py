"""What our runs need of every process that runs pytest, those of xdist among them. PYTEST_DONT_REWRITE.

Prefect is held to the run's own in a worker of xdist, where nobody waits for the API. What the run set comes in a
variable of ours: a conftest that the controller loaded may have changed the others. Harnesses there share an API of
that worker's own: those of all workers together, each starting a server, come too late for Prefect's patience.
"""

from __future__ import annotations

import os

import pytest

from pytest_prefect_lens import hermetic, marks, uncounted

uncounted.install()
if "PREFECT_LENS_SKIP_RETRY_DELAYS" in os.environ:
    marks.skip_retry_delays()
_settings = hermetic.inherited() if "PYTEST_XDIST_WORKER" in os.environ else None
if _settings is not None:
    from pytest_prefect_lens import harness, haste, own

    haste.install(_settings.api_url)
    harness.install_apart(_settings.home / os.environ["PYTEST_XDIST_WORKER"], own.cache())


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Look at Prefect's settings before the first test."""
    trouble = _settings.verify() if _settings is not None else None
    if trouble is not None:
        raise RuntimeError(trouble.what)  # xdist takes it to the controller, which tells it
