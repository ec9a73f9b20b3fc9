"""The types of the fixtures, for the tests that annotate their arguments. Needs the standard library alone."""

# ruff: noqa: D102
# What a call does is said by the function of the fixture's name.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false, reportGeneralTypeIssues=false
# Prefect is not there where the server's code is checked; with it installed, as users have it, all of this is known.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from prefect import Flow, Task
    from prefect.blocks.core import Block
    from prefect.events import DeploymentCompoundTrigger, DeploymentEventTrigger, DeploymentSequenceTrigger

    from pytest_prefect_lens.clock import Clock
    from pytest_prefect_lens.deploying import Deployed
    from pytest_prefect_lens.mocks import MockedTask
    from pytest_prefect_lens.result import FlowResult
    from pytest_prefect_lens.running import AsyncFlow

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class PrefectApi:
    """The Prefect API that the tests speak to: what `prefect_lens_api` gives."""

    url: str


class RunFlow(Protocol):
    """The fixture `run_flow`."""

    @overload
    def __call__(self, flow: AsyncFlow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> FlowResult[R]: ...
    @overload
    def __call__(self, flow: Flow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> FlowResult[R]: ...


class ARunFlow(Protocol):
    """The fixture `arun_flow`."""

    @overload
    async def __call__(self, flow: AsyncFlow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> FlowResult[R]: ...
    @overload
    async def __call__(self, flow: Flow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> FlowResult[R]: ...


class MockVariables(Protocol):
    """The fixtures `mock_variables` and `mock_secrets`."""

    def __call__(self, values: Mapping[str, Any] = ..., /, **more: Any) -> None: ...


class MockBlocks(Protocol):
    """The fixture `mock_blocks`."""

    def __call__(self, blocks: Mapping[str, Block] = ..., /, **more: Block) -> None: ...


class MockTask(Protocol):
    """The fixture `mock_task`."""

    def __call__(
        self,
        task: Task[..., Any],
        *,
        returns: Any = ...,
        raises: BaseException | type[BaseException] | None = None,
        after: int = 0,
        times: int | None = None,
    ) -> MockedTask: ...


class Deploy(Protocol):
    """The fixture `deploy`."""

    def __call__(
        self,
        flow: Flow[..., Any],
        *,
        name: str = "test",
        parameters: Mapping[str, Any] | None = None,
        cron: str | None = None,
        interval: float | timedelta | None = None,
        rrule: str | None = None,
        timezone: str | None = None,
        triggers: Iterable[DeploymentEventTrigger | DeploymentCompoundTrigger | DeploymentSequenceTrigger] = (),
    ) -> Deployed: ...


class FrozenClock(Protocol):
    """The fixture `frozen_clock`."""

    def __call__(self, moment: datetime | str, *, ticks: bool = False) -> Clock: ...
