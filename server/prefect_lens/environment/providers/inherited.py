"""A variable of the environment that the editor or the shell was started with, under a name of its own."""

from __future__ import annotations

from prefect_lens.environment.provider import Arguments, Fetched, Provider, ProviderError, Request


class _Inherited(Provider):
    needs_approval = False
    is_kept = False

    def address(self, arguments: Arguments) -> str:
        return f"inherits {arguments['inherited']}"

    async def fetch(self, request: Request) -> Fetched:
        name = request.text("inherited") or ""
        value = request.surroundings.environ.get(name)
        if value is None:
            what = f"{name} is not set where Prefect Lens was started."
            raise ProviderError(what, f"Set {name} in the shell that starts it, and start the editor from there.")
        return Fetched({request.variable: value})


PROVIDER = _Inherited()
