"""Where a test of a definition could go, and how it could begin."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prefect_lens.index.config import Project
    from prefect_lens.model import Definition


@dataclass(frozen=True)
class Suggestion:
    """A test that a person could write."""

    path: str
    text: str
    """What to put at the end of the file; empty where the definition cannot be imported."""


def suggest_test(definition: Definition, project: Project) -> Suggestion:
    """Return where a test of a definition could go, by the project's own configuration."""
    root = PurePosixPath(project.root)
    stem = PurePosixPath(definition.path).stem
    stem = PurePosixPath(definition.path).parent.name if stem == "__init__" else stem
    folder = next((path for path in project.testpaths if not any(sign in path for sign in "*?[")), "tests")
    path = str(root / folder / _file_name(stem, project.python_files))
    return Suggestion(path, _text(definition, project))


def _file_name(stem: str, patterns: Sequence[str]) -> str:
    for pattern in patterns:
        if pattern.endswith(".py") and pattern.count("*") == 1 and not set(pattern) & set("?[/"):
            return pattern.replace("*", stem.removeprefix("test_"))
    return f"test_{stem}.py"


def _text(definition: Definition, project: Project) -> str:
    if "<locals>" in definition.qualname:
        return ""
    outer, *rest = definition.qualname.split(".")
    call = f"{'.'.join((outer, *rest))}()"
    name = "_".join((outer, *rest)).lower()
    imports = f"from {_module(definition.path, project)} import {outer}"
    if definition.is_async:
        imports, call = f"import asyncio\n\n{imports}", f"asyncio.run({call})"
    return f"{imports}\n\n\ndef test_{name}():\n    assert {call} is not None\n"


def _module(path: str, project: Project) -> str:
    """Return a module's name as a test would import it: from a folder of `pythonpath` or `src`, else from the root."""
    inside = PurePosixPath(path)
    roots = [PurePosixPath(project.root) / root for root in (*project.pythonpath, "src", ".")]
    for root in sorted(roots, key=lambda root: -len(root.parts)):
        if inside.is_relative_to(root):
            inside = inside.relative_to(root)
            break
    parts = inside.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
