"""Whether the projects of a workspace may run, and the memory of it on this machine."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from prefect_lens.engine.folders import write_private

if TYPE_CHECKING:
    from pathlib import Path

FILE = "trusted.json"


class NotTrustedError(Exception):
    """Nothing of an untrusted workspace is run."""


class Trust:
    """What the editor and the user said about running the projects of a workspace.

    An editor that knows trust says it, and what it says holds. For one that does not, nothing runs before the first
    command that a person gave; from then on the folder counts as trusted on this machine.
    """

    def __init__(self, *, editor: bool | None, state: Path) -> None:
        self._editor = editor
        self._state = state

    @property
    def may_run(self) -> bool:
        """Whether a command that a person gives may run something."""
        return self._editor is not False

    def may_run_unasked(self, folder: Path) -> bool:
        """Whether something of a folder may run without a command, since the user trusts it."""
        return self._editor or (self._editor is None and str(folder) in _remembered(self._state))

    def grant(self) -> None:
        """Take the editor's word that the user trusts the workspace now."""
        self._editor = True

    def commanded(self, folder: Path) -> None:
        """Remember that a person gave a command to run something of a folder."""
        if self._editor is None:
            remember(folder, self._state)


def remember(folder: Path, state: Path) -> None:
    """Add a folder to those that are trusted. A state folder that cannot be written means to forget, not to fail."""
    known = _remembered(state)
    if str(folder) in known:
        return
    with suppress(OSError):
        write_private(state / FILE, json.dumps({"folders": sorted({*known, str(folder)})}, indent=1))


def _remembered(state: Path) -> frozenset[str]:
    try:
        value: object = json.loads((state / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return frozenset()
    folders = cast("dict[str, object]", value).get("folders") if isinstance(value, dict) else None
    return frozenset(str(item) for item in cast("list[object]", folders)) if isinstance(folders, list) else frozenset()
