"""What a bug report needs: versions, paths, decisions. No value of any variable, and no name of the user."""

from __future__ import annotations

import asyncio
import platform
import sys
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_lens import __version__
from prefect_lens.model import Interpreter, Trouble
from prefect_lens.session.settings import NAMES, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.engine.workers import Warmth
    from prefect_lens.session.folder import Folder
    from prefect_lens.session.session import Session


async def environment_report(session: Session, folders: Iterable[Folder]) -> str:
    """Return the text."""
    lines = [
        f"Prefect Lens {__version__}",
        f"Server: Python {platform.python_version()} at {sys.executable}",
        f"System: {platform.platform()}",
        f"Libraries: {', '.join(f'{name} {_version(name)}' for name in ('pygls', 'lsprotocol'))}",
        f"Trust: {'yes' if session.trust.may_run else 'no, nothing is run'}",
    ]
    standings = {standing.folder: standing for standing in await session.folder_standings()}
    for folder in folders:
        files, definitions, tests = await asyncio.to_thread(_sizes, folder)
        lines += [
            "",
            f"Folder {folder.root}",
            f"  files: {files}, flows and tasks: {definitions}, tests: {tests}, "
            f"problems: {len(folder.reading.problems)}" + ("" if folder.is_complete else " (still reading)"),
            f"  settings given: {', '.join(_given(folder.settings)) or 'none'}",
        ]
        standing = standings.get(str(folder.root))
        for project in standing.projects if standing is not None else ():
            lines.append(f"  project {project.root}: {_described(project.interpreter)}")
    lines += ["", f"Runs now: {len(session.runs)}"]
    lines += [f"Kept for runs of {one.root}: {_kept(one)}" for one in await session.warmth()]
    lines += [f"Trouble: {trouble.code} {trouble.message}" for trouble in session.troubles]
    return without_home("\n".join(lines) + "\n")


def without_home(text: str) -> str:
    """Return a text with the home folder as `~`, since its name is often the user's."""
    home = str(Path.home())
    return text if home in ("/", "") else text.replace(home, "~")


def _described(interpreter: Interpreter | Trouble) -> str:
    match interpreter:
        case Trouble():
            return f"{interpreter.code} {interpreter.message}"
        case Interpreter():
            versions = f"Python {interpreter.python}, pytest {interpreter.pytest}, Prefect {interpreter.prefect}"
            return f"{interpreter.path} ({interpreter.why}; made by {interpreter.kind}; {versions})"


def _kept(warmth: Warmth) -> str:
    if warmth.memory is None:
        return warmth.state
    size = f"{warmth.memory.bytes / 2**20:.0f} MB in {warmth.memory.processes} processes"
    return f"{warmth.state}, {size} (proportional set size)"


def _sizes(folder: Folder) -> tuple[int, int, int]:
    return len(folder.snapshot.paths), len(folder.snapshot.definitions()), len(folder.snapshot.tests())


def _given(settings: Settings) -> list[str]:
    default = Settings()
    pairs = zip(NAMES, fields(Settings), strict=True)
    return [name for name, field in pairs if getattr(settings, field.name) != getattr(default, field.name)]


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "bundled"
