"""Deployments held against the code that they deploy: which flow each is of, and what is wrong with it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from prefect_lens.index import problems
from prefect_lens.index.deployments import candidates
from prefect_lens.model import Diagnostic, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.facts import Facts
    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.model import Definition, Deployment, Position

_PLAIN = {"staticmethod", "classmethod"}


def flow_of(snapshot: Snapshot, deployment: Deployment) -> Definition | None:
    """Return the flow of a deployment where that is known."""
    found = map(snapshot.definition, candidates(deployment))
    return next((one for one in found if one is not None and one.kind is Kind.FLOW), None)


def problems_of(snapshot: Snapshot, deployment: Deployment) -> Iterator[Diagnostic]:
    """Return what is wrong with a deployment whose flow, or the file that should have it, is there."""
    flow = flow_of(snapshot, deployment)
    return _no_such_flow(snapshot, deployment) if flow is None else _no_such_parameters(snapshot, deployment, flow)


def taken(facts: Facts, start: Position) -> tuple[str, ...] | None:
    """Return the names that a function takes from its caller; None where it takes any, or where that is not sure.

    `start` is where its name stands.
    """
    scope = next((one for one in facts.scopes if (one.line, one.column) == (start.line, start.column)), None)
    if scope is None or any(parameter.kind == "**" for parameter in scope.parameters):
        return None
    others = [one for one in scope.decorators if one is None or one[0] != "name" or one[1] not in _PLAIN]
    if len(others) > 1:
        return None  # another decorator may take parameters of its own
    names = tuple(parameter.name for parameter in scope.parameters if parameter.kind != "*")
    is_method = facts.scopes[scope.parent].kind == "class" and ("name", "staticmethod") not in scope.decorators
    return names[1:] if is_method else names


def _no_such_flow(snapshot: Snapshot, deployment: Deployment) -> Iterator[Diagnostic]:
    for entrypoint in candidates(deployment):
        path, _, name = entrypoint.rpartition(":")
        if path not in snapshot.paths:
            continue
        if snapshot.may_have(path, name.partition(".")[0]):
            return  # whatever it is, Prefect may find a flow there
        flows = [one.qualname for one in snapshot.definitions(path) if one.kind is Kind.FLOW]
        there = f"there {'is' if len(flows) == 1 else 'are'} {', '.join(flows)}" if flows else "there is none"
        message = f"Deployment '{deployment.name}': {path} defines no flow '{name}'; {there}."
        yield Diagnostic(deployment.entrypoint_at, Severity.WARNING, problems.NO_SUCH_FLOW, message)
        return


def _no_such_parameters(snapshot: Snapshot, deployment: Deployment, flow: Definition) -> Iterator[Diagnostic]:
    """Return the parameters that a deployment or one of its schedules gives to a flow that does not take them.

    Prefect finds that out when it calls the flow, so each such run fails.
    """
    if not deployment.parameters or (names := snapshot.parameters(flow)) is None:
        return
    for name, location in deployment.parameters:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            there = f"did you mean {near[0]}?" if near else f"it takes {', '.join(names) or 'none'}."
            message = f"Deployment '{deployment.name}': flow '{flow.name}' has no parameter '{name}'; {there}"
            yield Diagnostic(location, Severity.WARNING, problems.NO_SUCH_PARAMETER, message)
