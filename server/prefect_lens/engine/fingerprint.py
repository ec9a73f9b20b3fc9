"""What a warm process depends on and its forks cannot see change: while two of these are equal, it is not stale."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_lens.engine.environment import environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prefect_lens.model import Interpreter

_CONFIGURATION = (
    *("pyproject.toml", "pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg", "setup.py"),
    *(".env", "prefect.toml"),
)


def of_run(environ: Mapping[str, str], interpreter: Interpreter, root: Path) -> str:
    """Return what the warm processes of a project and an interpreter depend on, as a digest.

    Looks at the interpreter, at what is installed there, at the files that configure pytest and Prefect, and at the
    environment that a run would get now. Takes some milliseconds.
    """
    about = [
        of_installation(interpreter),
        repr(sorted(environment(environ, interpreter, root, Path("home")).items())),
        *(_text(root / name) for name in _CONFIGURATION),
    ]
    return digest(about)


def of_installation(interpreter: Interpreter) -> str:
    """Return what is installed for an interpreter, as a digest: each file, each package, each package's metadata.

    The time of a package's own folder tells nothing: the first import puts compiled code into it. Its metadata are
    written anew when it is installed; files that change in place are what the parent watches.
    """
    return digest([interpreter.path, _stamp(interpreter.path), *_entries(interpreter.site_packages)])


def first_in(folders: Iterable[str], names: frozenset[str]) -> str | None:
    """Return the first file or package in these folders that has one of the names, and so hides what is installed."""
    for folder in folders:
        for path in _listed(folder or "."):
            name, _, kind = path.name.partition(".")
            if name in names and (kind in ("py", "so", "pyc") or os.path.lexists(f"{path.path}/__init__.py")):
                return path.path
    return None


def digest(parts: Iterable[str]) -> str:
    """Return some texts as one short one."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _entries(folders: Iterable[str]) -> list[str]:
    return [
        f"{path.path} {_stamp(path.path) if _tells_by_its_time(path) else path.inode()}"
        for folder in folders
        for path in sorted(_listed(folder), key=lambda entry: entry.name)
        if path.name != "__pycache__"
    ]


def _tells_by_its_time(path: os.DirEntry[str]) -> bool:
    return not path.is_dir() or path.name.endswith((".dist-info", ".egg-info"))


def _listed(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _stamp(path: str) -> str:
    try:
        about = Path(path).stat()
    except OSError:
        return "gone"
    return f"{about.st_mtime_ns} {about.st_size} {about.st_ino}"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "\0"
