"""Which functions may return a flow or task that they made, by their names: only their calls are worth a closer look.

A file tells for each of its functions which calls its result comes from. Who calls a maker of Prefect's, or defines a
decorated function inside, may make one; and so may, all over the workspace, whoever returns what such a one gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prefect_lens.index.facts import Expression, Facts, Scope
    from prefect_lens.index.packed import Packed
    from prefect_lens.index.uses import Bound

MADE = "flow()"
"""Stands for a maker of Prefect's among the names that a function's result comes from; no name of the code is it."""

ALIASES = ("name", "local", "attr", "from", "lambda", "either", "choice", "or", "call")
"""The forms behind which another name may stand."""

_PARTIAL = frozenset({"partial", "partialmethod"})

UNKNOWN = "?"
"""Stands for the name of what is called, where nothing is known of it."""

MAKERS = {
    "flow": "flow",
    "Flow": "flow",
    "task": "task",
    "Task": "task",
    "materialize": "task",
    "MaterializingTask": "task",
}
"""The names in Prefect's modules that make a definition, and of which kind."""

_NAMES = frozenset((*MAKERS, "with_options"))

Origins = tuple[tuple[str, tuple[str, ...]], ...]
"""For each name that a file gives to something that can be called: the names of what its result comes from."""


def names_in(facts: Facts) -> frozenset[str]:
    """Return the names by which a file may call Prefect's makers."""
    bound = (item for scope in facts.scopes for item in scope.bindings.items())
    return _names((name, e) for name, (_, es) in bound for e in es if e is not None and e[0] == "from")


def _names(imported: Iterable[tuple[str, Expression]]) -> frozenset[str]:
    return _NAMES.union([name for name, form in imported if form[3] in MAKERS])


def origins(facts: Facts, bound: Bound) -> Origins:
    """Return where the results of a file's functions come from, as far as they come from calls.

    `bound` is what `uses.bound` returns for the file and `ALIASES`.
    """
    makers = _names(bound["from"])
    inner = {scope.parent for scope in facts.scopes if scope.kind == "function" and scope.decorators}
    if facts.makes:
        inner.update(_around_makers(facts, makers))
    found: dict[str, set[str]] = {}
    for index, scope in enumerate(facts.scopes):
        if scope.kind in {"function", "lambda"}:
            names = _results(scope)
            if index in inner or not makers.isdisjoint(names):
                names = (names - makers) | {MADE}
            if names:
                found.setdefault(scope.name, set()).update(names)
    for kind in ALIASES:
        for name, form in bound[kind]:
            for other in _aliased(facts, form) if kind != "call" or called(form) in _PARTIAL else ():
                if other != name:
                    found.setdefault(name, set()).add(MADE if other in makers else other)
    return tuple((name, tuple(sorted(names))) for name, names in sorted(found.items()))


def closed(files: Mapping[str, Packed]) -> frozenset[str]:
    """Return the names of all functions of a workspace that may return what a maker of Prefect's made."""
    users: dict[str, list[str]] = {}
    for packed in files.values():
        for name, others in packed.made_from():
            for other in others:
                users.setdefault(other, []).append(name)
    found: set[str] = set()
    waiting = [MADE]
    while waiting:
        for name in users.get(waiting.pop(), ()):
            if name not in found:
                found.add(name)
                waiting.append(name)
    return frozenset(found)


def called(expression: Expression) -> str | None:
    """Return the last name of what a call calls; None where it has none."""
    function: Expression = expression[1]
    if function is None:
        return UNKNOWN
    match function[0]:
        case "attr":
            return function[2]
        case "name" | "local":
            return function[1]
        case _:
            return None


def _around_makers(facts: Facts, makers: frozenset[str]) -> Iterable[int]:
    """Yield the functions around others that call a maker themselves or in one of those: these may be wrappers."""
    kinds = {"function", "lambda"}
    nested = [index for index, scope in enumerate(facts.scopes) if scope.kind in kinds]
    around = {parent for index in nested if facts.scopes[parent := facts.scopes[index].parent].kind in kinds}
    for index in nested if around else ():
        scope = facts.scopes[index]
        if index in around or scope.parent in around:
            parts = (scope.body, scope.returns, *(found for _, found in scope.bindings.values()))
            if _calls_one(parts, makers):
                at = index
                while at > 0:
                    yield at
                    at = facts.scopes[at].parent


def _calls_one(parts: Iterable[Any], makers: frozenset[str]) -> bool:
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        if type(part) is tuple:
            if len(part) == 6 and part[0] == "call" and called(part) in makers:  # type: ignore[reportUnknownArgumentType]
                return True
            waiting += part
    return False


def _results(scope: Scope) -> set[str]:
    """Return the names of the calls in what a function returns, behind its own names, too."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting: list[Any] = [*scope.returns, *scope.yields]
    while waiting:
        part: Expression = waiting.pop()
        if not part:
            continue
        form = part[0]
        if form == "call":
            found.add(called(part) or MADE)
        elif form in {"name", "local"} and part[1] in scope.bindings and part[1] not in seen:
            seen.add(part[1])
            waiting += scope.bindings[part[1]][1]
        for one in part:
            if type(one) is tuple:
                waiting.append(one)
    return found


def _aliased(facts: Facts, expression: Expression) -> Iterable[str]:
    """Return the functions' names for which a name stands: another name, what is imported, a lambda, a partial call."""
    if expression is None:
        return ()
    match expression[0]:
        case "name" | "local":
            return (expression[1],)
        case "attr":
            return (expression[2],)
        case "from":
            return (expression[3],)
        case "lambda":
            index: int = expression[1]
            return _results(facts.scopes[index])
        case "either" | "choice" | "or":
            return tuple(name for part in expression[1] for name in _aliased(facts, part))
        case "call" if called(expression) in _PARTIAL:
            return tuple(name for part in expression[2][:1] for name in _aliased(facts, part))
        case _:
            return ()
