"""Prefect's API for many tests at the price of one: forked from a process that has imported it, instead of started.

What a test starts stays a process of its own, with the environment, the folder and the descriptors that it was given;
that one hands them to a fork which serves in its place, and ends when the fork does, or takes it along. Two thirds of
what a cold run costs are the imports of Prefect's server. Linux; standard library and the plugin alone, since each
project's interpreter runs this file.
"""

import array
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

VARIABLE = "LENS_TESTS_AT_START"
"""Code that an interpreter for tests executes when it starts, see `.ci/environments.py`."""

_AT_START = """\
import os, sys
if "PREFECT_LENS_API" in os.environ and "pytest_prefect_lens.serving" in sys.orig_argv[2]:
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
        os.environ[VARIABLE] = _AT_START.format(folder=str(here.parent), sockets=str(folder))
        try:
            yield
        finally:
            del os.environ[VARIABLE]


def _socket(folder: Path, prefix: Path) -> str:
    return str(folder / prefix.resolve().name)  # projects of tests have links to it


# --- in the process that a test has started --------------------------------------------------------------


def hand_over(sockets: str) -> None:
    """Have a fork serve in the place of this process, if there is a server of forks for this interpreter."""
    about = json.loads(os.environ["PREFECT_LENS_API"])
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(_socket(Path(sockets), Path(sys.prefix)))
        except OSError:
            return
        names = [name for name in ("socket", "alive") if about[name] is not None]
        descriptors = array.array("i", [0, 1, 2, *(about[name] for name in names)])
        text = json.dumps({"names": names, "environment": dict(os.environ), "folder": os.getcwd()}).encode()  # noqa: PTH109  this starts a thousand times
        asking.sendmsg([len(text).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
        asking.sendall(text)
        for number in descriptors:
            os.close(number)
        os._exit(int(asking.recv(16) or 1))


# --- the server of forks ---------------------------------------------------------------------------------


def main() -> None:
    """Import Prefect's server, and fork for whoever connects, until the tests are over."""
    from pytest_prefect_lens import gathering  # the interpreter of our tests need not have it

    _, listener, home, *blocked = sys.argv
    try:
        hidden = gathering.gather(*(Path(home) / name for name in ("known", "libraries", "")), blocked=blocked).hidden
    except gathering.StartsThreadError as error:
        os.set_inheritable(int(listener), True)  # noqa: FBT003
        os.execv(sys.executable, [*sys.orig_argv, *error.plugins])
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(fileno=int(listener)) as waiting:
        while True:
            asking, _ = waiting.accept()
            with asking:
                if os.fork() == 0:
                    _serve(asking, hidden.reveal)


def _serve(asking: socket.socket, become: Callable[[], None]) -> None:
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        length, ancillary, _, _ = asking.recvmsg(4, socket.CMSG_SPACE(5 * array.array("i").itemsize))
        received = array.array("i")
        received.frombytes(ancillary[0][2])
        text = b""
        while len(text) < int.from_bytes(length, "big"):
            text += asking.recv(65536)
        asked = json.loads(text)

        from pytest_prefect_lens import forking, serving

        os.setsid()
        forking.settle(*received[:3], keep=(asking.fileno(), *received[3:]))
        os.environ.clear()
        os.environ.update(asked["environment"])
        os.chdir(asked["folder"])
        about = {
            **json.loads(os.environ.pop("PREFECT_LENS_API")),
            **dict(zip(asked["names"], received[3:], strict=True)),
        }
        threading.Thread(target=_end_with, args=(asking,), daemon=True).start()
        serving.run(about, socket.socket(fileno=about["socket"]), become)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001  this copy must not go on as the process that it was forked from
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        with suppress(OSError):
            asking.sendall(str(status).encode())
        os._exit(status)


def _end_with(asking: socket.socket) -> None:
    asking.recv(1)
    os._exit(1)


if __name__ == "__main__":
    main()
