"""Find the project's interpreter by reading: nothing that lies in a workspace is run to be known."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_lens.engine import installed
from prefect_lens.engine.cures import relative
from prefect_lens.model import EnvironmentKind, Interpreter, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAMES = ("Scripts/python.exe", "python.exe") if sys.platform == "win32" else ("bin/python", "bin/python3")


def find_interpreter(
    folder: Path,
    project: str,
    *,
    setting: str | None = None,
    editor: str | None = None,
    configured: str | None = None,
    environ: Mapping[str, str],
    setting_name: str = "prefectLens.interpreter",
) -> Interpreter | Trouble:
    """Return the interpreter that runs a project's tests, and why that one.

    The first of these that is given wins, and is an error where it is not there: the setting
    (`setting`, told by `setting_name`), the choice of the editor's Python extension (`editor`), `interpreter` of
    `[tool.prefect-lens]` (`configured`, relative to the project). Then the first that exists of `.venv` and `venv` in
    the project and in each folder up to the workspace folder, the active `VIRTUAL_ENV` or `CONDA_PREFIX`, pixi's
    default environment, and `python3` or `python` on the PATH of `environ`.

    A path may name the program or its environment's folder; `~` and `${workspaceFolder}` are understood.
    """
    root = folder / project
    given = (
        (setting, folder, setting_name, f"Correct {setting_name}, or leave it out."),
        (editor, folder, "chosen in the Python extension", "Choose another one with “Python: Select Interpreter”."),
        (configured, root, "[tool.prefect-lens] interpreter", "Correct interpreter in pyproject.toml, or remove it."),
    )
    for text, base, why, cure in given:
        if text is not None and text.strip():
            path = _expand(text.strip(), folder, base, environ)
            found = _in_prefix(path) if path.is_dir() else path
            if found is None or not _is_program(found):
                return _not_there(folder, path if found is None else found, why, cure)
            return _describe(root, found, why)
    broken: Path | None = None
    for prefix, why in _environments(folder, root, environ):
        found = _in_prefix(prefix)
        if found is not None and _is_program(found):
            return _describe(root, found, why)
        if found is not None and broken is None:
            broken = found
    if broken is not None:
        # Made with a Python that is gone since. To take another one in its place would surprise more than help.
        return _not_there(folder, broken, f"{broken.parents[1].name} in the project", "Make the environment again.")
    for found, why in _on_path(environ):
        return _describe(root, found, why)
    where = relative(folder, str(root)) if project != "." else folder.name
    what = f"No Python was found for {where}: no .venv or venv in it, no active environment, no python3 on the PATH."
    return Trouble("PL901", what, "Make an environment, or set prefectLens.interpreter.")


def _expand(text: str, folder: Path, base: Path, environ: Mapping[str, str]) -> Path:
    text = text.replace("${workspaceFolder}", str(folder))
    if text == "~" or text.startswith(("~/", "~\\")):
        text = environ.get("HOME", environ.get("USERPROFILE", "~")) + text[1:]
    # Joined, not resolved: the link of a virtual environment is what makes it one.
    return Path(os.path.normpath(base / text))


def _environments(folder: Path, root: Path, environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    for place in _upwards(folder, root):
        for name in (".venv", "venv"):
            where = "in the project" if place == root else f"in {place.name}"
            yield place / name, f"{name} {where}"
    for variable in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if environ.get(variable):
            yield Path(environ[variable]), f"active ({variable})"
    for place in _upwards(folder, root):
        yield place / ".pixi" / "envs" / "default", "pixi's default environment"


def _upwards(folder: Path, root: Path) -> Iterator[Path]:
    yield root
    while root != folder and folder in root.parents:
        root = root.parent
        yield root


def _in_prefix(prefix: Path) -> Path | None:
    """Return the program of an environment; it may be a link that leads nowhere."""
    return next((prefix / name for name in _NAMES if os.path.lexists(prefix / name)), None)


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _on_path(environ: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    names = ("python.exe", "python3.exe") if sys.platform == "win32" else ("python3", "python")
    for name in names:
        for place in environ.get("PATH", os.defpath).split(os.pathsep):
            # Windows keeps an empty file there that opens its store.
            if place and "WindowsApps" not in place and _is_program(Path(place) / name):
                yield Path(place) / name, f"{name} on PATH"


def _not_there(folder: Path, path: Path, why: str, cure: str) -> Trouble:
    name = relative(folder, str(path))
    if path.is_symlink() and not path.exists():
        return Trouble("PL901", f"{name} ({why}) leads to {path.readlink()}, which is not there.", cure)
    if path.is_file():
        return Trouble("PL901", f"{name} ({why}) is not executable.", cure)
    if path.is_dir():
        return Trouble("PL901", f"{name} ({why}) holds no Python.", cure)
    return Trouble("PL901", f"{name} ({why}) not found.", cure)


def _describe(root: Path, path: Path, why: str) -> Interpreter:
    environment = installed.read(path)
    return Interpreter(
        path=str(path),
        why=why,
        kind=_kind(root, path, environment),
        python=environment.python,
        prefect=environment.version("prefect"),
        pytest=environment.version("pytest"),
        site_packages=environment.site_packages,
    )


def _kind(root: Path, path: Path, environment: installed.Environment) -> EnvironmentKind:
    parts = path.parts
    if ".pixi" in parts:
        return EnvironmentKind.PIXI
    if environment.is_conda:
        return EnvironmentKind.CONDA
    if environment.is_uv or (environment.is_virtual and (root / "uv.lock").is_file()):
        return EnvironmentKind.UV
    if environment.is_virtual and ("pypoetry" in parts or (root / "poetry.lock").is_file()):
        return EnvironmentKind.POETRY
    return EnvironmentKind.PIP
