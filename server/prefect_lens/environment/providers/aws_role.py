"""The credentials of an AWS role, assumed by what boto3 finds: a profile, SSO, the environment, an instance's role."""

from __future__ import annotations

import json

from prefect_lens.environment.provider import Arguments, Fetched, Provider, Request
from prefect_lens.environment.providers.borrowed import call

_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")


class _AwsRole(Provider):
    def address(self, arguments: Arguments) -> str:
        profile = f", with the profile {arguments['profile']}" if "profile" in arguments else ""
        return f"assumes {arguments['aws_role']}{profile}"

    def names(self, variable: str, arguments: Arguments) -> tuple[str, ...]:
        del variable
        return (*_CREDENTIALS, *(_REGION if "region" in arguments else ()))

    async def fetch(self, request: Request) -> Fetched:
        told = await call("boto3", "assumed_role.py", request, json.dumps(dict(request.arguments)))
        region = request.text("region")
        values: dict[str, str] = dict(told["values"])
        if region is not None:
            values |= dict.fromkeys(_REGION, region)
        return Fetched(values, told["expires"])


PROVIDER = _AwsRole()
