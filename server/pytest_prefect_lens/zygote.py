"""The warm parent: a process that has imported what runs need, and is forked for each of them. Linux.

It has one thread and none of the project's own modules. What it imports comes from the folders of the standard library
and of installed distributions alone: other entries of the path, and finders of editable installs, are away meanwhile.
The server starts it like a worker, and speaks to it over a socket: a line of JSON for each process that it wants,
with the descriptors for that process beside it, or one that names what the project's code imports. It answers with
lines of JSON: `ready`, `failed`, and once `stale`, with a file that it has imported and that has changed since. What
nobody reads it must not say: it would wait for a reader one day.
"""

from __future__ import annotations

import gc
import importlib.machinery
import importlib.util
import json
import os
import select
import signal
import site
import socket
import sys
import sysconfig
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_prefect_lens import early, forking, haste, link, outlines, spare, warmup
from pytest_prefect_lens.hidden import Hidden, Visible, is_below
from pytest_prefect_lens.watching import Watch

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

_DESCRIPTORS = ("channel", "commands", "events", "output", "lock", "alive")
"""What comes beside a line, in this order; see `spare.Wanted`."""


@dataclass(frozen=True)
class Imports:
    """The server says what the project's code imports."""

    names: tuple[str, ...]


class UnfitError(Exception):
    """This interpreter cannot be kept warm; the text says why."""


class _StartsThreadError(Exception):
    """Plugins of pytest start threads; `plugins` are their names."""

    def __init__(self, plugins: list[str]) -> None:
        super().__init__()
        self.plugins = plugins


def main() -> None:
    """Import, say that it is done, and fork until the server is gone."""
    about = json.loads(os.environ.pop("PREFECT_LENS_PARENT"))
    control = socket.socket(fileno=about["control"])
    control.set_inheritable(False)
    path = list(sys.path)
    began = time.monotonic()
    try:
        _look()
        with _installed_only() as installed:
            _import_pytest(about.get("blocked", []), Path(about["home"]))
            visible = Visible()
            _import_prefect(_known(Path(about["known"])))
            libraries = early.bring(Path(about["libraries"]))
        _nothing_strange(installed)
        hidden = Hidden(visible, installed, libraries)
    except _StartsThreadError as error:
        _begin_again({**about, "blocked": [*about.get("blocked", []), *error.plugins]})
    except early.SpoiledError:
        _begin_again(about)
    except UnfitError as error:
        _say(control, failed=str(error))
        return
    except Exception as error:
        _say(control, failed=f"{type(error).__name__}: {error}")
        raise
    gc.collect()
    gc.freeze()
    forking.trim()
    # Of this package there is one: what started us has looked for it where a worker would find it.
    tops = sorted({name.partition(".")[0] for name in visible.modules} - {__package__})
    _say(control, ready=round(time.monotonic() - began, 3), pid=os.getpid(), modules=tops)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the guards: their servers hear of their end
    _serve(control, about, path, hidden)


def _look() -> None:
    """See whether anything stands in the way of a fork, before much is imported."""
    if sys.gettrace() is not None or sys.getprofile() is not None:
        raise UnfitError("something traces this interpreter from its start.")
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is not None and any(monitoring.get_tool(number) for number in range(6)):
        raise UnfitError("something monitors this interpreter from its start.")
    _one_thread("the start of the interpreter")


def _one_thread(what: str) -> None:
    if forking.threads() != 1:
        raise UnfitError(f"{what} starts a thread, which no fork would have.")


# --- importing ------------------------------------------------------------------------------------------


@contextmanager
def _installed_only() -> Generator[tuple[str, ...]]:
    """Let only what is installed be imported; yields the folders where that is."""
    installed = _installed()
    path, finders = list(sys.path), list(sys.meta_path)
    ours = str(Path(__file__).parents[1])
    sys.path[:] = [entry for entry in path if is_below(entry, installed) or entry == ours or entry.endswith(".zip")]
    sys.meta_path[:] = [
        importlib.machinery.BuiltinImporter,
        importlib.machinery.FrozenImporter,
        importlib.machinery.PathFinder,
    ]
    allowed = list(sys.meta_path)
    try:
        yield installed
    finally:
        added = [finder for finder in sys.meta_path if finder not in allowed]
        sys.path[:] = path
        sys.meta_path[:] = [*added, *finders]


def _installed() -> tuple[str, ...]:
    """Return the folders of the standard library and of installed distributions."""
    folders: list[str] = [
        value for name, value in sysconfig.get_paths().items() if name in ("stdlib", "platstdlib", "purelib", "platlib")
    ]
    folders += [os.path.dirname(os.__file__), *site.getsitepackages()]  # noqa: PTH120
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    return tuple(dict.fromkeys(folders))


def _nothing_strange(installed: Iterable[str]) -> None:
    folders = (*installed, str(Path(__file__).parent))
    for name, module in list(sys.modules.items()):
        if isinstance(file := getattr(module, "__file__", None), str) and not is_below(file, folders):
            raise UnfitError(f"{name} was imported from {file}, outside of the installed packages.")


def _begin_again(about: dict[str, Any]) -> NoReturn:
    """Become a new process that does it all once more; what was forked stays."""
    os.set_inheritable(about["control"], True)  # noqa: FBT003
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    environment = {**os.environ, "PREFECT_LENS_PARENT": json.dumps(about)}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606


def _import_pytest(blocked: list[str], home: Path) -> None:
    """Import pytest and its plugins, but those blocked, as pytest itself does: by running a test that does nothing."""
    pytest: Any = import_module("pytest")
    not_ours = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DEBUG")
    kept = {name: os.environ.pop(name) for name in not_ours if name in os.environ}
    here = Path.cwd()
    argv = sys.argv
    with tempfile.TemporaryDirectory(dir=home) as folder:
        try:
            os.chdir(folder)
            Path("pytest.ini").write_text("[pytest]\n", encoding="utf-8")
            Path("test_nothing.py").write_text("def test_nothing(): assert [1] == [1]\n", encoding="utf-8")
            options = ["-q", "-p", "no:cacheprovider", "-p", link.PLUGIN, *_without(_plugins_elsewhere())]
            # It refuses an option that nobody knows once it has imported all plugins, before any of them does anything.
            pytest.main([*options, "--prefect-lens-imports-plugins"])
            with early.no_thread() as starters:
                status = int(pytest.main([*options, *_without(blocked), "test_nothing.py"]))
        finally:
            os.chdir(here)
            os.environ.update(kept)
            sys.argv = argv
    sys.modules.pop("test_nothing", None)
    if starters:
        plugins = [entry.name for entry in metadata.entry_points(group="pytest11") if _top(entry.value) in starters]
        if not plugins or set(plugins) <= set(blocked):
            raise UnfitError(f"{', '.join(sorted(starters))} starts a thread, which no fork would have.")
        raise _StartsThreadError(plugins)
    if status != 0:
        raise UnfitError(f"pytest cannot run an empty test; it ends with status {status}.")
    for name in ("observer", "speaker"):  # what the plugin imports when a run begins
        import_module(f"{__package__}.{name}")
    _one_thread("pytest or one of its plugins")


def _top(module: str) -> str:
    return module.partition(":")[0].partition(".")[0]


def _without(plugins: Iterable[str]) -> list[str]:
    return [option for name in plugins for option in ("-p", f"no:{name}")]


def _plugins_elsewhere() -> list[str]:
    """Return the plugins of pytest that are not among what is installed: the project's own."""
    found: list[str] = []
    for entry in metadata.entry_points(group="pytest11"):
        try:
            spec = importlib.util.find_spec(_top(entry.value))
        except Exception:  # noqa: BLE001  a broken one is the run's to tell
            spec = None
        if spec is None:
            found.append(entry.name)
    return found


def _import_prefect(needed: Iterable[str]) -> None:
    """Import Prefect, its server, and what the two import only when they are used for the first time."""
    with early.no_thread() as starters:
        for name in ("prefect.main", "prefect.testing.utilities", "prefect.server.api.server", "uvicorn"):
            import_module(name)
    with early.no_thread() as more:
        warmup.prepare(needed)
    haste.certificates()
    outlines.prepare()
    if starters | more:
        raise UnfitError(f"{', '.join(sorted(starters | more))} starts a thread, which no fork would have.")
    _one_thread("what Prefect imports for a flow run")


def _known(known: Path) -> list[str]:
    """Return what a first flow run imports, where that was found out before for what is installed."""
    try:
        return known.read_text(encoding="utf-8").split()
    except OSError:
        return []


# --- serving --------------------------------------------------------------------------------------------


def _serve(control: socket.socket, about: dict[str, Any], path: list[str], hidden: Hidden) -> None:
    """Fork for each line that asks for it.

    What a first flow run imports, and which libraries of the project can be imported early, is found out in another
    process beside a run, so that nobody waits for it. Then everything is imported once more, that with it.
    """
    known, libraries = Path(about["known"]), Path(about["libraries"])
    is_known, imported = known.exists(), early.good(libraries)
    asked: tuple[str, ...] = ()
    tried: set[str] = set()
    beside: list[int] = []
    for heard in _hear(control, beside, Watch()):
        match heard:
            case spare.Wanted():
                _fork(control, heard, path, hidden)
            case Imports(names):
                asked = names
            case None:
                os.close(beside.pop())
        if beside:
            continue
        untried = {top: names for top, names in early.untried(asked, libraries).items() if top not in tried}
        if untried or not (is_known or known.exists() or "prefect" in tried):
            tried |= {"prefect", *untried}
            beside.append(_find_out(about, hidden, untried))
        elif not isinstance(heard, spare.Wanted) and (is_known, imported) != (known.exists(), early.good(libraries)):
            _begin_again(about)


def _fork(control: socket.socket, wanted: spare.Wanted, path: list[str], hidden: Hidden) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        spare.fork(wanted, path, hidden, control.close)
    except OSError as error:
        _say(control, failed=f"fork: {error.strerror}")
    for name in _DESCRIPTORS:
        os.close(getattr(wanted, name))


def _find_out(about: dict[str, Any], hidden: Hidden, libraries: dict[str, tuple[str, ...]]) -> int:
    """Begin to find out, in another process, what could be imported; returns what ends when that is done."""
    done, doing = os.pipe()
    if os.fork() == 0:
        try:
            os.nice(19)
            forking.settle_quietly(keep=(doing,))
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            hidden.reveal()
            with _installed_only():
                if libraries:
                    early.find_out(libraries, Path(about["libraries"]))
                if not Path(about["known"]).exists():
                    _note(Path(about["known"]), warmup.needed(Path(about["home"], "first")))
        finally:
            os._exit(0)  # a copy must not go on as the process that it was forked from
    os.close(doing)
    return done


def _note(known: Path, needed: Iterable[str]) -> None:
    known.parent.mkdir(mode=0o700, exist_ok=True)
    made = known.with_suffix(f".{os.getpid()}")
    made.write_text("\n".join(needed), encoding="utf-8")
    made.replace(known)


def _hear(control: socket.socket, beside: list[int], watch: Watch) -> Generator[spare.Wanted | Imports | None]:
    """Yield what the server wants, and None when one of the descriptors `beside` has something to say."""
    text: bytes = b""
    descriptors: list[int] = []
    while True:
        watched = [watch.descriptor] if watch.descriptor >= 0 else []
        ready = select.select([control, *watched, *beside], [], [])[0] if not text else [control]
        if watch.descriptor in ready and (file := watch.changed()) is not None:
            _say(control, stale=file)
            watch.end()
        if control not in ready:
            if any(number in ready for number in beside):
                yield None
            continue
        chunk, received, _, _ = socket.recv_fds(control, 65536, len(_DESCRIPTORS))
        descriptors += received
        text += chunk
        if not chunk:
            return
        while b"\n" in text:
            line, _, text = text.partition(b"\n")
            about: dict[str, Any] = json.loads(line)
            if "imports" in about:
                yield Imports(tuple(about["imports"]))
                continue
            mine, descriptors = descriptors[: len(_DESCRIPTORS)], descriptors[len(_DESCRIPTORS) :]
            about.update(zip(_DESCRIPTORS, mine, strict=True))
            about["guard"] = tuple(about["guard"])
            yield spare.Wanted(**about)


def _say(control: socket.socket, **what: Any) -> None:
    with suppress(OSError):  # the server is gone
        control.sendall(json.dumps(what).encode("ascii") + b"\n")
