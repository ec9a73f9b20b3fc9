"""The deployments that a `prefect.yaml` declares: their names, and which flow each is of."""

from __future__ import annotations

import posixpath
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import problems
from prefect_lens.index.config import join
from prefect_lens.model import Deployment, Diagnostic, Location, Position, Severity, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "prefect.yaml"
"""Prefect's own name for it; `prefect deploy` looks for this one."""

_MERGE = "tag:yaml.org,2002:merge"


@lru_cache(maxsize=256)
def read_deployments(path: str, text: str) -> tuple[tuple[Deployment, ...], tuple[Diagnostic, ...]]:
    """Return the deployments in a file, and what is wrong with it. Never raises."""
    from ruamel.yaml import YAML  # noqa: PLC0415  most folders are opened without a look at one
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    try:
        yaml: Any = YAML(typ="safe", pure=True)
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        fault: Any = error
        mark = fault.problem_mark or fault.context_mark
        what = " ".join(part for part in (fault.context, fault.problem) if part)
        return (), (_does_not_parse(path, what, getattr(mark, "line", 0), getattr(mark, "column", 0)),)
    except (YAMLError, ValueError, RecursionError) as error:
        return (), (_does_not_parse(path, str(error), 0, 0),)
    found: list[Deployment] = []
    listed = _get(root, "deployments")
    for item in cast("list[Any]", listed.value) if getattr(listed, "id", "") == "sequence" else ():
        name, entrypoint = _scalar(_get(item, "name")), _scalar(_get(item, "entrypoint"))
        if name is not None and entrypoint is not None:
            places = Location(path, name[1]), Location(path, entrypoint[1])
            found.append(Deployment(name[0], entrypoint[0], *places, tuple(_parameters(path, item))))
    return tuple(found), ()


def candidates(deployment: Deployment) -> tuple[str, ...]:
    """Return the entrypoints, relative to the workspace folder, that a deployment may mean, the likeliest first.

    Prefect takes a path from the folder that it is started in, which is that of the file or the project's root. What it
    takes for a module, it imports.
    """
    folder = posixpath.dirname(deployment.location.path)
    path, colon, name = deployment.entrypoint.partition(":")
    if not path.endswith(".py"):
        module, dot, attribute = deployment.entrypoint.replace(":", ".").rpartition(".")
        path, colon, name = f"{module.replace('.', '/')}.py", dot, attribute
    if not colon:
        return ()
    path = posixpath.normpath(path)
    return tuple(dict.fromkeys((f"{join(folder, path)}:{name}", f"{path}:{name}", f"{join('src', path)}:{name}")))


def _parameters(path: str, item: Any) -> Iterator[tuple[str, Location]]:
    schedules = _get(item, "schedules")
    listed = cast("list[Any]", schedules.value) if getattr(schedules, "id", "") == "sequence" else [schedules]
    found: dict[Location, str] = {}  # what two of them merge stands in one place
    for giver in (item, *listed, _get(item, "schedule")):
        for key, _ in _pairs(_get(giver, "parameters")):
            if (name := _scalar(key)) is not None:
                found[Location(path, name[1])] = name[0]
    return ((name, location) for location, name in found.items())


def _get(node: Any, key: str) -> Any:
    """Return the node of a key in a mapping, its own or one that it merges; None where there is none."""
    return next((value for name, value in _pairs(node) if name.value == key), None)


def _pairs(node: Any) -> Iterator[tuple[Any, Any]]:
    """Return the nodes of a mapping's keys and values."""
    if getattr(node, "id", "") != "mapping":
        return
    merged: list[Any] = []
    for key, value in cast("list[tuple[Any, Any]]", node.value):
        if str(key.tag) != _MERGE:
            yield key, value
        elif value.id == "sequence":
            merged.extend(value.value)
        else:
            merged.append(value)
    for one in merged:
        yield from _pairs(one)


def _scalar(node: Any) -> tuple[str, Span] | None:
    value: Any = getattr(node, "value", None)
    if not isinstance(value, str) or not value:
        return None
    start, end = node.start_mark, node.end_mark
    return value, Span(Position(start.line, start.column), Position(end.line, end.column))


def _does_not_parse(path: str, what: str, line: int, column: int) -> Diagnostic:
    at = Span(Position(line, column), Position(line, column + 1))
    message = f"{posixpath.basename(path)} does not parse: {what.strip() or 'it is no YAML'}."
    return Diagnostic(Location(path, at), Severity.ERROR, problems.CONFIG_DOES_NOT_PARSE, message)
