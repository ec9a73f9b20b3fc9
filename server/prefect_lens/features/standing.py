"""How the server stands, for a status bar: one state, one short text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from prefect_lens.model import Interpreter, Trouble


@dataclass(frozen=True)
class ProjectStanding:
    """A project, and what would run its tests."""

    root: str
    interpreter: Interpreter | Trouble
    profiles: tuple[str, ...] = ()
    """The environments that can be chosen beside the project's own."""
    profile: str | None = None
    """The one that was chosen."""


@dataclass(frozen=True)
class FolderStanding:
    """A workspace folder and its projects."""

    folder: str
    """Absolute."""
    projects: tuple[ProjectStanding, ...]
    uses_prefect: bool
    read: tuple[int, int] | None = None
    """How many files of how many have been read; None when all have been."""


@dataclass(frozen=True)
class Standing:
    """The whole."""

    state: str
    """`ready`, `indexing`, `running`, `trouble`, `untrusted` or `noPrefect`."""
    text: str
    folders: tuple[FolderStanding, ...]
    done: int | None = None
    total: int | None = None


def standing(folders: tuple[FolderStanding, ...], running: tuple[int, int] | None, *, may_run: bool) -> Standing:
    """Return how the server stands.

    Args:
        folders: what is known of the workspace folders.
        running: how many cases of how many have ended, while a run goes on.
        may_run: whether the user trusts the workspace.
    """
    if running is not None:
        done, total = running
        return Standing("running", f"running {done:,}/{total:,}", folders, done, total)
    if reading := [folder.read for folder in folders if folder.read is not None]:
        done, total = sum(done for done, _ in reading), sum(total for _, total in reading)
        text = f"indexing {done:,}/{total:,}" if total else "indexing"
        return Standing("indexing", text, folders, done, total)
    with_prefect = tuple(folder for folder in folders if folder.uses_prefect)
    if not with_prefect:
        return Standing("noPrefect", "no flow or task here", folders)
    if not may_run:
        return Standing("untrusted", "not trusted: nothing is run", folders)
    projects = [project for folder in with_prefect for project in folder.projects]
    if troubles := [one.interpreter for one in projects if isinstance(one.interpreter, Trouble)]:
        return Standing("trouble", f"⚠ {troubles[0].what}", folders)
    return Standing("ready", f"✓ {_short(projects[0])}" if projects else "✓", folders)


def environment_name(interpreter: Interpreter) -> str:
    """Return the name of an interpreter's environment: `.venv`, or the program's where it is in none."""
    path = PurePath(interpreter.path)
    return path.parent.parent.name if path.parent.name in ("bin", "Scripts") and _is_virtual(path) else path.name


def _is_virtual(path: PurePath) -> bool:
    return str(path.parent.parent) not in ("/usr", "/usr/local", "/")


def _short(project: ProjectStanding) -> str:
    interpreter = project.interpreter
    assert isinstance(interpreter, Interpreter), "troubles are told instead"
    return " · ".join(filter(None, (interpreter.prefect, environment_name(interpreter), project.profile)))
