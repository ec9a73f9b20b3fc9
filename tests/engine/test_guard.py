"""The guard ends every process of a run, however it hides and however its server goes."""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from prefect_lens.engine import guard

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc")

SAY = "import sys, os; print(os.getpid(), flush=True)\n"


class Guarded:
    """A guard with a worker that runs a script; pids that the script prints are collected."""

    def __init__(self, home: Path, script: str) -> None:
        home.mkdir()
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        spec = {
            "argv": [sys.executable, "-c", script],
            "cwd": str(home),
            "env": dict(os.environ),
            "fds": [],
            "home": str(home),
        }
        self.send(json.dumps(spec))

    def send(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def event(self) -> dict[str, object]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def pid(self) -> int:
        """The next line of the worker's output, which is a pid; waits for it."""
        assert self.process.stderr is not None
        ready, _, _ = select.select([self.process.stderr], [], [], 10)
        assert ready, "the worker said nothing"
        line = b""
        while not line.endswith(b"\n"):
            byte = os.read(self.process.stderr.fileno(), 1)
            assert byte, "the worker ended"
            line += byte
        return int(line)

    def end(self) -> float:
        """End the input, as the death of a server does; return the seconds until the guard is gone."""
        assert self.process.stdin is not None
        began = time.monotonic()
        self.process.stdin.close()
        self.wait()
        return time.monotonic() - began

    def wait(self) -> None:
        """Wait until the guard is gone: its output ends."""
        assert self.process.stdout is not None
        while self.process.stdout.readline():
            pass


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_worker_that_ends_is_told_with_its_status(tmp_path):
    guarded = Guarded(tmp_path / "home", "raise SystemExit(3)")
    assert "started" in guarded.event()
    assert guarded.event() == {"exited": 3, "signal": None}


def test_a_worker_that_is_killed_is_told_with_the_signal(tmp_path):
    guarded = Guarded(tmp_path / "home", "import os; os.kill(os.getpid(), 11)")
    assert "started" in guarded.event()
    assert guarded.event() == {"exited": None, "signal": signal.SIGSEGV}


def test_a_program_that_cannot_be_started_is_told(tmp_path):
    guarded = Guarded.__new__(Guarded)
    (tmp_path / "home").mkdir()
    guarded.process = subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    guarded.send(json.dumps({"argv": ["/no/python"], "cwd": "/", "env": {}, "fds": [], "home": str(tmp_path / "home")}))
    assert guarded.event() == {"failed": "/no/python: No such file or directory"}
    guarded.wait()


def test_an_interrupt_reaches_the_worker_alone(tmp_path):
    script = SAY + (
        "import subprocess, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "try: print(child.pid, flush=True); time.sleep(60)\n"
        "except KeyboardInterrupt: print(int(child.poll() is None), flush=True)\n"
    )
    guarded = Guarded(tmp_path / "home", script)
    worker, child = guarded.pid(), guarded.pid()
    guarded.send("interrupt")
    assert guarded.pid() == 1, "the child, which a tear-down may need, was interrupted too"
    guarded.wait()
    assert not is_alive(worker)
    assert not is_alive(child)


HIDING = {
    "a child": "subprocess.Popen([sys.executable, '-c', SLEEP])",
    "a child in a session of its own": "subprocess.Popen([sys.executable, '-c', SLEEP], start_new_session=True)",
    "a daemon": "os.fork() or (os.setsid(), os.fork() and os._exit(0), exec(SLEEP))",
    "a daemon that ignores every signal": "os.fork() or (os.setsid(), os.fork() and os._exit(0), exec(DEAF))",
}


@pytest.mark.parametrize("how", HIDING.values(), ids=HIDING)
@pytest.mark.parametrize("ending", ["its server goes", "the worker goes"])
def test_nothing_outlives_a_run(tmp_path, how, ending):
    script = (
        "import os, subprocess, sys, time, signal\n"
        "SLEEP = 'import os, time; print(os.getpid(), flush=True); time.sleep(100)'\n"
        "DEAF = 'import signal\\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\\n' + SLEEP\n"
        f"{how}\n"
        "time.sleep(100)\n"
    )
    guarded = Guarded(tmp_path / "home", script)
    hidden = guarded.pid()
    if ending == "its server goes":
        assert guarded.end() < 5
    else:
        guarded.send("interrupt")
        guarded.wait()
    assert not is_alive(hidden)
    assert not guarded.home.exists()


def test_a_worker_that_ignores_every_signal_it_can_is_killed(tmp_path):
    script = SAY + "import signal, time\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\ntime.sleep(100)\n"
    guarded = Guarded(tmp_path / "home", script)
    worker = guarded.pid()
    guarded.send("interrupt")
    assert guarded.end() < 5
    assert not is_alive(worker)


def test_a_server_that_is_killed_takes_its_runs_along(tmp_path):
    # A stand-in for the server holds the guard's input; killing it is all that happens.
    code = (
        "import json, os, subprocess, sys, time\n"
        f"home = {str(tmp_path / 'home')!r}; os.mkdir(home)\n"
        f"p = subprocess.Popen([sys.executable, '-I', '-S', {guard.__file__!r}], stdin=-1, stdout=-1, stderr=2, "
        "start_new_session=True)\n"
        "spec = {'argv': [sys.executable, '-c', 'import os, time; print(os.getpid(), flush=True); time.sleep(100)'], "
        "'cwd': '/', 'env': dict(os.environ), 'fds': [], 'home': home}\n"
        "p.stdin.write(json.dumps(spec).encode() + b'\\n'); p.stdin.flush()\n"
        "print(json.loads(p.stdout.readline())['guard'], flush=True); time.sleep(100)\n"
    )
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    guarding = int(server.stdout.readline())
    worker = int(server.stderr.readline())
    assert is_alive(worker)
    server.kill()
    server.wait()
    assert gone(guarding, worker, within=5)
    assert not (tmp_path / "home").exists()


def test_a_guard_that_is_killed_takes_the_worker_along(tmp_path):
    guarded = Guarded(tmp_path / "home", SAY + "import time; time.sleep(100)")
    worker = guarded.pid()
    os.kill(guarded.event()["guard"], signal.SIGKILL)
    assert gone(worker, within=5)


def test_a_guard_that_is_killed_while_it_starts_the_worker_takes_it_along():
    hear, say = os.pipe()
    guarding = os.fork()
    if guarding == 0:
        try:
            pid = os.getpid()
            if os.fork() == 0:
                while os.getppid() == pid:
                    os.sched_yield()
                guard._go_with(pid, ctypes.CDLL(None))
                os.write(say, b"goes on alone")
        finally:
            os._exit(0)
    os.waitpid(guarding, 0)
    os.close(say)
    assert os.read(hear, 100) == b""
    os.close(hear)


def test_whoever_kills_the_servers_descendants_does_not_reach_the_guard(tmp_path):
    guarded = Guarded(tmp_path / "home", "import time; time.sleep(100)")
    guarding = guarded.event()["guard"]
    parent = int(Path(f"/proc/{guarding}/stat").read_text().rpartition(")")[2].split()[1])
    assert parent not in (os.getpid(), guarded.process.pid)
    guarded.end()


def gone(*pids: int, within: float) -> bool:
    """Wait until none of the processes is alive; they are no children of ours, so only looking tells."""
    deadline = time.monotonic() + within
    while any(map(is_alive, pids)):
        if time.monotonic() > deadline:
            return False
        os.sched_yield()
    return True
