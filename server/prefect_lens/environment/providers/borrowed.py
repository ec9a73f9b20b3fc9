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
from typing import Any, cast

from prefect_lens.engine import installed
from prefect_lens.environment.provider import ProviderError, Request


async def call(library: str, script: str, request: Request, *arguments: str) -> dict[str, Any]:
    """Run a script that needs a library and return what it printed.

    Raises:
        ProviderError: no interpreter has the library, or the script failed.
    """
    python = _python(library, request)
    argv = (python, "-I", str(Path(__file__).with_name("scripts") / script), *arguments)
    said = await request.surroundings.run(argv, request.timeout)
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


def _python(library: str, request: Request) -> str:
    if find_spec(library) is not None:
        return sys.executable
    interpreter = request.surroundings.interpreter
    if interpreter is not None and installed.read(Path(interpreter.path)).version(library) is not None:
        return interpreter.path
    what = f"{library} is installed neither beside Prefect Lens nor in the project's environment."
    raise ProviderError(what, request.surroundings.install(library), is_command=True)
