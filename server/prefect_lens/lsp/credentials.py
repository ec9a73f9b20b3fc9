"""What a person does about a credential that was found: say that it is none, or move it to where secrets live."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.environment.keeping import put_into_keyring
from prefect_lens.features.credentials import block_of, configured, loaded, loading, marked, moved, noted
from prefect_lens.index.baseline import NAME as BASELINE
from prefect_lens.index.config import join
from prefect_lens.index.credentials import Credential, find_credentials, find_in_cell
from prefect_lens.index.notebooks import as_python
from prefect_lens.lsp.arguments import Arguments, WrongArgumentsError
from prefect_lens.lsp.editing import change
from prefect_lens.model import Interpreter, Position
from prefect_lens.session.selection import NothingToRunError
from prefect_lens.session.trust import NotTrustedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.lsp.app import App
    from prefect_lens.session.folder import Folder


async def mark_no_secret(app: App, arguments: Arguments, _token: object) -> object:
    """Say in a credential's line that it is none."""
    at = _found(app, arguments)
    await change(app, "Mark as no secret", {at.uri: (at.text, [marked(at.text, at.credential)])})
    return None


async def note_no_secret(app: App, arguments: Arguments, _token: object) -> object:
    """Say in the folder's baseline that a credential is none."""
    at = _found(app, arguments)
    before = at.folder.text(BASELINE)
    edit = noted(before or "", at.path, at.line, at.credential)
    if edit is None:
        app.client.show_message(f"{BASELINE} is not as detect-secrets writes it, and so nothing is added to it.")
    else:
        await change(app, "Note as no secret", {app.file_uri(at.folder, BASELINE): (before, [edit])})
    return None


async def move_credential(app: App, arguments: Arguments, _token: object) -> object:
    """Put a credential into the keyring, else into the editor's storage, and have code and configuration say so.

    The code reads its environment, or, with `to` as `block`, loads a Secret block, which is for a person to save.
    """
    if not app.session.trust.may_run:
        raise NotTrustedError("This workspace is not trusted, and so nothing of it is used.")
    at = _found(app, arguments)
    folder, credential = at.folder, at.credential
    is_block = arguments.text("to") == "block"
    if not credential.is_literal:
        app.client.show_message("This credential is a part of something larger, and has to be moved by hand.")
        return None
    if is_block and loading(at.code, credential.span.start) is None:
        app.client.show_message("A Secret block cannot be loaded here: that has to be done in a function's body.")
        return None
    project = folder.snapshot.project_of(at.path).root
    settings = join(project, "pyproject.toml")
    before = folder.text(settings)
    name = _free_name(folder, project, credential.name)
    service = folder.root.name if project == "." else project.rpartition("/")[2]
    what = f"{name} of {service}"
    in_keyring, in_editor = f"{{ keyring = {json.dumps(f'{service}/{name}')} }}", f"{{ editor = {json.dumps(what)} }}"
    if configured(before or "", name, in_keyring) is None:
        app.client.show_message(f"{settings} cannot be changed for it. Write it by hand: {name} = {in_keyring}")
        return None
    found = await app.session.interpreters.find(folder, project)
    interpreter = found if isinstance(found, Interpreter) else None
    if await put_into_keyring(interpreter, service, name, credential.value):
        source, where = in_keyring, "the keyring"
    elif await app.client.keep_secret(app.folder_uri(folder.root), what, credential.value):
        source, where = in_editor, "the editor's secret storage"
    else:
        app.client.show_message("There is neither a keyring nor an editor's storage here that takes it.")
        return None
    edit = configured(before or "", name, source)
    code = loaded(at.code, credential, name) if is_block else moved(at.code, credential, name)
    assert edit is not None, "it was tried above"
    assert code is not None, "it was tried above"
    changes = {at.uri: (at.text, code), app.file_uri(folder, settings): (before, [edit])}
    if await change(app, "Move a credential", changes):
        app.client.show_message(
            f"{name} is in {where} now, and tests get it from there. {_next_steps(name) if is_block else ''}"
            "Change it: who has the file could read it."
        )
    return {"name": name, "where": where}


def _next_steps(name: str) -> str:
    block = block_of(name)
    return (
        f'Save a Secret block "{block}" where your flows run; in tests, which have an empty Prefect of their own, '
        f'mock_secrets({{"{block}": os.environ["{name}"]}}) gives it. '
    )


@dataclass(frozen=True)
class _Place:
    """Where a credential stands: in a file, or in a cell of a notebook that is open."""

    folder: Folder
    path: str
    uri: str
    text: str
    code: str
    """The text as Python, its places the same."""
    credential: Credential
    line: int
    """The credential's line in the file, from 0."""


def _found(app: App, arguments: Arguments) -> _Place:
    folder, path, cell = arguments.folder(app.session), arguments.required("path"), arguments.text("cell")
    at = Position(_number(arguments, "line"), _number(arguments, "column"))
    text = folder.text(path) or ""
    if cell is None:
        credential = _at(find_credentials(path, text), at)
        return _Place(folder, path, app.file_uri(folder, path), text, text, credential, credential.span.start.line)
    if (known := app.notebooks.cell(cell)) is None or known.folder is not folder or known.path != path:
        raise NothingToRunError("The notebook is not open any more.")
    credential = _at(find_in_cell(path, known.text), at)
    saved = (one.span.start.line for one in find_credentials(path, text) if one.value == credential.value)
    return _Place(folder, path, cell, known.text, as_python(known.text), credential, next(saved, at.line))


def _at(found: Iterable[Credential], at: Position) -> Credential:
    credential = next((one for one in found if one.span.start <= at <= one.span.end), None)
    if credential is None:
        raise NothingToRunError("There is no credential any more.")
    return credential


def _number(arguments: Arguments, name: str) -> int:
    given = arguments.required(name)
    if not given.isdecimal():
        raise WrongArgumentsError(f"{name}: expected a number, got {given!r:.80}.")
    return int(given)


def _free_name(folder: Folder, project: str, wanted: str) -> str:
    environment = folder.project_settings(project).environment
    taken = {name for name, _ in environment.variables} if environment is not None else set[str]()
    names = (wanted, *(f"{wanted}_{number}" for number in range(2, 1000)))
    return next(name for name in names if name not in taken)
