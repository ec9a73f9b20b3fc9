"""A run's progress as the protocol's work-done progress, which its user can cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types

from prefect_lens.session.runs import Going, Over, Run

if TYPE_CHECKING:
    from prefect_lens.lsp.client import Client


class Display:
    """One progress display. The client's own token is ready at once; one of ours has to be made first."""

    def __init__(self, client: Client, run: Run, token: types.ProgressToken | None) -> None:
        self.token: types.ProgressToken = f"prefect-lens-run-{run.id}" if token is None else token
        self._client = client
        self._run = run
        self._is_given = token is not None
        self._has_begun = False

    async def begin(self) -> None:
        """Show it, unless the run has ended meanwhile."""
        if not self._is_given and not await self._client.begin_progress(self.token):
            return
        if isinstance(self._run.phase, Over):
            if self._is_given:
                self._begin()
                self.end()
            return
        self._begin()
        self.report()

    def report(self) -> None:
        """Show how far it is."""
        if not self._has_begun:
            return
        run = self._run
        text = run.phase.text if isinstance(run.phase, Going) else "waiting"
        message = f"{run.done}/{run.total} {text}".rstrip() if run.done else text
        percentage = min(99, 100 * run.done // run.total) if run.total else 0
        self._client.progress(
            self.token, types.WorkDoneProgressReport(cancellable=True, message=message, percentage=percentage)
        )

    def end(self) -> None:
        """Take it away."""
        if self._has_begun and isinstance(self._run.phase, Over):
            self._has_begun = False
            self._client.progress(self.token, types.WorkDoneProgressEnd(message=self._run.phase.summary.message))

    def _begin(self) -> None:
        self._has_begun = True
        title = f"Prefect Lens: {self._run.plan.title}"
        self._client.progress(self.token, types.WorkDoneProgressBegin(title, cancellable=True, percentage=0))
