"""An environment and its variables in words: where each comes from, who gets it, how it stands. Never a value."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from prefect_lens.environment.approval import address_of, deed_of, names_of
from prefect_lens.environment.entries import in_words
from prefect_lens.environment.provider import ProviderError
from prefect_lens.environment.providers import provider_of
from prefect_lens.environment.validity import KEPT
from prefect_lens.index.environment import EVERYTHING, Environment

_DAY = 86400.0

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prefect_lens.environment.entries import Entry
    from prefect_lens.environment.resolving import Place, Vault
    from prefect_lens.index.environment import Source


def explained(vault: Vault, place: Place, environment: Environment, profile: str | None) -> list[str]:
    """Return an environment in lines: what is inherited and reached, and each variable. Nothing is fetched for it."""
    known = vault.entries(place, environment)
    head = f"Environment of {place.root.name}" + (f", profile {profile}" if profile is not None else "")
    rows = [row for name, source in environment.variables for row in _rows(vault, place, name, source, known)]
    return [head, *_about(environment), *_table(rows), *_mistakes(environment)]


def checked(entries: Iterable[Entry], environment: Environment) -> list[str]:
    """Return the variables that were fetched, in lines."""
    return [*_about(environment), *_table([_row(entry) for entry in entries])]


def explained_variable(
    vault: Vault, place: Place, environment: Environment, name: str, tests: Iterable[str]
) -> list[str]:
    """Return what there is to say of one name in the tests' environment, in lines.

    `tests` are the node IDs of those that get it.
    """
    for variable, source in environment.variables:
        try:
            names = names_of(variable, source)
        except ProviderError:
            names = (variable,)
        if name in (variable, *names):
            rows = _rows(vault, place, variable, source, vault.entries(place, environment))
            return [variable, *(f"  {line}" for line in _details(environment, variable, source, rows, tests))]
    patterns = environment.inherit or ()
    pattern = next((one for one in patterns if fnmatchcase(name, one)), None)
    if pattern is not None:
        return [f"{name} is inherited from where the run is started, by {pattern!r} in `inherit`."]
    return [f"{name} is not configured, and no pattern of `inherit` fits it: tests do not see it."]


def _about(environment: Environment) -> Iterator[str]:
    inherit, network = environment.inherit or (), environment.network or ()
    inherited = "everything" if inherit == EVERYTHING else ", ".join(inherit) or "nothing but what every run needs"
    reached = "anything" if network == EVERYTHING else ", ".join(("loopback", *network))
    yield f"  inherits {inherited}"
    yield f"  reaches {reached}"
    if environment.wrap:
        yield f"  is started by {' '.join(environment.wrap)}"


def _rows(
    vault: Vault, place: Place, name: str, source: Source, known: Mapping[str, tuple[Entry, ...]]
) -> list[tuple[str, str]]:
    """Return the names that a variable gives, each with how it stands."""
    if name in known:
        return [_row(entry) for entry in known[name]]
    try:
        told = " · ".join(filter(None, (address_of(source), _allowed(vault, place, name, source))))
        return [(given, told) for given in names_of(name, source)]
    except ProviderError as error:
        return [(name, str(error))]


def _allowed(vault: Vault, place: Place, name: str, source: Source) -> str:
    deed = deed_of(name, source)
    if deed is None:
        return ""
    return "not allowed yet" if vault.approvals.missing(place.root, (deed,)) else "allowed"


def _row(entry: Entry) -> tuple[str, str]:
    now = time.time()
    parts = [entry.address]
    if entry.is_secret:
        parts += [entry.length, f"fetched {in_words(now - entry.fetched)} ago"]
    if entry.since is not None and now - entry.since >= _DAY and not any("(max_age)" in note for note in entry.notes):
        parts.append(f"{in_words(now - entry.since)} old")
    if entry.expires is not None:
        parts.append(f"expires in {in_words(entry.expires - now)}")
    return entry.name, " · ".join((*parts, *entry.notes))


def _details(
    environment: Environment,
    name: str,
    source: Source,
    rows: Iterable[tuple[str, str]],
    tests: Iterable[str],
) -> Iterator[str]:
    yield from (f"{given}: {told}" for given, told in rows)
    if provider_of(source).is_kept:
        kept = source.ttl if source.ttl is not None else KEPT
        yield f"kept in memory for {in_words(kept)}, or as long as a token says"
    scopes = [scope for scope in environment.scopes if name in scope.variables]
    if not scopes:
        yield "for every test"
        return
    yield f"for the tests of {', '.join(pattern for scope in scopes for pattern in scope.flows)}"
    found = list(tests)
    yield from (f"  {test}" for test in found[:20])
    if len(found) > 20:
        yield f"  and {len(found) - 20} more"


def _mistakes(environment: Environment) -> list[str]:
    return ["", "Nothing runs before this is corrected:", *environment.mistakes] if environment.mistakes else []


def _table(rows: list[tuple[str, str]]) -> list[str]:
    if not rows:
        return ["", "No variable is configured."]
    width = min(max(len(name) for name, _ in rows), 40)
    return ["", *(f"  {name:<{width}}  {told}".rstrip() for name, told in rows)]
