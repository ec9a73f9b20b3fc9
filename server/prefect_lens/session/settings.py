"""The editor's settings of one workspace folder, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from prefect_lens.index.environment import Environment, read_environment
from prefect_lens.index.settings import read_parallel, read_severity
from prefect_lens.model import Kind

NAMES = (
    "interpreter",
    "pythonExtensionInterpreter",
    "codeLens.kinds",
    "pytestArgs",
    "severity",
    "profile",
    "environment",
    "warm.projects",
    "warm.idleMinutes",
    "audit",
    "runOnSave",
    "inlayHints",
    "parallel",
    "debugpy",
)


@dataclass(frozen=True)
class Settings:
    """What the section `prefectLens` says. Settings that are not there or make no sense have their default."""

    interpreter: str | None = None
    editor_interpreter: str | None = None
    kinds: frozenset[Kind] = frozenset(Kind)
    pytest_args: tuple[str, ...] = ()
    severity: tuple[tuple[str, str], ...] = ()
    """See `prefect_lens.index.settings.Settings.severity`; what stands here goes before it."""
    profile: str | None = None
    """Which of the project's environments its runs get."""
    environment: Environment | None = None
    """What is put over that one."""
    warm_projects: int = 3
    """How many projects are kept ready for a run at most."""
    warm_minutes: float = 15
    """How long each of them is after its last run."""
    is_audited: bool = True
    """Whether runs are written into the audit trail."""
    run_on_save: bool = False
    """Whether saving a file runs the tests that the change affects."""
    inlay_hints: bool = True
    """Whether the last state and time stand beside calls and flows."""
    parallel: int | None = None
    """Over how many processes a large selection is spread, 0 for all cores; None: as the project says."""
    debugpy: str | None = None
    """The folder that debugpy is in, for interpreters without it."""


def read_settings(value: object, folder: Path) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings in a JSON object, and a sentence about each that makes no sense."""
    if value is None:
        return Settings(), ()
    if not isinstance(value, Mapping):
        return Settings(), ("prefectLens: expected an object with settings.",)
    given = cast("Mapping[str, Any]", value)
    wrong: list[str] = []

    def text(name: str) -> str | None:
        found = _lookup(given, name)
        if found is None or isinstance(found, str):
            return _expanded(found.strip(), folder) if found and found.strip() else None
        wrong.append(f"prefectLens.{name}: expected a string.")
        return None

    def texts(name: str) -> tuple[str, ...] | None:
        found = _lookup(given, name)
        if found is None:
            return None
        if isinstance(found, list) and all(isinstance(item, str) for item in cast("list[object]", found)):
            return tuple(cast("list[str]", found))
        wrong.append(f"prefectLens.{name}: expected a list of strings.")
        return None

    def number(name: str, default: float, least: float) -> float:
        found = _lookup(given, name)
        if found is None:
            return default
        if isinstance(found, (int, float)) and not isinstance(found, bool) and found >= least:
            return found
        wrong.append(f"prefectLens.{name}: expected a number, {least} or more.")
        return default

    def parallel() -> int | None:
        found = _lookup(given, "parallel")
        try:
            return read_parallel(found) if found else None
        except ValueError as error:
            wrong.append(f"prefectLens.parallel: {error}.")
            return None

    def flag(name: str, *, default: bool) -> bool:
        found = _lookup(given, name)
        if found is None or isinstance(found, bool):
            return default if found is None else found
        wrong.append(f"prefectLens.{name}: expected true or false.")
        return default

    def severity() -> tuple[tuple[str, str], ...]:
        try:
            return read_severity(_lookup(given, "severity") or {})
        except ValueError as error:
            wrong.append(f"prefectLens.severity: {error}.")
            return ()

    def environment() -> Environment | None:
        if not (found := _lookup(given, "environment")):
            return None
        before = len(wrong)

        def report(path: tuple[str | int, ...], what: str, _code: str) -> None:
            wrong.append(f"prefectLens.environment: {'.'.join(map(str, path)) or 'it'} {what}.")

        # A scope may name the project's own variables, which are not known here; an unknown one stays without effect.
        read = read_environment(found, report, None)
        return replace(read, mistakes=tuple(wrong[before:]))

    kinds = texts("codeLens.kinds")
    if unknown := sorted(set(kinds or ()) - set(Kind)):
        wrong.append(f"prefectLens.codeLens.kinds: {', '.join(unknown)} is not known; there are: {', '.join(Kind)}.")
    return (
        Settings(
            text("interpreter"),
            text("pythonExtensionInterpreter"),
            frozenset(Kind) if kinds is None else frozenset(Kind(kind) for kind in kinds if kind in set(Kind)),
            texts("pytestArgs") or (),
            severity(),
            _lookup(given, "profile") or None if isinstance(_lookup(given, "profile"), str) else None,
            environment(),
            int(number("warm.projects", Settings.warm_projects, 0)),
            number("warm.idleMinutes", Settings.warm_minutes, 1),
            flag("audit", default=True),
            flag("runOnSave", default=False),
            flag("inlayHints", default=True),
            parallel(),
            text("debugpy"),
        ),
        tuple(wrong),
    )


def _lookup(given: Mapping[str, Any], name: str) -> Any:
    """Return a setting, whether its name is written with a dot or nested."""
    if name in given:
        return given[name]
    value: Any = given
    for part in name.split("."):
        value = cast("Mapping[str, Any]", value).get(part) if isinstance(value, Mapping) else None
    return value


def _expanded(path: str, folder: Path) -> str:
    path = path.replace("${workspaceFolder}", str(folder))
    if path == "~" or path.startswith(("~/", "~\\")):
        path = str(Path(path).expanduser())
    return path
