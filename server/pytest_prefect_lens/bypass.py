"""The functions of flows and tasks that code calls past Prefect, by `.fn`, and whether anything runs unseen.

The engine knows nothing of such a call, so the attribute itself is watched: who asks for it, and whether to call it at
once. `add.fn(1)` does, as can be read in its line; `call = add.fn` may come to anything. Needs the standard library
alone.
"""

from __future__ import annotations

import functools
import linecache
import re
import sys
from typing import TYPE_CHECKING, Any, cast

from pytest_prefect_lens import patching
from pytest_prefect_lens.bodies import body_of
from pytest_prefect_lens.wire import Code

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, ModuleType

    from pytest_prefect_lens.patching import Patches

_ASKED = re.compile(r"\.\s*fn\b\s*(\()?")

_NOBODY = ("prefect.", "pytest_prefect_lens.")
"""Who asks for the attribute to run it by the engine, or to say where it stands."""

_called: dict[int, Any] = {}
_unsure: dict[int, Any] = {}
"""Functions by their identity: some cannot be hashed."""
_processes: list[Any] = []
"""What was started: `Popen` and `Process` objects."""


def install() -> Callable[[], None]:
    """Begin to watch; the function returned ends it."""
    begin()
    return patching.install(_STEPS, [])  # each patch fits every Prefect that we know, or is done without


def begin() -> None:
    """Forget what was seen: a test begins. A process that goes on may run something for this one, too."""
    _called.clear()
    _unsure.clear()
    _processes[:] = filter(_goes_on, _processes)


def called() -> frozenset[Code]:
    """Return the functions that were called past Prefect."""
    return _codes(_called)


def unsure() -> frozenset[Code] | None:
    """Return those that may have been; None where there was a process that may have run any."""
    return None if _processes else _codes(_unsure)


class Fn:
    """Stands for the attribute `fn` of Prefect's `Flow` and `Task`, which each of their objects still has."""

    def __get__(self, thing: Any, owner: type | None = None) -> Any:
        if thing is None:
            raise AttributeError(f"type object '{owner.__name__ if owner else ''}' has no attribute 'fn'")
        try:
            function = cast("dict[str, Any]", vars(thing))["fn"]
        except KeyError:
            raise AttributeError(f"'{type(thing).__name__}' object has no attribute 'fn'") from None
        frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  who asks
        if not str(frame.f_globals.get("__name__")).startswith(_NOBODY):
            (_called if _is_called(frame) else _unsure)[id(function)] = function
        return function

    def __set__(self, thing: Any, value: Any) -> None:
        vars(thing)["fn"] = value

    def __delete__(self, thing: Any) -> None:
        del vars(thing)["fn"]


def _is_called(frame: FrameType) -> bool:
    """Whether the line that a frame is at calls the attribute.

    Its text says so: in byte code, pytest's `assert` takes the attribute first and calls it afterwards.
    """
    found: list[str] = _ASKED.findall(linecache.getline(frame.f_code.co_filename, frame.f_lineno))
    return bool(found) and all(found)


def _codes(functions: dict[int, Any]) -> frozenset[Code]:
    bodies = map(body_of, tuple(functions.values()))
    return frozenset(Code(body.path, body.line, body.qualname) for body in bodies if body.path)


def _around_process(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def begin_process(self: Any, *args: Any, **kwargs: Any) -> Any:
        _processes.append(self)
        return original(self, *args, **kwargs)

    return begin_process


def _goes_on(process: Any) -> bool:
    try:
        return (process.exitcode if hasattr(process, "exitcode") else process.returncode) is None
    except (AttributeError, AssertionError, ValueError):
        return False  # it did not start, or is closed


def _watch(name: str) -> Callable[[Patches, ModuleType], None]:
    return lambda patches, module: patches.put(getattr(module, name), "fn", Fn())


_STEPS: dict[str, Callable[[Patches, ModuleType], None]] = {
    "prefect.flows": _watch("Flow"),
    "prefect.tasks": _watch("Task"),
    "subprocess": lambda patches, module: patches.wrap(module, "Popen", "__init__", _around_process),
    "multiprocessing.process": lambda patches, module: patches.wrap(module, "BaseProcess", "start", _around_process),
}
