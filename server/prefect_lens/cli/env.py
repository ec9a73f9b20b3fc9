"""`prefect-lens env`: what the tests find in their environment, whether it can be had, what may be fetched for it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_lens.model import Interpreter, Trouble

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from prefect_lens.environment.resolving import Place, Vault
    from prefect_lens.index.environment import Environment
    from prefect_lens.index.snapshot import Snapshot

WELL, COULD_NOT = 0, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    commands = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    check = commands.add_parser("check", help="fetch every variable, and show where it comes from; never a value")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.add_argument("--allow", action="store_true", help="allow what that needs, for this call")
    explain = commands.add_parser("explain", help="show what is configured, or one variable; nothing is fetched")
    explain.add_argument("variable", nargs="?", metavar="VARIABLE", help="the variable (default: all)")
    allow = commands.add_parser("allow", help="allow what the variables need to be fetched, until that changes")
    for command in (check, explain, allow):
        command.add_argument("--profile", metavar="NAME", help="the profile (default: none)")


def run(arguments: argparse.Namespace) -> int:
    """Look at the environments of the projects in the working folder."""
    from prefect_lens import workspace  # noqa: PLC0415  --help needs none of it
    from prefect_lens.engine.folders import state_folder  # noqa: PLC0415
    from prefect_lens.environment.resolving import Vault  # noqa: PLC0415
    from prefect_lens.facts_cache import FactsCache  # noqa: PLC0415

    folder = Path.cwd()
    cache = FactsCache(folder)
    snapshot = workspace.load_all(folder, cache=cache).snapshot
    cache.save(snapshot.resolved())
    vault = Vault(os.environ, state_folder())
    status = WELL
    found = list(_environments(snapshot, folder, arguments))
    if not found:
        print("There is no [tool.prefect-lens.environment] here: tests find what `pytest` would find.")
    for place, environment in found:
        if isinstance(environment, Trouble):
            print(environment.message, file=sys.stderr)
            status = COULD_NOT
            continue
        match arguments.what:
            case "allow":
                status = max(status, _allow(vault, place, environment))
            case "explain":
                status = max(status, _explain(vault, place, environment, arguments, snapshot))
            case _:
                status = max(status, asyncio.run(_check(vault, place, environment, as_json=arguments.json)))
    return status


def _environments(
    snapshot: Snapshot, folder: Path, arguments: argparse.Namespace
) -> Iterator[tuple[Place, Environment | Trouble]]:
    from prefect_lens.cli.person import CommandPerson  # noqa: PLC0415
    from prefect_lens.engine.interpreter import find_interpreter  # noqa: PLC0415
    from prefect_lens.environment.choosing import chosen  # noqa: PLC0415
    from prefect_lens.environment.resolving import Place  # noqa: PLC0415

    person = CommandPerson(arguments.profile, allow=getattr(arguments, "allow", False))
    for project in snapshot.projects or (snapshot.project_of("_"),):
        environment = chosen(project.settings, arguments.profile)
        if environment is not None:
            found = find_interpreter(folder, project.root, configured=project.settings.interpreter, environ=os.environ)
            interpreter = found if isinstance(found, Interpreter) else None
            yield Place(folder, project.root, interpreter, person), environment


def _allow(vault: Vault, place: Place, environment: Environment) -> int:
    from prefect_lens.environment.approval import deeds  # noqa: PLC0415
    from prefect_lens.environment.provider import ProviderError  # noqa: PLC0415

    try:
        found = deeds(environment, (name for name, _ in environment.variables))
    except ProviderError as error:
        print(error, file=sys.stderr)
        return COULD_NOT
    vault.approvals.give(place.root, found)
    for deed in found:
        print(f"allowed  {deed.sentence}")
    if not found:
        print("Nothing has to be allowed: no variable is fetched from anywhere.")
    elif vault.approvals.is_forgetful:
        print(f"{vault.approvals.file} cannot be written, so that this is forgotten again.", file=sys.stderr)
        return COULD_NOT
    return WELL


def _explain(
    vault: Vault, place: Place, environment: Environment, arguments: argparse.Namespace, snapshot: Snapshot
) -> int:
    from prefect_lens.environment.explaining import explained, explained_variable  # noqa: PLC0415
    from prefect_lens.index.scopes import tests_that_get  # noqa: PLC0415

    if arguments.variable is None:
        lines = explained(vault, place, environment, arguments.profile)
    else:
        tests = tests_that_get(snapshot, environment, place.project, arguments.variable)
        lines = explained_variable(vault, place, environment, arguments.variable, tests)
    print("\n".join(lines))
    return WELL


async def _check(vault: Vault, place: Place, environment: Environment, *, as_json: bool) -> int:
    from prefect_lens.environment.explaining import checked  # noqa: PLC0415
    from prefect_lens.environment.resolving import Resolved  # noqa: PLC0415

    found = await vault.resolve(place, environment, (name for name, _ in environment.variables))
    if isinstance(found, Resolved):
        if as_json:
            print(json.dumps([asdict(entry) for entry in found.entries], indent=2, ensure_ascii=False))
        else:
            print("\n".join(checked(found.entries, environment)))
        return WELL
    for trouble in found:
        print(trouble.message, file=sys.stderr)
        if trouble.detail:
            print(trouble.detail.rstrip(), file=sys.stderr)
    return COULD_NOT
