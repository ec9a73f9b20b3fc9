"""A request for a run becomes one request for each set of variables that its tests may see, each with its variables."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prefect_lens.engine.run import Fetching
from prefect_lens.environment.resolving import Place, Resolved, Vault
from prefect_lens.index.scopes import by_profile, by_variables
from prefect_lens.model import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.engine.request import RunRequest
    from prefect_lens.engine.run import RunEvent
    from prefect_lens.environment.approval import Person
    from prefect_lens.index.environment import Environment
    from prefect_lens.index.snapshot import Snapshot


@dataclass(frozen=True)
class Given:
    """What is asked of the engine."""

    requests: tuple[RunRequest, ...]
    notes: tuple[str, ...] = ()
    """What a person should know of the variables: credentials that are older than they should be."""


@dataclass(frozen=True)
class Refused:
    """Why nothing is run."""

    troubles: tuple[Trouble, ...]


@dataclass(frozen=True)
class Cancelled:
    """Somebody stopped the run before it had its variables."""


@dataclass(frozen=True)
class Giver:
    """Gives the requests of somebody's runs their environment."""

    vault: Vault
    person: Person

    async def give(
        self,
        snapshot: Snapshot,
        choose: Callable[[str | None], Environment | Trouble | None],
        request: RunRequest,
        on_event: Callable[[RunEvent], None],
        cancel: asyncio.Event,
    ) -> Given | Refused | Cancelled:
        """Return the requests that a request becomes; setting `cancel` ends the wait for its variables.

        Args:
            snapshot: the index, which knows which test exercises which flow.
            choose: gives the environment of a profile that a test asks for, or with None of the one that was chosen for
                all; None where nothing is said of it.
            request: the whole, without an environment.
            on_event: told what is waited for.
            cancel: set by whoever stops the run.
        """
        getting = asyncio.ensure_future(self._get(snapshot, choose, request, on_event))
        stopping = asyncio.ensure_future(cancel.wait())
        try:
            await asyncio.wait((getting, stopping), return_when=asyncio.FIRST_COMPLETED)
            return await getting if getting.done() else Cancelled()
        finally:
            stopping.cancel()
            getting.cancel()
            await asyncio.gather(getting, return_exceptions=True)

    async def _get(
        self,
        snapshot: Snapshot,
        choose: Callable[[str | None], Environment | Trouble | None],
        request: RunRequest,
        on_event: Callable[[RunEvent], None],
    ) -> Given | Refused:
        requests: list[RunRequest] = []
        notes: list[str] = []
        groups = await asyncio.to_thread(by_profile, snapshot, request.project, request.tests, request.files)
        for group in groups:
            part = replace(request, tests=group.tests, files=group.files)
            match choose(group.common):
                case None:
                    requests.append(part)
                case Trouble() as trouble:
                    return Refused((trouble,))
                case environment:
                    found = await self._resolved(snapshot, environment, part, on_event)
                    if isinstance(found, Refused):
                        return found
                    requests += found.requests
                    notes += found.notes
        return Given(tuple(requests), tuple(dict.fromkeys(notes)))

    async def _resolved(
        self, snapshot: Snapshot, environment: Environment, request: RunRequest, on_event: Callable[[RunEvent], None]
    ) -> Given | Refused:
        found = await asyncio.to_thread(
            by_variables, snapshot, environment, request.project, request.tests, request.files
        )
        wanted = frozenset[str]().union(*(share.common for share in found))
        place = Place(request.folder, request.project, request.interpreter, self.person)
        resolved = await self.vault.resolve(place, environment, wanted, lambda text: on_event(Fetching(text)))
        if not isinstance(resolved, Resolved):
            return Refused(resolved)
        return Given(
            tuple(
                replace(request, tests=one.tests, files=one.files, environment=resolved.injected(one.common))
                for one in found
            ),
            tuple(
                f"{name}: {what}."
                for name, source in environment.variables
                if name in wanted
                for what in self.vault.too_old(place.root, environment, name, source)
            ),
        )
