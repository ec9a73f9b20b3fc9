"""Runs the programs of providers side by side and says what each gave. One file, of the standard library alone.

It is started under a guard, so that nothing of what it starts outlives the run that needs it. `broker.py FILE` reads
which programs to run from a JSON file (`argv`, `cwd`, `timeout` in seconds; no secret is in it), and writes a line of
JSON to its standard output as each of them ends. That output is a pipe which only the server reads.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

LARGEST = 1_000_000
"""Bytes that a program may print."""

KEPT_ERROR = 20_000
"""Bytes of a program's standard error that are kept: the last ones."""

GRACE = 0.5
"""Seconds that a pipe is waited for which something still holds open, when the program itself has ended."""

AT_ONCE = 128
"""Programs that run at the same time: most of them wait for an answer from elsewhere."""


def main() -> None:
    """Run the programs."""
    programs: list[dict[str, Any]] = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    lock = threading.Lock()
    turn = threading.Semaphore(AT_ONCE)

    def work(number: int, program: dict[str, Any]) -> None:
        with turn:
            said = run(program)
        with lock:
            sys.stdout.write(json.dumps({"program": number, **said}) + "\n")
            sys.stdout.flush()

    threads = [threading.Thread(target=work, args=pair) for pair in enumerate(programs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run(program: dict[str, Any]) -> dict[str, Any]:
    """Run one program and return what it said, or why it could not say it."""
    windows = sys.platform == "win32"
    try:
        process = subprocess.Popen(
            program["argv"],
            cwd=program["cwd"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=not windows,
            creationflags=0x08000000 if windows else 0,  # CREATE_NO_WINDOW
        )
    except OSError as error:
        return {"failed": "missing" if isinstance(error, FileNotFoundError) else (error.strerror or str(error))}
    assert process.stdout is not None
    assert process.stderr is not None
    output, error = bytearray(), bytearray()
    too_much = threading.Event()

    def read_output(pipe: IO[bytes]) -> None:
        while chunk := os.read(pipe.fileno(), 65536):
            output.extend(chunk)
            if len(output) > LARGEST:
                too_much.set()
                _end(process)
                return

    def read_error(pipe: IO[bytes]) -> None:
        while chunk := os.read(pipe.fileno(), 65536):
            error.extend(chunk)
            del error[:-KEPT_ERROR]

    readers = [
        threading.Thread(target=read_output, args=(process.stdout,), daemon=True),
        threading.Thread(target=read_error, args=(process.stderr,), daemon=True),
    ]
    for reader in readers:
        reader.start()
    said: dict[str, Any] = {}
    try:
        process.wait(program["timeout"])
    except subprocess.TimeoutExpired:
        said["failed"] = "timeout"
    for reader in readers if not said else ():
        reader.join(GRACE)
    _end(process)
    if too_much.is_set():
        said["failed"] = "too much"
    elif not said:
        said = {"status": process.returncode, "output": base64.b64encode(bytes(output)).decode("ascii")}
    return {**said, "error": bytes(error).decode("utf-8", "replace")}


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and its process group. What has left the group, the guard ends."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


if __name__ == "__main__":
    main()
