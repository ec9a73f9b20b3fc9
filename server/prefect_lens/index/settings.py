"""Our own table in a project's `pyproject.toml`, `[tool.prefect-lens]`: shared with the team, and no secret in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import problems
from prefect_lens.model import Diagnostic, Location, Position, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
        return Settings(), (_wrong(path, text, "prefect-lens", problems.WRONG_TYPE, "must be a table"),)
    settings, found = Settings(), list[Diagnostic]()
    for key, value in cast("Mapping[str, Any]", table).items():
        name = key.replace("-", "_")
        read = _READERS.get(name)
        if read is None:
            there = ", ".join(f"`{known}`" for known in _READERS)
            message = f"is no setting; there are {there}"
            found.append(_wrong(path, text, key, problems.UNKNOWN_KEY, message))
            continue
        try:
            settings = replace(settings, **{name: read(value)})
        except _WrongError as error:
            found.append(_wrong(path, text, error.key or key, error.code, str(error)))
    return settings, tuple(found)


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
}


def _wrong(path: str, text: str, key: str, code: str, what: str) -> Diagnostic:
    inside = False
    at = Span(Position(0, 0), Position(0, 0))
    for number, line in enumerate(text.split("\n")):
        stripped = line.strip()
        if stripped.startswith("["):
            inside = "prefect-lens" in stripped
        if (inside or "prefect-lens" in stripped) and (found := re.search(rf"[\"']?\b{re.escape(key)}\b[\"']?", line)):
            at = Span(Position(number, found.start()), Position(number, found.end()))
            if inside and not stripped.startswith("["):
                break
    message = f"`{key}` in [tool.prefect-lens] {what}."
    return Diagnostic(Location(path, at), Severity.WARNING, code, message)
