"""Our own table in a project's `pyproject.toml`, `[tool.prefect-lens]`: shared with the team, and no secret in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import problems
from prefect_lens.index.environment import Environment, extended, read_environment
from prefect_lens.index.forms import PROFILE
from prefect_lens.index.toml_places import Path, Place, places
from prefect_lens.model import Diagnostic, Location, Position, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from prefect_lens.index.environment import Report

TABLE: Path = ("tool", "prefect-lens")
OFF = "off"
SEVERITIES = (*Severity, OFF)
SEVERITY_KEYS = ("swallowed", "expected")
"""What can be given a severity beside codes (`PL101`): a failure that a test swallowed, one that it waited for."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The table `[tool.prefect-lens]`."""

    interpreter: str | None = None
    pytest_args: tuple[str, ...] = ()
    severity: tuple[tuple[str, str], ...] = ()
    """Codes, or `SEVERITY_KEYS`, and the severity that each is to have: a word of `SEVERITIES`."""
    skip_retry_delays: bool = False
    """Whether a flow or task that failed is tried again at once, whatever delay it has."""
    parallel: int = 1
    """Over how many processes a large selection is spread; 0 is as many as there are cores."""
    audit: bool = False
    """Whether `prefect-lens test` writes its runs into the audit trail."""
    environment: Environment | None = None
    """None where the project says nothing of its tests' environment."""
    profiles: tuple[tuple[str, Environment], ...] = ()
    """By name; each is whole, with what it extends."""

    def environment_of(self, profile: str | None) -> Environment | None:
        """Return the environment of a profile; None stands for no profile, and for no environment.

        Raises:
            KeyError: there is no such profile.
        """
        return self.environment if profile is None else dict(self.profiles)[profile]


def read_settings(path: str, text: str) -> tuple[Settings, tuple[Diagnostic, ...]]:
    """Return the table in the text of a `pyproject.toml`, and what is wrong with it: what is, has its default."""
    try:
        whole = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return Settings(), ()  # told as a file that does not parse
    tool = whole.get("tool")
    table = cast("Mapping[str, Any]", tool).get("prefect-lens") if isinstance(tool, dict) else None
    if table is None:
        return Settings(), ()
    if not isinstance(table, dict):
        return Settings(), (_wrong(path, places(text), TABLE, problems.WRONG_TYPE, "must be a table"),)
    known: dict[Path, Place] = {}
    found: list[Diagnostic] = []

    def report(at: Path, what: str, code: str) -> None:
        if not known:
            known.update(places(text))
        found.append(_wrong(path, known, (*TABLE, *at), code, what))

    settings = Settings()
    for key, value in cast("Mapping[str, Any]", table).items():
        name = key.replace("-", "_")
        if name in _TABLES:
            continue
        read = _READERS.get(name)
        if read is None:
            there = ", ".join(f"`{known}`" for known in (*_READERS, *_TABLES))
            report((key,), f"is no setting; there are {there}", problems.UNKNOWN_KEY)
            continue
        try:
            settings = replace(settings, **{name: read(value)})
        except _WrongError as error:
            report((key, error.key) if error.key else (key,), str(error), error.code)
    settings = _with_environments(settings, cast("Mapping[str, Any]", table), report, found)
    return settings, (*found, *_in_files(path, text, settings))


_TABLES = ("environment", "profile")


def _with_environments(
    settings: Settings, table: Mapping[str, Any], report: Report, found: Sequence[Diagnostic]
) -> Settings:
    """Return the settings with their environment, and with each profile's as a whole."""

    def read(value: object, below: Path, names: Sequence[str] = ()) -> Environment:
        before = len(found)
        environment = read_environment(value, lambda at, what, code: report((*below, *at), what, code), names)
        return replace(environment, mistakes=tuple(one.message for one in found[before:]))

    base = read(table["environment"], ("environment",)) if "environment" in table else None
    profiles: dict[str, Environment] = {}
    given: object = table.get("profile", {})
    if not isinstance(given, dict):
        report(("profile",), "must be a table: [tool.prefect-lens.profile.NAME.environment]", problems.WRONG_TYPE)
        return replace(settings, environment=base)
    names = tuple(name for name, _ in base.variables) if base is not None else ()
    for name, profile in cast("Mapping[str, object]", given).items():
        own = Environment()
        for key, value in _profile(profile, ("profile", name), report):
            own = read(value, ("profile", name, key), names)
        profiles[name] = extended(base or Environment(), own)
    return replace(settings, environment=base, profiles=tuple(profiles.items()))


def _in_files(path: str, text: str, settings: Settings) -> Iterator[Diagnostic]:
    """Yield what comes from a `.env` file: that works, and is no good place for a secret."""
    environments = (
        (("environment",), settings.environment),
        *((("profile", name, "environment"), one) for name, one in settings.profiles),
    )
    found = [
        (*below, "variables", name, source.provider)
        for below, environment in environments
        for name, source in (environment.variables if environment is not None else ())
        if source.provider == "dotenv"
    ]
    known = places(text) if found else {}
    for at in found:
        if (place := known.get((*TABLE, *at))) is not None:
            message = f"`{at[-2]}` comes from a file that every program can read; a keyring is a better place."
            yield Diagnostic(Location(path, place.key), Severity.HINT, problems.IN_A_FILE, message)


def _profile(value: object, path: Path, report: Report) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        report(path, "must be a table", problems.WRONG_TYPE)
        return []
    known = [option.name for option in PROFILE]
    for key in cast("Mapping[str, object]", value):
        if key not in known:
            own = f"[tool.prefect-lens.{'.'.join(map(str, path))}.environment]"
            report((*path, key), f"is not known in a profile; what it changes stands in {own}", problems.UNKNOWN_KEY)
    return [(key, given) for key, given in cast("Mapping[str, object]", value).items() if key in known]


class _WrongError(Exception):
    """A value that makes no sense."""

    def __init__(self, what: str, key: str = "", code: str = problems.WRONG_TYPE) -> None:
        super().__init__(what)
        self.key = key
        self.code = code


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _WrongError("must be a string")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _WrongError("must be true or false")
    return value


def read_parallel(value: Any) -> int:
    """Return over how many processes runs may be spread, 0 for `auto`.

    Raises:
        ValueError: it is neither.
    """
    if value == "auto":
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError('must be a number of processes, or "auto"')
    return value


def _parallel(value: Any) -> int:
    try:
        return read_parallel(value)
    except ValueError as error:
        raise _WrongError(str(error)) from None


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in cast("list[Any]", value)):
        raise _WrongError("must be a list of strings")
    return tuple(cast("list[str]", value))


def read_severity(value: Any) -> tuple[tuple[str, str], ...]:
    """Return codes and their severities.

    Raises:
        ValueError: something in it is neither.
    """
    try:
        return _severity(value)
    except _WrongError as error:
        raise ValueError(f"{error.key} {error}".strip()) from error


def _severity(value: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        raise _WrongError('must be a table such as { PL101 = "warning" }')
    for key, severity in cast("dict[str, Any]", value).items():
        if key not in SEVERITY_KEYS and re.fullmatch(r"PL\d{3}", key) is None:
            there = " and ".join(SEVERITY_KEYS)
            raise _WrongError(f"is no code of a diagnostic (such as PL101), nor {there}", key, problems.UNKNOWN_KEY)
        if severity not in SEVERITIES:
            raise _WrongError(f"must be one of {', '.join(SEVERITIES)}", key)
    return tuple(sorted(cast("dict[str, str]", value).items()))


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "interpreter": _text,
    "pytest_args": _texts,
    "severity": _severity,
    "skip_retry_delays": _flag,
    "parallel": _parallel,
    "audit": _flag,
}


def _wrong(path: str, known: Mapping[Path, Place], at: Path, code: str, what: str) -> Diagnostic:
    """Return a diagnostic at a key, or at the nearest above it that stands anywhere."""
    above = next((at[:end] for end in range(len(at), 0, -1) if at[:end] in known), ())
    span = known[above].key if above else Span(Position(0, 0), Position(0, 0))
    table = ".".join(str(part) for part in at[:-1] if isinstance(part, str))
    name = at[-1] if isinstance(at[-1], str) else f"{at[-2]}[{at[-1]}]"
    end = "" if what.endswith("?") else "."
    return Diagnostic(Location(path, span), Severity.WARNING, code, f"`{name}` in [{table}] {what}{end}")
