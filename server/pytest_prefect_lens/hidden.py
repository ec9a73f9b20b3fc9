"""Keeps imported modules out of sight until somebody imports one of them, as if they were imported then.

A process that was forked from one which has imported Prefect behaves in this way like one that has not: a conftest
that sets Prefect's variables before its import, or puts a module of its own in the place of a library's, finds what it
would find in a fresh process. Standard library alone.
"""

# ruff: noqa: PTH110, PTH118
# Entries of `sys.path` are text.

from __future__ import annotations

import copy
import importlib.abc
import importlib.machinery
import logging
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.patching import OnImport

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_prefect_lens.early import Early


class Visible:
    """What there is to see now, for `Hidden` to leave it so."""

    def __init__(self) -> None:
        self.modules = frozenset(sys.modules)
        self.path_hooks = tuple(sys.path_hooks)


class Hidden(importlib.abc.MetaPathFinder):
    """Modules that are out of sight.

    The first import of one that comes with Python brings those back; that of a library, all but Prefect; that of
    Prefect, all.

    Where another module of the same name would be found now, none is brought back: Python then imports everything anew.
    """

    def __init__(self, visible: Visible, installed: tuple[str, ...], early: Early) -> None:
        """Hide all but what was visible; in the folders `installed` nothing changes as long as it is hidden."""
        self.early = early
        """The libraries of the project among what is hidden."""
        self._installed = installed
        self._modules = {
            name: module
            for name, module in sys.modules.items()
            if name not in visible.modules and name.partition(".")[0] != __package__
        }
        self._tops = frozenset(name.partition(".")[0] for name in self._modules)
        using = {"prefect"} | {name.partition(".")[0] for name, module in self._modules.items() if uses_prefect(module)}
        self._prefects = {name for name in self._modules if name.partition(".")[0] in using}
        self._pythons = {name for name in self._modules if name.partition(".")[0] in sys.stdlib_module_names}
        self._finders = [finder for finder in sys.meta_path if _module_of(finder) in self._modules]
        self._hooks = [hook for hook in sys.path_hooks if hook not in visible.path_hooks]
        self._revealing = False
        self._prepared: _Prepared | None = None
        _forget_logging(self._modules)  # as long as Prefect can be asked
        for name in self._modules:
            del sys.modules[name]
        _take_out(sys.meta_path, self._finders)
        _take_out(sys.path_hooks, self._hooks)
        sys.path_importer_cache.clear()
        sys.meta_path.insert(0, self)

    def reveal(self, but: str = "") -> None:
        """Bring back everything; Prefect reads its settings as if it were imported now.

        Patches that wait for a module are made, except those of the module `but`, whose import makes them.

        Raises:
            Exception: whatever Prefect raises at its import where its settings are no good; it stays hidden then.
        """
        if self not in sys.meta_path or not self._fits():
            return
        before = dict(sys.modules)
        self._revealing = True
        try:
            self._bring(set(self._modules))
            if "prefect" in self._modules:
                _begin_anew(self._modules, self._prepared)
        except BaseException:
            for name in set(self._modules) - set(before):
                sys.modules.pop(name, None)
            raise
        finally:
            self._revealing = False
        sys.meta_path.remove(self)
        _take_steps(self._modules, but)

    def prepare(self) -> None:
        """Make ready what `reveal` takes longest for: what Prefect makes of its settings, as long as they stay."""
        if "prefect.logging.configuration" not in self._modules:
            return
        seen = dict(sys.modules)
        configuration: Any = self._modules["prefect.logging.configuration"]
        context: Any = self._modules["prefect.context"]
        load = getattr(configuration, "load_logging_config", None)
        before = context.GLOBAL_SETTINGS_CONTEXT
        self._revealing = True
        try:
            sys.modules.update(self._modules)
            moment, settings = _moment(), context.root_settings_context()
            context.GLOBAL_SETTINGS_CONTEXT = settings
            where = settings.settings.logging.config_path
            default: Any = configuration.DEFAULT_LOGGING_SETTINGS_PATH
            if load is not None:
                self._prepared = _Prepared(moment, settings, load(where if where.exists() else default))
        except Exception:  # noqa: BLE001  it is tried again, and told, when it is needed
            self._prepared = None
        finally:
            context.GLOBAL_SETTINGS_CONTEXT = before
            self._revealing = False
            for name in set(self._modules) - set(seen):
                sys.modules.pop(name, None)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where a hidden module is: at hand."""
        del path, target
        if self._revealing or fullname not in self._modules or not self._fits():
            return None
        if fullname in self._prefects:
            self.reveal(fullname)
        else:
            more = set(self._modules) - self._prefects
            # What comes with Python takes nobody's place; what else is installed waits for one of its own.
            is_pythons = fullname.partition(".")[0] in sys.stdlib_module_names
            self._bring(more & self._pythons if is_pythons else more)
        # The import system puts it back; where it finds it there already, it does not take this answer.
        del sys.modules[fullname]
        return importlib.machinery.ModuleSpec(fullname, _AtHand(self._modules[fullname]))

    def _bring(self, names: set[str]) -> None:
        for name, module in self._modules.items():
            if name in names:
                sys.modules.setdefault(name, module)
        place = sys.meta_path.index(self) + 1
        sys.meta_path[place:place] = [finder for finder in self._finders if _module_of(finder) in names]
        self._finders = [finder for finder in self._finders if _module_of(finder) not in names]
        if self._hooks and not names <= self._pythons:
            sys.path_hooks[:0] = self._hooks
            sys.path_importer_cache.clear()
            self._hooks = []
        self.early.back(names)

    def _fits(self) -> bool:
        """Whether all of them are what an import would find; where not, forget them."""
        other = self._other()
        if other is None:
            return True
        sys.meta_path.remove(self)
        sys.stderr.write(f"prefect-lens: {other} takes the place of what is installed; everything is imported anew\n")
        return False

    def _other(self) -> str | None:
        for name, module in self._modules.items():
            if sys.modules.get(name, module) is not module:
                return name
        # Whatever is installed stays as it is while this process lives; what lies in other folders may stand before it.
        folders = (folder for folder in sys.path if not is_below(folder, self._installed))
        return next((folder for folder in folders if shadows(folder, self._tops)), None)


def shadows(folder: str, names: frozenset[str]) -> bool:
    """Whether a folder on the path has a module or a package of one of these names."""
    try:
        entries = list(os.scandir(folder or "."))
    except OSError:
        return False
    for entry in entries:
        name, _, kind = entry.name.partition(".")
        # A folder without `__init__` gives way to what comes later.
        if name in names and (kind.endswith(("py", "so", "pyc")) or os.path.exists(os.path.join(entry, "__init__.py"))):
            return True
    return False


def is_below(path: str, folders: tuple[str, ...]) -> bool:
    """Whether a path is one of the folders or lies in one."""
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)


def uses_prefect(module: ModuleType) -> bool:
    """Whether a module holds anything of Prefect's, as far as can be seen without asking it."""
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            name = value.__name__
        elif isinstance(value, (type, FunctionType)):
            name = value.__module__
        else:
            continue
        if str(name).partition(".")[0] == "prefect":
            return True
    return False


class _AtHand(importlib.abc.Loader):
    """Loads a module that has run already."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._spec = module.__spec__
        self._loader = module.__loader__

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """Return it."""
        del spec
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing, but take off what the import system has put on it."""
        module.__spec__ = self._spec
        module.__loader__ = self._loader


def _module_of(finder: Any) -> str:
    """Return where a finder was defined."""
    return str(getattr(finder if isinstance(finder, type) else type(finder), "__module__", ""))


def _take_out(some: list[Any], of: list[Any]) -> None:
    some[:] = [one for one in some if not any(one is other for other in of)]


def _take_steps(modules: dict[str, ModuleType], but: str) -> None:
    """Take the steps of patches that wait for one of the modules; importing `but` takes its own."""
    for hook in list(sys.meta_path):
        if isinstance(hook, OnImport):
            for name, step in hook.steps.items():
                if name != but and name in modules and name in sys.modules:
                    step(modules[name])


def _forget_logging(modules: dict[str, ModuleType]) -> None:
    """Take back what Prefect's import has made of the loggers."""
    configuration: Any = modules.get("prefect.logging.configuration")
    if configuration is None:
        return
    done: dict[str, Any] = configuration.PROCESS_LOGGING_CONFIG
    extra: Any = modules["prefect.settings"].PREFECT_LOGGING_EXTRA_LOGGERS.value() or ()
    for name in (*done.get("loggers", {}), *extra):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.setLevel(logging.NOTSET)
        logger.propagate = True
        logger.disabled = False
    if "root" in done:
        logging.root.handlers.clear()
        logging.root.setLevel(logging.WARNING)
    done.clear()


def _begin_anew(modules: dict[str, ModuleType], prepared: _Prepared | None) -> None:
    """Do what an import of Prefect does that depends on the moment."""
    context: Any = modules["prefect.context"]
    configuration: Any = modules["prefect.logging.configuration"]
    if prepared is None or prepared.moment != _moment():
        context.GLOBAL_SETTINGS_CONTEXT = context.root_settings_context()
        with _levels_at_once():
            configuration.setup_logging()
        return
    context.GLOBAL_SETTINGS_CONTEXT = prepared.settings
    load = configuration.load_logging_config

    def at_hand(path: object) -> dict[str, Any]:
        del path
        return copy.deepcopy(prepared.logging)

    configuration.load_logging_config = at_hand
    try:
        with _levels_at_once():
            configuration.setup_logging()
    finally:
        configuration.load_logging_config = load


@contextmanager
def _levels_at_once() -> Generator[None]:
    """Let some hundred loggers forget what they have found out once, and not for each whose level is set."""
    manager: Any = logging.root.manager
    manager._clear_cache = lambda: None  # noqa: SLF001
    try:
        yield
    finally:
        del manager._clear_cache  # noqa: SLF001
        manager._clear_cache()  # noqa: SLF001


@dataclass(frozen=True)
class _Prepared:
    """What Prefect makes of its settings, and what they depended on."""

    moment: tuple[object, ...]
    settings: Any
    logging: dict[str, Any]


def _moment() -> tuple[object, ...]:
    """Return what Prefect's settings depend on: its variables, and the files in the working folder and at home."""
    variables = {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith("PREFECT_") and not name.startswith("PREFECT_LENS_")  # those are no settings
    }
    profiles = os.environ.get("PREFECT_PROFILES_PATH", "")
    logging_ = os.environ.get("PREFECT_LOGGING_CONFIG_PATH", "")
    files = (".env", "prefect.toml", "pyproject.toml", profiles, logging_)
    return os.getcwd(), variables, tuple(_stamp(file) for file in files)  # noqa: PTH109


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        about = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return about.st_mtime_ns, about.st_size
