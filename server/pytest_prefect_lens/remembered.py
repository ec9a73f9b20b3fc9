"""Gives an answer of the API once more that cannot have changed. Runs in the API's process; standard library alone.

Each flow run asks twice where results are kept unless it says otherwise, and each task that is called by itself. The
API looks that up in its database; here its answer is kept until somebody writes what it depends on.
"""

from __future__ import annotations

import re
from typing import Any

_ASKED = "/api/admin/storage"
_WRITTEN = re.compile(r"/api/(admin|block_\w+|collections)/.*")
"""What a change of that goes through: itself, the block that it names, the whole database."""


class Remembered:
    """The application, with an answer of its own kept."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._answer: tuple[Any, ...] = ()
        self._number = 0
        """Of the answer that may be kept: it grows with each change."""

    def forget(self) -> None:
        """Say that the database is another one now."""
        self._answer = ()
        self._number += 1

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        path, method = scope.get("path", ""), scope.get("method", "")
        if method == "GET" and path == _ASKED:
            if not self._answer:
                await self._ask(scope, receive, send)
                return
            for message in self._answer:
                await send(message)
            return
        writes = method not in ("", "GET") and _WRITTEN.fullmatch(path) is not None
        if writes:
            self.forget()
        await self._app(scope, receive, send)
        if writes:
            self.forget()  # who asked meanwhile may have heard what was before

    async def _ask(self, scope: Any, receive: Any, send: Any) -> None:
        heard: list[Any] = []
        number = self._number

        async def send_on(message: Any) -> None:
            heard.append(message)
            await send(message)

        await self._app(scope, receive, send_on)
        if heard and heard[0].get("status") == 200 and number == self._number:
            self._answer = tuple(heard)
