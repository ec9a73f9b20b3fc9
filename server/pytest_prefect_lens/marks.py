"""`@pytest.mark.prefect(…)`: what one test asks of Prefect. Prefect is not imported here."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_prefect_lens import held, patching, recorder

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence
    from types import ModuleType

MARKER = "prefect"
_LONG = timedelta(days=36500)


@dataclass(frozen=True)
class Asked:
    """What the marks on a test, its class and its module amount to."""

    settings: Mapping[str, Any]
    """Prefect's settings by name, `tasks.refresh_cache` or `PREFECT_TASKS_REFRESH_CACHE`."""
    retry_delays: bool = True
    """Whether to wait before another attempt, as the flow or task says."""
    expect_state: str | None = None
    """The name or type of a state in which a run of the test must end."""
    network: Sequence[str] | None = None
    """The hosts that may be reached beside this machine itself; None: what pytest's configuration says."""
    profile: str | None = None
    """The profile of `[tool.prefect-lens]` whose environment the test gets where Prefect Lens runs it."""


def asked(item: pytest.Item) -> Asked:
    """Return what a test asks for; the nearest mark has the last word.

    Raises:
        ValueError: a mark has an argument that is none of ours, or one of another kind.
    """
    merged: dict[str, Any] = {"settings": {}}
    for mark in reversed(list(item.iter_markers(MARKER))):
        if wrong := [*map(repr, mark.args), *sorted(set(mark.kwargs) - _KINDS.keys())]:
            known = ", ".join(sorted(_KINDS))
            raise ValueError(f"pytest.mark.{MARKER} takes {known} by name; not {', '.join(wrong)}.")
        for name, value in mark.kwargs.items():
            is_right, kind = _KINDS[name]
            if not is_right(value):
                raise ValueError(f"pytest.mark.{MARKER} takes {kind} as {name}; not {value!r}.")
        merged |= {**mark.kwargs, "settings": {**merged["settings"], **mark.kwargs.get("settings", {})}}
    return Asked(**merged)


def _is_text(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_hosts(value: object) -> bool:
    if not isinstance(value, (list, tuple, set, frozenset)):
        return value is None
    return all(isinstance(host, str) for host in cast("Collection[object]", value))


_KINDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "settings": (lambda value: isinstance(value, Mapping), "a dictionary of Prefect's settings by name"),
    "retry_delays": (lambda value: isinstance(value, bool), "True or False"),
    "expect_state": (_is_text, "the name or type of a state"),
    "network": (_is_hosts, "a list of hosts"),
    "profile": (_is_text, "the name of a profile"),
}
"""What the mark takes, and how to tell it from what it does not."""


@contextmanager
def applied(what: Asked) -> Generator[None]:
    """Have Prefect's settings and delays as a test asks for them."""
    with ExitStack() as stack:
        if what.network is not None:
            stack.enter_context(held.instead(tuple(what.network)))
        if what.settings:
            stack.enter_context(_settings(what.settings))
        if not what.retry_delays:
            stack.callback(skip_retry_delays())
        yield


def skip_retry_delays() -> Callable[[], None]:
    """Have flows and tasks that failed tried again at once; the function returned ends it."""
    return patching.install(_WITHOUT_DELAYS, [])


class Expectations:
    """Fails a test of whose runs none has ended in the state that its mark names."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        """Look at the runs of the test's own call; those of its fixtures do not count."""
        state = asked(item).expect_state if item.get_closest_marker(MARKER) else None
        if state is None:
            yield
            return
        with recorder.looking_on() as book:
            yield
        ends = [(run, run.states[-1]) for run in book.records if run.states]
        if not any(state in (end.name, end.type) for _, end in ends):
            told = "".join(f"\n  {run.kind} {run.name}: {end.name}" for run, end in ends) or " no run at all"
            pytest.fail(f"no run of this test ended {state}, as its mark expects; there was:{told}", pytrace=False)


@contextmanager
def _settings(values: Mapping[str, Any]) -> Generator[None]:
    settings: Any = import_module("prefect.settings")
    context: Any = import_module("prefect.context")
    updates: dict[Any, Any] = {}
    for name, value in values.items():
        variable = name if name.startswith("PREFECT_") else f"PREFECT_{name.replace('.', '_').upper()}"
        try:
            updates[getattr(settings, variable)] = value
        except AttributeError:
            raise pytest.fail.Exception(f"this Prefect has no setting {name!r}", pytrace=False) from None
    with ExitStack() as stack:
        try:
            stack.enter_context(settings.temporary_settings(updates=updates))
        except ValueError as error:  # pydantic's own is one
            raise pytest.fail.Exception(f"these settings are none for Prefect: {error}", pytrace=False) from None
        # What runs in a context that was made before, as an event loop's tasks may, looks there.
        everywhere = context.GLOBAL_SETTINGS_CONTEXT
        context.GLOBAL_SETTINGS_CONTEXT = context.get_settings_context()
        try:
            yield
        finally:
            context.GLOBAL_SETTINGS_CONTEXT = everywhere


# --- without delays ---------------------------------------------------------------------------------


def _around_wait(original: Callable[..., Any]) -> Callable[..., Any]:
    """Let a task run that awaits its retry find that its time has come; the state keeps the time that it told."""
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def wait_until_ready_async(self: Any) -> None:
            with _come(self.state):
                await original(self)

        return wait_until_ready_async

    @functools.wraps(original)
    def wait_until_ready(self: Any) -> None:
        with _come(self.state):
            original(self)

    return wait_until_ready


@contextmanager
def _come(state: Any) -> Generator[None]:
    details = state.state_details
    told = details.scheduled_time
    if told is not None:
        details.scheduled_time = told - _LONG
    try:
        yield
    finally:
        details.scheduled_time = told


def _around_create(original: Callable[..., Any]) -> Callable[..., Any]:
    """Tell the API that a flow's retries need no delay: it is the one who makes a flow wait."""
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def create_flow_run_async(self: Any, flow: Any, *args: Any, **kwargs: Any) -> Any:
            with _without_delay(flow):
                return await original(self, flow, *args, **kwargs)

        return create_flow_run_async

    @functools.wraps(original)
    def create_flow_run(self: Any, flow: Any, *args: Any, **kwargs: Any) -> Any:
        with _without_delay(flow):
            return original(self, flow, *args, **kwargs)

    return create_flow_run


@contextmanager
def _without_delay(flow: Any) -> Generator[None]:
    delay = flow.retry_delay_seconds
    flow.retry_delay_seconds = 0
    try:
        yield
    finally:
        flow.retry_delay_seconds = delay


def _tasks(patches: patching.Patches, module: ModuleType) -> None:
    for engine in ("SyncTaskRunEngine", "AsyncTaskRunEngine"):
        patches.wrap(module, engine, "wait_until_ready", _around_wait)


def _flows(patches: patching.Patches, module: ModuleType) -> None:
    for client in ("SyncPrefectClient", "PrefectClient"):
        patches.wrap(module, client, "create_flow_run", _around_create, wanted=("flow",))


_WITHOUT_DELAYS = cast(
    "dict[str, Callable[[patching.Patches, ModuleType], None]]",
    {"prefect.task_engine": _tasks, "prefect.client.orchestration": _flows},
)
