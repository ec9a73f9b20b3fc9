"""How a process for a run is had: the seam between "run these tests" and where their process comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from pytest_prefect_lens.wire import Message

    from prefect_lens.engine.memory import Taken
    from prefect_lens.engine.request import RunRequest
    from prefect_lens.model import Interpreter


@dataclass(frozen=True, slots=True)
class Exit:
    """How a worker process ended."""

    status: int | None
    """Its exit status; None when a signal ended it, or when it never started."""
    signal: int | None = None
    """The signal that ended it."""
    error: str | None = None
    """Why it could not be started."""


class ChannelBrokenError(Exception):
    """The channel ended or said nonsense; whether the process lives is `Worker.exited`'s to say."""


class Worker(Protocol):
    """A process that runs one order of tests, or did."""

    home: Path
    """The run's private folder."""
    why_cold: str
    """Why it had to be started, where one might have been ready; else empty."""

    def messages(self) -> AsyncIterator[Message]:
        """What the worker says, until the channel ends.

        Raises:
            ChannelBrokenError: what came is no message.
        """
        ...

    async def interrupt(self) -> None:
        """Ask the worker to stop, as Ctrl-C would: fixtures are torn down."""
        ...

    async def kill(self) -> None:
        """End the worker and everything that it started; returns when nothing is left."""
        ...

    async def exited(self) -> Exit:
        """Return how the worker ended, once it has; what it started may still be going away."""
        ...

    async def api_gone(self) -> None:
        """Return when the run's Prefect API was ready and is gone, where the system lets the server know."""
        ...

    def output(self) -> str:
        """What it wrote to its standard output and error so far: the end of it, where it is long."""
        ...


@dataclass(frozen=True, slots=True)
class Warmth:
    """How ready an engine is for the runs of a project."""

    root: Path
    interpreter: Interpreter
    state: str
    """For a person: `ready`, or what it does meanwhile, or why it is not."""
    memory: Taken | None = None
    """What is kept for it takes."""


class Preparing(Protocol):
    """What can get ready for runs before they are asked for."""

    def prepare(self, interpreter: Interpreter, folder: Path, project: str) -> None:
        """Begin to get ready for runs of a project, in the background."""
        ...

    def mention(self, interpreter: Interpreter, folder: Path, project: str, imports: tuple[str, ...]) -> None:
        """Say which modules the code of a project imports that are not its own: those could be at hand in its runs."""
        ...

    def limit(self, most: int, idle: float) -> None:
        """Keep no more than so many projects ready, each for so many seconds after its last run."""
        ...

    async def standing(self) -> tuple[Warmth, ...]:
        """Return how ready it is, for each project that it was asked for."""
        ...

    async def close(self) -> None:
        """End everything that is kept ready; returns when no process of it is left."""
        ...


class WorkerSource(Protocol):
    """Where workers come from."""

    def open(self, request: RunRequest) -> AbstractAsyncContextManager[Worker]:
        """Give a worker that has got the order of `request`; leaving the context ends every process of it."""
        ...
