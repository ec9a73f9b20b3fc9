"""The commands that the server executes: one function each, named as in docs/protocol.md."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams

from prefect_lens.features.results import function_id, node_id
from prefect_lens.features.suggest import Suggestion, suggest_test
from prefect_lens.lsp import payloads
from prefect_lens.lsp.arguments import Arguments, WrongArgumentsError
from prefect_lens.lsp.convert import PREFIX, to_range
from prefect_lens.lsp.credentials import mark_no_secret, move_credential, note_no_secret
from prefect_lens.lsp.debugging import AttachingEditor, stop_at
from prefect_lens.lsp.editing import limit_network
from prefect_lens.lsp.failures import mark_expected, show_traceback
from prefect_lens.model import Definition, Diagnostic, Position, Severity, Span, Trouble
from prefect_lens.session.selection import (
    Everything,
    Failed,
    File,
    NothingToRunError,
    Selection,
    Targets,
    Tests,
    test_id,
)
from prefect_lens.session.trust import NotTrustedError

if TYPE_CHECKING:
    from prefect_lens.lsp.app import App
    from prefect_lens.session.folder import Folder

REQUEST_FAILED = -32803

COPY = "Copy command"
SHOW = "Show log"
CREATE = "Create the test"


async def execute(app: App, params: types.ExecuteCommandParams) -> object:
    """Execute a command and return its answer."""
    name = params.command.removeprefix(PREFIX)
    command = COMMANDS.get(name) if params.command.startswith(PREFIX) else None
    if command is None:
        raise JsonRpcInvalidParams(f"There is no command {params.command!r}.")
    try:
        return await command(app, Arguments(params.arguments), params.work_done_token)
    except WrongArgumentsError as error:
        raise JsonRpcInvalidParams(f"{params.command}: {error}") from error
    except (NotTrustedError, NothingToRunError) as error:
        raise JsonRpcException(str(error), REQUEST_FAILED) from error


async def run(app: App, arguments: Arguments, token: types.ProgressToken | None) -> object:
    """Run tests; the answer is how it ended. Cancelling the request cancels the run, and the answer says so.

    A client that would wait for the answer gets it at once, and a message at the end.
    """
    folder, selection = _selection(app, arguments)
    if not app.runs_in_background:
        return await _run(app, folder, selection, token)
    app.soon(_run_and_tell(app, folder, selection))
    return None


async def debug(app: App, arguments: Arguments, token: types.ProgressToken | None) -> object:
    """Run tests with the editor's debugger attached; else as `run`."""
    if not app.client.wants("debug"):
        raise NothingToRunError(
            "This editor cannot attach a debugger for Prefect Lens. `pytest --pdb` stops where a test fails."
        )
    folder, selection = _selection(app, arguments)
    return await _run(app, folder, selection, token, AttachingEditor(app, folder, stop_at(app, folder, arguments)))


async def _run(
    app: App,
    folder: Folder,
    selection: Selection,
    token: types.ProgressToken | None,
    debugger: AttachingEditor | None = None,
) -> dict[str, object]:
    if not app.session.trust.may_run:
        app.client.request_trust()
    await app.settings_read()  # they name the interpreter
    if not app.hears_of_files:
        folder.load()
    if isinstance(selection, Targets):
        await _tell_of_search(app, folder, selection)
    started = await app.session.run(folder, selection, debugger)
    app.outlet.show_progress(started, token)
    try:
        summary = await started.result()
    except asyncio.CancelledError:
        started.cancel()
        summary = await started.result()
    if summary.trouble is not None:
        app.soon(_offer_cure(app, summary.trouble))
    return payloads.summary(started.id, summary)


async def _tell_of_search(app: App, folder: Folder, selection: Targets) -> None:
    """Tell that a run has to wait until its tests have been found, where that is so."""
    for path in {entrypoint.rpartition(":")[0] for entrypoint in selection.entrypoints}:
        if (await app.session.view_of(folder, path)).is_searching and folder.is_complete:
            names = ", ".join(entrypoint.rpartition(":")[2] for entrypoint in selection.entrypoints)
            app.client.show_message(f"Prefect Lens: the tests of {names} run once all of them have been found.")
            return


async def _run_and_tell(app: App, folder: Folder, selection: Selection) -> None:
    """Run tests of which the client no longer waits to hear. The token of its request has ended with the answer."""
    try:
        ended = await _run(app, folder, selection, None)
    except (NotTrustedError, NothingToRunError) as error:
        app.client.show_message(str(error), types.MessageType.Error)
    else:
        if ended["trouble"] is None:
            app.client.show_message(f"Prefect Lens: {ended['message']}")


async def run_on_save(app: App, arguments: Arguments, _token: object) -> object:
    """Run the tests that a change affects whenever a file is saved, beside what the setting says; or no more."""
    folder, is_on = arguments.folder(app.session), arguments.switch("on")
    if is_on and not app.session.trust.may_run:
        app.client.request_trust()
        raise NotTrustedError("This workspace is not trusted, and so nothing of it is run.")
    app.session.trust.commanded(folder.root)
    app.session.saving.switch(folder, frozenset(arguments.texts("targets", needed=False)), is_on=is_on)
    return None


async def cancel(app: App, arguments: Arguments, _token: object) -> object:
    """Stop a run, or all."""
    return {"cancelled": app.session.cancel(arguments.text("run"))}


async def clear_results(app: App, _arguments: Arguments, _token: object) -> object:
    """Forget what runs have said."""
    await app.session.clear_results()
    return None


async def show_output(app: App, arguments: Arguments, _token: object) -> object:
    """Show what the last run of a definition's tests, of single tests or of all of them wrote."""
    folder = arguments.folder(app.session)
    target, tests = arguments.text("target"), arguments.texts("tests", needed=False)
    await app.session.settle(folder)
    wanted = frozenset(function_id(test_id(test)) for test in tests) if tests else None
    if target is not None:
        wanted = frozenset(await asyncio.to_thread(_functions, folder, target))
    text = "\n".join(
        f"{node_id(case.test)}  {case.outcome}  {case.seconds:.2f} s\n{payloads.output_of(case)}".rstrip() + "\n"
        for batch in folder.results.batches
        for case in batch.cases
        if (wanted is None or function_id(case.test) in wanted) and (not tests or node_id(case.test) in tests)
    )
    outputs = dict.fromkeys(
        output for function, output in folder.results.outputs.items() if wanted is None or function in wanted
    )
    text = "\n".join(part for part in (text, *outputs) if part.strip()) or "No test of it has run yet."
    title = target or (tests[0] if len(tests) == 1 else folder.root.name)
    app.client.show_output(f"Output of {title}", text)
    return {"title": title, "text": text}


async def copy(app: App, arguments: Arguments, _token: object) -> object:
    """Put a text where the user can paste it from."""
    app.client.copy_text(arguments.required("text"))
    return None


async def go_to_failure(app: App, arguments: Arguments, _token: object) -> object:
    """Open the first diagnostic of a definition's tests."""
    folder = arguments.folder(app.session)
    target = arguments.required("target")
    await app.session.settle(folder)
    functions = frozenset(await asyncio.to_thread(_functions, folder, target))
    found = [
        one
        for one in app.session.diagnostics(folder)
        if any(function_id(test_id(node)) in functions for node in one.tests)
    ]
    if not found:
        await show_output(app, arguments, None)
        return None
    place = min(found, key=lambda one: _rank(one, target)).location
    range_ = to_range(app.columns, app.lines(folder)(place.path), place.span)
    if not await app.client.show_document(app.file_uri(folder, place.path), range_):
        app.client.show_message(f"{place.path}:{place.span.start.line + 1}")
    return None


async def suggest(app: App, arguments: Arguments, _token: object) -> object:
    """Say where a test of a definition could go, and begin it there if the user wants that."""
    folder = arguments.folder(app.session)
    await folder.complete()
    definition, suggestion = await asyncio.to_thread(_suggestion, folder, arguments.required("target"))
    text = f"No test exercises the {definition.kind} '{definition.name}'. A test could go to {suggestion.path}."
    can_create = bool(suggestion.text) and app.client.can("workspace.apply_edit")
    app.soon(
        _offer_test(app, folder, suggestion.path, suggestion.text, text) if can_create else app.client.ask(text, [])
    )
    return {"path": suggestion.path}


async def show_trouble(app: App, arguments: Arguments, _token: object) -> object:
    """Say why tests could not run, and offer the cure."""
    folder = arguments.folder(app.session)
    target = arguments.text("target")
    if target is None:
        trouble = app.session.troubles[-1] if app.session.troubles else None
    else:
        functions = await asyncio.to_thread(_functions, folder, target)
        trouble = next((t for f in functions if (t := folder.results.troubles.get(f)) is not None), None)
    if trouble is not None:
        app.soon(_offer_cure(app, trouble))
    return payloads.trouble(trouble)


async def request_trust(app: App, _arguments: Arguments, _token: object) -> object:
    """Ask the editor to ask its user for trust."""
    app.client.request_trust()
    return None


async def environment_info(app: App, arguments: Arguments, _token: object) -> object:
    """Return a text for a bug report."""
    from prefect_lens.lsp.report import environment_report  # noqa: PLC0415  what it needs, no lens needs

    folders = [arguments.folder(app.session)] if arguments.text("folder") else list(app.session.folders.values())
    return await environment_report(app.session, folders)


async def explain_environment(app: App, arguments: Arguments, _token: object) -> object:
    """Show where the variables of a folder's tests come from. Nothing is fetched, unless the person asks to check."""
    from prefect_lens.lsp.environment import environment_text  # noqa: PLC0415  what it needs, no lens needs

    folder = arguments.folder(app.session)
    await folder.complete()
    is_check = arguments.text("what") == "check"
    if is_check and not app.session.trust.may_run:
        raise NotTrustedError("This workspace is not trusted, and so nothing is fetched for it.")
    text = await environment_text(app, folder, is_check=is_check)
    app.client.show_output(f"Environment of {folder.root.name}", text)
    return {"text": text}


async def forget_values(app: App, _arguments: Arguments, _token: object) -> object:
    """Forget every value that was fetched: the next run fetches them anew."""
    app.session.vault.forget()
    return None


Command = Callable[["App", Arguments, Any], Awaitable[object]]

COMMANDS: Mapping[str, Command] = {
    "run": run,
    "runOnSave": run_on_save,
    "debug": debug,
    "cancel": cancel,
    "clearResults": clear_results,
    "showOutput": show_output,
    "copy": copy,
    "goToFailure": go_to_failure,
    "suggestTest": suggest,
    "showTrouble": show_trouble,
    "requestTrust": request_trust,
    "environmentInfo": environment_info,
    "explainEnvironment": explain_environment,
    "forgetValues": forget_values,
    "markNoSecret": mark_no_secret,
    "noteNoSecret": note_no_secret,
    "moveCredential": move_credential,
    "limitNetwork": limit_network,
    "showTraceback": show_traceback,
    "markExpected": mark_expected,
}


def _selection(app: App, arguments: Arguments) -> tuple[Folder, Selection]:
    match arguments.required("scope"):
        case "targets":
            return arguments.folder(app.session), Targets(arguments.texts("targets"))
        case "file":
            folder, path = arguments.file(app.session)
            return folder, File(path)
        case "tests":
            return arguments.folder(app.session), Tests(arguments.texts("tests"))
        case "all":
            return arguments.folder(app.session), Everything()
        case "failed":
            return arguments.folder(app.session), Failed()
        case "last":
            folder = arguments.folder(app.session)
            return folder, app.session.last(folder)
        case other:
            raise WrongArgumentsError(
                f"scope: {other!r} is not known; there are: targets, file, tests, all, last, failed."
            )


def _definition(folder: Folder, target: str) -> Definition:
    if (definition := folder.snapshot.definition(target)) is None:
        raise NothingToRunError(f"There is no flow or task {target}.")
    return definition


def _functions(folder: Folder, target: str) -> list[str]:
    return [match.test.node_id for match in folder.snapshot.matches(_definition(folder, target))]


def _rank(diagnostic: Diagnostic, target: str) -> tuple[int, bool, Position]:
    """Order diagnostics by how likely they are what a person looks for: errors, and in the definition's own file."""
    order = (Severity.ERROR, Severity.WARNING, Severity.INFORMATION, Severity.HINT)
    path = target.rpartition(":")[0]
    place = diagnostic.location
    return order.index(diagnostic.severity), place.path != path, place.span.start


def _suggestion(folder: Folder, target: str) -> tuple[Definition, Suggestion]:
    definition = _definition(folder, target)
    return definition, suggest_test(definition, folder.snapshot.project_of(definition.path))


async def _offer_cure(app: App, trouble: Trouble) -> None:
    answers = [COPY] if trouble.cure_is_command and trouble.cure else []
    if trouble.detail:
        answers.append(SHOW)
    match await app.client.ask(trouble.message, answers, types.MessageType.Warning):
        case "Copy command":
            app.client.copy_text(trouble.cure or "")
        case "Show log":
            app.client.show_output("Prefect Lens", f"{trouble.message}\n\n{trouble.detail}")
        case _:
            pass


async def _offer_test(app: App, folder: Folder, path: str, text: str, question: str) -> None:
    """Ask, and put the beginning of a test at the end of a file, which is made where it is not there."""
    if await app.client.ask(question, [CREATE]) != CREATE:
        return
    uri = app.file_uri(folder, path)
    before = app.lines(folder)(path)
    is_new = folder.text(path) is None
    end = Position(len(before) - 1, len(before[-1]))
    gap = "" if is_new or before == [""] else "\n\n" if before[-1] == "" else "\n\n\n"
    range_ = to_range(app.columns, before, Span(end, end))
    document = types.OptionalVersionedTextDocumentIdentifier(uri)
    changes: list[Any] = [types.TextDocumentEdit(document, [types.TextEdit(range_, gap + text)])]
    if is_new:
        changes.insert(0, types.CreateFile(uri, options=types.CreateFileOptions(ignore_if_exists=True)))
    if await app.client.apply_edit("Begin a test", types.WorkspaceEdit(document_changes=changes)):
        await app.client.show_document(uri, range_)
