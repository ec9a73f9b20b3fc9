"""Sees every state of every flow run and task run in this process. Needs the standard library alone.

All patches of Prefect's engines stand here. Each is a step that says whether it fits the Prefect that it meets;
where one does not, the others go on without it. Nothing imports Prefect: a step is taken when Prefect's own module is
imported, so that a conftest's settings come first and a test without flows pays nothing.

| step | what it adds |
|---|---|
| `set_state` of the four engines | the states, with the Flow or Task and the exception |
| `handle_retry` of the task engines | what an attempt failed with, when another one follows |
| `emit_task_run_state_change_event` | Pending and RolledBack, which no engine sets |
| `set_flow_run_state` of the clients | Paused and Suspended, which the API is asked for directly |
| `Task.submit`, `Task.map` | where a run was called that begins in another thread |
| `EventsWorker.send` | runs in the processes of `ProcessPoolTaskRunner`: states and messages, no frames |
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from pytest_prefect_lens import patching
from pytest_prefect_lens.frames import caller, exception_record
from pytest_prefect_lens.live import LiveBook
from pytest_prefect_lens.returns import returned_at
from pytest_prefect_lens.runs import Book, state_record
from pytest_prefect_lens.states import BAD
from pytest_prefect_lens.wire import Code, ExceptionRecord, RunRecord, StateRecord

if TYPE_CHECKING:
    from types import ModuleType

    from pytest_prefect_lens.patching import Patches
    from pytest_prefect_lens.wire import Frame

_book = Book()
_live: tuple[LiveBook, ...] = ()
"""The books of those who look on for a while."""
_unfit: list[str] = []
_installed = 0
"""How many have asked to record. Prefect is patched once, and whole again when the last one is done."""
_undo: list[Callable[[], None]] = []


def install() -> Callable[[], None]:
    """Begin to record; the function returned ends it."""
    global _book, _installed  # noqa: PLW0603  Prefect's classes are the process's, and so is what listens to them
    if not _installed:
        _book = Book()
        _unfit.clear()
        _undo.append(patching.install(_STEPS, _unfit))
    _installed += 1
    return _uninstall


def _uninstall() -> None:
    global _installed  # noqa: PLW0603
    _installed -= 1
    if not _installed:
        _undo.pop()()


@contextmanager
def looking_on() -> Generator[LiveBook]:
    """Give a book of its own, with Prefect's objects in it, on what happens inside the `with`."""
    global _live  # noqa: PLW0603  as above
    book = LiveBook()
    end = install()
    _live = (*_live, book)
    try:
        yield book
    finally:
        _live = tuple(other for other in _live if other is not book)
        book.close()
        end()


def take() -> tuple[RunRecord, ...]:
    """Return the runs since the last call, in the order in which they began."""
    return _book.take()


def begun() -> frozenset[Code]:
    """Return the functions of the runs since the last `take`."""
    return _book.begun()


def unfit() -> tuple[str, ...]:
    """Return what this Prefect hides from us, a sentence each."""
    return tuple(_unfit)


# --- the steps --------------------------------------------------------------------------------------


def _flow_engine(patches: Patches, module: ModuleType) -> None:
    for name in ("FlowRunEngine", "AsyncFlowRunEngine"):
        patches.wrap(module, name, "set_state", _around_set_state, wanted=("state",))


def _task_engine(patches: Patches, module: ModuleType) -> None:
    for name in ("SyncTaskRunEngine", "AsyncTaskRunEngine"):
        patches.wrap(module, name, "set_state", _around_set_state, wanted=("state",))
        patches.wrap(module, name, "handle_retry", _around_handle_retry)
    patches.wrap(module, None, "emit_task_run_state_change_event", _around_emit, wanted=("task_run", "validated_state"))


def _tasks(patches: Patches, module: ModuleType) -> None:
    for method in ("submit", "map"):
        patches.wrap(module, "Task", method, _around_submit)


def _client(patches: Patches, module: ModuleType) -> None:
    for name in ("SyncPrefectClient", "PrefectClient"):
        patches.wrap(module, name, "set_flow_run_state", _around_set_flow_run_state)


def _events(patches: Patches, module: ModuleType) -> None:
    patches.wrap(module, "EventsWorker", "send", _around_send)


_STEPS: dict[str, Callable[[Patches, ModuleType], None]] = {
    "prefect.flow_engine": _flow_engine,
    "prefect.task_engine": _task_engine,
    "prefect.tasks": _tasks,
    "prefect.client.orchestration": _client,
    "prefect.events.worker": _events,
}


# --- what the patched functions do ------------------------------------------------------------------


def _around_set_state(original: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def set_state_async(self: Any, state: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            _quietly(_meet_engine, self)
            returned = await original(self, state, *args, **kwargs)
            _quietly(_note_state, self, state, returned)
            return returned

        return set_state_async

    @functools.wraps(original)
    def set_state(self: Any, state: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        _quietly(_meet_engine, self)
        returned = original(self, state, *args, **kwargs)
        _quietly(_note_state, self, state, returned)
        return returned

    return set_state


def _around_handle_retry(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def handle_retry(self: Any, reason: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        _quietly(_note_failed_attempt, self, reason)
        # The asynchronous one returns a coroutine, and so does this.
        return original(self, reason, *args, **kwargs)

    return handle_retry


def _around_emit(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def emit(task_run: Any, initial_state: Any, validated_state: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        _quietly(_note_emitted, task_run, validated_state)
        return original(task_run, initial_state, validated_state, *args, **kwargs)

    return emit


def _around_submit(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def submit(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        site = caller()
        submitted = original(self, *args, **kwargs)
        _quietly(_note_submitted, self, site, submitted)
        return submitted

    return submit


def _around_set_flow_run_state(original: Callable[..., Any]) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def set_flow_run_state_async(self: Any, flow_run_id: Any, *args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            site = caller()
            result = await original(self, flow_run_id, *args, **kwargs)
            _quietly(_note_pause, flow_run_id, result, site)
            return result

        return set_flow_run_state_async

    @functools.wraps(original)
    def set_flow_run_state(self: Any, flow_run_id: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        site = caller()
        result = original(self, flow_run_id, *args, **kwargs)
        _quietly(_note_pause, flow_run_id, result, site)
        return result

    return set_flow_run_state


def _around_send(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def send(self: Any, item: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        _quietly(_note_event, item)
        return original(self, item, *args, **kwargs)

    return send


# --- what is noted ----------------------------------------------------------------------------------


def _meet(run_id: str, kind: str, subject: Any, run: Any, parent: str | None = None) -> None:
    for book in (_book, *_live):
        book.meet(run_id, kind, subject, run, parent)


def _enter(run_id: str, state: StateRecord, live: Any = None, exception: BaseException | None = None) -> None:
    _book.enter(run_id, state)
    for book in _live:
        book.enter(run_id, state, live, exception)


def _knows(run_id: str) -> bool:
    return _book.knows(run_id) or any(book.knows(run_id) for book in _live)


def _meet_engine(engine: Any) -> None:
    if (task := getattr(engine, "task", None)) is not None:
        run = engine.task_run
        _meet(str(run.id), "task", task, run, _parent_of_task(run))
    else:
        run = engine.flow_run
        _meet(str(run.id), "flow", engine.flow, run, _parent_of_flow(str(run.id)))


def _note_state(engine: Any, proposed: Any, returned: Any) -> None:
    run = engine.task_run if hasattr(engine, "task") else engine.flow_run
    _meet_engine(engine)  # the run may have been named meanwhile
    # Where the API answers with another state (a flow that awaits its retry), the proposed one holds the exception.
    exception = _exception_in(proposed) or _exception_in(returned)
    failure = None if exception is None else exception_record(exception)
    record = state_record(returned, failure, proposed.message)
    if failure is None and record.type in BAD:
        code = (engine.task if hasattr(engine, "task") else engine.flow).fn
        record = replace(record, returned_at=returned_at(code, record.type, record.name, proposed.message))
    _enter(str(run.id), record, returned, exception)


def _note_failed_attempt(engine: Any, reason: Any) -> None:
    exception = reason if isinstance(reason, BaseException) else _exception_in(reason)
    if exception is not None:
        run_id, failure = str(engine.task_run.id), exception_record(exception)
        _book.attempt_failed(run_id, failure)
        for book in _live:
            book.attempt_failed(run_id, failure, exception)


def _note_emitted(task_run: Any, state: Any) -> None:
    run_id = str(task_run.id)
    if not _knows(run_id):
        context = _context("TaskRunContext")
        task = context.task if context is not None and str(context.task_run.id) == run_id else None
        _meet(run_id, "task", task, task_run, _parent_of_task(task_run))
    exception = _exception_in(state)
    record = None if exception is None else exception_record(exception)
    _enter(run_id, state_record(state, record), state, exception)


def _note_submitted(task: Any, site: Any, submitted: Any) -> None:
    flow_run = getattr(_context("FlowRunContext"), "flow_run", None)
    parent = None if flow_run is None else str(flow_run.id)
    together = cast("list[Any]", submitted) if isinstance(submitted, list) else [submitted]
    for one in together:
        run_id = getattr(one, "task_run_id", None) or getattr(getattr(one, "state_details", None), "task_run_id", None)
        if run_id is not None:
            for book in (_book, *_live):
                book.submitted(str(run_id), task, site, parent)


def _note_pause(flow_run_id: Any, result: Any, site: Frame | None) -> None:
    state = getattr(result, "state", None)
    if state is not None and state.type.value == "PAUSED" and _knows(str(flow_run_id)):
        record = replace(state_record(state, None), returned_at=site)
        _enter(str(flow_run_id), record, state)


def _note_event(event: Any) -> None:
    """Read a task run's state from an event, which carries its id; those of this process are known by it already."""
    if _live:
        flow, task = (getattr(_context(f"{kind}RunContext"), f"{kind.lower()}_run", None) for kind in ("Flow", "Task"))
        run = flow if task is None else task
        for book in _live:
            book.emitted(None if run is None else str(run.id), event)
    if not event.event.startswith("prefect.task-run."):
        return
    payload: Any = event.payload.get("validated_state")
    if not isinstance(payload, Mapping):
        return
    state = cast("Mapping[str, Any]", payload)
    run_id = str(event.resource.id).removeprefix("prefect.task-run.")
    _meet(run_id, "task", None, _Named(event.resource.get("prefect.resource.name", "")))
    kind, message = str(state.get("type")), state.get("message")
    _enter(
        run_id,
        StateRecord(
            id=str(event.id),
            type=kind,
            name=str(state.get("name") or ""),
            time=event.occurred.timestamp(),
            message=message or None,
            exception=_exception_in_message(kind, message),
        ),
    )


@dataclass
class _Named:
    name: str


_MESSAGE = "Task run encountered an exception "


def _exception_in_message(kind: str, message: Any) -> ExceptionRecord | None:
    """Return what Prefect's own sentence says of an exception in another process."""
    if kind != "FAILED" or not isinstance(message, str) or not message.startswith(_MESSAGE):
        return None
    name, _, text = message[len(_MESSAGE) :].partition(": ")
    return ExceptionRecord(name, text)


def _exception_in(state: Any) -> BaseException | None:
    data: Any = getattr(state, "data", None)
    # A result record holds what was returned or raised; a timeout or a crash is the data itself.
    for candidate in (data, getattr(data, "result", None), getattr(data, "_cache", None)):
        if isinstance(candidate, BaseException):
            return candidate
    return None


def _parent_of_task(run: Any) -> str | None:
    inputs: Any = getattr(run, "task_inputs", None) or {}
    for parent in inputs.get("__parents__") or ():
        return str(parent.id)
    return str(run.flow_run_id) if run.flow_run_id else None


def _parent_of_flow(run_id: str) -> str | None:
    """Return the run around a flow; asked for before the flow has a context of its own."""
    flow = getattr(_context("FlowRunContext"), "flow_run", None)
    task = getattr(_context("TaskRunContext"), "task_run", None)
    flow_id = None if flow is None else str(flow.id)
    if flow_id == run_id:
        return None
    if task is not None and (flow_id is None or str(task.flow_run_id) == flow_id):
        return str(task.id)
    return flow_id


def _context(name: str) -> Any:
    kind: Any = getattr(sys.modules.get("prefect.context"), name, None)
    return None if kind is None else kind.get()


def _quietly(note: Callable[..., None], *arguments: Any) -> None:
    """Call what only watches: whatever goes wrong in it is ours, and must not become the flow's failure."""
    __tracebackhide__ = True
    try:
        note(*arguments)
    except Exception as error:  # noqa: BLE001  said in the run's output, by `unfit`
        sentence = f"{note.__name__.strip('_')}: {type(error).__name__}: {error}"
        if sentence not in _unfit:
            _unfit.append(sentence)
