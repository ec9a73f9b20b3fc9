"""Runs as they happen, with Prefect's own objects: states, results, exceptions. Needs the standard library alone.

The records in `runs.py` cross processes and hold nothing of the user's alive. What stands here lives as long as the
result of `run_flow` does, in the process of the test.
"""

from __future__ import annotations

import threading
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
        self._lock_live = threading.Lock()
        self._transitions: dict[str, list[tuple[str, Transition]]] = {}
        self._failures: dict[str, BaseException] = {}
        self.events: list[tuple[str | None, Any]] = []
        """The run that emitted it, if any, and Prefect's event."""

    def meet(self, run_id: str, kind: str, subject: Any, run: Any, parent: str | None = None) -> None:
        """Note a run, and what it is a run of."""
        super().meet(run_id, kind, subject, run, parent)
        if subject is not None:
            self.subjects.setdefault(run_id, subject)

    def submitted(self, run_id: str, task: Any, site: Any, parent: str | None) -> None:
        """Note what was submitted."""
        super().submitted(run_id, task, site, parent)
        self.subjects.setdefault(run_id, task)

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

    def transitions(self, record: RunRecord) -> tuple[Transition, ...]:
        """Return the states of a run, in order."""
        return tuple(transition for _, transition in self._transitions.get(record.id, ()))


def exception_of(state: Any) -> BaseException | None:
    """Return the exception that a failed, crashed or cancelled state holds, however deep; None where it holds none.

    A flow that returns the states of its tasks holds the exception of the first of them that went wrong.
    """
    return state_exception(state) if state.type.value in ("FAILED", "CRASHED", "CANCELLED") else None


def state_exception(state: Any) -> BaseException | None:
    """Return the exception in a state's data."""
    held = _held(state)
    if isinstance(held, BaseException):
        return held
    several = isinstance(held, (list, tuple, set))
    for one in cast("list[Any]", held) if several else (held,):
        if hasattr(one, "state_details") and hasattr(one, "type"):
            found = exception_of(one)
            if found is not None:
                return found
    return None


def _held(state: Any) -> Any:
    data: Any = state.data
    if hasattr(data, "result") and hasattr(data, "metadata"):
        return data.result  # a record of a result in memory
    if hasattr(data, "storage_key"):
        return _loaded(state)
    return data


def _loaded(state: Any) -> Any:
    """Return the result behind a state that came from the API, or what keeps it from being read."""

    async def load() -> Any:
        read: Any = state.result(raise_on_failure=False, retry_result_failure=False)
        return await read if hasattr(read, "__await__") else read

    run_coro_as_sync: Any = import_module("prefect.utilities.asyncutils").run_coro_as_sync
    try:
        return run_coro_as_sync(load())
    except Exception as error:  # noqa: BLE001  whatever a storage raises is why there is no result
        return error
