"""What a program prints: 1Password's `op`, `vault`, `doppler`, `sops`, `aws`, `gcloud` and whatever else there is."""

from __future__ import annotations

import shlex

from pytest_prefect_lens.masking import Masker

from prefect_lens.environment.provider import Arguments, Fetched, Provider, ProviderError, Request


class _Command(Provider):
    def address(self, arguments: Arguments) -> str:
        return f"runs `{shlex.join(arguments['command'])}`"

    async def fetch(self, request: Request) -> Fetched:
        argv = request.arguments["command"]
        said = await request.surroundings.run(argv, request.timeout)
        if said.status != 0:
            how = f"ended with exit status {said.status}" if said.status > 0 else f"was ended by signal {-said.status}"
            cure = f"Try it in a terminal: {shlex.join(argv)}"
            detail = Masker(said.output.decode("utf-8", "replace").split("\n")).mask(said.error)
            raise ProviderError(f"{argv[0]} {how}{_last_line(detail)}", cure, detail=detail)
        try:
            text = said.output.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ProviderError(f"What {argv[0]} printed is not UTF-8, as a variable has to be.") from error
        return Fetched({request.variable: text.removesuffix("\n").removesuffix("\r")})


def _last_line(error: str) -> str:
    lines = [line.strip() for line in error.splitlines() if line.strip()]
    return f": {lines[-1][:300].rstrip('.')}." if lines else "."


PROVIDER = _Command()
