"""A value that stands in the configuration for everybody to read, and is no secret."""

from __future__ import annotations

from prefect_lens.environment.provider import Arguments, Fetched, Provider, Request


class _Literal(Provider):
    needs_approval = False
    is_secret = False
    is_kept = False

    def address(self, arguments: Arguments) -> str:
        del arguments
        return "stands in the configuration"

    async def fetch(self, request: Request) -> Fetched:
        return Fetched({request.variable: request.text("value") or ""})


PROVIDER = _Literal()
