"""Owns every process of a run, so that none outlives it. A program of its own: standard library, one file.

The server starts it and speaks to its standard input: one line of JSON says what to start (`argv`, `cwd`, `env`,
`fds` to hand down, `home` to remove at the end, whether another program `wrapped` it), each later line is a command
(`interrupt`), and the end of the input,
which the death of the server brings as well, ends everything. It answers on standard output with a line of JSON for
each event: `started`, `failed`, `exited`. Its standard error becomes the output of what it starts.

It detaches itself at once; that it has ended shows in the end of its standard output. It ends when the worker and
everything that the worker started are gone, and the run's private folder with them.

Started as `guard.py adopt PID HOME` by the parent of a process that runs already, which it replaces, it guards that
one in the same way: it hears no first line, and does not detach itself.

How processes are found that hide from their parent, by system:

- Linux: as a "child subreaper" it inherits each orphan, whatever session it made for itself.
- macOS and other POSIX: it looks at the tree of processes once a second and remembers what it saw.
- Windows: it joins a job object, which all children join by birth, and which ends them when its last handle closes.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

_GIVE_UP = 5.0
"""How long to go on killing; what does not go in that time (another user's process) never will."""


def main() -> None:
    """Run until nothing is left."""
    if sys.argv[1:2] == ["adopt"]:
        _, _, worker, home = sys.argv
        try:
            wake_out, _ = _prepare()
            os.kill(os.getpid(), signal.SIGCHLD)  # it may have ended before anybody listened
            _watch(int(worker), wake_out)
        finally:
            _remove(home)
        return
    if sys.platform != "win32" and os.fork():
        # The guard is nobody's child: editors end a server by killing its descendants one by one, and one killed
        # between its worker and the worker's children would leave those to nobody.
        os._exit(0)
    line = sys.stdin.buffer.readline()
    if not line:
        return
    spec: dict[str, Any] = json.loads(line)
    try:
        if sys.platform == "win32":
            _guard_windows(spec)
        else:
            _guard_posix(spec)
    finally:
        _remove(spec["home"])


def _tell(**event: Any) -> None:
    try:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()
    except OSError:
        pass  # the server is gone; its end of the input tells us as much


def _remove(home: str) -> None:
    # What a dying process still writes there may make the first try fail.
    for _ in range(3):
        shutil.rmtree(home, ignore_errors=True)
        if not os.path.lexists(home):
            return
        time.sleep(0.05)


# --- Linux, macOS ------------------------------------------------------------------------------------------------


def _prepare() -> tuple[int, Any]:
    """Become who inherits the orphans and is woken when a child ends; return what wakes, and the C library."""
    libc: Any = ctypes.CDLL(None)
    if sys.platform == "linux":
        libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    # A terminal's Ctrl-C and hang-up are the server's to answer.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    wake_out, wake_in = os.pipe()
    os.set_blocking(wake_in, False)
    os.set_blocking(wake_out, False)
    signal.set_wakeup_fd(wake_in)
    signal.signal(signal.SIGCHLD, _wake)
    return wake_out, libc


def _guard_posix(spec: dict[str, Any]) -> None:
    wake_out, libc = _prepare()
    guard = os.getpid()

    def before_exec() -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        _go_with(guard, libc)

    try:
        worker = subprocess.Popen(
            spec["argv"],
            cwd=spec["cwd"],
            env=spec["env"],
            stdin=subprocess.DEVNULL,
            stdout=2,
            stderr=2,
            pass_fds=spec["fds"],
            start_new_session=True,
            preexec_fn=before_exec,  # noqa: PLW1509  this process has one thread
        )
    except OSError as error:
        _tell(failed=f"{error.filename or spec['argv'][0]}: {error.strerror}")
        return
    for descriptor in (*spec["fds"], 2):
        os.close(descriptor)
    os.open(os.devnull, os.O_WRONLY)  # the free number 2, so that no later file takes it
    # `worker` lives on until then: an object that is taken to pieces would bury a process that has ended already.
    _watch(worker.pid, wake_out, wrapped=spec.get("wrapped", False))


def _go_with(guard: int, libc: Any) -> None:
    """Have the system end this process, which the guard has just begun, when the guard ends: however that goes."""
    if sys.platform == "linux":
        libc.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
        if os.getppid() != guard:
            os._exit(1)  # it has ended already, and nobody will say so again


def _watch(worker: int, wake_out: int, *, wrapped: bool = False) -> None:
    _tell(started=worker, guard=os.getpid())

    seen: dict[int, str] = {}
    commands = b""
    status: int | None = None
    while status is None:
        patience = None if sys.platform == "linux" else 1.0
        ready, _, _ = select.select([0, wake_out], [], [], patience)
        if sys.platform != "linux":
            seen.update(_tree_by_ps())
        if wake_out in ready:
            _drain(wake_out)
        status = _reap(worker)
        if 0 in ready and status is None:
            chunk = os.read(0, 4096)
            if not chunk:
                break
            commands += chunk
            *lines, commands = commands.split(b"\n")
            if b"interrupt" in lines:
                # What wraps a worker may not pass it on: then all of its group hear it, as from a terminal.
                (os.killpg if wrapped else os.kill)(worker, signal.SIGINT)
    if status is None:
        os.kill(worker, signal.SIGKILL)
    _kill_all(seen)
    code = os.waitstatus_to_exitcode(status if status is not None else signal.SIGKILL)
    _tell(exited=code if code >= 0 else None, signal=-code if code < 0 else None)


def _wake(number: int, frame: object) -> None:
    """Do nothing; without a handler a signal writes nothing to the wake-up descriptor."""


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 4096):
            pass
    except BlockingIOError:
        pass


def _reap(worker: int) -> int | None:
    """Bury every dead child, ours and inherited; return the worker's wait status if it is among them."""
    found: int | None = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if pid == 0:
            return found
        if pid == worker:
            found = status


def _kill_all(seen: dict[int, str]) -> None:
    deadline = time.monotonic() + _GIVE_UP
    while time.monotonic() < deadline:
        _reap(0)
        left = _tree_by_proc() if sys.platform == "linux" else _still_there(seen)
        if not left and not _has_children():
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)


def _has_children() -> bool:
    """Whether some wait to be buried: left to process 1, they would lie about where that one buries nobody."""
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def _tree_by_proc() -> set[int]:
    """Every living descendant of this process."""
    parents: dict[int, int] = {}
    for name in (entry.name for entry in Path("/proc").iterdir()):
        if name.isdecimal():
            try:
                with Path(f"/proc/{name}/stat").open("rb") as stat:
                    # The name in brackets may hold anything, brackets too.
                    state, parent = stat.read().rpartition(b")")[2].split()[:2]
            except OSError:
                continue
            if state not in (b"Z", b"X"):
                parents[int(name)] = int(parent)
    return _descendants(parents)


def _descendants(parents: dict[int, int]) -> set[int]:
    family = {os.getpid()}
    while True:
        more = {pid for pid, parent in parents.items() if parent in family and pid not in family}
        if not more:
            return family - {os.getpid()}
        family |= more


def _tree_by_ps() -> dict[int, str]:
    """Every living descendant, and those in a process group of one, with the time that it was started."""
    listing = subprocess.run(
        ["ps", "-axo", "pid=,ppid=,pgid=,stat=,lstart="], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split(None, 4) for line in listing.splitlines()]
    rows = [row for row in rows if len(row) == 5 and not row[3].startswith("Z")]
    family = _descendants({int(pid): int(parent) for pid, parent, *_ in rows})
    return {
        int(pid): started
        for pid, _, group, _, started in rows
        if (int(pid) in family or int(group) in family) and "ps -axo" not in started and int(pid) != os.getpid()
    }


def _still_there(seen: dict[int, str]) -> set[int]:
    seen.update(_tree_by_ps())
    if not seen:
        return set()
    listing = subprocess.run(
        ["ps", "-o", "pid=,stat=,lstart=", "-p", ",".join(map(str, seen))], capture_output=True, text=True, check=False
    ).stdout
    rows = [line.split(None, 2) for line in listing.splitlines()]
    # The time of its start tells a process from a later one with the same number.
    return {int(row[0]) for row in rows if row[1][0] != "Z" and seen[int(row[0])] == row[2]}


# --- Windows -----------------------------------------------------------------------------------------------------


def _guard_windows(spec: dict[str, Any]) -> None:
    job = _join_job()
    try:
        worker = subprocess.Popen(
            spec["argv"],
            cwd=spec["cwd"],
            env=spec["env"],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            stderr=sys.stderr,
            creationflags=0x200,  # CREATE_NEW_PROCESS_GROUP
        )
    except OSError as error:
        _tell(failed=f"{spec['argv'][0]}: {error.strerror}")
        return
    _tell(started=worker.pid, guard=os.getpid())

    def listen() -> None:
        for line in sys.stdin.buffer:
            if line.strip() == b"interrupt":
                # The worker maps it to KeyboardInterrupt; CTRL_C_EVENT cannot be sent to one group alone.
                worker.send_signal(1)  # CTRL_BREAK_EVENT
        worker.kill()

    threading.Thread(target=listen, daemon=True).start()
    code = worker.wait()
    # We are in the job ourselves, so the folder goes first, as far as open files allow; the sweep takes the rest.
    _remove(spec["home"])
    _tell(exited=code, signal=None)
    vars(ctypes)["windll"].kernel32.TerminateJobObject(ctypes.c_void_p(job), 0)


def _join_job() -> int:
    """Join a new job object whose members die when its last handle, ours, closes."""
    kernel32: Any = vars(ctypes)["windll"].kernel32
    kernel32.CreateJobObjectW.restype = ctypes.c_void_p
    kernel32.GetCurrentProcess.restype = ctypes.c_void_p
    job = kernel32.CreateJobObjectW(None, None)
    # JOBOBJECT_EXTENDED_LIMIT_INFORMATION: 144 bytes on 64 bit; LimitFlags lies behind two 8-byte times.
    information = (ctypes.c_byte * 144)()
    ctypes.c_uint32.from_buffer(information, 16).value = 0x2000  # JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
    kernel32.SetInformationJobObject(ctypes.c_void_p(job), 9, ctypes.byref(information), 144)
    kernel32.AssignProcessToJobObject(ctypes.c_void_p(job), ctypes.c_void_p(kernel32.GetCurrentProcess()))
    return int(job)


if __name__ == "__main__":
    main()
