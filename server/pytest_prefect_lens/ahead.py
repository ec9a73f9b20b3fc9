"""A worker that is started before it is needed, where the system cannot fork one from a warm parent.

It imports what a warm parent imports, with Prefect's API starting beside it, hides that as a fork of one does, and
waits for its order. It runs one, and is followed by another.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_prefect_lens import api, spare, worker
from pytest_prefect_lens.early import SpoiledError
from pytest_prefect_lens.gathering import StartsThreadError, gather, note, noted
from pytest_prefect_lens.wire import Broken

if TYPE_CHECKING:
    from collections.abc import Iterable


def main() -> None:
    """Get ready, run the order that comes over the channel, and end with pytest's exit status."""
    leave = worker.Leave()
    about = json.loads(os.environ.pop("PREFECT_LENS_WORKER"))
    say = worker.Channel(about["channel"])
    worker.can_be_interrupted()
    if (trouble := worker.lacking(worker.hello())) is not None:
        say(trouble)
        return
    known, libraries, home = (Path(about[name]) for name in ("known", "libraries", "home"))
    server = api.start(home, Path(about["cache"]), about.get("alive"), warm=True)
    plugins = known.with_suffix(".blocked")
    try:
        gathered = gather(known, libraries, home, blocked=noted(plugins), is_to_fork=False)
    except StartsThreadError as error:
        note(plugins, (*noted(plugins), *error.plugins))
        sys.exit(f"{', '.join(error.plugins)} starts a thread; the next worker gets ready without it.")
    except SpoiledError:
        sys.exit("A library could not be imported early after all; the next worker gets ready without it.")
    except Exception as error:
        say(Broken("PL901", f"{type(error).__name__}: {error}"))
        raise
    tempfile.tempdir = None
    gc.collect()
    gc.freeze()
    stamps = _stamps(gathered.files)
    trouble = server.wait()
    if trouble is None and not server.clean():
        trouble = Broken("PL906", "Prefect's server could not be cleaned.")
    if trouble is not None:
        say(trouble)
        return

    def stale() -> str | None:
        now = _stamps(stamps)
        return next((file for file, stamp in stamps.items() if now.get(file) != stamp), None)

    leave.status = spare.attend(say, server, gathered.hidden, gathered.tops, stale)
    sys.exit(leave.status)


def _stamps(files: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return when files were changed, and their sizes."""
    found: dict[str, tuple[int, int]] = {}
    for file in files:
        try:
            about = os.stat(file)  # noqa: PTH116  there are thousands
        except OSError:
            continue
        found[file] = about.st_mtime_ns, about.st_size
    return found
