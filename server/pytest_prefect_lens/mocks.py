"""What code under test finds in place of the real thing: variables, blocks and secrets in the API, tasks in the engine.

All of it is there inside of a `with`, and gone behind it. The fixtures of the same names keep it to the test's end.
"""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false
# Prefect is not there where the server's code is checked; with it installed, as users have it, all of this is known.

from __future__ import annotations

import functools
import inspect
import threading
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from prefect import Task
    from prefect.blocks.core import Block

_NOTHING: Mapping[str, Any] = {}
_REAL = object()


@contextmanager
def mock_variables(values: Mapping[str, Any] = _NOTHING, /, **more: Any) -> Generator[None]:
    """Have variables of Prefect in the API that is in use, for `Variable.get` to find; put back what there was.

    Args:
        values: What is JSON, by the variable's name.
        more: The same, where the name is one of Python's.

    Raises:
        httpx.HTTPError: the API does not answer.
    """
    from prefect.variables import Variable  # noqa: PLC0415

    nothing = object()
    with ExitStack() as stack:
        for name, value in {**values, **more}.items():
            before = Variable.get(name, nothing, _sync=True)
            Variable.set(name, value, overwrite=True, _sync=True)
            if before is nothing:
                stack.callback(Variable.unset, name, _sync=True)
            else:
                stack.callback(Variable.set, name, before, overwrite=True, _sync=True)
        yield


@contextmanager
def mock_blocks(blocks: Mapping[str, Block] = _NOTHING, /, **more: Block) -> Generator[None]:
    """Have blocks saved in the API that is in use, for `.load` to find; put back what there was.

    Args:
        blocks: The blocks, by the names under which they are loaded.
        more: The same, where the name is one of Python's.

    Raises:
        TypeError: one of them is no block.
        ValueError: Prefect does not take such a name.
        httpx.HTTPError: the API does not answer.
    """
    __tracebackhide__ = True
    with ExitStack() as stack:
        for name, block in {**blocks, **more}.items():
            kind: Any = type(block)
            if not hasattr(kind, "get_block_type_slug"):
                raise TypeError(f"mock_blocks() takes blocks by name; {name!r} is {block!r}.")
            try:
                before = kind.load(name, _sync=True)
            except ValueError:  # Prefect's word for a block that is not there
                before = None
            block.save(name, overwrite=True, _sync=True)
            if before is None:
                stack.callback(kind.delete, name, _sync=True)
            else:
                stack.callback(before.save, name, overwrite=True, _sync=True)
        yield


@contextmanager
def mock_secrets(values: Mapping[str, Any] = _NOTHING, /, **more: Any) -> Generator[None]:
    """Have secrets in the API that is in use, for `Secret.load` to find; put back what there was.

    Args:
        values: What `Secret.load(name).get()` is to return, by name.
        more: The same, where the name is one of Python's.

    Raises:
        httpx.HTTPError: the API does not answer.
    """
    from prefect.blocks.system import Secret  # noqa: PLC0415

    with mock_blocks({name: Secret(value=value) for name, value in {**values, **more}.items()}):
        yield


@contextmanager
def mock_task(
    task: Task[..., Any],
    *,
    returns: Any = _REAL,
    raises: BaseException | type[BaseException] | None = None,
    after: int = 0,
    times: int | None = None,
) -> Generator[MockedTask]:
    """Have a task's runs do something else than the task's code; its states, retries and caches are the engine's own.

    Each attempt of a run counts. The first `after` of them run the task's code; the next `times` raise, where there is
    something to raise, else return; all others return what there is to return, else run the task's code again.

    Args:
        task: The task that the code under test calls. One made of it by `with_options` before is another.
        returns: What runs return; of a generator, what they yield.
        raises: What runs raise.
        after: How many attempts run the task's code first.
        times: How many attempts are mocked then; all that follow by default.

    Raises:
        TypeError: that is no task, there is nothing to return or to raise, or what there is to raise is no exception.
        ValueError: a number is below 0.
    """
    __tracebackhide__ = True
    from pytest_prefect_lens.given import check_task  # noqa: PLC0415

    check_task(task, "mock_task()")
    if returns is _REAL and raises is None:
        raise TypeError("mock_task() takes what the task returns, or what it raises: mock_task(task, returns=1).")
    if after < 0 or (times is not None and times < 0):
        raise ValueError(f"mock_task() takes numbers of attempts as after and times; not {after} and {times}.")
    if not (raises is None or isinstance(raises, BaseException) or _is_exception_type(raises)):
        raise TypeError(f"mock_task() takes an exception as raises; not {raises!r}.")
    code: Any = task.fn
    mocked = MockedTask(code, returns, raises, after, times)
    task.fn = _standing_in(code, mocked)
    try:
        yield mocked
    finally:
        task.fn = code


class MockedTask:
    """What has been called of a mocked task."""

    def __init__(
        self, code: Any, returns: Any, raises: BaseException | type[BaseException] | None, after: int, times: int | None
    ) -> None:
        self.calls: list[dict[str, Any]] = []
        """The arguments of each attempt by name, in order; those of an attempt in another process are not here."""
        self._lock = threading.Lock()
        self._code = code
        self._returns = returns
        self._raises = raises
        self._after = after
        self._times = times

    def answer(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Note a call, and raise or return what it gives; a mark of its own where the task's code is to run."""
        __tracebackhide__ = True
        bound = inspect.signature(self._code).bind(*args, **kwargs)
        bound.apply_defaults()
        with self._lock:
            number = len(self.calls) - self._after
            self.calls.append(dict(bound.arguments))
        if number < 0:
            return _REAL
        within = self._times is None or number < self._times
        if self._raises is not None and within:
            # One exception for all attempts: each has a traceback of its own.
            raise self._raises.with_traceback(None) if isinstance(self._raises, BaseException) else self._raises
        return self._returns if within or self._raises is not None else _REAL

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())


def _is_exception_type(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, BaseException)


def _standing_in(code: Any, mocked: MockedTask) -> Callable[..., Any]:
    """Return a function of the same kind and signature, which asks what it is to do."""
    if inspect.isasyncgenfunction(code):

        @functools.wraps(code)
        async def stand_in_async_generator(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            answer = mocked.answer(args, kwargs)
            if answer is _REAL:
                async for value in code(*args, **kwargs):
                    yield value
            else:
                for value in answer:
                    yield value

        return stand_in_async_generator
    if inspect.isgeneratorfunction(code):

        @functools.wraps(code)
        def stand_in_generator(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            answer = mocked.answer(args, kwargs)
            yield from code(*args, **kwargs) if answer is _REAL else answer

        return stand_in_generator
    if inspect.iscoroutinefunction(code):

        @functools.wraps(code)
        async def stand_in_async(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            answer = mocked.answer(args, kwargs)
            return await code(*args, **kwargs) if answer is _REAL else answer

        return stand_in_async

    @functools.wraps(code)
    def stand_in(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        answer = mocked.answer(args, kwargs)
        return code(*args, **kwargs) if answer is _REAL else answer

    return stand_in
