"""What is written down of a run: when it begins who wants what, and when it has ended what came of it.

A value of a variable never is, nor an exception's message or a test's output, which may hold one. Names that the run
told have been masked before they come here.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_prefect_lens.addresses import ADDRESSING

from prefect_lens.audit.repository import code_of
from prefect_lens.model import Ending

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_prefect_lens.wire import CaseRecord, RunRecord, TestId

    from prefect_lens.audit.keys import Key
    from prefect_lens.audit.trigger import Trigger
    from prefect_lens.engine.request import Injected, RunRequest
    from prefect_lens.model import RunResult

STARTED, ENDED, REFUSED = "run started", "run ended", "run refused"

UNTRUSTED = "the workspace is not trusted"
"""Why nothing of a workspace is run, beside the codes of the machinery's failures."""


@dataclass(frozen=True)
class NotBegun:
    """A run that somebody wanted and that did not begin."""

    why: tuple[str, ...]
    """Codes of the machinery's failures, or `UNTRUSTED`; empty where whoever wanted it has cancelled it."""
    folder: Path
    project: str = "."
    tests: tuple[TestId, ...] = ()
    files: tuple[str, ...] = ()


MOST_RUNS = 500
"""The most flow and task runs that are told one by one; of the others, how many there were."""


def started(run: str, trigger: Trigger, request: RunRequest, environ: Mapping[str, str], key: Key) -> dict[str, Any]:
    """Return what is written when a run begins."""
    interpreter = request.interpreter
    return {
        "what": STARTED,
        "run": run,
        "by": trigger.facts(),
        "folder": str(request.folder),
        "project": request.project,
        "tests": [node_id(test) for test in request.tests],
        "files": list(request.files),
        "interpreter": {
            "path": interpreter.path,
            "python": interpreter.python,
            "pytest": interpreter.pytest,
            "prefect": interpreter.prefect,
        },
        "code": code_of(Path(request.folder), key),
        "environment": _environment(request.environment, environ, key),
    }


def refused(run: str, trigger: Trigger, not_begun: NotBegun, key: Key) -> dict[str, Any]:
    """Return what is written of a run that did not begin."""
    told: dict[str, Any] = {
        "what": REFUSED,
        "run": run,
        "by": trigger.facts(),
        "folder": str(not_begun.folder),
        "project": not_begun.project,
        "tests": [node_id(test) for test in not_begun.tests],
        "files": list(not_begun.files),
        "outcome": "refused" if not_begun.why else "cancelled",
        "why": list(not_begun.why),
    }
    # In a folder that is not trusted git is not asked: what its configuration names might run.
    return told if UNTRUSTED in not_begun.why else {**told, "code": code_of(not_begun.folder, key)}


def ended(run: str, result: RunResult) -> dict[str, Any]:
    """Return what is written when a run has ended."""
    runs = [(case, one) for case in result.cases for one in case.runs]
    told: dict[str, Any] = {
        "what": ENDED,
        "run": run,
        "outcome": outcome(result),
        "seconds": round(result.seconds, 3),
        "versions": dict(zip(("python", "pytest", "prefect"), result.versions, strict=True)),
        "tests": {node_id(case.test): case.outcome for case in result.cases},
        "runs": [_run(case, one) for case, one in runs[:MOST_RUNS]],
    }
    if len(runs) > MOST_RUNS:
        told["runs beside that"] = len(runs) - MOST_RUNS
    if result.trouble:
        told["trouble"] = [one.code for one in result.trouble]
    if result.collect_errors:
        told["not collected"] = [one.path for one in result.collect_errors]
    return told


def inherited_environment(
    environ: Mapping[str, str], key: Key, patterns: tuple[str, ...] | None = None
) -> dict[str, Any]:
    """Return the names that tests inherit, each with a fingerprint of its value; None for patterns is all."""
    return {
        "inherited": {
            name: key.fingerprint(name, value)
            for name, value in sorted(environ.items())
            if not ADDRESSING.fullmatch(name.upper()) and _is_inherited(name, patterns)
        }
    }


def outcome(result: RunResult) -> str:
    """Return how a run ended, in a word."""
    match result.ending:
        case Ending.CANCELLED:
            return "cancelled"
        case Ending.BROKEN:
            return "broken"
        case Ending.COMPLETE:
            is_bad = result.collect_errors or any(case.outcome in ("failed", "error") for case in result.cases)
            return "failed" if is_bad else "passed" if result.cases else "nothing"


def node_id(test: TestId) -> str:
    """Return a test's node ID, its parameters with it."""
    name = "::".join((test.path, *test.names))
    return name if test.params is None else f"{name}[{test.params}]"


def _run(case: CaseRecord, run: RunRecord) -> dict[str, Any]:
    return {
        "test": node_id(case.test),
        "kind": run.kind,
        "name": run.name,
        "at": f"{run.path}:{run.qualname}",
        "id": run.id,
        "parent": run.parent,
        "states": [[state.name or state.type, round(state.time, 3)] for state in run.states],
    }


def _environment(given: Injected, environ: Mapping[str, str], key: Key) -> dict[str, Any]:
    sources = dict(given.sources)
    found = {
        "variables": {
            name: {"source": sources.get(name, "configured"), "fingerprint": key.fingerprint(name, value)}
            for name, value in given.variables
        },
        **inherited_environment(environ, key, given.inherit),
    }
    if given.network is not None:
        found["network"] = list(given.network)
    return found


def _is_inherited(name: str, patterns: tuple[str, ...] | None) -> bool:
    return patterns is None or any(fnmatchcase(name, pattern) for pattern in patterns)
