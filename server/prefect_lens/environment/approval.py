"""What a person has agreed to be run, read or reached: remembered on this machine, for each project.

Whatever is agreed to is exactly one thing: a provider with its arguments, for these names. A configuration that
changes, as by a `git pull`, is something new and is asked for again.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol, cast

from prefect_lens.engine.folders import write_private
from prefect_lens.environment.providers import provider_of
from prefect_lens.index.environment import Environment, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from prefect_lens.environment.provider import Arguments, Secret

FILE = "approved.json"


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that would be done for a run."""

    variable: str
    """Whom it is done for; empty for a gateway, which is for the whole run."""
    names: tuple[str, ...]
    """The variables that the tests would find."""
    address: str
    """What it is, as a person reads it: `runs op read op://data/api/token`."""
    key: str
    """The same for the same deed, and for no other one."""

    @property
    def sentence(self) -> str:
        """The deed, with what it is for."""
        return f"{', '.join(self.names)}: {self.address}" if self.names else self.address


class Answer(Enum):
    """What a person says to deeds."""

    NO = auto()
    ONCE = auto()
    """As long as this process lives."""
    ALWAYS = auto()
    """On this machine, for this project, until the deed changes."""


class Person(Protocol):
    """Whoever asked for a run."""

    @property
    def cure(self) -> tuple[str, bool]:
        """What is told of how to agree to what was refused, and whether that is a command."""
        ...

    async def allows(self, deeds: tuple[Deed, ...]) -> Answer:
        """Return whether the person agrees to deeds."""
        ...

    async def secret(self, what: str) -> Secret | None:
        """Return a secret that the person is asked for; None where it is not given, or nobody can be asked."""
        ...


class Approvals:
    """What was agreed to."""

    def __init__(self, state: Path) -> None:
        """Begin with what the user's state folder has."""
        self.file = state / FILE
        self.is_forgetful = False
        """Whether the state folder could not be written."""
        self._given: set[tuple[str, str]] = set()
        """What was agreed to since we were started."""

    def missing(self, root: Path, deeds: Iterable[Deed]) -> tuple[Deed, ...]:
        """Return the deeds that nobody has agreed to for a project."""
        known = _read(self.file).get(str(root), ())
        return tuple(deed for deed in deeds if deed.key not in known and (str(root), deed.key) not in self._given)

    def give(self, root: Path, deeds: Iterable[Deed], *, is_remembered: bool = True) -> None:
        """Agree to deeds for a project, for good or as long as this process lives."""
        keys = [deed.key for deed in deeds]
        self._given |= {(str(root), key) for key in keys}
        if is_remembered:
            known = _read(self.file)
            known[str(root)] = tuple(sorted({*known.get(str(root), ()), *keys}))
            try:
                write_private(self.file, json.dumps({"projects": known}, indent=1))
            except OSError:
                self.is_forgetful = True


def deeds(environment: Environment, wanted: Iterable[str]) -> tuple[Deed, ...]:
    """Return what has to be agreed to before some variables of an environment can be had.

    Raises:
        ProviderError: a provider is not there.
    """
    sources = dict(environment.variables)
    found = [deed for name in sorted(wanted) if (deed := deed_of(name, sources[name])) is not None]
    if environment.wrap:
        found.append(
            Deed("", (), f"starts the tests by `{shlex.join(environment.wrap)}`", _key("wrap", environment.wrap))
        )
    return tuple(found)


def deed_of(variable: str, source: Source) -> Deed | None:
    """Return what has to be agreed to for a variable; None where that is nothing.

    Raises:
        ProviderError: a provider is not there.
    """
    if not any(provider_of(one).needs_approval for one in _with_inner(source)):
        return None
    names = names_of(variable, source)
    return Deed(variable, names, address_of(source), _key(*names, _canonical(source)))


def address_of(source: Source) -> str:
    """Return where a value comes from, as a person reads it; never the value."""
    return provider_of(source).address(_shown(source))


def names_of(variable: str, source: Source) -> tuple[str, ...]:
    """Return the names that a variable has in the tests' environment."""
    return provider_of(source).names(variable, _shown(source))


def key_of(variable: str, source: Source) -> str:
    """Return a text that is the same for the same provider, arguments and names, and for nothing else."""
    return _key(variable, _canonical(source))


def _shown(source: Source) -> Arguments:
    return {name: f"[{address_of(value)}]" if isinstance(value, Source) else value for name, value in source.arguments}


def _with_inner(source: Source) -> Iterable[Source]:
    yield source
    for _, value in source.arguments:
        if isinstance(value, Source):
            yield from _with_inner(value)


def _canonical(source: Source) -> Any:
    arguments = [[name, _canonical(value) if isinstance(value, Source) else value] for name, value in source.arguments]
    return {"provider": source.provider, "arguments": arguments}


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("ascii")).hexdigest()


def _read(file: Path) -> dict[str, tuple[str, ...]]:
    try:
        value: object = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    projects = cast("Mapping[str, object]", value).get("projects") if isinstance(value, dict) else None
    if not isinstance(projects, dict):
        return {}
    return {
        root: tuple(str(key) for key in cast("list[object]", keys))
        for root, keys in cast("Mapping[str, object]", projects).items()
        if isinstance(keys, list)
    }
