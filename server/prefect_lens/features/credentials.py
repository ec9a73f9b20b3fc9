"""The edits that take a credential out of a file: the code reads its environment, the configuration says wherefrom."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING

from prefect_lens.features.code_action import RUN, Action
from prefect_lens.features.code_lens import Call
from prefect_lens.features.edits import Edit, importing
from prefect_lens.index.credentials import MARK
from prefect_lens.model import Position, Span

if TYPE_CHECKING:
    from prefect_lens.index.credentials import Credential

VARIABLES = "[tool.prefect-lens.environment.variables]"

_BEGINNING = """\
[tool.prefect-lens.environment]
inherit = true
network = "any"

"""
"""What keeps the runs of a project as they were that had no configuration."""


def for_credential(path: str, position: Position, *, may_run: bool) -> tuple[Action, ...]:
    """Return what can be done about a credential that stands at a place."""
    place = {"path": path, "line": str(position.line), "column": str(position.column)}
    actions = [Action("Mark it as no secret", RUN, Call("markNoSecret", place))]
    if may_run and path.endswith(".py"):
        actions.insert(0, Action("Move it to where secrets live", RUN, Call("moveCredential", place)))
    return tuple(actions)


def marked(text: str, credential: Credential) -> Edit:
    """Return the edit that says that a credential is none."""
    line = credential.span.end.line
    end = Position(line, len(text.split("\n")[line].rstrip("\r")))
    return Edit(Span(end, end), f"  # {MARK}")


def moved(text: str, credential: Credential, name: str) -> tuple[Edit, ...]:
    """Return the edits that have a module read a credential from its environment."""
    edits = [Edit(credential.span, f'os.environ["{name}"]')]
    if (needed := importing(text, "os")) is not None:
        edits.insert(0, needed)
    return tuple(edits)


def configured(text: str, name: str, source: str) -> Edit | None:
    """Return the edit that puts a variable into a `pyproject.toml`; None where it has to be written by hand.

    Args:
        text: the file, empty where there is none.
        name: the variable.
        source: where it comes from, as TOML: `{ keyring = "…" }`.
    """
    lines = text.split("\n")
    wanted = f"{name} = {source}\n"
    header = next((number for number, line in enumerate(lines) if line.strip() == VARIABLES), None)
    if header is not None:
        place = Position(header + 1, 0) if header + 1 < len(lines) else Position(header, len(lines[header]))
        edit = Edit(Span(place, place), wanted if header + 1 < len(lines) else f"\n{wanted}")
        lines.insert(header + 1, wanted.rstrip())
        after = "\n".join(lines)
    else:
        gap = "" if not text.strip() else "\n" if text.endswith("\n") else "\n\n"
        beginning = "" if "[tool.prefect-lens.environment" in text else _BEGINNING
        end = Position(len(lines) - 1, len(lines[-1]))
        edit = Edit(Span(end, end), f"{gap}{beginning}{VARIABLES}\n{wanted}")
        after = text + edit.text
    with suppress(tomllib.TOMLDecodeError):
        tomllib.loads(after)
        return edit
    return None
