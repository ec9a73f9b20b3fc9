"""Fetching the variables of an environment: side by side, once for as long as they are valid, or not at all."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pytest_prefect_lens.masking import LEAST

from prefect_lens.engine.cures import install
from prefect_lens.engine.request import Injected
from prefect_lens.environment.ages import Ages, too_old
from prefect_lens.environment.approval import Answer, Approvals, Deed, Person, address_of, deeds, key_of
from prefect_lens.environment.entries import Entry, length_class
from prefect_lens.environment.programs import Programs
from prefect_lens.environment.provider import Fetched, ProviderError, Request, Surroundings
from prefect_lens.environment.providers import provider_of
from prefect_lens.environment.validity import check, expiry, fetched_anew, since
from prefect_lens.index.environment import EVERYTHING, Environment, Source
from prefect_lens.model import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from prefect_lens.model import Interpreter

TIMEOUT = 30.0
"""Seconds that a provider has, where the configuration does not say."""

SLACK = 5.0
"""Seconds that a provider has beyond its time to tell that it is over."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whose environment it is."""

    folder: Path
    """The workspace folder."""
    project: str
    """The project's root, relative to it."""
    interpreter: Interpreter | None = None
    person: Person | None = None
    """Who is asked; None where nobody can be."""

    @property
    def root(self) -> Path:
        """The project's root."""
        return self.folder / self.project


@dataclass(frozen=True, slots=True)
class Resolved:
    """Variables that were had."""

    environment: Environment
    values: tuple[tuple[str, str], ...] = field(repr=False)
    entries: tuple[Entry, ...]

    def injected(self, variables: Iterable[str]) -> Injected:
        """Return what a run gets that may see some of the variables, by their names in the configuration."""
        seen = frozenset(variables)
        entries = [entry for entry in self.entries if entry.variable in seen]
        values = dict(self.values)
        about = self.environment
        return Injected(
            variables=tuple((entry.name, values[entry.name]) for entry in entries),
            secrets=frozenset(entry.name for entry in entries if entry.is_secret),
            inherit=None if about.inherit == EVERYTHING else about.inherit or (),
            network=None if about.network == EVERYTHING else about.network or (),
            is_configured=True,
            wrap=about.wrap or (),
            sources=tuple((entry.name, entry.address) for entry in entries),
            expires=tuple((entry.name, entry.expires) for entry in entries if entry.expires is not None),
        )


@dataclass(frozen=True, slots=True)
class _Kept:
    fetched: Fetched
    ages: Ages
    at: float
    until: float
    """When it is fetched anew: before it ends."""


class Vault:
    """The values that were fetched, in this process' memory alone, and what may be fetched."""

    def __init__(self, environ: Mapping[str, str], state: Path) -> None:
        """Begin with nothing fetched.

        Args:
            environ: what we were started with.
            state: the user's folder where approvals are remembered.
        """
        self.approvals = Approvals(state)
        self._environ = environ
        self._kept: dict[tuple[Path, str], _Kept] = {}
        self._failed: dict[tuple[Path, str], Trouble] = {}
        """What could not be had the last time it was asked for."""
        self._ages: dict[tuple[Path, str], Ages] = {}
        """How old what was had was the last time."""
        self._locks: dict[tuple[Path, str], asyncio.Lock] = {}

    def missing(self, root: Path, environment: Environment, wanted: Iterable[str]) -> tuple[Deed, ...]:
        """Return what somebody has to agree to before some variables can be had.

        Raises:
            ProviderError: a provider is not there.
        """
        return self.approvals.missing(root, deeds(environment, wanted))

    async def resolve(
        self,
        place: Place,
        environment: Environment,
        wanted: Iterable[str],
        progress: Callable[[str], None] = lambda _: None,
    ) -> Resolved | tuple[Trouble, ...]:
        """Return some variables of an environment, or why they could not be had: a trouble for each.

        What nobody has agreed to is asked for, and else not fetched. `progress` is told what is waited for.
        """
        if environment.mistakes:
            return (_mistaken(environment),)
        names = frozenset(wanted)
        sources = {name: source for name, source in environment.variables if name in names}
        try:
            if missing := await self._not_allowed(place, environment, sources):
                return (_forbidden(missing, place.person),)
        except ProviderError as error:
            return (_trouble("", error),)
        programs = Programs(place.root, self._environ)
        waiting = dict.fromkeys(name for name, source in sources.items() if not self._has(place, name, source))
        if waiting:
            progress(f"fetching {', '.join(waiting)}")

        async def one(name: str, source: Source) -> _Kept | Trouble:
            key = place.root, key_of(name, source)
            try:
                self._failed.pop(key, None)
                return await self._get(place, name, source, programs)
            except ProviderError as error:
                self._failed[key] = _trouble(name, error)
                return self._failed[key]
            finally:
                if waiting.pop(name, 0) is None and waiting:
                    progress(f"fetching {', '.join(waiting)}")

        try:
            found = await asyncio.gather(*(one(name, source) for name, source in sources.items()))
        finally:
            await programs.close()
        troubles = tuple(one for one in found if isinstance(one, Trouble))
        if troubles:
            return troubles
        kept = dict(zip(sources, (one for one in found if isinstance(one, _Kept)), strict=True))
        return _resolved(environment, kept)

    def entries(self, place: Place, environment: Environment) -> Mapping[str, tuple[Entry, ...]]:
        """Return what is known of the variables that have been fetched and are still valid, by variable."""
        kept = {
            name: self._kept[place.root, key_of(name, source)]
            for name, source in environment.variables
            if self._has(place, name, source)
        }
        return {name: _resolved(environment, {name: one}).entries for name, one in kept.items()}

    def failure(self, root: Path, name: str, source: Source) -> Trouble | None:
        """Return why a variable of a project could not be had the last time, from exactly this source."""
        return self._failed.get((root, key_of(name, source))) if self._failed else None

    def too_old(self, root: Path, environment: Environment, name: str, source: Source) -> tuple[str, ...]:
        """Return what is to be said of a variable's credentials that were too old when they were had."""
        ages = self._ages.get((root, key_of(name, source))) if self._ages else None
        return tuple(too_old(ages, source, environment)) if ages is not None else ()

    def forget(self) -> None:
        """Forget every value, every failure, and every age."""
        self._kept.clear()
        self._failed.clear()
        self._ages.clear()

    async def _not_allowed(self, place: Place, environment: Environment, wanted: Iterable[str]) -> tuple[Deed, ...]:
        # One question at a time: what the first one is answered may be all that the second one would ask.
        async with self._locks.setdefault((place.root, ""), asyncio.Lock()):
            missing = self.missing(place.root, environment, wanted)
            if not missing or place.person is None:
                return missing
            answer = await place.person.allows(missing)
            if answer is Answer.NO:
                return missing
            self.approvals.give(place.root, missing, is_remembered=answer is Answer.ALWAYS)
            return ()

    def _has(self, place: Place, name: str, source: Source) -> bool:
        kept = self._kept.get((place.root, key_of(name, source)))
        return kept is not None and time.time() < kept.until

    async def _get(self, place: Place, name: str, source: Source, programs: Programs) -> _Kept:
        key = place.root, key_of(name, source)
        async with self._locks.setdefault(key, asyncio.Lock()):
            if self._has(place, name, source):
                return self._kept[key]
            fetched, ages = await self._fetch(place, name, source, programs)
            now = time.time()
            fetched = replace(fetched, expires=expiry(fetched))
            made = _Kept(fetched, ages, now, fetched_anew(now, fetched.expires, source.ttl))
            self._ages[key] = ages
            if provider_of(source).is_kept:
                self._kept[key] = made
            return made

    async def _fetch(self, place: Place, name: str, source: Source, programs: Programs) -> tuple[Fetched, Ages]:
        given: dict[str, str | tuple[str, ...]] = {}
        inner: list[tuple[str, float]] = []
        for argument, value in source.arguments:
            if isinstance(value, Source):
                had, ages = await self._fetch(place, name, value, programs)
                given[argument] = next(iter(had.values.values()))
                inner += [(argument, ages.since)] if ages.since is not None else []
            else:
                given[argument] = value
        timeout = source.timeout or TIMEOUT
        request = Request(name, given, timeout, self._surroundings(place, programs))
        try:
            # Who is asked may take as long as it takes; everything else is held to its time here, too.
            async with asyncio.timeout(None if source.provider == "editor" else timeout + SLACK):
                fetched = await provider_of(source).fetch(request)
        except TimeoutError:
            raise ProviderError(f"It did not come within {timeout:g} seconds.") from None
        except ProviderError:
            raise
        except Exception as error:  # noqa: BLE001
            # An edge: somebody else's provider. What it says may hold what it was about to give.
            raise ProviderError(f"The provider failed with {type(error).__name__}.") from None
        for value in fetched.values.values():
            check(value)
        return fetched, Ages(since(fetched), tuple(inner))

    def _surroundings(self, place: Place, programs: Programs) -> Surroundings:
        def how_to_install(package: str) -> str:
            if place.interpreter is None:
                return f"pip install {package}"
            return install(place.folder, place.project, place.interpreter, (package,))

        ask = place.person.secret if place.person is not None else None
        return Surroundings(place.root, place.interpreter, self._environ, programs.run, ask, how_to_install)


def _forbidden(missing: tuple[Deed, ...], person: Person | None) -> Trouble:
    what = f"The tests' environment needs what nobody has allowed yet: {'; '.join(one.sentence for one in missing)}."
    cure, is_command = person.cure if person is not None else (None, False)
    return Trouble("PL914", what, cure, cure_is_command=is_command)


def _mistaken(environment: Environment) -> Trouble:
    """Return what is told of an environment that is configured wrongly."""
    first, *others = environment.mistakes
    more = f" ({len(others)} more)" if others else ""
    return Trouble("PL915", f"{first}{more}", "Correct it in pyproject.toml.")


def _resolved(environment: Environment, kept: Mapping[str, _Kept]) -> Resolved:
    sources = dict(environment.variables)
    values: dict[str, str] = {}
    entries: dict[str, Entry] = {}
    # A variable that is configured by its own name goes before one that a role gives beside others.
    for variable in sorted(kept, key=lambda name: name in kept[name].fetched.values):
        one, source = kept[variable], sources[variable]
        for name, value in one.fetched.values.items():
            values[name] = value
            entries[name] = Entry(
                name,
                variable,
                source.provider,
                address_of(source),
                is_secret=provider_of(source).is_secret,
                length=length_class(value),
                fetched=one.at,
                expires=one.fetched.expires,
                since=one.ages.since,
                notes=tuple(_notes(value, one, source, environment)),
            )
    return Resolved(environment, tuple(sorted(values.items())), tuple(entries[name] for name in sorted(entries)))


def _notes(value: str, kept: _Kept, source: Source, environment: Environment) -> Iterable[str]:
    if provider_of(source).is_secret and len(value) < LEAST:
        yield f"shorter than {LEAST} characters, so that it cannot be masked"
    if note := provider_of(source).note:
        yield note
    yield from too_old(kept.ages, source, environment)


def _trouble(name: str, error: ProviderError) -> Trouble:
    what = f"{name} could not be had: {error}" if name else str(error)
    return Trouble("PL913", what, error.cure, cure_is_command=error.is_command, detail=error.detail)
