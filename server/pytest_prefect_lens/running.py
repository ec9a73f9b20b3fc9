"""`run_flow`: calls a flow as a test would, and tells everything that became of it."""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false, reportGeneralTypeIssues=false
# Prefect is not there where the server's code is checked; with it installed, as users have it, all of this is known.

from __future__ import annotations

import asyncio
import contextvars
import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from _pytest.outcomes import OutcomeException

from pytest_prefect_lens import recorder
from pytest_prefect_lens.given import check_flow
from pytest_prefect_lens.live import calling
from pytest_prefect_lens.result import FlowResult

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from types import CoroutineType
    from typing import TypeAlias

    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun

    from pytest_prefect_lens.live import LiveBook

P = ParamSpec("P")
R = TypeVar("R")

if TYPE_CHECKING:
    # A flow's type is invariant in what it returns, and type checkers give `async def` the one or the other.
    AsyncFlow: TypeAlias = Flow[P, Coroutine[Any, Any, R]] | Flow[P, CoroutineType[Any, Any, R]]

_LOGGERS = ("prefect.flow_runs", "prefect.task_runs")

latest: list[FlowResult[Any]] = []
"""The results since the plugin last emptied it: what a report on a failing test shows."""


@overload
def run_flow(flow: AsyncFlow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> FlowResult[R]: ...
@overload
def run_flow(flow: Flow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> FlowResult[R]: ...
def run_flow(flow: Any, /, *args: Any, **kwargs: Any) -> FlowResult[Any]:
    """Run a flow, synchronous or asynchronous, and return what became of it, however it ended.

    From an asynchronous test too, without `await`: an asynchronous flow then runs in a thread with an event loop of its
    own, while the test's loop waits. Where the flow needs the test's own loop, `await arun_flow(…)`.

    Args:
        flow: The flow, as a test would call it.
        args: Its arguments.
        kwargs: Its arguments by name.

    Raises:
        TypeError: that is no flow.
        prefect.exceptions.ParameterBindError: the arguments do not fit the signature, so that there is no run.
        KeyboardInterrupt: somebody wants to stop.
        Exception: what kept Prefect from making a run, or from ending it: an API that does not answer.
    """
    __tracebackhide__ = True
    check_flow(flow, "run_flow")
    with _watching(flow) as call:
        try:
            if _is_async(flow):
                call.value = _apart_from_the_loop(lambda: _call_async(flow, args, kwargs))
            elif _is_generator(flow):
                call.value = list(flow(*args, **kwargs))
            else:
                call.state = flow(*args, return_state=True, **kwargs)
        except BaseException as error:  # noqa: BLE001  the end of a run: a crash, a suspension; `finish` decides
            call.raised = error
    return call.finish()


@overload
async def arun_flow(flow: AsyncFlow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> FlowResult[R]: ...
@overload
async def arun_flow(flow: Flow[P, R], /, *args: P.args, **kwargs: P.kwargs) -> FlowResult[R]: ...
async def arun_flow(flow: Any, /, *args: Any, **kwargs: Any) -> FlowResult[Any]:
    """Run a flow as `run_flow` does, an asynchronous one on the event loop of the test.

    Args:
        flow: The flow, as a test would call it; a synchronous one blocks the loop while it runs, as when it is called.
        args: Its arguments.
        kwargs: Its arguments by name.

    Raises:
        TypeError: that is no flow.
        prefect.exceptions.ParameterBindError: the arguments do not fit the signature, so that there is no run.
        asyncio.CancelledError: the test was cancelled.
        Exception: what kept Prefect from making a run, or from ending it: an API that does not answer.
    """
    __tracebackhide__ = True
    check_flow(flow, "arun_flow")
    if not _is_async(flow):
        return run_flow(flow, *args, **kwargs)
    with _watching(flow) as call:
        try:
            call.value = await _call_async(flow, args, kwargs)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  as above
            call.raised = error
    return call.finish()


def run_flow_run(flow: Flow[..., Any], flow_run: FlowRun) -> FlowResult[Any]:
    """Run a flow for a run of it that the API has made already, as a worker would, and return what became of it."""
    __tracebackhide__ = True
    engine: Any = import_module("prefect.flow_engine").run_flow
    about: dict[str, Any] = {"flow_run": flow_run, "parameters": dict(flow_run.parameters), "return_type": "state"}
    with _watching(flow) as call:
        try:
            if _is_async(flow):

                async def run() -> _State:
                    return _State(await engine(flow, **about))

                call.value = _apart_from_the_loop(run)
            else:
                call.state = engine(flow, **about)
        except BaseException as error:  # noqa: BLE001  as above
            call.raised = error
    return call.finish()


# --- one call ---------------------------------------------------------------------------------------


@dataclass
class _State:
    """What an asynchronous flow gave, told apart from what it returned."""

    state: Any


@dataclass
class _Call:
    """A flow that is being run."""

    flow: Any
    book: LiveBook
    state: Any = None
    value: Any = None
    raised: BaseException | None = None

    def finish(self) -> FlowResult[Any]:
        """Return what became of the run; raise where there was none, or where it was not the run's end."""
        __tracebackhide__ = True
        if isinstance(self.raised, (KeyboardInterrupt, GeneratorExit, OutcomeException)):
            raise self.raised  # nobody's state: a person, or pytest's own `skip` and `fail`
        record = next((record for record in self.book.records if record.id == self.book.root), None)
        if record is None:
            raise self.raised or RuntimeError(f"Prefect made no run of {self.flow.name!r} that could be seen.")
        state = self.value.state if isinstance(self.value, _State) else self.state
        entered = self.book.transitions(record)
        last = state or (entered[-1].state if entered else None)
        if self.raised is not None and (last is None or not (last.is_final() or last.is_paused())):
            raise self.raised
        given = {"value": self.value} if _is_generator(self.flow) and self.raised is None else {}
        result = FlowResult[Any](record, self.book, state=last, raised=self.raised, **given)
        latest.append(result)
        return result


@contextmanager
def _watching(flow: Any) -> Generator[_Call]:
    with recorder.looking_on() as book, _hearing(book):
        around = calling.set(book)
        try:
            yield _Call(flow, book)
        finally:
            calling.reset(around)


@contextmanager
def _hearing(book: LiveBook) -> Generator[None]:
    """Let the book have what runs log, whatever is configured for Prefect's own handlers."""
    handler = _Handler(book)
    loggers = [logging.getLogger(name) for name in _LOGGERS]
    for logger in loggers:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeHandler(handler)


class _Handler(logging.Handler):
    def __init__(self, book: LiveBook) -> None:
        super().__init__()
        self._book = book

    def emit(self, record: logging.LogRecord) -> None:
        """Note a line with the run that Prefect's logger says it is of."""
        run_id: Any = getattr(record, "task_run_id", None) or getattr(record, "flow_run_id", None)
        when = datetime.fromtimestamp(record.created, timezone.utc)
        self._book.logs.append((str(run_id), record.levelno, record.getMessage(), when))


async def _call_async(flow: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    __tracebackhide__ = True
    if _is_generator(flow):
        return [value async for value in flow(*args, **kwargs)]
    return _State(await flow(*args, return_state=True, **kwargs))


def _apart_from_the_loop(call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine to its end: on a loop of this thread, or of another one where this one's runs already."""
    __tracebackhide__ = True
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _on_a_new_loop(call)
    done: list[Any] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            done.append(_on_a_new_loop(call))
        except BaseException as error:  # noqa: BLE001  raised again where the test waits for it
            failed.append(error)

    context = contextvars.copy_context()
    thread = threading.Thread(target=lambda: context.run(work), name="run_flow", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def _on_a_new_loop(call: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    # Not `asyncio.run`: that leaves the thread without a current loop, which fixtures of others may count on.
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(call())
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


def _is_async(flow: Any) -> bool:
    return bool(flow.isasync)


def _is_generator(flow: Any) -> bool:
    return bool(getattr(flow, "isgenerator", False))
