"""What a debugger is told to start: plain pytest on some tests, in a Prefect as hermetic as that of a run."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from prefect_lens.engine.folders import cache_folder, plugin_folder
from prefect_lens.features.results import function_id
from prefect_lens.session.selection import NothingToRunError, test_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect_lens.model import Interpreter
    from prefect_lens.session.folder import Folder

_OUT_OF_THE_WAY = (("pytest_cov", "--no-cov"), ("xdist", "-n0"), ("pytest_timeout.py", "--timeout=0"))
"""Plugins that take the debugger's place, move tests to other processes, or end them while a person looks."""


def project_of(folder: Folder, tests: tuple[str, ...]) -> str:
    """Return the root of the project that tests belong to.

    Raises:
        NothingToRunError: they cannot be debugged; the text says why.
    """
    project = folder.snapshot.project_of(test_id(tests[0]).path).root
    if folder.environment(project) is not None:
        raise NothingToRunError(
            "Debugging has no variables of [tool.prefect-lens.environment]: they would have to pass through the editor."
        )
    return project


def debug_configuration(
    folder: Folder, project: str, interpreter: Interpreter, tests: tuple[str, ...], environ: Mapping[str, str]
) -> dict[str, Any]:
    """Return a configuration as Microsoft's Python debugger (`debugpy`) takes it. Looks at the disk: for a thread."""
    root = folder.root / project
    settings = folder.project_settings(project)
    # Behind all else on the path, as in a run: a project's own plugin goes before ours.
    path = [one for one in (environ.get("PYTHONPATH"), str(plugin_folder(cache_folder(environ)))) if one]
    return {
        "name": f"Debug {test_id(tests[0]).names[-1]}",
        "type": "debugpy",
        "request": "launch",
        "module": "pytest",
        "args": [
            *("-p", "pytest_prefect_lens", "-o", "prefect_lens_hermetic=true"),
            *settings.pytest_args,
            *folder.settings.pytest_args,
            *(option for name, option in _OUT_OF_THE_WAY if _is_installed(interpreter, name)),
            *(_below(one, project) for one in dict.fromkeys(tests)),
        ],
        "cwd": str(root),
        "python": interpreter.path,
        "env": {"PYTHONPATH": os.pathsep.join(path)},
        "console": "internalConsole",
        "justMyCode": True,
        "subProcess": False,
    }


def _is_installed(interpreter: Interpreter, name: str) -> bool:
    return any((Path(site) / name).exists() for site in interpreter.site_packages)


def _below(node: str, project: str) -> str:
    """Return a node ID as pytest knows it in the root of the project. Parameters may hold anything."""
    function = function_id(test_id(node))
    path, colons, names = function.partition("::")
    inside = path if project == "." else str(PurePosixPath(path).relative_to(project))
    return f"{inside}{colons}{names}{node.removeprefix(function)}"
