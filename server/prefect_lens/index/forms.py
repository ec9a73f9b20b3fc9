"""What can stand in `[tool.prefect-lens.environment]`: the one table that its reader, its schema and its help go by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """What a value is."""

    TEXT = "text"
    TEXTS = "texts"
    DURATION = "duration"
    REFERENCE = "reference"
    """A text, or where that comes from: a table of a provider."""
    INHERIT = "inherit"
    """True for all, false for nothing, or a list of patterns."""
    NETWORK = "network"
    """`loopback`, `any`, or a list of hosts."""
    VARIABLES = "variables"
    SCOPES = "scopes"
    ENVIRONMENT = "environment"


@dataclass(frozen=True, slots=True)
class Option:
    """A key, and what it means."""

    name: str
    shape: Shape
    about: str
    is_required: bool = False
    words: tuple[str, ...] = ()
    """The values that it can have, where they are few."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a variable of a provider is written: the provider's name is the key of what it is asked for first."""

    main: Option
    options: tuple[Option, ...] = ()
    takes_more: bool = False
    """Whether it takes keys that nobody knows here."""

    @property
    def name(self) -> str:
        """The provider's name."""
        return self.main.name

    def option(self, name: str) -> Option | None:
        """Return what a key means in this form."""
        return next((one for one in (self.main, *self.options, *COMMON) if one.name == name), None)


COMMON = (
    Option(
        "ttl",
        Shape.DURATION,
        "How long the value is kept in memory, as `10m`; by default five minutes, or as a token says.",
    ),
    Option("timeout", Shape.DURATION, "How long fetching may take; by default 30 seconds."),
    Option("max_age", Shape.DURATION, "How old the credential may be before it is told, as `90d`."),
)
"""What every provider takes."""

PLUGIN = "provider"
"""The key by which somebody else's provider is named."""

FORMS = {
    form.name: form
    for form in (
        Form(Option("inherited", Shape.TEXT, "Another variable of the environment that the run is started from.")),
        Form(
            Option(
                "command",
                Shape.TEXTS,
                "A program and its arguments, started without a shell; what it prints is the value: "
                '`["op", "read", "op://data/api/token"]`.',
            )
        ),
        Form(
            Option("keyring", Shape.TEXT, "An entry of the system's keyring, as `service/user`."),
            (Option("username", Shape.TEXT, "The entry's user, where its service has a slash in its name."),),
        ),
        Form(
            Option(
                "aws_role",
                Shape.TEXT,
                "The ARN of a role that is assumed with the default credentials; it gives `AWS_ACCESS_KEY_ID`, "
                "`AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.",
            ),
            (
                Option("session", Shape.DURATION, "How long the session is valid: 15 minutes to 12 hours."),
                Option("region", Shape.TEXT, "The region; it is given as `AWS_REGION` and `AWS_DEFAULT_REGION`, too."),
                Option("external_id", Shape.TEXT, "What the role's policy asks for as `sts:ExternalId`."),
                Option("profile", Shape.TEXT, "The profile of the AWS configuration whose credentials assume it."),
            ),
        ),
        Form(
            Option("oidc", Shape.TEXT, "The issuer's address: `https://example.okta.com/oauth2/default`."),
            (
                Option("client_id", Shape.TEXT, "The client.", is_required=True),
                Option("client_secret", Shape.REFERENCE, "The client's secret."),
                Option("scope", Shape.TEXT, "The scopes, separated by blanks."),
                Option("audience", Shape.TEXT, "Whom the token is for."),
                Option("variable", Shape.TEXT, "The variable that gets the token; by default the one it is named."),
                Option("auth", Shape.TEXT, "How the client says its secret.", words=("basic", "post")),
                Option("token_url", Shape.TEXT, "The token's address, where the issuer publishes none."),
                Option("subject_token", Shape.REFERENCE, "A token that is exchanged (RFC 8693) for the one wanted."),
                Option("subject_token_type", Shape.TEXT, "Its type; by default an access token."),
            ),
        ),
        Form(
            Option("dotenv", Shape.TEXT, "A file of `NAME=value` lines. It lies on the disk for everybody to read."),
            (Option("name", Shape.TEXT, "The name in the file; by default the variable's."),),
        ),
        Form(Option("editor", Shape.TEXT, "What the editor asks for, once, and keeps in its secret storage.")),
        Form(
            Option(PLUGIN, Shape.TEXT, "A provider that another package brings, by its entry point's name."),
            takes_more=True,
        ),
    )
}
"""The providers, by name. A variable that is a text of its own is a literal, and no secret."""

ENVIRONMENT = (
    Option("inherit", Shape.INHERIT, "Names that are inherited, as `LC_*`; everything else stays out. `true`: all."),
    Option("network", Shape.NETWORK, "What tests may reach: `loopback` (the default), `any`, or a list of hosts."),
    Option("wrap", Shape.TEXTS, 'A gateway that starts the process of the tests: `["hoop", "exec", "--"]`.'),
    Option("max_age", Shape.DURATION, "How old a credential may be before it is told, as `90d`."),
    Option("variables", Shape.VARIABLES, "What the tests find in their environment."),
    Option("scope", Shape.SCOPES, "Which flows' tests get which variables; one in no scope is for all."),
)

SCOPE = (
    Option("flows", Shape.TEXTS, "Patterns of entrypoints: `flows/billing.py:*`.", is_required=True),
    Option("variables", Shape.TEXTS, "The variables that the tests of these flows get.", is_required=True),
)

PROFILE = (Option("environment", Shape.ENVIRONMENT, "What this profile changes of the environment."),)

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DURATION = r"(\d+(\.\d+)?[smhd])+"


def seconds(text: str) -> float:
    """Return a duration such as `90s`, `10m` or `1h30m` in seconds.

    Raises:
        ValueError: it is none, or is nothing.
    """
    if re.fullmatch(DURATION, text) is None:
        raise ValueError(f"{text!r} is no duration")
    found = sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)([smhd])", text))
    if not 0 < found < 1e9:
        raise ValueError(f"{text!r} is no duration that anything could take")
    return found
