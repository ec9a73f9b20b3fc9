"""Which code it was: the commit, and the files that are not as it has them."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prefect_lens.audit.keys import Key

TIMEOUT = 4.0
"""Seconds that git has: it looks at every file, and an editor that closes waits for what is being written down."""
MOST_FILES = 500
MOST_BYTES = 16 * 2**20
_CODE = frozenset({".py", ".pyi", ".ipynb", ".sql"})
"""What is told by its SHA-256, which anybody can compare. Others may hold a secret that could be guessed from that."""


def code_of(folder: Path, key: Key) -> dict[str, Any]:
    """Return the commit of a folder, its branch, and the changed and new files with their hashes; or why not.

    git is told to write nothing, and not to start a monitor of the file system. It is asked for a run, and so in a
    folder that is trusted: filters that the repository's configuration names may run.
    """
    try:
        said = _git(folder, "status", "--porcelain=v2", "--branch", "-z")
        if said.returncode != 0:
            return {"unknown": said.stderr.decode("utf-8", "replace").strip().partition("\n")[0]}
    except FileNotFoundError:
        return {"unknown": "git is not installed"}
    except subprocess.TimeoutExpired:
        return {**_commit(folder), "unknown": f"which files have changed: git took more than {TIMEOUT:g} seconds"}
    except OSError as error:
        return {"unknown": f"git did not answer: {type(error).__name__}"}
    top = _top(folder)
    told: dict[str, Any] = {}
    changed: list[str] = []
    for field in _records(said.stdout):
        match field.split(" ", 2):
            case ["#", "branch.oid", commit]:
                told["commit"] = commit
            case ["#", "branch.head", branch]:
                told["branch"] = branch
            case ["1", *_]:
                changed.append(field.split(" ", 8)[8])
            case ["2", *_]:
                changed.append(field.split(" ", 9)[9])
            case ["u", *_]:
                changed.append(field.split(" ", 10)[10])
            case ["?", *_]:
                changed.append(field[2:])
            case _:
                pass
    told["changed"] = [_hashed(top, path, key) for path in changed[:MOST_FILES]]
    if len(changed) > MOST_FILES:
        told["changed beside that"] = len(changed) - MOST_FILES
    return told


def _commit(folder: Path) -> dict[str, str]:
    try:
        return {"commit": _git(folder, "rev-parse", "HEAD").stdout.decode("ascii", "replace").strip()}
    except (OSError, subprocess.TimeoutExpired):
        return {}


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = ("git", "--no-optional-locks", "-c", "core.fsmonitor=false", *words)
    return subprocess.run(
        command, cwd=folder, capture_output=True, timeout=TIMEOUT, check=False, stdin=subprocess.DEVNULL
    )


def _top(folder: Path) -> Path:
    """Return the folder of the repository, which the paths that git tells begin at."""
    return next((one for one in (folder, *folder.parents) if (one / ".git").exists()), folder)


def _records(output: bytes) -> Iterator[str]:
    """Yield what `git status` tells; of a file that was renamed, its new name."""
    fields = iter(output.decode("utf-8", "surrogateescape").split("\0"))
    for field in fields:
        yield field
        if field.startswith("2 "):
            next(fields, None)


def _hashed(top: Path, path: str, key: Key) -> dict[str, str]:
    name = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    file = top / path
    try:
        if not file.is_file() or file.is_symlink():
            return {"path": name, "is": "a folder" if file.is_dir() else "gone" if not file.exists() else "a link"}
        if file.stat().st_size > MOST_BYTES:
            return {"path": name, "is": "too large to be hashed"}
        data = file.read_bytes()
    except OSError as error:
        return {"path": name, "is": f"not readable: {type(error).__name__}"}
    if PurePosixPath(path).suffix in _CODE:
        return {"path": name, "sha256": hashlib.sha256(data).hexdigest()}
    return {"path": name, "fingerprint": key.fingerprint(path, data.decode("latin-1"))}
