"""What asks a person something, where no person can answer: `breakpoint()`, `pdb.set_trace()`, `input()`."""

from __future__ import annotations

import builtins
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

HOW = "Run the test with pytest in a terminal, or debug it from the editor's Testing view."


def answer_nobody() -> Callable[[], None]:
    """Make every question end at once with a word on how to debug; the function returned undoes it.

    Without this, pdb reads the end of the closed standard input, and pytest takes that for the wish to quit the
    whole session.
    """
    import pdb  # noqa: PLC0415, T100  half of the cost of loading this module, and only a run of ours needs it

    hook, set_trace, ask = sys.breakpointhook, pdb.set_trace, builtins.input

    def no_breakpoint(*_args: Any, **_kwargs: Any) -> NoReturn:
        __tracebackhide__ = True
        raise RuntimeError(f"breakpoint() needs a debugger, and this run has neither one nor a terminal. {HOW}")

    def no_input(prompt: object = "", /) -> str:
        __tracebackhide__ = True
        if _is_closed(sys.stdin):
            raise EOFError(f"input() has nobody to ask: standard input is closed in this run. {HOW}")
        return ask(prompt)

    # A debugger that is attached has put its own hook there; PYTHONBREAKPOINT=0 is the user's way to say "pass over".
    if "debugpy" not in sys.modules:
        pdb.set_trace = no_breakpoint
        if os.environ.get("PYTHONBREAKPOINT") != "0":
            sys.breakpointhook = no_breakpoint
    builtins.input = no_input

    def undo() -> None:
        sys.breakpointhook, pdb.set_trace, builtins.input = hook, set_trace, ask

    return undo


def _is_closed(stream: Any) -> bool:
    """Whether a read would give nothing: the real stream, or the one that pytest's capture puts in its place.

    A test that puts its own stream in `sys.stdin` is answered by that one.
    """
    return stream is None or stream is sys.__stdin__ or type(stream).__module__.startswith("_pytest.")
