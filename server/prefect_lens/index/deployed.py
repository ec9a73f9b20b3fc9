"""What is wrong with a deployment, held against the code that it deploys."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from prefect_lens.index import problems
from prefect_lens.model import Diagnostic, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.facts import Facts
    from prefect_lens.model import Definition, Deployment, Position

_PLAIN = {"staticmethod", "classmethod"}


def no_such_flow(deployment: Deployment, path: str, name: str, flows: Iterable[str]) -> Diagnostic:
    """Return what there is to say of an entrypoint whose file defines other flows."""
    flows = tuple(flows)
    there = f"there {'is' if len(flows) == 1 else 'are'} {', '.join(flows)}" if flows else "there is none"
    message = f"Deployment '{deployment.name}': {path} defines no flow '{name}'; {there}."
    return Diagnostic(deployment.entrypoint_at, Severity.WARNING, problems.NO_SUCH_FLOW, message)


def unknown_parameters(
    deployment: Deployment, flow: Definition, facts: Facts, start: Position | None
) -> Iterator[Diagnostic]:
    """Return the parameters that a deployment or one of its schedules gives to a flow that does not take them.

    Prefect finds that out when it calls the flow, so each such run fails. `start` is where the name of the flow's
    function stands in `facts`.
    """
    if not deployment.parameters or start is None or (taken := _taken_by(facts, start)) is None:
        return
    for name, location in deployment.parameters:
        if name not in taken:
            near = difflib.get_close_matches(name, taken, n=1)
            there = f"did you mean {near[0]}?" if near else f"it takes {', '.join(taken) or 'none'}."
            message = f"Deployment '{deployment.name}': flow '{flow.name}' has no parameter '{name}'; {there}"
            yield Diagnostic(location, Severity.WARNING, problems.NO_SUCH_PARAMETER, message)


def _taken_by(facts: Facts, start: Position) -> tuple[str, ...] | None:
    """Return the names that a function takes from its caller; None where it takes any, or where that is not sure."""
    scope = next((one for one in facts.scopes if (one.line, one.column) == (start.line, start.column)), None)
    if scope is None or any(parameter.kind == "**" for parameter in scope.parameters):
        return None
    others = [one for one in scope.decorators if one is None or one[0] != "name" or one[1] not in _PLAIN]
    if len(others) > 1:
        return None  # another decorator may take parameters of its own
    names = tuple(parameter.name for parameter in scope.parameters if parameter.kind != "*")
    is_method = facts.scopes[scope.parent].kind == "class" and ("name", "staticmethod") not in scope.decorators
    return names[1:] if is_method else names
