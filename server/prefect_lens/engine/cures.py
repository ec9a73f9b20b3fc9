"""The command that installs something, in the way of whoever made the environment, ready to paste."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from prefect_lens.model import EnvironmentKind, Interpreter


def install(
    folder: Path, project: str, interpreter: Interpreter, requirements: tuple[str, ...], *, upgrade: bool = False
) -> str:
    """Return a command that installs requirements into the interpreter's environment, from the workspace folder."""
    root = folder / project
    wanted = " ".join(f'"{text}"' if any(sign in text for sign in "<>=![ ") else text for text in requirements)
    python = quote(relative(folder, interpreter.path))
    newer = " --upgrade" if upgrade else ""
    match interpreter.kind:
        case EnvironmentKind.UV if (root / "uv.lock").is_file():
            return f"uv add --dev{_in(project, '--project')} {wanted}"
        case EnvironmentKind.UV:
            return f"uv pip install{newer} --python {python} {wanted}"
        case EnvironmentKind.POETRY:
            return f"poetry add --group dev{_in(project, '--directory')} {wanted}"
        case EnvironmentKind.PIXI:
            return f"pixi add{_in(project, '--manifest-path')} {wanted}"
        case EnvironmentKind.CONDA:
            prefix = quote(str(Path(interpreter.path).parents[1 if sys.platform != "win32" else 0]))
            return f"conda install --prefix {prefix} --channel conda-forge {wanted}"
        case EnvironmentKind.PIP if _is_managed_by_the_system(interpreter):
            # Debian and others let nobody install beside their own packages.
            bin_ = ".venv\\Scripts\\python" if sys.platform == "win32" else ".venv/bin/python"
            return f"{python} -m venv .venv && {bin_} -m pip install {wanted}"
        case EnvironmentKind.PIP:
            return f"{python} -m pip install{newer} {wanted}"


def relative(folder: Path, path: str) -> str:
    """Return a path as a person in the workspace folder would write it."""
    prefix = f"{folder}{os.sep}"
    return path.removeprefix(prefix)


def quote(text: str) -> str:
    """Quote one word for the shell that it will be pasted into."""
    if sys.platform == "win32":
        return f'"{text}"' if " " in text else text
    return shlex.quote(text)


def _in(project: str, option: str) -> str:
    return "" if project == "." else f" {option} {quote(project)}"


def _is_managed_by_the_system(interpreter: Interpreter) -> bool:
    home = Path(interpreter.path).resolve()
    if (Path(interpreter.path).parent.parent / "pyvenv.cfg").is_file():
        return False
    return any((home.parents[1] / "lib" / home.name).glob("EXTERNALLY-MANAGED"))
