"""Imports the libraries of a project before its code does, in a warm parent; finds out beforehand which do not bear it.

Whether a library does is tried in a process that is thrown away, so that the parent is never spoiled. What came of it
is kept in a file for each project and what is installed for it; what turns out later is noted there as well. Standard
library alone.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import os
import re
import select
import signal
import sys
import threading
import time
import warnings
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens import forking
from pytest_prefect_lens.hidden import uses_prefect

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

PATIENCE = 20
"""Seconds of the processor that the import of a library may take: a busy machine is no fault of a library's."""

LONGEST = 300.0
"""Seconds after which one that waits for something is given up."""

LARGEST = 100
"""Megabytes that it may take; one that takes more is worth its wait to those runs alone that need it."""

_HARMLESS = re.compile(
    # What is the same in each run of a person, and what only the developers of numeric libraries set.
    r"HOME|PATH|TZ|LANG|LANGUAGE|LC_\w+|TERM|COLORTERM|NO_COLOR|FORCE_COLOR|COLUMNS|LINES|USER|LOGNAME|SHELL|DISPLAY"
    r"|TMPDIR|TEMP|TMP|XDG_\w+|PYTHON\w*|_PYTHON_\w+|VIRTUAL_ENV|CONDA_\w+|NPY_\w+|OPENBLAS_\w+"
)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "MKL_NUM_THREADS")
"""What libraries that keep threads to count with read at their import, past Python."""


class SpoiledError(Exception):
    """A library has spoiled the process that imported it."""


@dataclass(frozen=True)
class Verdict:
    """What came of trying a library."""

    asked: tuple[str, ...]
    """The modules that the project imports, as it names them."""
    modules: tuple[str, ...] = ()
    """Those of them that are modules, and can be imported early."""
    why_not: str = ""
    """Why none of it can; empty where it can, or where it is not installed."""


def kept(file: Path) -> dict[str, Verdict]:
    """Return the verdicts on libraries, by the first part of their modules' names."""
    try:
        plain: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return {
            name: Verdict(tuple(one["asked"]), tuple(one["modules"]), one["why_not"]) for name, one in plain.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def keep(file: Path, verdicts: Mapping[str, Verdict]) -> None:
    """Keep verdicts beside those that are kept, in their places.

    Raises:
        OSError: the file cannot be written.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = file.with_suffix(f".{os.getpid()}")
    made.write_text(json.dumps({name: asdict(one) for name, one in {**kept(file), **verdicts}.items()}), "utf-8")
    made.replace(file)


def good(file: Path) -> dict[str, tuple[str, ...]]:
    """Return the modules that are imported early."""
    return {top: verdict.modules for top, verdict in kept(file).items() if verdict.modules}


def untried(modules: Iterable[str], file: Path) -> dict[str, tuple[str, ...]]:
    """Return the modules of those libraries of which some were never tried."""
    found: dict[str, list[str]] = {}
    for name in sorted(set(modules)):
        found.setdefault(_top(name), []).append(name)
    verdicts = kept(file)
    return {
        top: tuple(names)
        for top, names in found.items()
        if top not in verdicts or not set(names) <= set(verdicts[top].asked)
    }


def find_out(asked: Mapping[str, tuple[str, ...]], file: Path) -> None:
    """Try libraries, each in a process of its own, and keep what came of it.

    Must be called in a process that is thrown away.
    """
    keep(file, {top: _tried(modules) for top, modules in asked.items()})


def find_out_here(asked: Mapping[str, tuple[str, ...]], file: Path) -> None:
    """Try libraries in this process, where the system does not fork, and keep what came of each.

    Must be called in a process that is thrown away; who started it ends it when it takes too long. Descriptors and
    threads are no hindrance: who imports it early goes on to be the one that runs tests.
    """
    for top, modules in asked.items():
        keep(file, {top: Verdict(modules, (), "its import ends the process, or does not come to an end")})
        found, why_not = _import(modules, is_to_fork=False)
        keep(file, {top: Verdict(modules, () if why_not else tuple(found), why_not)})


@dataclass(frozen=True)
class Early:
    """What was imported early, and what that depended on."""

    libraries: frozenset[str] = frozenset()
    """The first parts of the modules' names."""
    read: tuple[tuple[str, str, str | None], ...] = ()
    """A library, a variable that it read, what it found: None where there was none."""
    file: Path = Path(os.devnull)
    """Where verdicts are kept."""

    def is_true_in(self, environ: Mapping[str, str]) -> bool:
        """Whether each of them would find the same; one that would not is left out from the next parent on."""
        changed = {library: name for library, name, found in self.read if environ.get(name) != found}
        leave_out(self.file, {library: f"runs change {name}, which it reads" for library, name in changed.items()})
        return not changed

    def back(self, names: set[str]) -> None:
        """Have those among `names`, which the project's code imports now, as new as they would be."""
        mine = self.libraries & names
        if not mine:
            return
        random: Any = sys.modules.get("numpy.random") if "numpy.random" in names else None
        if random is not None:
            random.seed()
        if not self.is_true_in(os.environ):
            sys.stderr.write("prefect-lens: a library had read a variable before it was set; next time it does after\n")


def leave_out(file: Path, why_not: Mapping[str, str]) -> None:
    """Note why libraries are not to be imported early; no harm where that cannot be noted."""
    before = kept(file)
    new = {top: Verdict(before[top].asked, (), why) for top, why in why_not.items() if top in before}
    if new:
        with suppress(OSError):
            keep(file, new)


def bring(file: Path, *, is_to_fork: bool = True) -> Early:
    """Import the libraries that are known to bear it, in a process that `is_to_fork` or not.

    Raises:
        SpoiledError: one did not bear it after all, which is noted.
    """
    verdicts = kept(file)
    libraries: set[str] = set()
    failed: dict[str, str] = {}
    found: dict[tuple[str, str], str | None] = {}
    for top, verdict in verdicts.items():
        with _reading() as read, _same_warnings():
            try:
                for module in verdict.modules:
                    import_module(module)
            except Exception as error:  # noqa: BLE001  it did not fail when it was tried
                failed[top] = f"its import failed beside others: {type(error).__name__}: {error}"
        if verdict.modules:
            libraries.add(top)
        if is_to_fork and threads() != 1:
            failed[top] = "it starts a thread"
        found.update({(top, name): value for _, name, value in read})
    if failed:
        leave_out(file, failed)
        raise SpoiledError
    return Early(frozenset(libraries), tuple((*key, value) for key, value in found.items()), file)


def threads() -> int:
    """Return how many threads there are, but for those that end before a fork and begin anew after it, as BLAS' do."""
    if forking.threads() != 1 and threading.active_count() == 1:
        child = os.fork()
        if child == 0:
            os._exit(0)
        os.waitpid(child, 0)
    return forking.threads()


@contextmanager
def no_thread() -> Generator[set[str]]:
    """Let no thread be started; yields the names of the packages that tried to."""
    starters: set[str] = set()
    start = threading.Thread.start

    def refuse(self: threading.Thread) -> None:
        starters.add(_top(_caller()))
        raise RuntimeError(f"{self.name} cannot be started: this process is there to be forked.")

    threading.Thread.start = refuse  # type: ignore[method-assign]
    try:
        yield starters
    finally:
        threading.Thread.start = start


# --- trying -------------------------------------------------------------------------------------------


def _tried(asked: tuple[str, ...]) -> Verdict:
    """Import modules of one library in a fork, and return what came of it."""
    hear, say = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(hear)
            _limit()
            os.write(say, json.dumps(_import(asked)).encode()[:60_000])
        finally:
            os._exit(0)
    os.close(say)
    deadline, text = time.monotonic() + LONGEST, b""
    while select.select([hear], [], [], max(0.0, deadline - time.monotonic()))[0]:
        chunk = os.read(hear, 65536)
        text += chunk
        if not chunk:
            break
    else:
        os.kill(child, signal.SIGKILL)
    os.close(hear)
    _, status = os.waitpid(child, 0)
    if text:
        modules, why_not = json.loads(text)
        return Verdict(asked, () if why_not else tuple(modules), why_not)
    late = time.monotonic() >= deadline or os.waitstatus_to_exitcode(status) == -signal.SIGXCPU
    return Verdict(asked, (), f"its import takes longer than {PATIENCE} s" if late else _crashed(status))


def _limit() -> None:
    """Let this process end when it has computed for too long."""
    import resource  # noqa: PLC0415  Windows has none, and forks nothing

    _, most = resource.getrlimit(resource.RLIMIT_CPU)  # the system's own, which nobody can raise
    least = PATIENCE if most == resource.RLIM_INFINITY else min(PATIENCE, most)
    resource.setrlimit(resource.RLIMIT_CPU, (least, most))


def _crashed(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return f"its import ends the process, by signal {-code}" if code < 0 else "its import ends the process"


def _import(asked: tuple[str, ...], *, is_to_fork: bool = True) -> tuple[list[str], str]:
    """Import modules and return those that are some, and why they cannot be imported early."""
    before, memory, open_files = set(sys.modules), _megabytes(), _descriptors() if is_to_fork else set[str]()
    handlers = _handlers()
    modules: list[str] = []
    with _reading() as read, no_thread() if is_to_fork else nullcontext(set[str]()) as starters:
        try:
            modules = [name for name in asked if name not in before and _is_module(name)]
        except BaseException as error:  # noqa: BLE001  a library may do anything
            if not starters:
                return [], f"its import fails: {type(error).__name__}: {error}"[:300]
    new = [module for name, module in sys.modules.items() if name not in before]
    variables = sorted({name for library, name, _ in read if not _is_harmless(library, name)})
    if is_to_fork and (starters or threads() != 1):
        return modules, "it starts a thread"
    if variables:
        return modules, f"it reads {', '.join(variables)} when it is imported"
    if any(_top(module.__name__) == "prefect" or uses_prefect(module) for module in new):
        return modules, "it builds on Prefect"
    if _handlers() != handlers:
        return modules, "it takes signals"
    if is_to_fork and _descriptors() - open_files:
        return modules, "it keeps a file or a connection open"
    if (taken := _megabytes() - memory) > LARGEST:
        return modules, f"it takes {taken} MB of memory"
    return modules, ""


def _is_module(name: str) -> bool:
    """Import what has this name; false where that is a class or a function, or is not installed."""
    try:
        if importlib.util.find_spec(name) is None:
            return False
        import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def _is_harmless(library: str, name: str) -> bool:
    """Whether a variable is one that seldom changes, or is the library's own."""
    own = _letters(_top(library))
    return name in _THREADS or _HARMLESS.fullmatch(name) is not None or (own != "" and _letters(name).startswith(own))


def _letters(name: str) -> str:
    return re.sub("[^A-Z0-9]", "", name.upper())


def _megabytes() -> int:
    """Return what this process takes of memory; 0 where the system does not tell in this way."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGESIZE") // 2**20


def _descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir() if _is_open(path)}


def _is_open(path: Path) -> bool:
    with suppress(OSError):
        return not str(path.readlink()).startswith("/proc/")
    return False


def _handlers() -> list[Any]:
    return [signal.getsignal(number) for number in sorted(signal.valid_signals())]


# --- noticing -------------------------------------------------------------------------------------------


@contextmanager
def _reading() -> Generator[list[tuple[str, str, str | None]]]:
    """Note who reads which variables of the environment, and what is found."""
    seen: list[tuple[str, str, str | None]] = []
    kind: Any = type(os.environ)
    get, iterate = kind.__getitem__, kind.__iter__
    before = forking.threads()

    def getitem(self: Any, name: Any) -> Any:
        found: str | None = None
        try:
            found = get(self, name)
        finally:
            if isinstance(name, str):
                seen.append((_caller(), name, found))
        return found

    def iter_all(self: Any) -> Any:
        seen.append((_caller(), "the whole environment", None))
        return iterate(self)

    kind.__getitem__, kind.__iter__ = getitem, iter_all
    try:
        yield seen
    finally:
        kind.__getitem__, kind.__iter__ = get, iterate
        if forking.threads() != before:
            seen.extend(("", name, os.environ.get(name)) for name in _THREADS)


@contextmanager
def _same_warnings() -> Generator[None]:
    """Leave the filters of warnings as they are: pytest forgets those that an import of a test module adds."""
    filters = list(warnings.filters)
    try:
        yield
    finally:
        warnings.filters[:] = filters  # type: ignore[index]
        mutated: Any = getattr(warnings, "_filters_mutated", None)
        if mutated is not None:
            mutated()


def _caller() -> str:
    """Return the name of the module that called, past those of Python and our own."""
    frame = inspect.currentframe()
    ours = sys.stdlib_module_names | {__package__}
    while frame is not None and frame.f_back is not None and _top(frame.f_globals.get("__name__") or "") in ours:
        frame = frame.f_back
    return (frame.f_globals.get("__name__") or "") if frame is not None else ""


def _top(module: str) -> str:
    return module.partition(":")[0].partition(".")[0]
