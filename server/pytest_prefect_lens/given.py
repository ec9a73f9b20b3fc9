"""What a test has given where a flow or a task is wanted, and what to say where it is another thing."""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false
# Prefect is not there where the server's code is checked; with it installed, as users have it, all of this is known.

from __future__ import annotations

import inspect
from typing import Any

from prefect import Flow, Task

_LONGEST = 80


def check_flow(value: object, whose: str) -> None:
    """Let a flow pass.

    Raises:
        TypeError: it is none.
    """
    __tracebackhide__ = True
    if isinstance(value, Flow):
        return
    if inspect.isfunction(value):
        cure = f" Is {value.__name__} decorated with @flow?"
    elif isinstance(value, Task):
        cure = " A task is run by a flow that calls it."
    else:
        if inspect.iscoroutine(value):
            value.close()  # nobody will await it, and Python would say so later
        cure = f" Pass the flow itself, and its arguments after it: {whose}(flow, 1)."
    raise TypeError(f"{whose}() takes a flow, and was given {called(value)}.{cure}")


def check_task(value: object, whose: str, cure: str = "") -> None:
    """Let a task pass.

    Raises:
        TypeError: it is none.
    """
    __tracebackhide__ = True
    if isinstance(value, Task):
        return
    if inspect.isfunction(value):
        cure = f" Is {value.__name__} decorated with @task?"
    raise TypeError(f"{whose} takes a task, and was given {called(value)}.{cure}")


def called(value: Any) -> str:
    """Return what a person would call it."""
    if isinstance(value, Flow):
        return f"the flow {value.name!r}"
    if isinstance(value, Task):
        return f"the task {value.name!r}"
    if inspect.isfunction(value):
        return f"the function {value.__name__}"
    if inspect.iscoroutine(value):
        return "what the call of an asynchronous function gives"
    text = repr(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
