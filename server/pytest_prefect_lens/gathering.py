"""Imports what runs need before there is one, of what is installed alone: none of the project's own modules.

What it imports comes from the folders of the standard library and of installed distributions: other entries of the
path, and finders of editable installs, are away meanwhile. Afterwards all of it is out of sight, see `hidden.py`.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import site
import sys
import sysconfig
import tempfile
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import declared, early, forking, haste, link, outlines, reports, routes, warmup, wire
from pytest_prefect_lens.hidden import Hidden, Visible, is_below

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from contextlib import AbstractContextManager


class UnfitError(Exception):
    """This interpreter cannot be kept warm; the text says why."""


class StartsThreadError(Exception):
    """Plugins of pytest start threads; `plugins` are their names."""

    def __init__(self, plugins: list[str]) -> None:
        super().__init__()
        self.plugins = plugins


@dataclass(frozen=True)
class Gathered:
    """What has been imported."""

    hidden: Hidden
    tops: tuple[str, ...]
    """The first parts of the names of the modules that stay in sight: nothing of the project can take their places."""
    files: frozenset[str]
    """From where modules have been imported."""


def gather(
    known: Path, libraries: Path, home: Path, *, blocked: Iterable[str] = (), is_to_fork: bool = True
) -> Gathered:
    """Import pytest, Prefect with its server, and the libraries of the project that bear it, and hide all but pytest.

    Args:
        known: where it is kept what a first flow run imports.
        libraries: where it is kept which libraries of the project bear to be imported early.
        home: a private folder.
        blocked: plugins of pytest that would start a thread.
        is_to_fork: whether this process is there to be forked, and so must have one thread.

    Raises:
        UnfitError: this interpreter cannot be kept warm.
        StartsThreadError: plugins of pytest start threads; to be called in another process with those blocked.
        early.SpoiledError: a library did not bear it after all; to be called in another process.
        Exception: what an import raises.
    """
    _look(is_to_fork=is_to_fork)
    with installed_only() as installed:
        declared.remember(installed)
        _import_pytest(blocked, home, is_to_fork=is_to_fork)
        visible = Visible()
        _import_prefect(known, is_to_fork=is_to_fork)
        brought = early.bring(libraries, is_to_fork=is_to_fork)
    _nothing_strange(installed)
    # Of this package there is one: what started us has looked for it where a worker would find it.
    tops = sorted({name.partition(".")[0] for name in visible.modules} - {__package__})
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    hidden = Hidden(visible, installed, brought)
    return Gathered(hidden, tuple(tops), frozenset(file for file in files if isinstance(file, str)))


def find_out(
    known: Path, libraries: Path, home: Path, untried: dict[str, tuple[str, ...]], *, is_to_fork: bool = True
) -> None:
    """Find out what a first flow run imports, where nobody knows, and whether libraries bear to be imported early.

    Must be called in a process that is thrown away, in which all that was gathered is in sight.
    """
    with installed_only():
        if untried:
            (early.find_out if is_to_fork else early.find_out_here)(untried, libraries)
        if not known.exists():
            note(known, warmup.needed(home / "first"))


def _look(*, is_to_fork: bool) -> None:
    """See whether anything stands in the way, before much is imported."""
    if sys.gettrace() is not None or sys.getprofile() is not None:
        raise UnfitError("something traces this interpreter from its start.")
    monitoring: Any = getattr(sys, "monitoring", None)
    if monitoring is not None and any(monitoring.get_tool(number) for number in range(6)):
        raise UnfitError("something monitors this interpreter from its start.")
    if is_to_fork:
        _one_thread("the start of the interpreter")


def _no_thread(*, is_to_fork: bool) -> AbstractContextManager[set[str]]:
    return early.no_thread() if is_to_fork else nullcontext(set[str]())


def _one_thread(what: str) -> None:
    if forking.threads() != 1:
        raise UnfitError(f"{what} starts a thread, which no fork would have.")


@contextmanager
def installed_only() -> Generator[tuple[str, ...]]:
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


def _import_pytest(blocked: Iterable[str], home: Path, *, is_to_fork: bool) -> None:
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
            with early.no_thread() as starters:  # a thread of this session would stay in that of the tests
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
        raise StartsThreadError(plugins)
    if status != 0:
        raise UnfitError(f"pytest cannot run an empty test; it ends with status {status}.")
    for name in ("observer", "speaker"):  # what the plugin imports when a run begins
        import_module(f"{__package__}.{name}")
    for kind in (wire.Order, reports.Luggage):
        wire.get_ready(kind)
    if is_to_fork:
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


def _import_prefect(known: Path, *, is_to_fork: bool) -> None:
    """Import Prefect, its server, and what the two import only when they are used for the first time.

    Among that are Prefect's collections, with all that they need. Where one starts a thread, the next process leaves
    out what comes from there on.
    """
    needed = noted(known)
    with _no_thread(is_to_fork=is_to_fork) as starters:
        for name in ("prefect.main", "prefect.testing.utilities", "prefect.server.api.server", "uvicorn"):
            import_module(name)
    with _no_thread(is_to_fork=is_to_fork) as more:
        borne = warmup.prepare(needed, lambda: is_to_fork and (bool(more) or forking.threads() != 1))
    if borne < len(needed):
        note(known, needed[:borne])
        raise early.SpoiledError(needed[borne])
    haste.certificates()
    outlines.prepare()
    if is_to_fork:
        routes.prepare()
    if starters | more:
        raise UnfitError(f"{', '.join(sorted(starters | more))} starts a thread, which no fork would have.")
    if is_to_fork:
        _one_thread("what Prefect imports for a flow run")


def noted(file: Path) -> list[str]:
    """Return the names that `note` has written; none where it has not."""
    try:
        return file.read_text(encoding="utf-8").split()
    except OSError:
        return []


def note(file: Path, names: Iterable[str]) -> None:
    """Write names that were found out for what is installed: what a first flow run imports, plugins with threads."""
    file.parent.mkdir(mode=0o700, exist_ok=True)
    made = file.with_suffix(f".{os.getpid()}")
    made.write_text("\n".join(names), encoding="utf-8")
    made.replace(file)
