"""Whoever gave a command: asked for secrets at the terminal, and heard by `--allow`."""

from __future__ import annotations

import asyncio
import getpass
import shlex
import sys
from typing import TYPE_CHECKING

from prefect_lens.environment.approval import Answer
from prefect_lens.environment.provider import Secret

if TYPE_CHECKING:
    from prefect_lens.environment.approval import Deed


class CommandPerson:
    """See `prefect_lens.environment.approval.Person`."""

    def __init__(self, profile: str | None, *, allow: bool) -> None:
        """`profile` is the one that was chosen; `allow` agrees to everything for this one call."""
        self._allow = allow
        self.cure = "prefect-lens env allow" + (f" --profile {shlex.quote(profile)}" if profile else ""), True

    async def allows(self, deeds: tuple[Deed, ...]) -> Answer:
        """See `Person.allows`."""
        del deeds
        return Answer.ONCE if self._allow else Answer.NO

    async def secret(self, what: str) -> Secret | None:
        """See `Person.secret`."""
        if not sys.stdin.isatty():
            return None
        try:
            given = await asyncio.to_thread(getpass.getpass, f"{what}: ")
        except (EOFError, OSError):
            return None
        return Secret(given) if given else None
