"""Exceptions as records: the frames of the user's own code, and texts that nothing in them can spoil.

Needs the standard library alone. Everything here is called while somebody's flow is failing, so nothing here raises.
"""

# ruff: noqa: PTH100, PTH119, PTH120
# Paths are text here, as tracebacks and node IDs have them, and `Path.resolve` would follow links.

from __future__ import annotations

import linecache
import os
import re
import sys
import sysconfig
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from pytest_prefect_lens.wire import ExceptionRecord, Frame

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType, FrameType, TracebackType

MAX_MESSAGE = 20_000
MAX_WORD = 500
MAX_FRAMES = 100
MAX_CAUSES = 10
MAX_GROUP = 5

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_STDLIB = tuple(
    os.path.normcase(os.path.realpath(path)) + os.sep
    for path in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), os.path.dirname(os.__file__)}
)
_SITE = re.compile(r"[\\/](?:site-packages|dist-packages)[\\/]")
_NOT_THEIRS = ("prefect", "pytest", "_pytest", "pluggy", "xdist")


def exception_record(exception: BaseException) -> ExceptionRecord:
    """Return an exception with its causes, as far as they go and are not each other's."""
    return _record(exception, set(), MAX_CAUSES)


def caller() -> Frame | None:
    """Return the innermost line of the user's code on this thread's stack.

    The search ends at the event loop: what stands behind it started the loop, not this coroutine.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the only way to the stack without building all of it
    while frame is not None:
        if frame.f_code.co_name == "_run" and frame.f_globals.get("__name__") == "asyncio.events":
            return None
        if is_users(frame.f_code.co_filename):
            return _frame(frame.f_code, frame.f_lineno, frame.f_lasti)
        frame = frame.f_back
    return None


def cut(text: str, limit: int) -> str:
    """Return the text, its middle left out where it is too long."""
    if len(text) <= limit:
        return text
    begin, end = _whole_words(text[: limit // 2]), _whole_words(text[-(limit // 2) :][::-1])[::-1]
    return f"{begin}\n… {len(text) - len(begin) - len(end)} characters left out …\n{end}"


def _whole_words(text: str) -> str:
    """Return a text without the word that ends it: half a secret would not be known as one. A very long word stays."""
    kept = text.rsplit(None, 1)[0]
    return kept if len(text) - len(kept) < MAX_WORD else text


def line_frame(path: str, line: int, function: str) -> Frame:
    """Return the whole of a line, where nobody was running it."""
    start, end_line, end = _extent(path, line)
    return Frame(path, line, function, start, end_line, end)


def text_of(exception: BaseException) -> str:
    """Return what an exception says, whatever its `__str__` does."""
    for read in (str, repr):
        try:
            return cut(_plain(read(exception)), MAX_MESSAGE)
        except KeyboardInterrupt:  # noqa: PERF203  two turns at most
            raise
        except BaseException:  # noqa: BLE001, S112  a broken `__str__` may raise anything, SystemExit too
            continue
    return "its text cannot be had: __str__ and __repr__ raise"


def type_name(kind: type[BaseException]) -> str:
    """Return the qualified name, without `builtins.`."""
    module = kind.__module__
    return kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"


@lru_cache(maxsize=4096)
def is_users(filename: str) -> bool:
    """Whether a file is the user's own: not Python's, not installed, not Prefect's, pytest's or ours."""
    if not filename or filename.startswith(("<", _HERE)) or _SITE.search(filename):
        return False
    real = os.path.normcase(os.path.realpath(filename))
    if real.startswith(_STDLIB) or _SITE.search(real):
        return False
    return not any(real.startswith(folder) for folder in _folders())


def _folders() -> Iterator[str]:
    """Yield where Prefect and pytest lie, should somebody run them from a checkout."""
    for name in _NOT_THEIRS:
        path = getattr(sys.modules.get(name), "__file__", None)
        if path and os.path.basename(path).startswith("__init__"):
            yield os.path.normcase(os.path.realpath(os.path.dirname(path))) + os.sep


def _record(exception: BaseException, seen: set[int], left: int) -> ExceptionRecord:
    seen.add(id(exception))
    cause = _cause(exception)
    message = text_of(exception)
    members: tuple[BaseException, ...] = _members(exception)
    if members:
        message = cut(message + ": " + "; ".join(_short(member) for member in members[:MAX_GROUP]), MAX_MESSAGE)
        cause = cause or next((member for member in members if _frames(member)), members[0])
    known = cause is None or id(cause) in seen or left <= 0
    return ExceptionRecord(
        type=type_name(type(exception)),
        message=message,
        frames=_frames(exception),
        cause=None if known or cause is None else _record(cause, seen, left - 1),
        about=_asked(exception) if type(exception).__name__ == "MissingResult" else (),
    )


def _asked(exception: BaseException) -> tuple[str, ...]:
    """Return the ids in the state that was asked for its result: Prefect's own frames hold it."""
    found: tuple[str, ...] = ()
    traceback = exception.__traceback__
    while traceback is not None:
        state: Any = traceback.tb_frame.f_locals.get("state")
        details: Any = getattr(state, "state_details", None)
        ids = [getattr(details, name, None) for name in ("task_run_id", "flow_run_id")]
        found = tuple(str(one) for one in ids if one is not None) or found
        traceback = traceback.tb_next
    return found


def _cause(exception: BaseException) -> BaseException | None:
    if exception.__cause__ is not None:
        return exception.__cause__
    return None if exception.__suppress_context__ else exception.__context__


def _members(exception: BaseException) -> tuple[BaseException, ...]:
    """Return what an exception group holds; the class is not there on Python 3.10, where a backport may be."""
    members: Any = getattr(exception, "exceptions", ())
    every = cast("tuple[Any, ...]", members) if isinstance(members, tuple) else ()
    return tuple(member for member in every if isinstance(member, BaseException))


def _short(exception: BaseException) -> str:
    return f"{type_name(type(exception))}: {cut(text_of(exception), 500)}"


def _frames(exception: BaseException) -> tuple[Frame, ...]:
    frames = [_frame(tb.tb_frame.f_code, tb.tb_lineno, tb.tb_lasti) for tb in _traceback(exception.__traceback__)]
    if isinstance(exception, SyntaxError) and exception.filename and is_users(exception.filename):
        line = exception.lineno or 1
        _, end_line, end = _extent(exception.filename, line)
        frames.append(
            Frame(os.path.abspath(exception.filename), line, "<module>", exception.offset or 1, end_line, end)
        )
    # A recursion without end repeats itself: both ends tell the story.
    return tuple(frames if len(frames) <= MAX_FRAMES else frames[: MAX_FRAMES // 2] + frames[-MAX_FRAMES // 2 :])


def _traceback(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        if is_users(traceback.tb_frame.f_code.co_filename):
            yield traceback
        traceback = traceback.tb_next


def _frame(code: CodeType, line: int, lasti: int) -> Frame:
    line = line or code.co_firstlineno
    start, end_line, end = _positions(code, line, lasti) or _extent(code.co_filename, line)
    function = getattr(code, "co_qualname", code.co_name)
    return Frame(os.path.abspath(code.co_filename), line, function, start, end_line, end)


def _positions(code: CodeType, line: int, lasti: int) -> tuple[int, int, int] | None:
    """Return column, last line and last column (behind the end) of an instruction, in code points from 1."""
    if not hasattr(code, "co_positions") or lasti < 0:
        return None
    first, last, start, end = next(islice(code.co_positions(), lasti // 2, None), (None, None, None, None))
    if first != line or last is None or start is None or end is None:
        return None
    return _column(code.co_filename, line, start), last, _column(code.co_filename, last, end)


def _extent(filename: str, line: int) -> tuple[int, int, int] | tuple[None, None, None]:
    """Return where the text of a line begins and ends, for a Python (3.10) that knows no columns."""
    text = linecache.getline(filename, line).rstrip()
    return (len(text) - len(text.lstrip()) + 1, line, len(text) + 1) if text else (None, None, None)


def _column(filename: str, line: int, offset: int) -> int:
    """Return the column of a UTF-8 offset in a line; Python counts bytes there."""
    text = linecache.getline(filename, line)
    return len(text.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace")) + 1


def _plain(text: Any) -> str:
    # A subclass of `str` could still do anything.
    return str.__str__(text) if isinstance(text, str) else repr(text)
