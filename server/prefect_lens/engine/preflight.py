"""What can be told about a run before a process is started: by the environment's metadata, and by the last attempt."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_prefect_lens.wire import Broken

from prefect_lens.engine import installed
from prefect_lens.engine.cures import install, relative
from prefect_lens.engine.folders import cache_folder
from prefect_lens.engine.trouble import OLDEST_PYTHON, from_worker
from prefect_lens.model import Interpreter, Trouble

if TYPE_CHECKING:
    from prefect_lens.engine.request import RunRequest

OLDEST_PREFECT = (3, 1)

_VALID = 3600.0
"""Seconds for which "its server cannot start" is believed without another try."""


def look_before(request: RunRequest) -> Trouble | None:
    """Return what makes a run pointless, as far as reading can tell."""
    return check(request.folder, request.project, request.interpreter) or _remembered(request)


def check(folder: Path, project: str, interpreter: Interpreter) -> Trouble | None:
    """Return what an interpreter lacks to run a project's tests. Where reading leaves a doubt, None: a run tells."""
    where = relative(folder, str(Path(interpreter.path).parents[1]))
    path = relative(folder, interpreter.path)
    if not Path(interpreter.path).is_file():
        what = f"{path} ({interpreter.why}) is not there any more."
        return Trouble("PL901", what, "Set prefectLens.interpreter, or make the environment again.")
    if interpreter.python is not None and _parts(interpreter.python) < OLDEST_PYTHON:
        oldest = ".".join(map(str, OLDEST_PYTHON))
        what = f"{path} is Python {interpreter.python}; Prefect Lens runs tests with {oldest} and newer."
        return Trouble("PL902", what, "Set prefectLens.interpreter to a newer one.")
    if os.environ.get("PYTHONPATH") or not installed.read(Path(interpreter.path)).is_complete:
        return None  # more may be there than can be seen; the worker looks again
    if interpreter.pytest is None:
        code, what, requirement = "PL903", f"No pytest in {where}.", "pytest"
    elif interpreter.prefect is None:
        code, what, requirement = "PL904", f"No Prefect in {where}.", "prefect"
    elif _parts(interpreter.prefect) < OLDEST_PREFECT:
        oldest = ".".join(map(str, OLDEST_PREFECT))
        what = f"Prefect {interpreter.prefect} in {where} is too old: Prefect Lens needs {oldest} or newer."
        code, requirement = "PL905", f"prefect>={oldest}"
    else:
        return None
    return Trouble(code, what, install(folder, project, interpreter, (requirement,)), cure_is_command=True)


def remember(request: RunRequest, broken: Broken) -> None:
    """Keep in mind that a server cannot start in an environment, until what is installed there changes."""
    if broken.code != "PL906" or not broken.distributions:
        return  # only what an installation cures; the rest may go away by itself
    path = _verdict(request.interpreter)
    if path is not None:
        with suppress(OSError):  # the next run finds it out again
            path.parent.mkdir(mode=0o700, exist_ok=True)
            path.write_text(json.dumps(asdict(broken)), encoding="utf-8")


def _remembered(request: RunRequest) -> Trouble | None:
    path = _verdict(request.interpreter)
    try:
        if path is None or time.time() - path.stat().st_mtime > _VALID:
            return None
        about = json.loads(path.read_text(encoding="utf-8"))
        broken = Broken(about["code"], about["what"], about["detail"], tuple(about["distributions"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return from_worker(request, broken)


def _verdict(interpreter: Interpreter) -> Path | None:
    """Return the file for what is installed now; it has another name as soon as that changes."""
    names = sorted(
        name
        for site in interpreter.site_packages
        if Path(site).is_dir()
        for place in Path(site).iterdir()
        if (name := place.name).endswith((".dist-info", ".egg-info"))
    )
    if not names:
        return None
    text = "\0".join((interpreter.path, os.environ.get("PYTHONPATH", ""), *names))
    return cache_folder() / "servers" / f"{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:16]}.json"


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
