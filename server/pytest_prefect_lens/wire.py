"""What the server and a worker say to each other: one JSON object a line, over a channel of their own.

Both sides import this module, so it needs the standard library alone and runs on every Python that a
supported Prefect runs on (3.10 and newer). A message is a frozen dataclass; on the wire it is an object whose
`is` names the class. Text is written as ASCII JSON: lone surrogates and control characters survive, and a
newline always ends a message.
"""

from __future__ import annotations

import json
import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union

VERSION = 2
"""The version of this protocol. Both sides state theirs; a mismatch is a failure of the machinery."""

MAX_TEXT = 1_000_000
"""The most characters of one captured section that a worker sends; the middle of a longer one is left out."""


@dataclass(frozen=True)
class TestId:
    """One test as pytest collected it, independent of pytest's rootdir."""

    __test__ = False  # pytest would otherwise take the name for a test class

    path: str
    """The file: absolute on the wire, relative to the workspace folder (forward slashes) in the server."""
    names: tuple[str, ...]
    """The classes from the outside in, then the function without its parameters."""
    params: str | None = None
    """What stands in brackets behind the function's name, without them; None for a test without parameters."""


@dataclass(frozen=True)
class Frame:
    """One place in the user's code. Lines and columns count from 1; columns are code points."""

    path: str
    line: int
    function: str
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None


@dataclass(frozen=True)
class ExceptionRecord:
    """An exception as it was raised, with the frames of the user's own code from the outside in."""

    type: str
    """The qualified name, without `builtins.`: `ValueError`, `prefect.exceptions.MissingResult`."""
    message: str
    frames: tuple[Frame, ...] = ()
    cause: ExceptionRecord | None = None
    about: tuple[str, ...] = ()
    """Of a missing result: the ids that the state has which was asked for it. The first one that is a run's is meant: a
    subflow has a task run in its caller, which is none."""


@dataclass(frozen=True)
class StateRecord:
    """One state that a run was in, in the order of Prefect's own transitions."""

    id: str
    type: str
    """Prefect's state type, upper case: `FAILED`."""
    name: str
    """Prefect's state name: `Failed`, `TimedOut`, or whatever the author called it."""
    time: float
    """Seconds since the epoch."""
    message: str | None = None
    exception: ExceptionRecord | None = None
    returned_at: Frame | None = None
    """The statement that returned it, where the code of the run returned a state and did not raise.

    Of a pause: the line that asked for it, as far as that is known.
    """
    delay: float | None = None
    """Seconds until the next attempt, as a state that awaits its retry tells them."""


@dataclass(frozen=True)
class RunRecord:
    """One flow run or task run that happened in a test's process."""

    id: str
    kind: str
    """`flow` or `task`."""
    name: str
    """The flow's or task's name."""
    run_name: str
    run_name_set: bool
    """Whether the author chose the run's name; Prefect's random ones change from run to run."""
    path: str
    """The file of the function's body; empty where there is none (built in, or made by `exec`)."""
    line: int
    """The line of the body's `def`, counted from 1; 0 where there is none."""
    qualname: str
    parent: str | None
    """The id of the run that started this one."""
    called_at: Frame | None
    """The line of the user's code that called this run, where it is known."""
    attempt: int
    """The attempt that the last state belongs to, counted from 1."""
    max_attempts: int
    """How many attempts the author allowed: `retries` + 1."""
    states: tuple[StateRecord, ...]
    column: int | None = None
    """Where the function's name stands in the line of its `def`, counted from 1; None without the source."""
    end_column: int | None = None
    is_unseen: bool = False
    """Whether a test was given what became of it, by `run_flow` or `return_state=True`, and never looked."""


@dataclass(frozen=True)
class Failure:
    """Why a test failed in one of its phases."""

    phase: str
    """`setup`, `call` or `teardown`."""
    exception: ExceptionRecord
    text: str
    """pytest's own account, as the terminal would show it, without colour."""


@dataclass(frozen=True)
class Reached:
    """A host beyond this machine that a test spoke to."""

    host: str
    """Its name where that was looked up, else its address."""
    frame: Frame
    """The innermost line of the user's code on the way there."""


@dataclass(frozen=True)
class Code:
    """The function of a flow or task: where its `def` stands, its line counted from 1."""

    path: str
    line: int
    qualname: str


@dataclass(frozen=True)
class CaseRecord:
    """One finished test, with everything that happened in it."""

    test: TestId
    outcome: str
    """pytest's words: `passed`, `failed`, `error`, `skipped`, `xfailed`, `xpassed`."""
    seconds: float
    """Wall time of set-up, call and tear-down together."""
    runs: tuple[RunRecord, ...] = ()
    failures: tuple[Failure, ...] = ()
    sections: tuple[tuple[str, str], ...] = ()
    """Captured output: (pytest's title of the section, text)."""
    note: str | None = None
    """The reason of a skip or an expected failure."""
    reached: tuple[Reached, ...] = ()
    """What it spoke to, where nobody has said what it may."""
    expects: str | None = None
    """The name or type of the state that its mark expects a run to end in."""
    expired: tuple[tuple[str, float], ...] = ()
    """The variables whose values had ended when it failed, and when: seconds since the epoch. The server adds them."""
    called: tuple[Code, ...] = ()
    """What was called past Prefect, by `.fn`; `runs` know nothing of it."""
    unsure: tuple[Code, ...] | None = None
    """What may have begun without being seen: code had it in hand, or a fixture that other tests share ran it. None
    where that may be anything, as in other processes."""


# --- the server says ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Environment:
    """What the user's code finds in its environment beside the private Prefect of the run."""

    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Names and values; they go before what is inherited."""
    secrets: tuple[str, ...] = ()
    """The names among them whose values no message may hold."""
    inherit: tuple[str, ...] | None = None
    """Patterns of the names that are inherited, beside what no worker can do without; None: all."""
    network: tuple[str, ...] | None = None
    """The hosts that may be reached beside loopback; None: any."""
    is_configured: bool = False
    """Whether the project says what its runs find in their environment."""


@dataclass(frozen=True)
class Order:
    """The first thing that a worker hears: what to run. Nothing of it passes through an argument list."""

    version: int
    root: str
    """The working folder of the run: the project's root."""
    tests: tuple[TestId, ...]
    """The test functions to run, in this order; `params` narrows one to a single case. Empty: everything."""
    files: tuple[str, ...] = ()
    """Whole files to run beside `tests`, absolute."""
    pytest_args: tuple[str, ...] = ()
    """More arguments for pytest, as a user would write them behind its name."""
    home: str = ""
    """The run's private folder."""
    skip_retry_delays: bool = False
    environment: Environment = Environment()
    debugpy: str | None = None
    """Wait for a debugger; it speaks with debugpy, which lies in this folder where the interpreter has none."""


# --- a worker says -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Hello:
    """The first thing that a worker says."""

    version: int
    pid: int
    python: str
    pytest: str | None
    prefect: str | None
    modules: tuple[str, ...] = ()
    """The first parts of the names of modules that are imported already, and that nothing of the project can hide."""


@dataclass(frozen=True)
class Collected:
    """What pytest is about to run, what it was asked for and cannot find, and what its options left out.

    Under xdist it is told twice where the second time says more: the workers name what is missing when they end.
    """

    tests: tuple[TestId, ...]
    missing: tuple[TestId, ...] = ()
    deselected: tuple[TestId, ...] = ()


@dataclass(frozen=True)
class CollectError:
    """A file that pytest could not collect; the others go on."""

    path: str
    exception: ExceptionRecord
    """Its frames end at the line to blame: the import that failed, the syntax error."""
    text: str


@dataclass(frozen=True)
class Debuggable:
    """The worker waits until a debugger attaches to it."""

    port: int
    """Where on loopback debugpy's adapter listens, which speaks the Debug Adapter Protocol."""


@dataclass(frozen=True)
class Started:
    """A test begins."""

    test: TestId
    line: int = 0
    """The line of its `def`, counted from 1: what to blame if the process dies now. 0 where it is not known."""


@dataclass(frozen=True)
class Finished:
    """A test has ended."""

    case: CaseRecord


@dataclass(frozen=True)
class Broken:
    """A failure of the machinery, never of a flow. `code` is one of `states.MACHINERY`."""

    code: str
    what: str
    """One sentence: what happened, and where."""
    detail: str = ""
    """The whole account, for the log and the output."""
    distributions: tuple[str, ...] = ()
    """Requirements that cure it, as an installer takes them: `fastapi<0.151`."""


@dataclass(frozen=True)
class Ended:
    """The session is over; the process ends by itself. A worker that dies does not say this."""

    exit_status: int
    """pytest's exit status."""
    reason: str | None = None
    """Why it stopped early: `--maxfail`, an `Exit` raised by a plugin."""
    left: tuple[TestId, ...] = ()
    """Collected, but not run before it stopped."""


Message = Order | Hello | Debuggable | Collected | CollectError | Started | Finished | Broken | Ended

_MESSAGES: dict[str, type[Any]] = {cls.__name__: cls for cls in typing.get_args(Message)}
_T = TypeVar("_T")


def encode(message: Message) -> bytes:
    """Return the message as one line of JSON, its newline included."""
    return json.dumps({"is": type(message).__name__, **to_json(message)}, separators=(",", ":")).encode("ascii") + b"\n"


def decode(line: bytes) -> Message:
    """Return the message in a line. Unknown fields are passed over, so that an addition breaks nobody.

    Raises:
        ValueError: the line is no message of this protocol.
    """
    try:
        value = json.loads(line)
        return typing.cast("Message", from_json(_MESSAGES[value["is"]], value))
    except (KeyError, TypeError, AttributeError, RecursionError, ValueError) as error:
        raise ValueError(f"not a message of the prefect-lens protocol: {line[:200]!r}") from error


def to_json(value: Any) -> Any:
    """Return dataclasses and tuples as dictionaries and lists."""
    if is_dataclass(value):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [to_json(item) for item in typing.cast("tuple[Any, ...]", value)]
    return value


def from_json(wanted: type[_T], value: Any) -> _T:
    """Return the dataclass that `to_json` wrote.

    Raises:
        KeyError: a field without a default is missing.
        TypeError: a value is of the wrong kind.
    """
    return typing.cast("_T", _build(wanted, value))


def _build(wanted: Any, value: Any) -> Any:
    if is_dataclass(wanted):
        hints = _hints(typing.cast("type[Any]", wanted))
        return wanted(**{name: _build(hint, value[name]) for name, hint in hints.items() if name in value})  # type: ignore[operator]
    origin, arguments = typing.get_origin(wanted), typing.get_args(wanted)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _build(next(a for a in arguments if a is not type(None)), value)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError(f"expected a list, got {value!r:.80}")
        items = typing.cast("list[Any]", value)
        if arguments[1:] == (Ellipsis,):
            return tuple(_build(arguments[0], item) for item in items)
        return tuple(_build(kind, item) for kind, item in zip(arguments, items, strict=True))
    if wanted is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, wanted):
        raise TypeError(f"expected {wanted.__name__}, got {value!r:.80}")
    return value


def get_ready(wanted: Any) -> None:
    """Look up what `from_json` looks up where it meets a dataclass, and those in it, for the first time."""
    _look_up(wanted, set())


def _look_up(wanted: Any, done: set[Any]) -> None:
    if is_dataclass(wanted) and wanted not in done:
        done.add(wanted)
        for hint in _hints(typing.cast("type[Any]", wanted)).values():
            _look_up(hint, done)
    for part in typing.get_args(wanted):
        _look_up(part, done)


@cache
def _hints(cls: type[Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}
