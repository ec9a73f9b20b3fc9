"""What became of a flow run and of every run inside it, as values to assert on.

Facts come from Prefect's engine in the process of the test: the states that it set, with their times and data. Logs are
what Prefect's loggers of runs were given; events are what was sent from this process; artifacts are read from the API.
All times are in UTC, all durations in seconds.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false
# Prefect is not there where the server's code is checked; with it installed, as users have it, all of this is known.

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from uuid import UUID

from prefect.client.schemas.objects import State, StateDetails, StateType

from pytest_prefect_lens import errors, tree
from pytest_prefect_lens.given import check_flow
from pytest_prefect_lens.live import LiveBook, Transition, exception_of, held, is_stored
from pytest_prefect_lens.states import BAD
from pytest_prefect_lens.task_runs import TaskRuns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from prefect import Flow, Task
    from prefect.client.schemas.objects import Artifact
    from prefect.events import Event

    from pytest_prefect_lens.wire import RunRecord

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
_NOTHING = object()


@dataclass(frozen=True)
class LogLine:
    """A line that a run logged through Prefect: `get_run_logger()`, or `print` with `log_prints`."""

    level: int
    """One of `logging`'s levels: 20 is INFO."""
    text: str
    time: datetime
    run_name: str
    """The run's name, as Prefect made it."""

    def __str__(self) -> str:
        return self.text


class Run(Generic[R_co]):
    """What a flow run and a task run have in common."""

    def __init__(self, record: RunRecord, book: LiveBook, value: Any = _NOTHING, state: Any = None) -> None:
        self._record = record
        self._book = book
        self._value = value
        self._given = state
        self.kind: str = record.kind
        """`flow` or `task`."""
        self.id: str = record.id
        """Prefect's id of the run."""
        self.name: str = record.name
        """The name of the flow or task."""
        self.run_name: str = record.run_name
        """The name of the run, which Prefect makes anew each time unless the author says one."""
        self.run_name_set: bool = record.run_name_set
        """Whether the author says what the run is called."""
        self._entered = book.transitions(record)
        self.attempts: int = record.attempt
        """How often the run began to run: 1 without a retry, 0 if it never ran."""
        if not any(transition.type == "RUNNING" for transition in self._entered):
            self.attempts = 0

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """The states that the run entered, in order."""
        self._book.is_looked_at = True
        return self._entered

    @cached_property
    def state(self) -> State[Any]:
        """Prefect's own state, the last one. For a task in another process it is made of what Prefect told of it."""
        self._book.is_looked_at = True
        last = self.transitions[-1] if self.transitions else None
        state: Any = self._given or (last and last.state)
        if state is not None:
            return state
        run_id = UUID(self.id)
        details = StateDetails(task_run_id=run_id) if self.kind == "task" else StateDetails(flow_run_id=run_id)
        if last is None:
            return State(type=StateType.PENDING, state_details=details)
        return State(type=StateType(last.type), name=last.name, message=last.message, state_details=details)

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the states, in order: `("Pending", "Running", "Completed")`."""
        return tuple(transition.name for transition in self.transitions)

    @property
    def state_name(self) -> str:
        """The name of the last state: `Completed`."""
        return self.state.name or ""

    @property
    def result(self) -> R_co:
        """What the run returned.

        Raises:
            PrefectStateError: the run did not complete; the one that `raise_for_state` raises.
            MissingResult: it completed, and its result is not at hand.
        """
        __tracebackhide__ = True
        self.raise_for_state()
        value: Any = held(self.state) if self._value is _NOTHING else self._value
        if self._value is _NOTHING and self.state.data is None:
            raise errors.missing_result(
                self.state, name=self.name, run_name=self.run_name, transitions=self.transitions
            )
        return value

    @property
    def exception(self) -> BaseException | None:
        """What the run's code raised in its last attempt; None where it did not, or where another attempt followed."""
        return exception_of(self.state) or (self.transitions[-1].exception if self.transitions else None)

    def raise_for_state(self) -> None:
        """Raise the exception that stands for the last state; return for a run that did what it was for.

        Raises:
            PrefectStateError: the one of its family that the table of states names.
        """
        __tracebackhide__ = True
        error = errors.state_error(
            self.state,
            kind=self.kind,
            name=self.name,
            run_name=self.run_name,
            transitions=self.transitions,
            exception=self.exception,
        )
        if error is not None:
            raise error

    # --- time ---------------------------------------------------------------------------------------

    @property
    def started(self) -> datetime | None:
        """When the run first began to run; None if it never did."""
        return next((transition.time for transition in self.transitions if transition.type == "RUNNING"), None)

    @property
    def ended(self) -> datetime | None:
        """When the run entered its last state; None while that is not a final one."""
        return self.transitions[-1].time if self.transitions and self.state.is_final() else None

    @property
    def seconds(self) -> float:
        """From the first state to the last one, waiting included."""
        return (self.transitions[-1].time - self.transitions[0].time).total_seconds() if self.transitions else 0.0

    @property
    def running_seconds(self) -> float:
        """The time in states of type RUNNING, over all attempts."""
        pairs = zip(self.transitions, self.transitions[1:], strict=False)
        return sum((after.time - before.time).total_seconds() for before, after in pairs if before.type == "RUNNING")

    # --- to assert on -------------------------------------------------------------------------------

    @property
    def retries(self) -> int:
        """How many attempts followed the first one."""
        return max(self.attempts - 1, 0)

    @property
    def is_completed(self) -> bool:
        """Whether the run completed."""
        return self.state.is_completed()

    @property
    def is_cached(self) -> bool:
        """Whether the result came from the cache, so that the code did not run."""
        return self.state_name == "Cached"

    @property
    def is_persisted(self) -> bool:
        """Whether the result was written to a storage, as `persist_result` or a cache asks for."""
        return is_stored(self.state)

    def reached(self, state: str) -> bool:
        """Return whether the run was ever in a state, named by its name (`AwaitingRetry`) or type (`SCHEDULED`)."""
        return any(state in (transition.name, transition.type) for transition in self.transitions)

    def overlaps(self, other: Run[Any]) -> bool:
        """Return whether both ran at the same time, if only for a moment."""
        mine, theirs = self._span, other._span
        return mine is not None and theirs is not None and mine[0] < theirs[1] and theirs[0] < mine[1]

    def ended_before(self, other: Run[Any]) -> bool:
        """Return whether this run was over when the other one began to run. False where either never ran."""
        mine, theirs = self._span, other._span
        return mine is not None and theirs is not None and mine[1] <= theirs[0]

    def is_running_at(self, moment: datetime) -> bool:
        """Return whether the run had begun at a moment, and was not over."""
        span = self._span
        return span is not None and span[0] <= moment < span[1]

    @property
    def _span(self) -> tuple[datetime, datetime] | None:
        return None if self.started is None else (self.started, self.transitions[-1].time)

    def __repr__(self) -> str:
        return f"<{tree.headline(self)}>"

    def __str__(self) -> str:
        return tree.picture(self)

    # --- the tree -----------------------------------------------------------------------------------

    @cached_property
    def children(self) -> tuple[Run[Any], ...]:
        """The runs that this one started itself, in the order in which they began."""
        return tuple(
            (FlowResult if record.kind == "flow" else TaskRunResult)(record, self._book)
            for record in self._book.records
            if record.parent == self.id and record.id != self.id
        )

    @property
    def all_runs(self) -> tuple[Run[Any], ...]:
        """This run and every one inside it, from the outside in."""
        return (self, *(run for child in self.children for run in child.all_runs))

    @property
    def failures(self) -> tuple[Run[Any], ...]:
        """This run and those inside it that ended Failed, Crashed or Cancelled, whoever swallowed that."""
        return tuple(run for run in self.all_runs if run.state.type.value in BAD)


class TaskRunResult(Run[R_co]):
    """What became of a task run."""

    @property
    def key(self) -> str:
        """Prefect's key of the task; empty where only the task's events are known."""
        return str(getattr(self._book.subjects.get(self.id), "task_key", "") or "")

    def is_of(self, task: str | Task[..., Any]) -> bool:
        """Return whether this is a run of a task, given by its name, its key, a run's name or the task itself."""
        if isinstance(task, str):
            return task in (self.name, self.run_name, self.key)
        subject: Any = self._book.subjects.get(self.id)
        if subject is None:
            return task.name == self.name
        # `with_options` makes another task of the same function.
        return subject is task or subject.fn is task.fn


class FlowResult(Run[R_co]):
    """What became of a flow run, and of every run inside it. `str` gives a picture of the tree."""

    def __init__(
        self, record: RunRecord, book: LiveBook, value: Any = _NOTHING, state: Any = None, raised: Any = None
    ) -> None:
        super().__init__(record, book, value, state)
        self._raised: BaseException | None = raised

    @property
    def is_looked_at(self) -> bool:
        """Whether somebody has asked how this run, or one inside it, ended."""
        return self._book.is_looked_at

    @property
    def exception(self) -> BaseException | None:
        """What the flow's code raised in its last attempt, an exit included; None where it raised nothing."""
        return super().exception or (self._raised if self.state.type.value in BAD else None)

    @property
    def task_runs(self) -> TaskRuns:
        """The runs of the flow's tasks, tasks inside of tasks too, but not those of its subflows."""
        return TaskRuns(tuple(_tasks_of(self)))

    def task_run(self, task: str | Task[..., Any]) -> TaskRunResult[Any]:
        """Return the one run of a task, given by its name, its key, the run's name or the task itself.

        Raises:
            LookupError: the task ran in this flow not once, or more than once.
        """
        __tracebackhide__ = True
        found = self.task_runs[task]
        if len(found) == 1:
            return found[0]
        asked = task if isinstance(task, str) else task.name
        raise LookupError(tree.not_once("task", asked, len(found), self))

    @property
    def subflows(self) -> tuple[FlowResult[Any], ...]:
        """The runs of flows that this flow, or a task of it, called."""
        return tuple(_subflows_of(self))

    def subflow(self, flow: str | Flow[..., Any]) -> FlowResult[Any]:
        """Return the one run of a subflow, given by its name, the run's name or the flow itself.

        Raises:
            LookupError: the flow ran in this one not once, or more than once.
            TypeError: that is no flow.
        """
        __tracebackhide__ = True
        if not isinstance(flow, str):
            check_flow(flow, "subflow")
        found = [run for run in self.subflows if run.is_of(flow)]
        if len(found) == 1:
            return found[0]
        raise LookupError(tree.not_once("flow", flow if isinstance(flow, str) else flow.name, len(found), self))

    def is_of(self, flow: str | Flow[..., Any]) -> bool:
        """Return whether this is a run of a flow, given by its name, the run's name or the flow itself."""
        if isinstance(flow, str):
            return flow in (self.name, self.run_name)
        subject: Any = self._book.subjects.get(self.id)
        return flow.name == self.name if subject is None else subject is flow or subject.fn is flow.fn

    @property
    def logs(self) -> list[LogLine]:
        """What this run and the runs inside it logged, in order."""
        names = {run.id: run.run_name for run in self.all_runs}
        return [LogLine(*line[1:], names[line[0]]) for line in self._book.logs if line[0] in names]

    @property
    def events(self) -> list[Event]:
        """The events that this run and the runs inside it sent from this process: `emit_event`, states of tasks.

        Events that Prefect's server makes itself, as of a flow's states, are not among them.
        """
        ids = {run.id for run in self.all_runs}
        return [event for run_id, event in self._book.events if run_id in ids]

    def event(self, name: str) -> Event:
        """Return the one event of a name.

        Raises:
            LookupError: no event of that name was sent, or more than one.
        """
        __tracebackhide__ = True
        return tree.one_of(name, "event", [(event.event, event) for event in self.events], self)

    def artifact(self, key: str) -> Artifact:
        """Return the one artifact of a key.

        Raises:
            LookupError: there is no artifact of that key, or more than one.
            httpx.HTTPError: the API does not answer.
        """
        __tracebackhide__ = True
        return tree.one_of(key, "artifact", [(artifact.key, artifact) for artifact in self.artifacts], self)

    @property
    def artifacts(self) -> list[Artifact]:
        """The artifacts of this run and of the runs inside it, read from the API now, in the order of their making.

        Raises:
            httpx.HTTPError: the API does not answer.
        """
        from prefect.client.orchestration import get_client  # noqa: PLC0415
        from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId  # noqa: PLC0415

        flows = [UUID(run.id) for run in self.all_runs if run.kind == "flow"]
        wanted = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=flows))
        get: Callable[..., Any] = get_client
        with get(sync_client=True) as client:
            found = client.read_artifacts(artifact_filter=wanted)
        return sorted(found, key=attrgetter("created"))


def _tasks_of(run: Run[Any]) -> Iterator[TaskRunResult[Any]]:
    for child in run.children:
        if isinstance(child, TaskRunResult):
            yield child
            yield from _tasks_of(cast("Run[Any]", child))


def _subflows_of(run: Run[Any]) -> Iterator[FlowResult[Any]]:
    for child in run.children:
        if isinstance(child, FlowResult):
            yield child
        else:
            yield from _subflows_of(child)
