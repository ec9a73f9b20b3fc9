"""Why Prefect's server cannot start in an environment, and what would cure it. Standard library alone."""

from __future__ import annotations

import re
import sys
import traceback
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.wire import Broken

if TYPE_CHECKING:
    from types import FrameType

_KNOWN = (
    # What Prefect allows by its requirements, and cannot start with all the same.
    (r"Body\(\) got an unexpected keyword argument 'min_items'", "fastapi", "fastapi<0.151"),
)


def describe(error: BaseException) -> dict[str, Any]:
    """Return what the parent needs to know about an exception that kept the server from starting."""
    return {
        "error": f"{type(error).__name__}: {error}",
        "traceback": "".join(traceback.format_exception(type(error), error, error.__traceback__)),
        "culprit": _culprit(error),
    }


def broken(failure: dict[str, Any], log: str = "") -> Broken:
    """Return the sentence for what `describe` told, with the requirements that cure it where we know them."""
    error: str = failure["error"]
    beside, cures = "", ()
    for pattern, distribution, requirement in _KNOWN:
        if re.search(pattern, error):
            beside, cures = f" beside {_named(distribution)}", (requirement,)
    if not cures and (conflicts := _conflicts()):
        beside = f" beside {' and '.join(_named(name) for name, _ in conflicts)}"
        cures = tuple(requirement for _, requirement in conflicts)
    elif not cures and failure["culprit"]:
        beside = f" beside {_named(failure['culprit'])}"
    return Broken(
        "PL906",
        f"{_prefect()} cannot start its server{beside}: {error}",
        f"{failure['traceback']}\n{log}",
        distributions=cures,
    )


def refused(status: int, text: str, log: str) -> Broken:
    """Return the sentence for a server that starts and answers its first request with an error."""
    last = (log.strip().splitlines() or [text.strip()[:200]])[-1]
    # The innermost frame that is not Prefect's: its traceback stands in the log.
    owners = metadata.packages_distributions()
    packages = re.findall(r'File ".*?site-packages[/\\](\w+)[/\\]', log)
    culprit = next(
        (owners[name][0] for name in reversed(packages) if name in owners and owners[name][0] != "prefect"), None
    )
    beside = f" beside {_named(culprit)}" if culprit else ""
    return Broken("PL906", f"{_prefect()} cannot answer{beside} (status {status}): {last}", log)


def _prefect() -> str:
    return f"{_named('prefect').replace('prefect', 'Prefect')} in {sys.prefix}"


def _named(distribution: str) -> str:
    try:
        return f"{distribution} {metadata.version(distribution)}"
    except metadata.PackageNotFoundError:
        return distribution


def _conflicts() -> list[tuple[str, str]]:
    """Return what Prefect requires and the environment does not have: (distribution, requirement)."""
    try:
        from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415  it may not be there
    except ImportError:
        return []
    found: list[tuple[str, str]] = []
    for text in metadata.requires("prefect") or ():
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            continue
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            there = wanted.specifier.contains(metadata.version(wanted.name), prereleases=True)
        except metadata.PackageNotFoundError:
            there = False
        if not there:
            found.append((wanted.name, f"{wanted.name}{wanted.specifier}"))
    return found


def _culprit(error: BaseException) -> str | None:
    """Return the distribution, other than Prefect, that an exception points to, as far as it can be told."""
    modules: list[str] = []
    if isinstance(error, ImportError) and error.name:
        modules.append(error.name)
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    if frames:
        called = re.match(r"(\w+)\(\) got an unexpected keyword", str(error))
        value = frames[-1].f_globals.get(called[1]) if called else None
        modules += [getattr(value, "__module__", None) or "", _module(frames[-1])]
    owners = metadata.packages_distributions()
    for module in modules:
        for distribution in owners.get(module.partition(".")[0], ()):
            if distribution != "prefect":
                return distribution
    return None


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__") or Path(frame.f_code.co_filename).stem)
