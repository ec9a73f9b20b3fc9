"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_prefect_lens.wire import TestId

    from prefect_lens.model import Interpreter


@dataclass(frozen=True)
class Injected:
    """What a run finds in its environment beside the private Prefect that every run has.

    Its values are secret, mostly: they are in no `repr`, and go to the worker over its channel alone.
    """

    variables: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Names and values; they go before what is inherited."""
    secrets: frozenset[str] = frozenset()
    """The names among `variables` whose values are masked in all that leaves the worker."""
    inherit: tuple[str, ...] | None = None
    """Patterns (`LC_*`) of the names that are inherited, beside what no worker can do without; None: all."""
    network: tuple[str, ...] | None = None
    """The hosts that may be reached beside loopback; None: any."""
    is_configured: bool = False
    """Whether the project says what its runs find. Where it does not, what is reached beyond loopback is noted."""
    wrap: tuple[str, ...] = ()
    """A command that starts the worker's, as a gateway's does. Such a run is cold."""

    sources: tuple[tuple[str, str], ...] = ()
    """Names among `variables` and where their values come from, as a person reads it."""
    expires: tuple[tuple[str, float], ...] = ()
    """Names among `variables` and when their values end, in seconds since the epoch."""

    @property
    def secret_values(self) -> tuple[str, ...]:
        """What no text that leaves the worker may hold."""
        return tuple(value for name, value in self.variables if name in self.secrets)


@dataclass(frozen=True)
class RunRequest:
    """Tests of one project, and what runs them. Two equal requests ask for the same run."""

    folder: Path
    """The workspace folder."""
    project: str
    """The project's root, relative to it; `.` for the folder itself."""
    interpreter: Interpreter
    tests: tuple[TestId, ...] = ()
    """Test functions or single cases, in the order to run them; paths relative to the workspace folder."""
    files: tuple[str, ...] = ()
    """Whole test files beside `tests`, relative too. With neither, everything that pytest finds in the project."""
    pytest_args: tuple[str, ...] = ()
    skip_retry_delays: bool = False
    """Whether a flow or task that failed is tried again at once, whatever delay it has."""
    environment: Injected = Injected()
    processes: int = 1
    """Over how many processes it may be spread; see `parallel.processes`."""
    known: tuple[tuple[str, float], ...] = ()
    """The test files that the index knows of it, and about how many seconds each takes."""
    debugpy: str | None = None
    """The run is cold, and waits for a debugger; debugpy lies in this folder where the interpreter has none."""

    @property
    def root(self) -> Path:
        """The working folder of the run."""
        return self.folder / self.project
