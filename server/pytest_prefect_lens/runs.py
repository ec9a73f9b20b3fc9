"""What became of the runs of a test: kept while they happen, told as records. Needs the standard library alone.

Prefect's objects are read here and never kept: a record must not hold a user's frames or results alive.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_prefect_lens.bodies import NOWHERE, Body, body_of
from pytest_prefect_lens.frames import caller, cut
from pytest_prefect_lens.wire import Code, ExceptionRecord, Frame, RunRecord, StateRecord

MAX_STATE_MESSAGE = 5_000
MAX_STATES = 2_000
"""A run that is retried without end keeps this many of its states: the first ones and the last."""


@dataclass
class _Entry:
    """A run that goes on."""

    id: str
    kind: str
    name: str = ""
    run_name: str = ""
    run_name_set: bool = False
    body: Body = NOWHERE
    parent: str | None = None
    called_at: Frame | None = None
    max_attempts: int = 1
    states: list[StateRecord] = field(default_factory=list[StateRecord])
    state_ids: set[str] = field(default_factory=set[str])
    failure: ExceptionRecord | None = None
    """What the attempt that ends now failed with; the state that follows carries it."""


class Book:
    """The runs since the last `take`. Any thread may write."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._entries: dict[str, _Entry] = {}
        self._sites: dict[str, tuple[Any, Frame | None, str | None]] = {}
        self._taken: set[str] = set()

    def meet(self, run_id: str, kind: str, subject: Any, run: Any, parent: str | None = None) -> None:
        """Note a run: `subject` is the Flow or Task, `run` Prefect's FlowRun or TaskRun."""
        if not self._writes(run_id):
            return
        site = None if run_id in self._entries else caller()
        with self._lock:
            entry = self._entries.get(run_id)
            if entry is None:
                entry = self._entries[run_id] = _Entry(run_id, kind, called_at=site)
            entry.run_name = str(getattr(run, "name", None) or entry.run_name)
            if parent is not None and parent != run_id:
                entry.parent = entry.parent or parent
            if subject is not None and not entry.name:
                _describe(entry, subject)

    def attempt_failed(self, run_id: str, failure: ExceptionRecord) -> None:
        """Keep what an attempt failed with for the state that follows it."""
        with self._lock:
            entry = self._entries.get(run_id)
            if entry is not None:
                entry.failure = failure

    def enter(self, run_id: str, state: StateRecord) -> None:
        """Note that a run has entered a state; what is said twice counts once."""
        if not self._writes(run_id):
            return
        with self._lock:
            entry = self._entries.get(run_id)
            if entry is None or state.id in entry.state_ids:
                return
            entry.state_ids.add(state.id)
            if state.exception is None and state.name in ("AwaitingRetry", "Retrying"):
                state = replace(state, exception=entry.failure)
            entry.failure = None
            entry.states.append(state)
            if len(entry.states) > MAX_STATES:
                del entry.states[MAX_STATES // 2]

    def knows(self, run_id: str) -> bool:
        """Whether this run has been met in this test."""
        return run_id in self._entries

    def begun(self) -> frozenset[Code]:
        """Return the functions of the runs so far."""
        with self._lock:
            bodies = [entry.body for entry in self._entries.values()]
        return frozenset(Code(body.path, body.line, body.qualname) for body in bodies if body.path)

    def submitted(self, run_id: str, task: Any, site: Frame | None, parent: str | None) -> None:
        """Note where a run was submitted that another thread or process may have begun already."""
        if os.getpid() == self._pid:
            with self._lock:
                self._sites[run_id] = (task, site, parent)

    def take(self) -> tuple[RunRecord, ...]:
        """Return the runs in the order in which they began, and forget them.

        What a run does after that (a thread that outlived its test) is passed over: it is not the next test's doing.
        """
        if os.getpid() != self._pid:
            return ()
        with self._lock:
            entries, self._entries = self._entries, {}
            sites, self._sites = self._sites, {}
            self._taken.update(entries)
        for entry in entries.values():
            task, site, parent = sites.get(entry.id, (None, None, None))
            entry.called_at = entry.called_at or site
            entry.parent = entry.parent or parent
            if task is not None and not entry.name:
                _describe(entry, task)
        return tuple(_record(entry) for entry in entries.values())

    def _writes(self, run_id: str) -> bool:
        """Whether to write at all. A forked child does not: its lock may be held by a thread that it does not have."""
        return os.getpid() == self._pid and run_id not in self._taken


def attempts(states: tuple[StateRecord, ...] | list[StateRecord]) -> tuple[int, ...]:
    """Return for each state the attempt that it belongs to, counted from 1.

    An attempt begins when the run starts to run; one that goes on after a pause is the same attempt.
    """
    numbers: list[int] = []
    attempt = 0
    before = ""
    for state in states:
        if state.type == "RUNNING" and before != "PAUSED":
            attempt += 1
        before = state.type
        numbers.append(max(attempt, 1))
    return tuple(numbers)


def _record(entry: _Entry) -> RunRecord:
    numbers = attempts(entry.states)
    return RunRecord(
        id=entry.id,
        kind=entry.kind,
        name=entry.name or entry.run_name,
        run_name=entry.run_name,
        run_name_set=entry.run_name_set,
        path=entry.body.path,
        line=entry.body.line,
        qualname=entry.body.qualname,
        parent=entry.parent,
        called_at=entry.called_at,
        attempt=numbers[-1] if numbers else 1,
        max_attempts=entry.max_attempts,
        states=tuple(entry.states),
        column=entry.body.column,
        end_column=entry.body.end_column,
    )


def _describe(entry: _Entry, subject: Any) -> None:
    entry.name = str(getattr(subject, "name", "") or "")
    entry.run_name_set = (
        getattr(subject, "task_run_name" if entry.kind == "task" else "flow_run_name", None) is not None
    )
    retries = getattr(subject, "retries", 0)
    entry.max_attempts = (retries if isinstance(retries, int) else 0) + 1
    entry.body = body_of(getattr(subject, "fn", None))


def state_record(state: Any, exception: ExceptionRecord | None, message: str | None = None) -> StateRecord:
    """Return the record of one of Prefect's states."""
    said: Any = state.message or message
    return StateRecord(
        id=str(state.id),
        type=str(getattr(state.type, "value", state.type)),
        name=str(state.name or ""),
        time=float(state.timestamp.timestamp()),
        message=None if said is None else cut(str(said), MAX_STATE_MESSAGE),
        exception=exception,
        delay=_delay(state),
    )


def _delay(state: Any) -> float | None:
    planned: Any = getattr(getattr(state, "state_details", None), "scheduled_time", None)
    if planned is None or str(state.name) != "AwaitingRetry":
        return None
    return max(0.0, round((planned - state.timestamp).total_seconds(), 1))
