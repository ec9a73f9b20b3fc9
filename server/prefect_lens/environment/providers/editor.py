"""What a person is asked for once; an editor keeps it in its secret storage, for the folder that asked."""

from __future__ import annotations

from prefect_lens.environment.provider import Arguments, Fetched, Provider, ProviderError, Request


class _Editor(Provider):
    is_kept = False  # the editor keeps it, and can forget it

    def address(self, arguments: Arguments) -> str:
        return f"asks for {arguments['editor']}"

    async def fetch(self, request: Request) -> Fetched:
        what = str(request.arguments["editor"])
        if (ask := request.surroundings.ask) is None:
            cure = 'Let it come from elsewhere here, as from a keyring: { keyring = "service/user" }'
            raise ProviderError(f"Nobody can be asked for {what} here.", cure)
        given = await ask(what)
        if given is None:
            raise ProviderError(f"{what} was asked for, and not given.", "Run again and give it.")
        return Fetched({request.variable: given.value}, since=given.since)


PROVIDER = _Editor()
