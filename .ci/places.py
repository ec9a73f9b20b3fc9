"""Where things are, and how a step is run once and not again."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "prefect-lens"
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
WINDOWS = sys.platform == "win32"


def once(stamp: Path, key: str, work: Callable[[], None], *, makes: Path | None = None) -> None:
    """Do `work`, unless it was done to its end with the same key before and what it makes is there."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    if (makes is None or makes.exists()) and stamp.is_file() and stamp.read_text(encoding="utf-8") == digest:
        return
    stamp.unlink(missing_ok=True)
    work()
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest, encoding="utf-8")


def call(
    command: Sequence[str | Path], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None, quiet: bool = False
) -> None:
    """Run a program and end with a sentence where it fails; a quiet one's output is shown only then."""
    words = [str(word) for word in command]
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        check=False,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
    )
    if done.returncode != 0:
        if quiet:
            sys.stderr.write(done.stdout.decode(errors="replace"))
        sys.exit(f"{' '.join(words[:6])} failed with status {done.returncode}.")


def say(text: str) -> None:
    """Tell what happens now."""
    print(f"── {text}", flush=True)


def program(name: str) -> str:
    """Find a program on the path, or say that it is needed."""
    found = shutil.which(name)
    if found is None:
        sys.exit(f"{name} is needed, and is not on the path.")
    return found


def version() -> str:
    """Return the product's version, which stands in one place."""
    text = (ROOT / "server" / "prefect_lens" / "__init__.py").read_text(encoding="utf-8")
    return text.split('__version__ = "', 1)[1].split('"', 1)[0]
