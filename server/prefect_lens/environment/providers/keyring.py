"""An entry of the system's keyring: Secret Service, KWallet, macOS Keychain, Windows Credential Locker."""

from __future__ import annotations

from prefect_lens.environment.provider import Arguments, Fetched, Provider, ProviderError, Request
from prefect_lens.environment.providers.borrowed import call


class _Keyring(Provider):
    def address(self, arguments: Arguments) -> str:
        service, username = _entry(arguments)
        return f"reads {service}/{username} from the keyring"

    async def fetch(self, request: Request) -> Fetched:
        service, username = _entry(request.arguments)
        if not service or not username:
            raise ProviderError("An entry of the keyring is written as service/user.")
        told = await call("keyring", "keyring_entry.py", request, "get", service, username)
        return Fetched({request.variable: str(told["value"])}, since=told["since"])


def _entry(arguments: Arguments) -> tuple[str, str]:
    entry, username = str(arguments["keyring"]), arguments.get("username")
    if isinstance(username, str):
        return entry, username
    service, _, username = entry.rpartition("/")
    return service, username


PROVIDER = _Keyring()
