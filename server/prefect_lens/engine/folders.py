"""The folders of ours outside of a workspace: the cache, the plugin alone, and a private one for each run."""

from __future__ import annotations

import errno
import getpass
import hashlib
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

_PREFIX = "prefect-lens-run-"
_MEMORY = "/dev/shm"  # noqa: S108  as `shm_overview(7)` tells
_ROOM = 256 * 2**20
"""Bytes that must be free there: results that flows persist go to the private folder as well."""
_MONTH = 30 * 86_400
"""In seconds."""


def cache_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the user's cache folder for us, made private where it is new."""
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "prefect-lens"
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    # A home that cannot be written to: what is kept then lasts as long as the machine runs.
    folder = Path(tempfile.gettempdir()) / f"prefect-lens-cache-{getpass.getuser()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if not _is_ours(folder):
        raise PermissionError(errno.EPERM, "belongs to somebody else", str(folder))
    return folder


def state_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of this user and machine where what is remembered stands."""
    return _users_folder(environ, ("LOCALAPPDATA", "Local"), "prefect-lens", ("XDG_STATE_HOME", "state"))


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of this user and machine for what has to outlive what is remembered."""
    return _users_folder(environ, ("APPDATA", "Roaming"), "prefect-lens-data", ("XDG_DATA_HOME", "share"))


def write_private(file: Path, text: str) -> None:
    """Write a file that its owner alone can read, at once for whoever reads it meanwhile; its folder is made.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A temporary file of `tempfile` is readable by its owner alone, and renaming it is atomic.
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as made:
            made.write(text)
            made.flush()
            os.fsync(descriptor)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def plugin_folder(cache: Path) -> Path:
    """Return a folder that holds `pytest_prefect_lens` and nothing else; it is put last on a worker's path.

    The folder is named by what is in it, so a new version of ours never changes one that a worker is reading, and
    byte code that Python writes there stays good.
    """
    sources = {
        source.name: source.read_bytes()
        for source in files("pytest_prefect_lens").iterdir()
        if source.name.endswith((".py", ".typed"))
    }
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(f"{name}\0{len(sources[name])}\0".encode())
        digest.update(sources[name])
    folder = cache / f"plugin-{digest.hexdigest()[:16]}"
    package = folder / "pytest_prefect_lens"
    if _holds(package, sources):
        with suppress(OSError):
            os.utime(folder)
    else:
        _write(folder, sources)
        _forget_older(folder)
    return folder


@contextmanager
def run_folder() -> Generator[tuple[Path, int]]:
    """Make a private folder for one run, and give it with the descriptor of the lock that says it is in use.

    Whoever holds the descriptor, or one that was inherited from it, keeps the folder from being swept. It is removed
    at the end of the context; `sweep` removes those of servers that did not get there.
    """
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=_private_places()[0]))
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(lock)
        yield folder, lock
    finally:
        os.close(lock)
        _remove(folder)


def sweep() -> None:
    """Remove the private folders that crashed servers left."""
    for folder in (folder for place in _private_places() for folder in place.glob(f"{_PREFIX}*")):
        try:
            if _is_ours(folder) and not _in_use(folder):
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


def _users_folder(environ: Mapping[str, str], windows: tuple[str, str], mac: str, others: tuple[str, str]) -> Path:
    """Return a folder of ours; for Windows and the XDG base directories the variable and what holds without it."""
    home = Path(environ.get("HOME") or Path.home())
    if sys.platform == "win32":
        variable, name = windows
        return Path(environ.get(variable) or home / "AppData" / name) / "prefect-lens"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / mac
    variable, name = others
    given = environ.get(variable, "")
    return (Path(given) if Path(given).is_absolute() else home / ".local" / name) / "prefect-lens"


def _private_places() -> list[Path]:
    """Return where private folders may be, the best place first.

    A run's database may hold a secret, so that is in memory where there is room: Linux has a file system for it at
    `/dev/shm`. Who sets `TMPDIR` says where else.
    """
    temporary = Path(tempfile.gettempdir())
    if sys.platform != "linux" or temporary not in (Path("/tmp"), Path("/var/tmp")):  # noqa: S108  they are compared
        return [temporary]
    try:
        about = os.statvfs(_MEMORY)
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        is_memory = any(line.split()[1:3] == [_MEMORY, "tmpfs"] for line in mounts) and os.access(_MEMORY, os.W_OK)
    except OSError:
        return [temporary]
    if not is_memory:
        return [temporary]
    has_room = about.f_bavail * about.f_frsize >= _ROOM
    return [Path(_MEMORY), temporary] if has_room else [temporary, Path(_MEMORY)]


def _remove(folder: Path) -> None:
    """Remove a folder in which a process that is being killed may still be writing."""
    for pause in (0.0, 0.01, 0.02, 0.05, 0.1):
        time.sleep(pause)
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return


def _is_ours(folder: Path) -> bool:
    about = folder.lstat()
    return folder.is_dir() and not folder.is_symlink() and (sys.platform == "win32" or about.st_uid == os.getuid())


def _in_use(folder: Path) -> bool:
    try:
        lock = os.open(folder / ".lock", os.O_RDWR)
    except FileNotFoundError:
        # Another server may be between making the folder and making the lock.
        return time.time() - folder.lstat().st_mtime < 60
    try:
        return not _lock(lock)
    finally:
        os.close(lock)


def _lock(descriptor: int) -> bool:
    """Lock an open file; it stays locked until every descriptor that was inherited from this one is closed."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415  Windows alone has it

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415  Windows does not have it

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _holds(package: Path, sources: Mapping[str, bytes]) -> bool:
    try:
        return all((package / name).read_bytes() == text for name, text in sources.items())
    except OSError:
        return False


def _forget_older(folder: Path) -> None:
    """Remove what versions of ours left that nobody has used for a month."""
    for other in folder.parent.glob("plugin-*"):
        with suppress(OSError):
            if other != folder and time.time() - other.stat().st_mtime > _MONTH:
                shutil.rmtree(other, ignore_errors=True)


def _write(folder: Path, sources: Mapping[str, bytes]) -> None:
    # Written beside its place and moved there at once: another server may be doing the same.
    made = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    package = made / "pytest_prefect_lens"
    package.mkdir(mode=0o700)
    for name, text in sources.items():
        (package / name).write_bytes(text)
    shutil.rmtree(folder, ignore_errors=True)  # a damaged one, or none
    try:
        made.rename(folder)
    except OSError:
        shutil.rmtree(made, ignore_errors=True)
        if not _holds(folder / "pytest_prefect_lens", sources):
            raise
