"""Finds out what a worker that is started ahead could import, where the system cannot fork a process for that.

The server starts it beside the first click. It says nothing: what it has found out is in files, and holds from the next
worker on.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from pytest_prefect_lens import early
from pytest_prefect_lens.gathering import find_out, gather, noted


def main() -> None:
    """Find out what nobody knows, and end."""
    about = json.loads(os.environ.pop("PREFECT_LENS_PARENT"))
    known, libraries, home = (Path(about[name]) for name in ("known", "libraries", "home"))
    untried = early.untried(about["imports"], libraries)
    if known.exists() and not untried:
        return
    if hasattr(os, "nice"):
        os.nice(19)
    gather(known, libraries, home, blocked=noted(known.with_suffix(".blocked")), is_to_fork=False).hidden.reveal()
    find_out(known, libraries, home, untried, is_to_fork=False)
    os._exit(0)  # threads of libraries may not end
