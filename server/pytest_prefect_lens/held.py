"""Holds a whole family of processes to the network that it may reach. Needs the standard library alone.

Python runs a module named `sitecustomize` when it starts: child processes find ours first, and run the user's own after
it. One that is started with `-I`, `-E` or `-S`, or with another environment, does not.
"""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import network, patching

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import ModuleType

INJECTED = "add it to `network` in [tool.prefect-lens.environment], or have the test do without it"
CONFIGURED = "add it to prefect_lens_network in pytest's configuration, or have the test do without it"
MARKED = "add it to the test's mark, prefect(network=[…, {host!r}]), or have the test do without it"

_SITE = """\
import sys
ours = sys.modules.pop("sitecustomize")
path, sys.path[:] = list(sys.path), [{parent!r}, *sys.path]
from pytest_prefect_lens import network
sys.path[:] = [entry for entry in path if entry != {folder!r}]
network.hold_inherited()
try:
    import sitecustomize
except ModuleNotFoundError as error:
    if error.name != "sitecustomize":
        raise
sys.modules.setdefault("sitecustomize", ours)
"""


_configured: tuple[tuple[str, ...], Callable[[], None]] | None = None


def begin(hosts: tuple[str, ...]) -> Callable[[], None]:
    """Hold the tests of this process to what pytest's configuration allows; the function returned ends it."""
    global _configured  # noqa: PLW0603  a process has one network
    _configured = hosts, hold(hosts, CONFIGURED)

    def end() -> None:
        global _configured  # noqa: PLW0603
        if _configured is not None:
            _configured[1]()
        _configured = None

    return end


@contextmanager
def instead(hosts: tuple[str, ...]) -> Generator[None]:
    """Hold this process to what the mark of a test allows, and not to what the configuration does."""
    global _configured  # noqa: PLW0603
    before = _configured
    if before is not None:
        before[1]()
    end = hold(hosts, MARKED)
    try:
        yield
    finally:
        end()
        if before is not None:
            _configured = before[0], hold(before[0], CONFIGURED)


def hold(hosts: tuple[str, ...], cure: str, home: Path | None = None) -> Callable[[], None]:
    """Let this process and its Python children reach only these hosts beside loopback; the function returned ends it.

    `home` is a private folder for what the children run; without one it is made, and goes with the end.
    """
    stack = ExitStack()
    rule = network.Rule((host for host in hosts if host != "loopback"), cure)
    stack.callback(network.hold(rule))
    stack.callback(patching.install(_STEPS, []))
    if home is None:
        home = Path(tempfile.mkdtemp(prefix="prefect-lens-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
    folder = home / "site"
    folder.mkdir(mode=0o700, exist_ok=True)
    parent = str(Path(__file__).parents[1])
    (folder / "sitecustomize.py").write_text(_SITE.format(parent=parent, folder=str(folder)), encoding="utf-8")
    line = "\t".join((cure, *rule.hosts))
    _set(stack, network.VARIABLE, "\n".join(filter(None, (os.environ.get(network.VARIABLE), line))))
    _set(stack, "PYTHONPATH", os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH")))))
    return stack.close


def take_over() -> Callable[[], None]:
    """Speak for the tests in a worker of xdist, a child process that is held already; the function returned ends it."""
    network.runs_tests()
    return patching.install(_STEPS, [])


def _set(stack: ExitStack, name: str, value: str) -> None:
    before = os.environ.get(name)
    os.environ[name] = value

    def undo() -> None:
        if os.environ.get(name) != value:
            return  # somebody has changed it since
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before

    stack.callback(undo)


def _look_up_here(patches: patching.Patches, module: ModuleType) -> None:
    """Have a name refused where it is asked for: the thread that looks it up knows of no flow and no task."""
    patches.wrap(module, "BaseEventLoop", "getaddrinfo", _around_look_up)


def _around_look_up(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def getaddrinfo(self: Any, host: Any, port: Any, **kwargs: Any) -> Any:
        if host:
            network.look_up(host)
        return await original(self, host, port, **kwargs)

    return getaddrinfo


_STEPS: dict[str, Callable[[patching.Patches, ModuleType], None]] = {"asyncio.base_events": _look_up_here}
