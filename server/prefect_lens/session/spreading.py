"""Over how many processes a click's tests run, by what the editor and the project allow and how long they take."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from prefect_lens.engine import parallel
from prefect_lens.features.results import function_id

if TYPE_CHECKING:
    from prefect_lens.engine.request import RunRequest
    from prefect_lens.session.folder import Folder
    from prefect_lens.session.selection import Part


def spread(folder: Folder, part: Part, request: RunRequest) -> RunRequest:
    """Return the request for a part of a run, spread where that is allowed and saves time."""
    chosen = folder.settings.parallel
    wanted = chosen if chosen is not None else folder.project_settings(part.project).parallel
    if wanted == 1:
        return request
    functions = part.whole | {function_id(test) for test in part.tests}
    results = folder.results.tests
    known = parallel.weights(sorted(functions), {name: results[name].seconds for name in functions if name in results})
    project = folder.snapshot.project_of("_" if part.project == "." else f"{part.project}/_")
    seconds = sum(takes for _, takes in known)
    options = (*project.options, *request.pytest_args)
    count = parallel.processes(wanted, seconds, request.interpreter, options)
    return replace(request, processes=count, known=known)
