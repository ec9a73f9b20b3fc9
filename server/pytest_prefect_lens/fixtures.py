"""The fixtures. A test that asks for none of them pays nothing: what they need is imported when they are set up."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_prefect_lens.fixture_types import (
        ARunFlow,
        Deploy,
        FrozenClock,
        MockBlocks,
        MockTask,
        MockVariables,
        PrefectApi,
        RunFlow,
    )
    from pytest_prefect_lens.own import Own

OWN = pytest.StashKey["Own"]()
Scope = Literal["session", "package", "module", "class", "function"]


def begin(config: pytest.Config) -> Own:
    """Return the session's own Prefect; from the first call on nothing else of Prefect is within reach."""
    if OWN not in config.stash:
        from pytest_prefect_lens.own import Own  # noqa: PLC0415

        own = config.stash[OWN] = Own()
        config.add_cleanup(own.end)
    return config.stash[OWN]


def scope_of(fixture_name: str, config: pytest.Config) -> Scope:
    """Return how long one clean database is in use: `prefect_lens_api_scope` in pytest's configuration."""
    del fixture_name
    return config.getini("prefect_lens_api_scope")


@pytest.fixture(scope=scope_of)
def prefect_lens_api(request: pytest.FixtureRequest) -> PrefectApi:
    """A hermetic Prefect: an API of the run's own, clean at its start, and nothing of the user's within reach.

    Inside of Prefect's own `prefect_test_harness` it is that one's API.
    """
    config = request.config
    if OWN not in config.stash:
        around = _around(request.scope)
        if around is not None:
            return _api(around)
    own = begin(config)
    trouble = own.wait()
    if trouble is None and request.scope != "session" and not own.clean():
        pytest.fail("the database of the session's own Prefect cannot be made clean again", pytrace=False)
    if trouble is not None:
        pytest.fail(f"{trouble.what}\n{trouble.detail}".strip(), pytrace=False)
    return _api(own.url)


@pytest.fixture
def prefect_lens_marked(request: pytest.FixtureRequest, prefect_lens_api: PrefectApi) -> Generator[None]:
    """What `@pytest.mark.prefect` asks for. Brought in by the mark."""
    del prefect_lens_api
    from pytest_prefect_lens import marks  # noqa: PLC0415

    try:
        what = marks.asked(request.node)
    except ValueError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    with marks.applied(what):
        yield


@pytest.fixture
def run_flow(prefect_lens_api: PrefectApi) -> RunFlow:
    """`pytest_prefect_lens.run_flow`, in a hermetic Prefect."""
    del prefect_lens_api
    return import_module("pytest_prefect_lens.running").run_flow


@pytest.fixture
def arun_flow(prefect_lens_api: PrefectApi) -> ARunFlow:
    """`pytest_prefect_lens.arun_flow`, in a hermetic Prefect: for flows that need the event loop of the test."""
    del prefect_lens_api
    return import_module("pytest_prefect_lens.running").arun_flow


@pytest.fixture
def mock_variables(prefect_lens_api: PrefectApi) -> Generator[MockVariables]:
    """`pytest_prefect_lens.mock_variables`, until the test ends."""
    del prefect_lens_api
    with _entering("mock_variables") as mock:
        yield mock


@pytest.fixture
def mock_blocks(prefect_lens_api: PrefectApi) -> Generator[MockBlocks]:
    """`pytest_prefect_lens.mock_blocks`, until the test ends."""
    del prefect_lens_api
    with _entering("mock_blocks") as mock:
        yield mock


@pytest.fixture
def mock_secrets(prefect_lens_api: PrefectApi) -> Generator[MockVariables]:
    """`pytest_prefect_lens.mock_secrets`, until the test ends."""
    del prefect_lens_api
    with _entering("mock_secrets") as mock:
        yield mock


@pytest.fixture
def mock_task() -> Generator[MockTask]:
    """`pytest_prefect_lens.mock_task`, until the test ends."""
    with _entering("mock_task") as mock:
        yield mock


@pytest.fixture
def deploy(prefect_lens_api: PrefectApi) -> Generator[Deploy]:
    """`pytest_prefect_lens.deploy`, until the test ends."""
    del prefect_lens_api
    with _entering("deploy", "deploying") as enter:
        yield enter


@pytest.fixture
def frozen_clock() -> Generator[FrozenClock]:
    """`pytest_prefect_lens.frozen_clock`, until the test ends."""
    with _entering("frozen_clock", "clock") as enter:
        yield enter


def _api(url: str) -> PrefectApi:
    return import_module("pytest_prefect_lens.fixture_types").PrefectApi(url)


@contextmanager
def _entering(name: str, module: str = "mocks") -> Generator[Callable[..., Any]]:
    """Give a function that enters one of our context managers, which is left at the end."""
    manager = getattr(import_module(f"pytest_prefect_lens.{module}"), name)
    with ExitStack() as stack:

        def enter(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            # Not by `enter_context`: what is wrong in a test's call is then shown at the call alone.
            generator = manager.__wrapped__(*args, **kwargs)
            entered = next(generator)
            stack.callback(next, generator, None)
            return entered

        yield enter


def _around(scope: str) -> str | None:
    """Return the address of a hermetic API that is there already: the editor's run, or an open test harness."""
    from pytest_prefect_lens import hermetic  # noqa: PLC0415

    if hermetic.inherited() is not None and scope == "session":
        return os.environ["PREFECT_API_URL"]
    if "prefect.server.api.server" not in sys.modules:
        return None
    settings: Any = import_module("prefect.settings")
    url: Any = settings.get_current_settings().api.url
    return url if url is not None and hermetic.is_harness(url) else None
