"""Runs as they happen, with Prefect's own objects: states, results, exceptions. Needs the standard library alone.

The records in `runs.py` cross processes and hold nothing of the user's alive. What stands here lives as long as the
result of `run_flow` does, in the process of the test.
"""

from __future__ import annotations

import threading
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from pytest_prefect_lens.runs import Book

if TYPE_CHECKING:
    from pytest_prefect_lens.wire import ExceptionRecord, RunRecord, StateRecord


@dataclass(frozen=True)
class Transition:
    """A state that a run entered."""

    name: str
    """Prefect's name of the state: `AwaitingRetry`; or what the author called it."""
    type: str
    """Prefect's type of the state: `SCHEDULED`."""
    time: datetime
    """When, in UTC."""
    message: str | None = None
    exception: BaseException | None = field(default=None, compare=False)
    """What the attempt that ends with this state failed with."""
    state: Any = field(default=None, compare=False, repr=False)
    """Prefect's own state; None for a run in another process."""

    def __str__(self) -> str:
        return self.name


class LiveBook(Book):
    """A book that also keeps Prefect's objects: the states, and which Flow or Task a run is of."""

    def __init__(self) -> None:
        super().__init__()
        self.subjects: dict[str, Any] = {}
        self.root: str | None = None
        """The first flow run of what was called with this book in `calling`; others may go on beside it."""
        self._lock_live = threading.Lock()
        self._transitions: dict[str, list[tuple[str, Transition]]] = {}
        self._failures: dict[str, BaseException] = {}
        self._submitted: dict[str, tuple[Any, str | None]] = {}
        self.events: list[tuple[str | None, Any]] = []
        """The run that emitted it, if any, and Prefect's event."""
        self.logs: list[tuple[str, int, str, datetime]] = []
        """The run that logged it, the level, the text, the time."""
        self.records: tuple[RunRecord, ...] = ()
        """The runs, once all is over."""
        self.is_looked_at = False
        """Whether somebody has asked how one of the runs ended."""

    def meet(self, run_id: str, kind: str, subject: Any, run: Any, parent: str | None = None) -> None:
        """Note a run, and what it is a run of."""
        super().meet(run_id, kind, subject, run, parent)
        if subject is not None:
            self.subjects.setdefault(run_id, subject)
        if self.root is None and kind == "flow" and calling.get() is self:
            self.root = run_id

    def submitted(self, run_id: str, task: Any, site: Any, parent: str | None) -> None:
        """Note what was submitted."""
        super().submitted(run_id, task, site, parent)
        self.subjects.setdefault(run_id, task)
        self._submitted[run_id] = (task, parent)

    def was_submitted(self, run_id: str) -> bool:
        """Whether a run was handed to a task runner, which begins it when it can."""
        return run_id in self._submitted

    def attempt_failed(self, run_id: str, failure: ExceptionRecord, exception: BaseException | None = None) -> None:
        """Keep what an attempt failed with for the state that follows it."""
        super().attempt_failed(run_id, failure)
        if exception is not None:
            self._failures[run_id] = exception

    def enter(self, run_id: str, state: StateRecord, live: Any = None, exception: BaseException | None = None) -> None:
        """Note that a run has entered a state; what is said twice counts once."""
        super().enter(run_id, state)
        with self._lock_live:
            entered = self._transitions.setdefault(run_id, [])
            if any(known == state.id for known, _ in entered):
                return
            failure = self._failures.pop(run_id, None)
            if exception is None and state.name in ("AwaitingRetry", "Retrying"):
                exception = failure
            entered.append(
                (
                    state.id,
                    Transition(
                        state.name,
                        state.type,
                        datetime.fromtimestamp(state.time, timezone.utc),
                        state.message,
                        exception,
                        live,
                    ),
                )
            )

    def emitted(self, run_id: str | None, event: Any) -> None:
        """Note an event that a run sends, or something outside of any run."""
        self.events.append((run_id, event))

    def close(self) -> None:
        """Take in what there is; what comes later is passed over."""
        for run_id, (task, parent) in self._submitted.items():
            if not self.knows(run_id):
                # The process that ran it is gone, and has told nothing.
                self.meet(run_id, "task", task, None, parent)
        self.records = self.take()

    def transitions(self, record: RunRecord) -> tuple[Transition, ...]:
        """Return the states of a run, in order."""
        return tuple(transition for _, transition in self._transitions.get(record.id, ()))


calling: ContextVar[LiveBook | None] = ContextVar("calling", default=None)
"""The book of the call that this thread or asynchronous task is inside of."""


def exception_of(state: Any) -> BaseException | None:
    """Return the exception that a failed, crashed or cancelled state holds, however deep; None where it holds none.

    A flow that returns the states of its tasks holds the exception of the first of them that went wrong.
    """
    return state_exception(state) if state.type.value in ("FAILED", "CRASHED", "CANCELLED") else None


def state_exception(state: Any) -> BaseException | None:
    """Return the exception in a state's data."""
    found = held(state)
    if isinstance(found, BaseException):
        return found
    several = isinstance(found, (list, tuple, set))
    for one in cast("list[Any]", found) if several else (found,):
        if hasattr(one, "state_details") and hasattr(one, "type"):
            inner = exception_of(one)
            if inner is not None:
                return inner
    return None


def held(state: Any) -> Any:
    """Return what a state holds, read from its storage where it came from the API."""
    data: Any = state.data
    if hasattr(data, "result") and hasattr(data, "metadata"):
        return data.result  # a record of a result in memory
    if hasattr(data, "storage_key"):
        return _loaded(state)
    return data


def is_stored(state: Any) -> bool:
    """Return whether the result of a state lies in its storage: whoever has the state alone could read it there."""
    data: Any = state.data
    metadata: Any = data if hasattr(data, "storage_key") else getattr(data, "metadata", None)
    if getattr(metadata, "storage_key", None) is None:
        return False
    try:
        _load(state.model_copy(update={"data": metadata}))
    except Exception:  # noqa: BLE001  each storage has its own way to say that it has nothing
        return False
    return True


def _loaded(state: Any) -> Any:
    """Return the result behind a state that came from the API, or what keeps it from being read."""
    try:
        return _load(state)
    except Exception as error:  # noqa: BLE001  whatever a storage raises is why there is no result
        return error


def _load(state: Any) -> Any:
    """Read a result from its storage, on the loop that Prefect keeps for such things: the test's own may be busy."""

    async def load() -> Any:
        read: Any = state.result(raise_on_failure=False, retry_result_failure=False)
        return await read if hasattr(read, "__await__") else read

    return import_module("prefect.utilities.asyncutils").run_coro_as_sync(load())
