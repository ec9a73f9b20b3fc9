"""Libraries that are not ours: taken from where Prefect Lens is installed, else from the project's interpreter.

What uses one is a small script beside this file, run as a program: it can be ended when it hangs, no library of the
project meets those of the server, and what it held in memory is gone with it. It prints an object as JSON: what was
had, or `error` with `cure`.
"""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.engine import installed
from prefect_lens.environment.provider import ProviderError, Request, TooSlowError

if TYPE_CHECKING:
    from prefect_lens.model import Interpreter


_SLOW = {"keyring": "See whether the keyring waits to be unlocked, unlock it, and run again."}
"""What cures that a library is not answered, where that is something of its own."""


async def call(library: str, name: str, request: Request, *arguments: str) -> dict[str, Any]:
    """Run a script that needs a library and return what it printed.

    Raises:
        ProviderError: no interpreter has the library, or the script failed.
    """
    python = python_with(library, request.surroundings.interpreter)
    if python is None:
        what = f"{library} is installed neither beside Prefect Lens nor in the project's environment."
        raise ProviderError(what, request.surroundings.install(library), is_command=True)
    try:
        said = await request.surroundings.run((python, "-I", script(name), *arguments), request.timeout)
    except TooSlowError as error:
        what = f"{library} had no answer within {request.timeout:g} seconds."
        raise ProviderError(what, _SLOW.get(library, error.cure), detail=error.detail) from error
    try:
        told = json.loads(said.output)
    except ValueError:
        told = None
    if said.status != 0 or not isinstance(told, dict):
        how = said.error.strip().splitlines()[-1:] or [f"exit status {said.status}"]
        raise ProviderError(f"{library} failed: {how[0][:300]}", detail=said.error)
    found = cast("dict[str, Any]", told)
    if "error" in found:
        raise ProviderError(str(found["error"]), found.get("cure"))
    return found


def script(name: str) -> str:
    """Return the path of a script."""
    return str(Path(__file__).with_name("scripts") / name)


def python_with(library: str, interpreter: Interpreter | None) -> str | None:
    """Return a Python that has a library: ours, else the project's; None where neither has."""
    if find_spec(library) is not None:
        return sys.executable
    if interpreter is not None and installed.read(Path(interpreter.path)).version(library) is not None:
        return interpreter.path
    return None
