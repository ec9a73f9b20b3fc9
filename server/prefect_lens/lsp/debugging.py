"""The editor as a debugger of a run: told where to attach, never what the run has in its environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.lsp.arguments import WrongArgumentsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect_lens.lsp.app import App
    from prefect_lens.lsp.arguments import Arguments
    from prefect_lens.session.folder import Folder
    from prefect_lens.session.runs import Run


@dataclass(frozen=True)
class AttachingEditor:
    """See `session.runs.Debugger`."""

    app: App
    folder: Folder
    stop_at: Mapping[str, object] | None
    """A line of a file on which to stop, as the editor is told it."""

    @property
    def debugpy(self) -> str:
        """See `Debugger.debugpy`."""
        return self.folder.settings.debugpy or ""

    async def attach(self, run: Run, port: int) -> bool:
        """See `Debugger.attach`."""
        place = {} if self.stop_at is None else {"stopAt": self.stop_at}
        about = {"folder": self.app.folder_uri(self.folder.root), "run": run.id, "title": run.plan.title}
        return await self.app.client.debug({**about, "host": "127.0.0.1", "port": port, **place})


def stop_at(app: App, folder: Folder, arguments: Arguments) -> Mapping[str, object] | None:
    """Return the line that a command names, for the editor."""
    if (path := arguments.text("path")) is None:
        return None
    if not (line := arguments.required("line")).isdecimal():
        raise WrongArgumentsError(f"line: expected a number, counted from 0, as a string, got {line!r:.80}.")
    return {"uri": app.file_uri(folder, path), "line": int(line)}
