"""What a provider is: where values come from. Each is one small class; other packages bring theirs by an entry point.

    [project.entry-points."prefect_lens.providers"]
    acme-vault = "acme_vault.prefect_lens:AcmeVault"

A variable then says `{ provider = "acme-vault", path = "etl/token" }`. The entry point is looked for where Prefect Lens
itself is installed, never in a project.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from prefect_lens.model import Interpreter

GROUP = "prefect_lens.providers"

Arguments = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Output:
    """What a program has said."""

    status: int
    """Its exit status; negative where a signal ended it."""
    output: bytes = field(repr=False)
    error: str = field(repr=False)
    """The end of its standard error."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a provider has given."""

    values: Mapping[str, str] = field(repr=False)
    """By the name of the variable in the tests' environment."""
    expires: float | None = None
    """When they cease to be valid, in seconds since the epoch, where that is known."""
    since: float | None = None
    """When they came to be, in seconds since the epoch, where that is known."""


@dataclass(frozen=True, slots=True)
class Secret:
    """What a person has given."""

    value: str = field(repr=False)
    since: float | None = None
    """When, in seconds since the epoch, where whoever keeps it has noted that."""


@dataclass(frozen=True)
class Surroundings:
    """What a provider may use of the world around it."""

    root: Path
    """The project's root."""
    interpreter: Interpreter | None
    """The project's, where it has one."""
    environ: Mapping[str, str] = field(repr=False)
    """What we were started with."""
    run: Callable[[Sequence[str], float], Awaitable[Output]]
    """Runs a program, without a shell and with nothing to read, for so many seconds at most. It raises
    `ProviderError` where the program cannot be started, or does not end in that time."""
    ask: Callable[[str], Awaitable[Secret | None]] | None
    """Asks the person for a secret; None for an answer that was not given, or where nobody can be asked."""
    install: Callable[[str], str]
    """Gives the command that installs a package where the project's interpreter finds it."""


@dataclass(frozen=True)
class Request:
    """One variable that is wanted."""

    variable: str
    """Its name in the configuration."""
    arguments: Arguments = field(repr=False)
    """What is configured; where that refers to another provider, what that one gave."""
    timeout: float
    """Seconds that it may take."""
    surroundings: Surroundings

    def text(self, name: str) -> str | None:
        """Return an argument that is a text."""
        value = self.arguments.get(name)
        return value if isinstance(value, str) else None


class ProviderError(Exception):
    """A value could not be had. The text is a sentence that never holds the value."""

    def __init__(self, what: str, cure: str | None = None, *, is_command: bool = False, detail: str = "") -> None:
        """Say what happened, what cures it, and what a program wrote to its standard error."""
        super().__init__(what)
        self.cure = cure
        self.is_command = is_command
        self.detail = detail


class TooSlowError(ProviderError):
    """A program did not end within its time."""


class Provider:
    """Where a value comes from; what is here suits most."""

    needs_approval = True
    """Whether a person has to agree before it is used: it runs, reads or reaches something."""
    is_secret = True
    """Whether what it gives is masked."""
    is_kept = True
    """Whether a value is kept in memory for the next run."""
    note = ""
    """What is to be said of everything that it gives."""

    def address(self, arguments: Arguments) -> str:
        """Return what would be run, read or reached, for a person to agree to."""
        raise NotImplementedError

    def names(self, variable: str, arguments: Arguments) -> tuple[str, ...]:
        """Return the names that it gives in the tests' environment."""
        del arguments
        return (variable,)

    async def fetch(self, request: Request) -> Fetched:
        """Return the values.

        Raises:
            ProviderError: there is none, for a reason that a person can understand.
        """
        raise NotImplementedError
