"""The part of Prefect Lens that runs in the user's interpreter, next to pytest and Prefect.

What users import stands here, and is loaded when it is asked for: the language server reads `wire` and `states` out of
this package in an environment that has neither pytest nor Prefect. PYTEST_DONT_REWRITE: a worker imports it before
pytest runs.
"""

# pyright: reportUnknownVariableType=false
# Prefect's types are not there where the server's code is checked.

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_prefect_lens.clock import Clock as Clock
    from pytest_prefect_lens.clock import frozen_clock as frozen_clock
    from pytest_prefect_lens.deployed import Deployment as Deployment
    from pytest_prefect_lens.deployed import deployments as deployments
    from pytest_prefect_lens.deploying import Deployed as Deployed
    from pytest_prefect_lens.deploying import deploy as deploy
    from pytest_prefect_lens.errors import FlowAwaitingRetry as FlowAwaitingRetry
    from pytest_prefect_lens.errors import FlowCancelled as FlowCancelled
    from pytest_prefect_lens.errors import FlowCancelling as FlowCancelling
    from pytest_prefect_lens.errors import FlowCrashed as FlowCrashed
    from pytest_prefect_lens.errors import FlowFailed as FlowFailed
    from pytest_prefect_lens.errors import FlowNotReady as FlowNotReady
    from pytest_prefect_lens.errors import FlowPaused as FlowPaused
    from pytest_prefect_lens.errors import FlowRolledBack as FlowRolledBack
    from pytest_prefect_lens.errors import FlowSuspended as FlowSuspended
    from pytest_prefect_lens.errors import FlowTimedOut as FlowTimedOut
    from pytest_prefect_lens.errors import FlowUnfinished as FlowUnfinished
    from pytest_prefect_lens.errors import MissingResult as MissingResult
    from pytest_prefect_lens.errors import PrefectStateError as PrefectStateError
    from pytest_prefect_lens.errors import TaskAwaitingRetry as TaskAwaitingRetry
    from pytest_prefect_lens.errors import TaskCancelled as TaskCancelled
    from pytest_prefect_lens.errors import TaskCancelling as TaskCancelling
    from pytest_prefect_lens.errors import TaskCrashed as TaskCrashed
    from pytest_prefect_lens.errors import TaskFailed as TaskFailed
    from pytest_prefect_lens.errors import TaskNotReady as TaskNotReady
    from pytest_prefect_lens.errors import TaskPaused as TaskPaused
    from pytest_prefect_lens.errors import TaskRolledBack as TaskRolledBack
    from pytest_prefect_lens.errors import TaskSuspended as TaskSuspended
    from pytest_prefect_lens.errors import TaskTimedOut as TaskTimedOut
    from pytest_prefect_lens.errors import TaskUnfinished as TaskUnfinished
    from pytest_prefect_lens.errors import raise_for_state as raise_for_state
    from pytest_prefect_lens.errors import state_error as state_error
    from pytest_prefect_lens.fixture_types import ARunFlow as ARunFlow
    from pytest_prefect_lens.fixture_types import Deploy as Deploy
    from pytest_prefect_lens.fixture_types import FrozenClock as FrozenClock
    from pytest_prefect_lens.fixture_types import MockBlocks as MockBlocks
    from pytest_prefect_lens.fixture_types import MockTask as MockTask
    from pytest_prefect_lens.fixture_types import MockVariables as MockVariables
    from pytest_prefect_lens.fixture_types import PrefectApi as PrefectApi
    from pytest_prefect_lens.fixture_types import RunFlow as RunFlow
    from pytest_prefect_lens.live import Transition as Transition
    from pytest_prefect_lens.mocks import MockedTask as MockedTask
    from pytest_prefect_lens.mocks import mock_blocks as mock_blocks
    from pytest_prefect_lens.mocks import mock_secrets as mock_secrets
    from pytest_prefect_lens.mocks import mock_task as mock_task
    from pytest_prefect_lens.mocks import mock_variables as mock_variables
    from pytest_prefect_lens.network import NetworkRefusedError as NetworkRefusedError
    from pytest_prefect_lens.result import FlowResult as FlowResult
    from pytest_prefect_lens.result import LogLine as LogLine
    from pytest_prefect_lens.result import Run as Run
    from pytest_prefect_lens.result import TaskRunResult as TaskRunResult
    from pytest_prefect_lens.round_trip import assert_parameters_round_trip as assert_parameters_round_trip
    from pytest_prefect_lens.running import arun_flow as arun_flow
    from pytest_prefect_lens.running import run_flow as run_flow
    from pytest_prefect_lens.task_runs import TaskRuns as TaskRuns

pytest_plugins = ["pytest_prefect_lens.plugin"]
"""What `-p pytest_prefect_lens` loads where the distribution, and so its entry point of that name, is not installed."""

_MODULES = {
    "clock": ("Clock", "frozen_clock"),
    "deployed": ("Deployment", "deployments"),
    "deploying": ("Deployed", "deploy"),
    "errors": (
        *(
            f"{kind}{ending}"
            for kind in ("Flow", "Task")
            for ending in (
                *("AwaitingRetry", "Cancelled", "Cancelling", "Crashed", "Failed", "NotReady", "Paused", "RolledBack"),
                *("Suspended", "TimedOut", "Unfinished"),
            )
        ),
        *("MissingResult", "PrefectStateError", "raise_for_state", "state_error"),
    ),
    "fixture_types": (
        *("ARunFlow", "Deploy", "FrozenClock", "MockBlocks", "MockTask", "MockVariables", "PrefectApi", "RunFlow"),
    ),
    "live": ("Transition",),
    "mocks": ("MockedTask", "mock_blocks", "mock_secrets", "mock_task", "mock_variables"),
    "network": ("NetworkRefusedError",),
    "result": ("FlowResult", "LogLine", "Run", "TaskRunResult"),
    "round_trip": ("assert_parameters_round_trip",),
    "running": ("arun_flow", "run_flow"),
    "task_runs": ("TaskRuns",),
}
_WHERE = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    """Return one of the public names, its module loaded now."""
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415  nobody who asks for nothing pays

    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
