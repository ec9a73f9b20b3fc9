"""The environment of a folder's tests as a text: explained, or checked by fetching every variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.environment.explaining import checked, explained
from prefect_lens.environment.resolving import Place, Resolved
from prefect_lens.model import Interpreter, Trouble

if TYPE_CHECKING:
    from prefect_lens.lsp.app import App
    from prefect_lens.session.folder import Folder


async def environment_text(app: App, folder: Folder, *, is_check: bool) -> str:
    """Return the text. With `is_check` everything is fetched, and whoever asked is asked to agree to it."""
    await folder.complete()
    vault, person, profile = app.session.vault, app.outlet.person(folder), folder.settings.profile
    texts: list[str] = []
    for project in folder.reading.projects or (".",):
        environment = folder.environment(project)
        if environment is None:
            continue
        if isinstance(environment, Trouble):
            texts.append(environment.message)
            continue
        found = await app.session.interpreters.find(folder, project)
        place = Place(folder.root, project, found if isinstance(found, Interpreter) else None, person)
        if not is_check:
            texts.append("\n".join(explained(vault, place, environment, profile)))
            continue
        resolved = await vault.resolve(place, environment, (name for name, _ in environment.variables))
        app.session.values_fetched(folder)
        if isinstance(resolved, Resolved):
            texts.append("\n".join((f"Environment of {place.root.name}", *checked(resolved.entries, environment))))
        else:
            texts.append("\n".join(trouble.message for trouble in resolved))
    return "\n\n".join(texts) or (
        "There is no [tool.prefect-lens.environment] in pyproject.toml: tests find what `pytest` would find."
    )
