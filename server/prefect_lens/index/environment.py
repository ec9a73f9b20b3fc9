"""What a project says that its tests find in their environment, as values, and what is wrong with how it says it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from pytest_prefect_lens.addresses import ADDRESSING

from prefect_lens.index import problems
from prefect_lens.index.forms import COMMON, ENVIRONMENT, FORMS, SCOPE, Option, Shape, seconds
from prefect_lens.index.toml_places import Path

EVERYTHING = ("*",)

Report = Callable[[Path, str, str], None]
"""Told of each mistake: the path to the key below the table that is read, what is wrong with it, and the code."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from."""

    provider: str
    """A key of `FORMS`, or `literal`."""
    arguments: tuple[tuple[str, Argument], ...]
    """Sorted by name."""
    ttl: float | None = None
    """Seconds that the value is kept; None: as long as it is valid."""
    timeout: float | None = None
    """Seconds that fetching it may take."""
    max_age: float | None = None
    """Seconds that the credential may be old before it is told."""

    def argument(self, name: str) -> Argument | None:
        """Return an argument, where it is given."""
        return next((value for key, value in self.arguments if key == name), None)


Argument = str | tuple[str, ...] | Source


@dataclass(frozen=True, slots=True)
class Scope:
    """Variables that only the tests of some flows get."""

    flows: tuple[str, ...]
    """Patterns of entrypoints, relative to the project's root."""
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """What `[tool.prefect-lens.environment]` says. None stands for what it does not say."""

    variables: tuple[tuple[str, Source], ...] = ()
    scopes: tuple[Scope, ...] = ()
    inherit: tuple[str, ...] | None = None
    """Patterns of names."""
    network: tuple[str, ...] | None = None
    """Hosts beside loopback; `EVERYTHING` for any."""
    wrap: tuple[str, ...] | None = None
    max_age: float | None = None
    """Seconds; for all variables that say nothing themselves."""
    mistakes: tuple[str, ...] = ()
    """What is wrong with how it is written, in sentences. Nothing runs with such an environment: what was passed over
    may be what keeps a secret from a test."""


def extended(base: Environment, more: Environment) -> Environment:
    """Return an environment with what another one says put over it. The scopes of both hold."""
    return Environment(
        tuple(sorted((dict(base.variables) | dict(more.variables)).items())),
        (*base.scopes, *more.scopes),
        more.inherit if more.inherit is not None else base.inherit,
        more.network if more.network is not None else base.network,
        more.wrap if more.wrap is not None else base.wrap,
        more.max_age if more.max_age is not None else base.max_age,
        (*base.mistakes, *more.mistakes),
    )


def read_environment(value: object, report: Report, known: Sequence[str] | None = ()) -> Environment:
    """Return an environment as it stands in a parsed text; what is wrong is told, and passed over.

    `known` names variables that a scope may name though they stand elsewhere: those that a profile extends. None: any.
    """
    found = Environment()
    scopes: object = None
    for option, given in _options(value, ENVIRONMENT, (), report):
        match option.shape:
            case Shape.VARIABLES:
                found = replace(found, variables=_variables(given, report))
            case Shape.SCOPES:
                scopes = given  # read at the end, when the variables are known
            case _ if (read := _value(option, given, (option.name,), report)) is not None:
                found = replace(found, **{option.name: read})
            case _:
                pass
    names = None if known is None else (*known, *(name for name, _ in found.variables))
    return found if scopes is None else replace(found, scopes=_scopes(scopes, names, report))


def _variables(value: object, report: Report) -> tuple[tuple[str, Source], ...]:
    if not isinstance(value, Mapping):
        report(("variables",), "must be a table", problems.WRONG_TYPE)
        return ()
    found: dict[str, Source] = {}
    for name, given in cast("Mapping[str, object]", value).items():
        path: Path = ("variables", name)
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is None:
            report(path, "is no name of a variable", problems.WRONG_TYPE)
        elif ADDRESSING.fullmatch(name.upper()):
            report(path, "says which Prefect is meant, and a run has one of its own", problems.IMPOSSIBLE)
        elif (source := _source(given, path, report)) is not None:
            found[name] = source
    return tuple(sorted(found.items()))


def _source(value: object, path: Path, report: Report) -> Source | None:
    if isinstance(value, str):
        return Source("literal", (("value", value),))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Source("literal", (("value", str(value)),))
    if not isinstance(value, Mapping):
        what = 'must be a text, or a table that says where it comes from, as { keyring = "service/user" }'
        report(path, what, problems.WRONG_TYPE)
        return None
    table = cast("Mapping[str, object]", value)
    named = [name for name in table if name in FORMS]
    common = {option.name for option in COMMON}
    if len(named) != 1:
        wrong = [name for name in table if name not in common] if not named else named[1:]
        what = f"is no provider; there are {_list(FORMS)}" if not named else f"is a second provider beside `{named[0]}`"
        if not named and not wrong:
            report(path, f"names no provider; there are {_list(FORMS)}", problems.WRONG_TYPE)
        for name in wrong[:1]:
            report((*path, name), what + (_near(name, FORMS) if not named else ""), problems.UNKNOWN_KEY)
        return None
    form = FORMS[named[0]]
    arguments: dict[str, Argument] = {}
    durations: dict[str, float] = {}
    is_whole = True
    for option, given in _options(table, (form.main, *form.options, *COMMON), path, report, more=form.takes_more):
        read = _value(option, given, (*path, option.name), report)
        if read is None:
            is_whole = is_whole and option.name in common
        elif option.name in common:
            durations[option.name] = read
        elif isinstance(read, float):
            arguments[option.name] = str(round(read))
        else:
            arguments[option.name] = read
    for option in (form.main, *form.options):
        if option.is_required and option.name not in table:
            report(path, f"lacks `{option.name}`, which `{form.name}` needs", problems.WRONG_TYPE)
            is_whole = False
    return Source(form.name, tuple(sorted(arguments.items())), **durations) if is_whole else None


def _scopes(value: object, names: Sequence[str] | None, report: Report) -> tuple[Scope, ...]:
    if not isinstance(value, list):
        report(("scope",), "must be a list of tables: [[tool.prefect-lens.environment.scope]]", problems.WRONG_TYPE)
        return ()
    found: list[Scope] = []
    for number, item in enumerate(cast("list[object]", value)):
        path: Path = ("scope", number)
        read = {
            option.name: _value(option, given, (*path, option.name), report)
            for option, given in _options(item, SCOPE, path, report)
        }
        for option in SCOPE:
            if option.name not in read:
                report(path, f"lacks `{option.name}`", problems.WRONG_TYPE)
        variables: tuple[str, ...] = read.get("variables") or ()
        for at, name in enumerate(variables):
            if names is not None and name not in names:
                what = f"is `{name}`, and no variable of that name is configured{_near(name, names)}"
                report((*path, "variables", at), what, problems.IMPOSSIBLE)
        found.append(Scope(read.get("flows") or (), variables))
    return tuple(found)


def _options(
    value: object, options: Sequence[Option], path: Path, report: Report, *, more: bool = False
) -> list[tuple[Option, object]]:
    """Return the keys of a table that are known, with their values."""
    if not isinstance(value, Mapping):
        report(path, "must be a table", problems.WRONG_TYPE)
        return []
    found: list[tuple[Option, object]] = []
    by_name = {option.name: option for option in options}
    for key, given in cast("Mapping[str, object]", value).items():
        name = key if key in by_name else key.replace("-", "_")
        if name in by_name:
            found.append((by_name[name], given))
        elif more:
            found.append((Option(key, Shape.REFERENCE, ""), given))
        else:
            what = f"is not known here; there are {_list(by_name)}{_near(name, by_name)}"
            report((*path, key), what, problems.UNKNOWN_KEY)
    return found


def _value(option: Option, value: object, path: Path, report: Report) -> Any:
    """Return a value as its option has it; None for one that is wrong, which is told."""
    expected = "must be a string"
    match option.shape:
        case Shape.TEXT if isinstance(value, str) and value.strip():
            if not option.words or value in option.words:
                return value
            expected = f"must be one of {_list(option.words)}"
        case Shape.TEXT if isinstance(value, str):
            expected = "must not be empty"
        case Shape.TEXTS:
            if isinstance(value, list) and value and _are_texts(cast("list[object]", value)):
                return tuple(cast("list[str]", value))
            expected = "must be a list of strings" if value != [] else "must not be empty"
        case Shape.DURATION:
            try:
                return seconds(value if isinstance(value, str) else f"{value}s")
            except ValueError:
                expected = 'must be a duration such as "90s", "10m" or "1h"'
        case Shape.REFERENCE if isinstance(value, str):
            return value
        case Shape.REFERENCE if isinstance(value, list):
            return _value(replace(option, shape=Shape.TEXTS), cast("object", value), path, report)
        case Shape.REFERENCE:
            return _source(value, path, report)
        case Shape.INHERIT:
            if isinstance(value, bool):
                return EVERYTHING if value else ()
            if isinstance(value, list) and _are_texts(cast("list[object]", value)):
                return tuple(cast("list[str]", value))
            expected = 'must be true, false, or a list of names such as "LC_*"'
        case Shape.NETWORK:
            if value in ("loopback", "any"):
                return () if value == "loopback" else EVERYTHING
            if isinstance(value, list) and _are_texts(cast("list[object]", value)):
                return tuple(cast("list[str]", value))
            expected = 'must be "loopback", "any", or a list of hosts'
        case _:
            pass
    report(path, expected, problems.WRONG_TYPE)
    return None


def _are_texts(value: list[object]) -> bool:
    return all(isinstance(item, str) for item in value)


def _list(names: object) -> str:
    return ", ".join(f"`{name}`" for name in cast("Sequence[str]", names))


def _near(name: str, known: object) -> str:
    near = difflib.get_close_matches(name, list(cast("Sequence[str]", known)), 1)
    return f". Did you mean `{near[0]}`?" if near else ""
