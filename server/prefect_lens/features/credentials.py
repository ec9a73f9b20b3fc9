"""The edits that take a credential out of a file: the code reads its environment, the configuration says wherefrom."""

from __future__ import annotations

import ast
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING

from prefect_lens.features.code_action import RUN, Action
from prefect_lens.features.code_lens import Call
from prefect_lens.features.edits import Edit, importing
from prefect_lens.index.baseline import NAME as BASELINE
from prefect_lens.index.baseline import with_value
from prefect_lens.index.credentials import MARK
from prefect_lens.index.notebooks import SUFFIX as NOTEBOOK
from prefect_lens.model import Position, Span

if TYPE_CHECKING:
    from prefect_lens.index.credentials import Credential

VARIABLES = "[tool.prefect-lens.environment.variables]"

_SECRET = ("prefect.blocks.system", "Secret")

_BEGINNING = """\
[tool.prefect-lens.environment]
inherit = true
network = "any"

"""
"""What keeps the runs of a project as they were that had no configuration."""


def for_credential(
    path: str, text: str, position: Position, *, may_run: bool, cell: str | None = None
) -> tuple[Action, ...]:
    """Return what can be done about a credential that stands at a place of a text.

    Args:
        path: the file.
        text: its text, or that of a cell, as Python.
        position: where in the text.
        may_run: whether anything of the folder may be used.
        cell: the URI of the notebook's cell that the text is from, where it is from one.
    """
    place = {"path": path, "line": str(position.line), "column": str(position.column)}
    if cell is not None:
        place["cell"] = cell
    actions: list[Action] = []
    if may_run and (path.endswith(".py") or cell is not None):
        actions.append(Action("Move it to where secrets live", RUN, Call("moveCredential", place)))
        if loading(text, position) is not None:
            title = "Move it there, and load it from a Prefect Secret block"
            actions.append(Action(title, RUN, Call("moveCredential", {**place, "to": "block"})))
    if not path.endswith(NOTEBOOK) or cell is not None:
        actions.append(Action("Mark it as no secret", RUN, Call("markNoSecret", place)))
    actions.append(Action(f"Note it as no secret in {BASELINE}", RUN, Call("noteNoSecret", place)))
    return tuple(actions)


def marked(text: str, credential: Credential) -> Edit:
    """Return the edit that says that a credential is none."""
    line = credential.span.end.line
    end = Position(line, len(text.split("\n")[line].rstrip("\r")))
    return Edit(Span(end, end), f"  # {MARK}")


def noted(baseline: str, path: str, line: int, credential: Credential) -> Edit | None:
    """Return the edit of a baseline, empty where there is none, that says so; None where it is no baseline.

    Args:
        baseline: its text.
        path: the file in which the credential stands.
        line: its line there, from 0.
        credential: which it is.
    """
    new = with_value(baseline, path, line + 1, credential.kind, credential.inner or credential.value)
    if new is None:
        return None
    lines = baseline.split("\n")
    return Edit(Span(Position(0, 0), Position(len(lines) - 1, len(lines[-1]))), new)


def moved(text: str, credential: Credential, name: str) -> tuple[Edit, ...]:
    """Return the edits that have a module read a credential from its environment."""
    return _replaced(credential, f'os.environ["{name}"]', importing(text, "os"))


def block_of(name: str) -> str:
    """Return what a variable's Secret block is called: small letters, digits and dashes, as Prefect wants it."""
    return name.lower().replace("_", "-")


def loaded(text: str, credential: Credential, name: str) -> tuple[Edit, ...] | None:
    """Return the edits that have a module load a credential from a Secret block; None where it cannot do that there."""
    if (form := loading(text, credential.span.start)) is None:
        return None
    return _replaced(credential, form.format(block_of(name)), importing(text, *_SECRET))


def loading(text: str, position: Position) -> str | None:
    """Return how a Secret block is loaded at a place, its name being `{}`; None where that makes no sense.

    It does where a module uses Prefect, and where the place is in the body of a function: elsewhere it would ask
    Prefect's API when the module is imported, and tests could not give it what it is to find.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None
    at = position.line + 1, len(text.split("\n")[position.line][: position.column].encode())
    around = [node for node in ast.walk(tree) if _has(node, at)]
    functions = [node for node in around if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = next((node for node in reversed(functions) if any(_has(part, at) for part in node.body)), None)
    is_block = any(isinstance(node, ast.Call) and _called(node) == "Secret" for node in around)
    if inner is None or is_block or not _uses_prefect(tree) or _means_another(tree):
        return None
    return 'Secret.load("{}").get()' if isinstance(inner, ast.FunctionDef) else '(await Secret.load("{}")).get()'


def _replaced(credential: Credential, by: str, needed: Edit | None) -> tuple[Edit, ...]:
    return (*(() if needed is None else (needed,)), Edit(credential.span, by))


def _has(node: ast.AST, at: tuple[int, int]) -> bool:
    if not isinstance(node, ast.stmt | ast.expr) or node.end_lineno is None or node.end_col_offset is None:
        return False
    return (node.lineno, node.col_offset) <= at < (node.end_lineno, node.end_col_offset)


def _called(node: ast.Call) -> str:
    """Return the last name of what a call calls."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _uses_prefect(tree: ast.Module) -> bool:
    names = [one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names]
    names += [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    return any(name.partition(".")[0] == "prefect" for name in names)


def _means_another(tree: ast.Module) -> bool:
    """Whether `Secret` is something else in a module."""
    named = [
        (one.asname or one.name, node.module if isinstance(node, ast.ImportFrom) else "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for one in node.names
    ]
    defined = any(isinstance(node, ast.ClassDef) and node.name == "Secret" for node in ast.walk(tree))
    return defined or any(name == "Secret" and module != _SECRET[0] for name, module in named)


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
