"""What failed in the machinery, in one sentence, with what to do about it."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_prefect_lens.wire import Broken, Ended, Hello, TestId

from prefect_lens.engine.cures import install, relative
from prefect_lens.model import Trouble

if TYPE_CHECKING:
    from prefect_lens.engine.request import RunRequest
    from prefect_lens.engine.workers import Exit

OLDEST_PYTHON = (3, 10)
TOO_OLD = 78
"""The exit status of a worker whose Python is too old to say anything."""


def from_worker(request: RunRequest, broken: Broken) -> Trouble:
    """Return what the worker itself found, with a cure that fits the environment."""
    what = re.sub(rf"{re.escape(_prefix(request))}(?=[ .,])", lambda _: _where(request), broken.what)
    if broken.code == "PL909":
        cure = install(request.folder, request.project, request.interpreter, ("prefect-lens",), upgrade=True)
        return Trouble(broken.code, what, cure, cure_is_command=True, detail=broken.detail)
    if not broken.distributions:
        return Trouble(broken.code, what, "The output has the whole account.", detail=broken.detail)
    cure = install(request.folder, request.project, request.interpreter, broken.distributions)
    return Trouble(broken.code, what, cure, cure_is_command=True, detail=broken.detail)


def not_started(request: RunRequest, why: str) -> Trouble:
    """The interpreter, or what guards it, could not be started."""
    path = relative(request.folder, request.interpreter.path)
    what = f"{path} ({request.interpreter.why}) could not be started: {why}."
    return Trouble("PL901", what, "Set prefectLens.interpreter to the project's Python.")


def not_prepared(error: OSError) -> Trouble:
    """What a run needs outside of the workspace cannot be had: a folder, a socket, a process."""
    what = f"The test process could not be prepared: {error.strerror or error}"
    where = f" ({error.filename})" if error.filename else ""
    return Trouble("PL907", f"{what}{where}.", "Look at the space and the rights of the temporary folder.")


def wrong_protocol(hello: Hello) -> Broken:
    """The plugin in the environment is of another version than this server."""
    what = f"The installed pytest_prefect_lens speaks protocol {hello.version}, this Prefect Lens does not."
    return Broken("PL909", what, distributions=("prefect-lens",))


def lost_api(home: Path) -> Broken:
    """The Prefect API of a run ended while its tests ran; `home` is the run's private folder."""
    try:
        log = (home / "server.log").read_text(encoding="utf-8", errors="replace")[-20_000:]
    except OSError:
        log = ""
    return Broken("PL906", "Prefect's server ended in the middle of the run.", log)


def died(request: RunRequest, end: Exit, running: list[TestId], output: str, *, greeted: bool) -> Trouble:
    """The worker went without saying that it had ended."""
    if request.environment.wrap and not greeted:
        return _not_wrapped(request, end, output)
    if end.error is not None and not greeted:
        return not_started(request, end.error)
    if end.status == TOO_OLD and not greeted:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        what = f"The Python in {_where(request)} is too old; Prefect Lens runs tests with {wanted} and newer."
        return Trouble("PL902", what, "Set prefectLens.interpreter to a newer one.")
    what = f"The test process {_how(end)}{_while(running)}."
    return Trouble("PL907", what, None if running else "The output has its last words.", detail=output[-20_000:])


def _not_wrapped(request: RunRequest, end: Exit, output: str) -> Trouble:
    """What goes before the worker's command line ended before the worker said anything."""
    gateway = " ".join(request.environment.wrap)
    how = f"could not be started: {end.error}" if end.error is not None else f"{_how(end)}: {_last_error(output)}"
    cure = f"Try it in a terminal: {gateway} {relative(request.folder, request.interpreter.path)} --version"
    return Trouble("PL907", f"{gateway}, which wraps the test process, {how}.", cure, detail=output[-20_000:])


def broken_channel(running: list[TestId]) -> Trouble:
    """The worker lived, but nothing more could be heard of it."""
    what = f"The connection to the test process broke{_while(running)}."
    cure = "Code under test that closes every open file, as a daemon does, takes the connection with it."
    return Trouble("PL908", what, cure)


def stopped_itself(ended: Ended, output: str, *, tests_ran: bool) -> Trouble | None:
    """Return what made pytest give up, or None where it went through its tests, well or not."""
    last = _last_error(output)
    if ended.exit_status == 3:
        return Trouble("PL910", f"pytest had an internal error: {last}", "The output has it.", detail=output[-20_000:])
    if ended.exit_status == 4:
        what = f"pytest did not accept its options: {last}"
        return Trouble("PL910", what, "Look at addopts and prefectLens.pytestArgs.", detail=output[-20_000:])
    if ended.exit_status == 2 or (ended.exit_status not in (0, 1, 5) and not tests_ran):
        why = ended.reason or last
        return Trouble("PL910", f"pytest stopped before its end: {why}", detail=output[-20_000:])
    return None


def _how(end: Exit) -> str:
    if end.error is not None:
        return f"was lost, since {end.error}"
    if end.signal is not None:
        try:
            return f"was killed by {signal.Signals(end.signal).name}"
        except ValueError:
            return f"was killed by signal {end.signal}"
    return f"ended by itself with exit status {end.status}"


def _while(running: list[TestId]) -> str:
    if not running:
        return ""
    tests = ", ".join(
        "::".join((test.path, *test.names)) + (f"[{test.params}]" if test.params else "") for test in running[:3]
    )
    return f" while {tests} ran"


def _last_error(output: str) -> str:
    """Return the line of an output that tells most, short enough for a message."""
    lines = [line for line in ("".join(filter(str.isprintable, line)).strip() for line in output.splitlines()) if line]
    for mark in (": error: ", "INTERNALERROR> ", "ERROR", "E  ", "!!!"):
        marked = [line for line in lines if mark in f"{line} "]
        if marked:
            return marked[-1].partition(mark)[2].strip(" !:")[:300] or marked[-1][:300]
    return lines[-1][:300] if lines else "it said nothing"


def _where(request: RunRequest) -> str:
    return relative(request.folder, _prefix(request))


def _prefix(request: RunRequest) -> str:
    folder = Path(request.interpreter.path).parent
    return str(folder.parent if folder.name in ("bin", "Scripts") else folder)
