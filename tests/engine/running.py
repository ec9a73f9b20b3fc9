"""One call that runs files of a project, and what tests look at afterwards."""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from prefect_lens.engine.cold import ColdWorkers
from prefect_lens.engine.interpreter import find_interpreter
from prefect_lens.engine.run import RunEvent, RunRequest, run_tests
from prefect_lens.model import Interpreter, RunResult
from pytest_prefect_lens.wire import TestId

from tests.pythons import MISSING

if TYPE_CHECKING:
    import asyncio


def interpreter(path: str | None) -> Interpreter:
    if path is None:
        pytest.skip(MISSING)
    found = find_interpreter(Path.cwd(), ".", setting=path, environ={})
    assert isinstance(found, Interpreter), found
    return found


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file below a folder, byte for byte, with the time of its last change."""
    return {
        str(path.relative_to(folder)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


async def run(folder: Path, interpreter: Interpreter, *files: str, tests: tuple[TestId, ...] = (), **how) -> RunResult:
    """Run files of a project in a worker of their own."""
    events: list[RunEvent] = how.pop("events", [])
    on_event = how.pop("on_event", events.append)
    cancel: asyncio.Event | None = how.pop("cancel", None)
    request = RunRequest(folder, how.pop("project", "."), interpreter, tests, files, **how)
    return await run_tests(request, ColdWorkers(), on_event, cancel)


def outcomes(result) -> dict[str, str]:
    return {case.test.names[-1]: case.outcome for case in result.cases}


def processes(mark: str) -> list[str]:
    """Command lines of living processes that have the mark in their environment."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if (
                folder.name.isdecimal()
                and int(folder.name) != os.getpid()
                and mark.encode() in (folder / "environ").read_bytes()
            ):
                found.append((folder / "cmdline").read_text().replace("\0", " ")[:1000])
        except OSError:
            continue
    return found


def lives(pid: int) -> bool:
    """Whether a process goes on; what nobody has buried yet has ended, too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def family(mark: str) -> dict[str, int]:
    """Who is who among the processes that have the mark in their environment, by their place in the tree."""
    found = {}
    lines = {}
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and mark.encode() in (folder / "environ").read_bytes():
                line = (folder / "cmdline").read_text().split("\0")
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                lines[int(folder.name)] = (line, parent)
        except OSError:
            continue
    for pid, (line, parent) in lines.items():
        if "adopt" in line:
            found["guard of the spare"] = pid
            found["parent"] = parent
            found["spare"] = int(line[line.index("adopt") + 1])
        elif line[1:3] == ["-I", "-S"]:
            found["guard of the parent"] = pid
    if "spare" in found:
        with suppress(OSError, ValueError):  # there is none yet, or no more
            found["api"] = int(Path("/proc/{0}/task/{0}/children".format(found["spare"])).read_text())
    return {name: pid for name, pid in found.items() if pid != os.getpid()}
