"""The family of exceptions that stand for the states of runs, and the way from a state to its exception.

Calling a flow or a task raises what Prefect raises, always. These come from `raise_for_state()`, from `run_flow` and
from reports. Each derives from what Prefect itself raises for the state, so that `pytest.raises(FailedRun)` goes on
working; which one stands for which state is said by the table in `states.py` alone.

This module imports Prefect. The package gives its names on demand: importing `pytest_prefect_lens` imports nothing.
"""

# ruff: noqa: N818
# The names are those of states, as Prefect's own are.
# pyright: reportMissingImports=false, reportUntypedBaseClass=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false, reportUnknownParameterType=false, reportUnknownArgumentType=false
# Prefect is not there where the server's code is checked; with it installed, as users have it, all of this is known.

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from prefect.exceptions import (
    CancelledRun,
    CrashedRun,
    FailedRun,
    PausedRun,
    UnfinishedRun,
    UpstreamTaskError,
)
from prefect.exceptions import MissingResult as _MissingResult
from prefect.flow_engine import FlowRunTimeoutError
from prefect.task_engine import TaskRunTimeoutError

from pytest_prefect_lens import states
from pytest_prefect_lens.live import exception_of, state_exception

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from pytest_prefect_lens.live import Transition


class PrefectStateError(Exception):
    """A run is in a state in which it has not done what it was for.

    The exception that the run raised, if any, is `__cause__`.
    """

    state: State[Any] | None
    """Prefect's own state."""
    name: str
    """The flow's or task's name; empty where only a state was at hand."""
    run_name: str
    """The run's name, which Prefect makes anew for each run unless the author says one."""
    transitions: tuple[Transition, ...]
    """The states that the run went through, in order; empty where only a state was at hand."""
    code: str
    """The code of the state in the table of states: `PL201`."""
    href: str | None
    """Prefect's page about it."""

    def __init__(
        self,
        message: str,
        /,
        *,
        state: State[Any] | None = None,
        name: str = "",
        run_name: str = "",
        transitions: tuple[Transition, ...] = (),
        row: states.Row | None = None,
    ) -> None:
        super().__init__(message)
        self.state = state
        self.name = name
        self.run_name = run_name
        self.transitions = transitions
        self.code = row.code if row is not None else ""
        self.href = row.href if row is not None else None


class FlowFailed(PrefectStateError, FailedRun):
    """A flow's code raised, or returned a failed state."""


class TaskFailed(PrefectStateError, FailedRun):
    """A task's code raised, or returned a failed state."""


class FlowTimedOut(FlowFailed, FlowRunTimeoutError):
    """A flow took longer than its timeout."""


class TaskTimedOut(TaskFailed, TaskRunTimeoutError):
    """A task took longer than its timeout."""


class FlowCrashed(PrefectStateError, CrashedRun):
    """A flow run was cut off: by an exit, a signal, or its process."""


class TaskCrashed(PrefectStateError, CrashedRun):
    """A task run was cut off: by an exit, a signal, or its process."""


class FlowCancelled(PrefectStateError, CancelledRun):
    """Somebody decided that a flow run should not go on."""


class TaskCancelled(PrefectStateError, CancelledRun):
    """Somebody decided that a task run should not go on."""


class FlowPaused(PrefectStateError, PausedRun):
    """A flow run waits until somebody resumes it."""


class TaskPaused(PrefectStateError, PausedRun):
    """A task run waits until somebody resumes it."""


class FlowSuspended(FlowPaused):
    """A flow run has left its process until it is resumed."""


class TaskSuspended(TaskPaused):
    """A task run has left its process until it is resumed."""


class FlowUnfinished(PrefectStateError, UnfinishedRun):
    """A flow run is in a state that is not final: it waits, or goes on, or nobody will ever say how it ended."""


class TaskUnfinished(PrefectStateError, UnfinishedRun):
    """A task run is in a state that is not final: it waits, or goes on, or nobody will ever say how it ended."""


class FlowAwaitingRetry(FlowUnfinished):
    """An attempt of a flow failed; another one follows."""


class TaskAwaitingRetry(TaskUnfinished):
    """An attempt of a task failed; another one follows."""


class FlowCancelling(FlowUnfinished):
    """A flow run is being cancelled."""


class TaskCancelling(TaskUnfinished):
    """A task run is being cancelled."""


class FlowNotReady(FlowUnfinished, UpstreamTaskError):
    """A run that this flow needs did not complete."""


class TaskNotReady(TaskUnfinished, UpstreamTaskError):
    """A run that this task needs did not complete."""


class MissingResult(PrefectStateError, _MissingResult):
    """A run completed, and its result is not at hand."""


class FlowRolledBack(MissingResult):
    """A flow run completed, and its transaction was rolled back."""


class TaskRolledBack(MissingResult):
    """A task run completed, and its transaction was rolled back."""


def state_error(
    state: State[Any],
    *,
    kind: str | None = None,
    name: str = "",
    run_name: str = "",
    transitions: tuple[Transition, ...] = (),
    exception: BaseException | None = None,
) -> PrefectStateError | None:
    """Return the exception that stands for a state, or None for one in which the run did what it was for.

    Args:
        state: Prefect's state, however it was had: `return_state=True`, a future, the API.
        kind: `flow` or `task`; by default what the state itself says.
        name: The flow's or task's name.
        run_name: The run's name.
        transitions: The states that the run went through.
        exception: What the run raised, where the state itself does not hold it.
    """
    kind = kind or kind_of(state)
    row = states.lookup(kind, state.type.value, state.name or "")
    if row.exception is None:
        return None
    who = f"{kind.capitalize()} {name!r}" if name else f"A {kind} run"
    where = f" (run {run_name!r})" if run_name and run_name != name else ""
    cause = exception_of(state) or exception
    said = f"{type(cause).__name__}: {cause}" if cause is not None else state.message or row.sentence
    error = cast("type[PrefectStateError]", getattr(sys.modules[__name__], row.exception))(
        f"{who}{where} is {state.name}: {said}",
        state=state,
        name=name,
        run_name=run_name,
        transitions=transitions,
        row=row,
    )
    error.__cause__ = cause
    return error


def missing_result(
    state: State[Any], *, name: str = "", run_name: str = "", transitions: tuple[Transition, ...] = ()
) -> MissingResult:
    """Return what stands for the result of a run that completed without one at hand."""
    error = MissingResult(
        f"The result of {kind_of(state)} run {run_name or name!r} is not at hand: it was not persisted, or the state "
        "was made without one. Give the flow or task persist_result=True.",
        state=state,
        name=name,
        run_name=run_name,
        transitions=transitions,
        row=states.lookup(kind_of(state), state.type.value, state.name or ""),
    )
    error.__cause__ = state_exception(state)
    return error


def raise_for_state(state: State[Any], *, kind: str | None = None) -> None:
    """Raise the exception that stands for a state; return for one in which the run did what it was for.

    Args:
        state: Prefect's state, however it was had: `return_state=True`, a future, the API.
        kind: `flow` or `task`; by default what the state itself says.

    Raises:
        PrefectStateError: the one of its family that the table of states names.
    """
    __tracebackhide__ = True
    error = state_error(state, kind=kind)
    if error is not None:
        raise error


def kind_of(state: State[Any]) -> str:
    """Return whether a state is a flow run's or a task run's, as far as the state itself says so.

    A subflow's state has the ids of both, and is a task's by this where its message does not begin as Prefect's own on
    flow runs do; who knows better says `kind`.
    """
    message = state.message or ""
    if message.startswith("Flow run "):
        return "flow"
    return "task" if state.state_details.task_run_id is not None or message.startswith("Task ") else "flow"
