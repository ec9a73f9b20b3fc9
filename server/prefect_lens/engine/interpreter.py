"""Find the project's interpreter by reading: nothing that lies in a workspace is run to be known."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from prefect_lens.model import Interpreter, Trouble


def find_interpreter(
    folder: Path,
    project: str,
    *,
    setting: str | None = None,
    editor: str | None = None,
    configured: str | None = None,
    environ: Mapping[str, str],
) -> Interpreter | Trouble:
    """Return the interpreter that runs a project's tests, and why that one.

    The first of these that is given wins, and is an error where it is not there: the setting
    `prefectLens.interpreter` (`setting`), the choice of the editor's Python extension (`editor`), `interpreter` of
    `[tool.prefect-lens]` (`configured`, relative to the project). Then the first that exists of `.venv` and `venv` in
    the project and in each folder up to the workspace folder, the active `VIRTUAL_ENV` or `CONDA_PREFIX`, pixi's
    default environment, and `python3` or `python` on the PATH of `environ`.
    """
    raise NotImplementedError
