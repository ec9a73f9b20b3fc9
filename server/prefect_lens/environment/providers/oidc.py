"""A token of an OpenID Connect issuer: client credentials, or the exchange of another token (RFC 6749, RFC 8693).

Okta, Auth0, Entra and Keycloak speak it. Two requests over HTTPS need no library beyond the standard one.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote_plus, urlencode, urlsplit

from prefect_lens.environment.provider import Arguments, Fetched, Provider, ProviderError, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

_METADATA = "/.well-known/openid-configuration"
_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  a type's name
_LARGEST = 1_000_000


class _Oidc(Provider):
    def address(self, arguments: Arguments) -> str:
        where = str(arguments.get("token_url") or arguments["oidc"])
        how = "exchanges a token" if "subject_token" in arguments else "gets a token"
        inner = [f"{name}: {arguments[name]}" for name in ("client_secret", "subject_token") if name in arguments]
        return f"{how} at {where} as {arguments['client_id']}{''.join(f'; {one}' for one in inner)}"

    def names(self, variable: str, arguments: Arguments) -> tuple[str, ...]:
        return (str(arguments.get("variable") or variable),)

    async def fetch(self, request: Request) -> Fetched:
        answer = await _beside(lambda: _token(request.arguments, request.timeout), request.timeout)
        token, lifetime = answer.get("access_token"), answer.get("expires_in")
        if not isinstance(token, str):
            raise ProviderError(f"{request.arguments['oidc']} answered without a token.")
        try:
            expires = time.time() + float(lifetime) if lifetime is not None else None
        except (TypeError, ValueError):
            expires = None
        return Fetched({self.names(request.variable, request.arguments)[0]: token}, expires)


async def _beside(work: Any, timeout: float) -> Mapping[str, Any]:  # noqa: ASYNC109  it is told as the provider's
    """Do something that blocks in a thread that nobody has to wait for."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Mapping[str, Any]] = loop.create_future()

    def tell(value: Mapping[str, Any] | None, error: ProviderError | None) -> None:
        if not answer.done():
            answer.set_exception(error) if error is not None else answer.set_result(value or {})

    def run() -> None:
        try:
            found, failed = work(), None
        except ProviderError as error:
            found, failed = None, error
        try:
            loop.call_soon_threadsafe(tell, found, failed)
        except RuntimeError:
            return  # the loop has gone, and whoever waited with it

    threading.Thread(target=run, daemon=True).start()
    try:
        async with asyncio.timeout(timeout):
            return await answer
    except TimeoutError:
        raise ProviderError(f"The issuer did not answer within {timeout:g} seconds.") from None


def _token(arguments: Arguments, timeout: float) -> Mapping[str, Any]:
    given = {name: value for name, value in arguments.items() if isinstance(value, str)}
    issuer = given["oidc"].rstrip("/")
    metadata: Mapping[str, Any] = {} if "token_url" in given else _metadata(issuer, timeout)
    url = _safe(str(given.get("token_url") or metadata.get("token_endpoint") or ""))
    form = {"grant_type": "client_credentials"}
    if "subject_token" in given:
        kind = given.get("subject_token_type", _ACCESS_TOKEN)
        form = {"grant_type": _EXCHANGE, "subject_token": given["subject_token"], "subject_token_type": kind}
    form |= {name: given[name] for name in ("scope", "audience") if name in given}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    client, secret = given["client_id"], given.get("client_secret")
    offered = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    wants_post = "client_secret_basic" not in offered and "client_secret_post" in offered
    if secret is None:
        form["client_id"] = client
    elif given.get("auth", "post" if wants_post else "basic") == "post":
        form |= {"client_id": client, "client_secret": secret}
    else:
        pair = f"{quote_plus(client)}:{quote_plus(secret)}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode('ascii')}"
    return _asked(urllib.request.Request(url, urlencode(form).encode("ascii"), headers), timeout)  # noqa: S310  `_safe` has seen it


def _metadata(issuer: str, timeout: float) -> Mapping[str, Any]:
    found = _asked(urllib.request.Request(_safe(issuer) + _METADATA), timeout)  # noqa: S310  `_safe` has seen it
    named = str(found.get("issuer", "")).rstrip("/")
    if named != issuer:  # OpenID Connect Discovery 1.0, section 4.3
        raise ProviderError(f"{issuer} says that it is {named or 'nobody'}.", "Write the issuer as it names itself.")
    return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Secrets go where it was agreed that they go."""

    def redirect_request(self, *_given: Any, **_named: Any) -> None:
        return None


def _asked(request: urllib.request.Request, timeout: float) -> Mapping[str, Any]:
    where = request.full_url
    opener = urllib.request.build_opener(
        _NoRedirect(), urllib.request.HTTPSHandler(context=ssl.create_default_context())
    )
    request.add_header("Accept", "application/json")
    try:
        with opener.open(request, timeout=timeout) as answer:
            text = answer.read(_LARGEST)
    except urllib.error.HTTPError as error:
        with error:
            raise ProviderError(f"{where} answered {error.code}{_reason(error.read(_LARGEST))}.") from None
    except (OSError, HTTPException, ValueError) as error:
        why = error.reason if isinstance(error, urllib.error.URLError) else error
        raise ProviderError(f"{where} could not be reached: {why}.") from None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderError(f"{where} answered with something that is no JSON object.")
    return cast("dict[str, Any]", found)


def _reason(text: bytes) -> str:
    """Return what an error's answer says (RFC 6749, section 5.2)."""
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(found, dict):
        return ""
    told = cast("dict[str, object]", found)
    words = [str(told[name])[:300].rstrip(".") for name in ("error", "error_description") if name in told]
    return f": {': '.join(words)}" if words else ""


def _safe(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")):
        return url
    raise ProviderError(
        f"{url or 'The address of the token'} does not begin with https://, and a secret would go there."
    )


PROVIDER = _Oidc()
