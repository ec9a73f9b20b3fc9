"""Where a module name leads, as Python would find it in a test run: from the paths of the files alone.

Look-up order for an import in a file: the folder that pytest's `prepend` mode would put first for it (`append` puts it
behind the project's own, `importlib` nowhere), the project's `pythonpath`, its root (`python -m pytest` puts it there)
and its `src`, the other packages of the workspace (folders with a `pyproject.toml`, `setup.py` or `setup.cfg`, and
their `src`), folders of tests, and at last the folder nearest to the file in which the name stands: that is how
editable installs, edits of `sys.path` and unusual layouts are met. One that is a package itself comes last.
"""

from __future__ import annotations

import posixpath
import sys
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from prefect_lens.index.config import join, relative

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prefect_lens.index.config import Project

_SELDOM = frozenset(
    {
        "aifc", "asynchat", "asyncore", "audioop", "cgi", "chunk", "cmath", "cmd", "code", "codeop", "crypt", "filecmp",
        "fileinput", "ftplib", "graphlib", "imp", "mailbox", "mailcap", "nis", "nntplib", "nt", "pipes", "plistlib",
        "poplib", "profile", "sched", "shelve", "smtpd", "smtplib", "spwd", "statistics", "sunau", "telnetlib", "test",
        "this", "trace", "turtle", "uu", "venv", "wave", "xdrlib",
    }
)  # fmt: skip
"""Modules of the standard library that neither pytest nor Prefect imports: a project's own one of that name wins."""

_FOREIGN = (
    frozenset({*sys.stdlib_module_names, "prefect", "pytest", "_pytest", "pytest_asyncio", "pytest_mock"}) - _SELDOM
)


class Modules:
    """The Python files of a workspace, to be found by module name. Immutable once made."""

    def __init__(self, paths: Iterable[str], config_paths: Iterable[str], project_of: Callable[[str], Project]) -> None:
        self._paths = frozenset(paths)
        self._project_of = project_of
        self.folders: set[str] = {"."}
        self._homes: dict[str, list[str]] = {}
        """For a name: the folders in which a module, a package or any folder of that name stands."""
        tops: dict[str, set[str]] = {}
        for path in self._paths:
            folder = posixpath.dirname(path) or "."
            stem = posixpath.basename(path)[:-3]
            if stem != "__init__":
                tops.setdefault(stem, set()).add(folder)
            while folder not in self.folders:
                self.folders.add(folder)
                parent = posixpath.dirname(folder) or "."
                tops.setdefault(posixpath.basename(folder), set()).add(parent)
                folder = parent
        self._homes = {name: sorted(found, key=lambda f: (f.count("/"), f)) for name, found in tops.items()}
        self._packages: list[str] = []
        for path in sorted(config_paths):
            if posixpath.basename(path) in {"pyproject.toml", "setup.py", "setup.cfg"}:
                folder = posixpath.dirname(path) or "."
                self._packages.extend(
                    f for f in (folder, join(folder, "src"), join(folder, "lib")) if f in self.folders
                )
        self._find_from = lru_cache(maxsize=1_000)(self._find)
        self._search = lru_cache(maxsize=None)(self._search_path)

    def find(self, dotted: str, level: int, importer: str) -> str | None:
        """Return the file that a name leads to from the file `importer`; a folder, for a namespace package."""
        if dotted and dotted.rpartition(".")[2] not in self._homes:
            return None  # nothing has that name: most often it is a function or class, taken from its module
        if not level and ((top := dotted.partition(".")[0]) in _FOREIGN or top not in self._homes):
            return None
        folder = posixpath.dirname(importer)
        found = self._find_from(dotted, level, folder or ".")
        if found == importer and not level and "." not in dotted and join(folder, "__init__.py") in self._paths:
            return None  # a library, by whose name a module of a package calls itself
        return found

    def _find(self, dotted: str, level: int, folder: str) -> str | None:
        if level:
            for _ in range(level - 1):
                folder = posixpath.dirname(folder) or "."
            return self._inside(folder, dotted)
        top = dotted.partition(".")[0]
        namespace = None
        for base in self._search(folder):
            found = self._inside(base, dotted)
            if found is not None and found.endswith(".py"):
                return found
            namespace = namespace or found
        best: tuple[bool, int, int, str] | None = None
        for base in self._homes[top]:
            found = self._inside(base, dotted)
            if found is not None and found.endswith(".py"):
                package = join(base, "__init__.py") in self._paths
                near = len(posixpath.commonprefix([base + "/", folder + "/"]))
                rank = (package, -near, base.count("/"), found)
                best = min(best, rank) if best is not None else rank
        return best[3] if best is not None else namespace

    def _inside(self, base: str, dotted: str) -> str | None:
        name = dotted.replace(".", "/")
        at = base if not name else name if base in {"", "."} else f"{base}/{name}"
        if (package := "__init__.py" if at in {"", "."} else f"{at}/__init__.py") in self._paths:
            return package
        if name and (module := f"{at}.py") in self._paths:
            return module
        return at if at in self.folders and (at != "." or not dotted) else None

    def inside(self, folder: str) -> list[str]:
        """Return the names of the modules and packages that stand in a folder."""
        return [name for name, folders in self._homes.items() if (folder or ".") in folders]

    def dotted(self, path: str) -> str:
        """Return the name that pytest imports a file by: from the first folder upwards that is no package."""
        folder, name = posixpath.split(path)
        stem = name.removesuffix(".py")
        names = [] if stem == "__init__" else [stem]
        while folder and join(folder, "__init__.py") in self._paths:
            folder, name = posixpath.split(folder)
            names.insert(0, name)
        return ".".join(names) or stem

    def portions(self, folder: str, importer: str) -> tuple[str, ...]:
        """Return the folders that are one namespace package with a folder, seen from a file: itself among them."""
        bases = self._search(posixpath.dirname(importer) or ".")
        inside = [name for base in bases if (name := relative(folder, base)) is not None]
        found = (join(base, name) for name in inside for base in bases)
        return tuple(dict.fromkeys((folder, *(one for one in found if one in self.folders))))

    def matching(self, folder: str, pattern: str) -> list[str]:
        """Return the Python files in a folder that fit a pattern of `Path.glob`."""
        prefix = "" if folder in {"", "."} else folder + "/"
        inside = PurePosixPath(pattern).parts
        return sorted(
            path for path in self._paths if path.startswith(prefix) and _fits(path[len(prefix) :].split("/"), inside)
        )

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        return path in self._paths

    def _search_path(self, folder: str) -> tuple[str, ...]:
        project = self._project_of(join(folder, "_"))
        first = folder
        while first not in {".", ""} and join(first, "__init__.py") in self._paths:
            first = posixpath.dirname(first) or "."
        root = project.root
        nearest = [first] if project.import_mode == "prepend" else []
        found = [
            *nearest,
            *(join(root, entry) for entry in project.pythonpath),
            root,
            join(root, "src"),
            *([first] if project.import_mode == "append" else []),
            ".",
            "src",
            *sorted(self._packages, key=lambda f: -len(posixpath.commonprefix([f + "/", folder + "/"]))),
            join(root, "tests"),
            join(root, "test"),
        ]
        return tuple(dict.fromkeys(base for base in found if base in self.folders))


def _fits(parts: list[str], pattern: tuple[str, ...]) -> bool:
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[at:], pattern[1:]) for at in range(len(parts)))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])
