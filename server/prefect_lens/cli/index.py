"""`prefect-lens index`: the flows and tasks of a folder, and the tests that run each, with the reason."""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from prefect_lens.model import Definition, Deployment, Diagnostic, Location, Match


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", nargs="?", default=".", metavar="PATH", help="the folder to read (default: here)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--static", action="store_true", help="say what the code tells, without what runs have shown")


def run(arguments: argparse.Namespace) -> int:
    """Print the index of a folder. Nothing of it is imported or run."""
    folder = Path(arguments.path)
    if not folder.is_dir():
        what = "is no folder; give the folder of the project" if folder.exists() else "does not exist"
        print(f"prefect-lens index: {folder} {what}.", file=sys.stderr)
        return 2
    gc.disable()  # nothing of what follows is freed before the end
    from prefect_lens import workspace  # noqa: PLC0415  --help needs none of it
    from prefect_lens.facts_cache import FactsCache  # noqa: PLC0415
    from prefect_lens.observations import Observations  # noqa: PLC0415

    cache = FactsCache(folder)
    loaded = workspace.load_all(folder, cache=cache)
    cache.save(loaded.snapshot.resolved())
    snapshot = loaded.snapshot
    if not arguments.static:
        snapshot = snapshot.observing(Observations(folder).load())
    index = [(definition, snapshot.matches(definition)) for definition in snapshot.definitions()]
    deployments = snapshot.deployments()
    problems = (*snapshot.problems(), *(problem.diagnostic for problem in loaded.problems))
    if arguments.json:
        print(json.dumps(_json(index, deployments, problems), indent=2, ensure_ascii=False))
    else:
        for line in _lines(
            index, snapshot.deployments(), problems, uses_prefect=snapshot.uses_prefect, folder=str(arguments.path)
        ):
            print(line)
    return 0


def _json(
    index: list[tuple[Definition, tuple[Match, ...]]],
    deployments: tuple[tuple[Deployment, Definition | None], ...],
    problems: tuple[Diagnostic, ...],
) -> dict[str, Any]:
    return {
        "definitions": [_definition(definition, matches) for definition, matches in index],
        "deployments": [
            {
                "name": one.name,
                "entrypoint": one.entrypoint,
                **_place(one.location),
                "flow": flow.entrypoint if flow is not None else None,
            }
            for one, flow in deployments
        ],
        "problems": [
            {
                "file": problem.location.path,
                "line": problem.location.span.start.line + 1,
                "column": problem.location.span.start.column + 1,
                "severity": problem.severity.value,
                "code": problem.code,
                "message": problem.message,
            }
            for problem in problems
        ],
    }


def _definition(definition: Definition, matches: tuple[Match, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "entrypoint": definition.entrypoint,
        "kind": definition.kind.value,
        "name": definition.name,
        "file": definition.location.path,
        "line": definition.location.span.start.line + 1,
    }
    if definition.declared_at is not None:
        found["declared_at"] = _place(definition.declared_at)
    found["tests"] = [
        {
            "node_id": match.test.node_id,
            "match": match.how.value,
            "evidence": match.evidence.value,
            "reason": match.reason,
        }
        for match in matches
    ]
    return found


def _place(location: Location) -> dict[str, Any]:
    return {"file": location.path, "line": location.span.start.line + 1}


def _lines(
    index: list[tuple[Definition, tuple[Match, ...]]],
    deployments: tuple[tuple[Deployment, Definition | None], ...],
    problems: tuple[Diagnostic, ...],
    *,
    uses_prefect: bool,
    folder: str,
) -> list[str]:
    style = _Style()
    lines: list[str] = []
    path = ""
    of_flow: dict[str, list[str]] = {}
    for one, flow in deployments:
        if flow is not None:
            of_flow.setdefault(flow.entrypoint, []).append(one.name)
    for definition, matches in index:
        if definition.path != path:
            path = definition.path
            if lines:
                lines.append("")
            lines.append(style.bold(path))
        at = definition.declared_at or definition.location
        count = f"{len(matches)} test{'' if len(matches) == 1 else 's'}" if matches else "No tests"
        where = style.dim(f":{at.span.start.line + 1}")
        lines.append(f"  {definition.kind.value} {style.bold(definition.qualname)}{where}  {count}")
        if definition.entrypoint in of_flow:
            lines.append(f"    deployed as {', '.join(of_flow[definition.entrypoint])}")
        for number, match in enumerate(matches):
            branch = "└" if number == len(matches) - 1 else "├"
            why = style.dim(f"  {match.how.value}: {match.reason}")
            lines.append(f"    {branch} {match.test.node_id}{why}")
    for problem in problems:
        start = problem.location.span.start
        at_problem = f"{problem.location.path}:{start.line + 1}:{start.column + 1}"
        lines.append(f"{at_problem}: {problem.code} {problem.message}")
    if not index:
        lines.append(
            f"No flow or task is defined in {folder}."
            if uses_prefect
            else f"Nothing in {folder} uses Prefect: no Python file names it."
        )
    return lines


class _Style:
    """Colour on a terminal that wants it, else none."""

    def __init__(self) -> None:
        self._on = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._on else text

    def dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self._on else text
