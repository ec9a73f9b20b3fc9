"""The imports of many tests at the price of one: forked from a process that has made them.

What a test starts stays a process of its own, with the environment, the folder and the descriptors that it was given;
that one hands them to a fork which does the work in its place, and ends when the fork does, or takes it along. It is so
with each Prefect API that a run starts, since two thirds of what a cold run costs are the imports of Prefect's server;
with those sessions of pytest that ask for it (`FORK`), which find what a warm worker would, and with warm parents that
may be forks (`FORK_PARENT`). Linux; standard library and the plugin alone, since each project's interpreter runs this
file.
"""

from __future__ import annotations

import array
import atexit
import fcntl
import gc
import json
import os
import random
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from pytest_prefect_lens.gathering import Gathered

VARIABLE = "LENS_TESTS_AT_START"
"""Code that an interpreter for tests executes when it starts, see `.ci/environments.py`."""
FORK = "LENS_TESTS_FORK"
"""A variable of a process that runs pytest: it may be a fork, too."""
FORK_WORKER = "LENS_TESTS_FORK_WORKER"
"""A variable of a server or a command: the workers that it starts for one run each may be forks, too.

What a test starts is not among the descendants of the guard then: it is not for tests of how a run is ended.
"""
FORK_PARENT = "LENS_TESTS_FORK_PARENT"
"""A variable of a server: the warm parents that it starts may be forks, too.

They and their workers do not show the environment that they were started with: it is not for tests of what is left of
a run, nor of what a parent finds out about what can be imported.
"""

_TOLD = ("PREFECT_LENS_API", "PREFECT_LENS_WORKER", "PREFECT_LENS_PARENT")
_INHERITED = ("socket", "channel", "alive", "control")
_AT_START = """\
import os, sys
if (
    os.environ.pop({fork!r}, "")
    or ("PREFECT_LENS_API" in os.environ and "pytest_prefect_lens.serving" in sys.orig_argv[2])
    or ("PREFECT_LENS_WORKER" in os.environ and "pytest_prefect_lens.worker " in sys.orig_argv[2]
        and os.environ.pop({worker!r}, ""))
    or ("PREFECT_LENS_PARENT" in os.environ and "pytest_prefect_lens.zygote " in sys.orig_argv[2]
        and os.environ.pop({parent!r}, ""))
):
    sys.path.insert(0, {folder!r})
    import forkserver
    sys.path.remove({folder!r})
    forkserver.hand_over({sockets!r})
"""


@contextmanager
def running(pythons: list[str]) -> Generator[None]:
    """Have the APIs of what is started meanwhile forked, for these interpreters, where a fork is safe."""
    if sys.platform != "linux":
        yield
        return
    here = Path(__file__)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lens-forks-")))
        for python in pythons:
            environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
            home = Path(f"{_socket(folder, Path(python).parents[1])}.home")
            home.mkdir()
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind(_socket(folder, Path(python).parents[1]))
                listener.listen(64)  # who comes before it is ready waits
                process = subprocess.Popen(
                    [python, "-W", "ignore", "-c", here.read_text(), str(listener.fileno()), str(home)],
                    env={**environment, "PYTHONPATH": str(here.parents[1] / "server"), "PREFECT_HOME": str(home)},
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # where it cannot begin, everybody starts an API as ever
                    pass_fds=(listener.fileno(),),
                )
            stack.callback(process.wait)
            stack.callback(process.kill)
        places = {"folder": str(here.parent), "sockets": str(folder)}
        os.environ[VARIABLE] = _AT_START.format(fork=FORK, worker=FORK_WORKER, parent=FORK_PARENT, **places)
        try:
            yield
        finally:
            del os.environ[VARIABLE]


def _socket(folder: Path, prefix: Path) -> str:
    return str(folder / prefix.resolve().name)  # projects of tests have links to it


# --- in the process that a test has started --------------------------------------------------------------


def hand_over(sockets: str) -> None:
    """Have a fork work in the place of this process, if there is a server of forks for this interpreter."""
    about = json.loads(next((os.environ[name] for name in _TOLD if name in os.environ), "{}"))
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(_socket(Path(sockets), Path(sys.prefix)))
        except OSError:
            return
        inherited = {name: number for name in _INHERITED if (number := _number(about.get(name))) is not None}
        descriptors = array.array("i", [0, 1, 2, *inherited.values()])
        asked = {"names": list(inherited), "environment": dict(os.environ), "arguments": sys.orig_argv}
        text = json.dumps({**asked, "folder": os.getcwd()}).encode()  # noqa: PTH109  this starts a thousand times
        asking.sendmsg([len(text).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
        asking.sendall(text)
        for number in descriptors:
            os.close(number)
        fork = int.from_bytes(asking.recv(4), "big")
        signal.signal(signal.SIGINT, lambda *_: os.kill(fork, signal.SIGINT))
        os._exit(int(asking.recv(16) or 1))


def _number(what: object) -> int | None:
    """The descriptor that a process is told to have inherited, as `7` or `fd:7`; not so an address."""
    text = str(what).removeprefix("fd:")
    return int(text) if text.isdecimal() else None


# --- the server of forks ---------------------------------------------------------------------------------


def main() -> None:
    """Import what runs need, and fork for whoever connects, until the tests are over."""
    from pytest_prefect_lens import gathering  # the interpreter of our tests need not have it

    _, listener, home, *blocked = sys.argv
    path = [entry for entry in sys.path if entry not in ("", *os.environ["PYTHONPATH"].split(os.pathsep))]
    try:
        gathered = gathering.gather(*(Path(home) / name for name in ("known", "libraries", "")), blocked=blocked)
    except gathering.StartsThreadError as error:
        os.set_inheritable(int(listener), True)  # noqa: FBT003
        os.execv(sys.executable, [*sys.orig_argv, *error.plugins])
    gc.collect()
    gc.freeze()  # else each fork looks through all of it, and copies it by that
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(listener)) as waiting:
        while True:
            asking, _ = waiting.accept()
            with asking:
                if os.fork() == 0:
                    _become(asking, path, gathered)


def _become(asking: socket.socket, path: list[str], gathered: Gathered) -> NoReturn:
    """Do in this fork what the process was started for that asks for it."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        asked, descriptors = _hear(asking)

        from pytest_prefect_lens import forking

        os.setsid()
        forking.settle(*descriptors[:3], keep=(asking.fileno(), *descriptors[3:]))
        _end_with(asking)
        os.environ.clear()
        os.environ.update(asked["environment"])
        os.chdir(asked["folder"])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        asking.sendall(os.getpid().to_bytes(4, "big"))
        inherited = dict(zip(asked["names"], descriptors[3:], strict=True))
        if "PREFECT_LENS_API" in os.environ:
            _serve(inherited, gathered.hidden.reveal)
        else:
            random.seed()
            tempfile.tempdir = None
            if "PREFECT_LENS_WORKER" in os.environ:
                _tell_worker(inherited)
            if "PREFECT_LENS_PARENT" in os.environ:
                _tell_parent(inherited, gathered)
                asking.set_inheritable(True)  # it goes on as a new process where it finds out more
            _run(asked["arguments"], path)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001  this copy must not go on as the process that it was forked from
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(BaseException):
                stream.flush()
        fcntl.fcntl(asking, fcntl.F_SETFL, 0)
        with suppress(OSError):
            asking.sendall(str(status).encode())
        os._exit(status)


def _hear(asking: socket.socket) -> tuple[dict, list[int]]:
    length, ancillary, _, _ = asking.recvmsg(4, socket.CMSG_SPACE(5 * array.array("i").itemsize))
    descriptors = array.array("i")
    descriptors.frombytes(ancillary[0][2])
    text = b""
    while len(text) < int.from_bytes(length, "big"):
        text += asking.recv(65536)
    return json.loads(text), list(descriptors)


def _end_with(asking: socket.socket) -> None:
    """Be killed when the one who asked is gone; a thread that waits for that would be one too many."""
    fcntl.fcntl(asking, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(asking, 10, signal.SIGKILL)  # F_SETSIG, which the module does not name
    fcntl.fcntl(asking, fcntl.F_SETFL, os.O_ASYNC)


def _serve(descriptors: dict[str, int], reveal: Callable[[], None]) -> None:
    from pytest_prefect_lens import serving

    about = {**json.loads(os.environ.pop("PREFECT_LENS_API")), **descriptors}
    serving.run(about, socket.socket(fileno=about["socket"]), reveal)


def _tell_worker(descriptors: dict[str, int]) -> None:
    """Say to a worker the numbers that its descriptors have here."""
    about = {**json.loads(os.environ["PREFECT_LENS_WORKER"]), **descriptors}
    if "channel" in descriptors:
        about["channel"] = f"fd:{descriptors['channel']}"
    os.environ["PREFECT_LENS_WORKER"] = json.dumps(about)


def _tell_parent(descriptors: dict[str, int], gathered: Gathered) -> None:
    """Say to a warm parent the number that its descriptor has here, and give it what has been gathered."""
    from pytest_prefect_lens import zygote

    about = {**json.loads(os.environ["PREFECT_LENS_PARENT"]), **descriptors}
    os.environ["PREFECT_LENS_PARENT"] = json.dumps(about)
    zygote.gather = lambda *_args, **_more: gathered


def _run(arguments: list[str], path: list[str]) -> None:
    """Run a program, a module by `-m`, or code by `-c`, as the main one."""
    from pytest_prefect_lens import forking

    kind = arguments[1]
    sys.orig_argv[:] = arguments
    sys.argv = arguments[2:] if kind == "-m" else ["-c"] if kind == "-c" else arguments[1:]
    first = {"-m": os.getcwd(), "-c": ""}.get(kind, str(Path(sys.argv[0]).parent))  # noqa: PTH109
    more = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    last = [str(Path(forking.__file__).parents[1])] if kind == "-c" else []  # where a worker has the plugin
    sys.path[:] = [first, *more, *path, *last]
    if xdist := sys.modules.get("xdist.plugin"):
        xdist._sys_path[:] = sys.path  # what it hands to its workers is what there was when it was imported
    main = sys.modules["__main__"] = ModuleType("__main__")
    try:
        if kind == "-m":
            runpy._run_module_as_main(sys.argv[0])
        elif kind == "-c":
            exec(compile(arguments[2], "<string>", "exec"), vars(main))
        else:
            main.__file__ = sys.argv[0]
            exec(compile(Path(sys.argv[0]).read_bytes(), sys.argv[0], "exec"), vars(main))
    finally:
        with suppress(BaseException):
            threading._shutdown()
            atexit._run_exitfuncs()


if __name__ == "__main__":
    main()
