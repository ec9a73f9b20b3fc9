"""The names that a file has others look for: whom it calls, fills or decides by, without any look at other files.

Snapshots keep them for each file (see `registries.Users`), so that who calls a function while all is imported, has a
special method or raises some exception is looked up by its name.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

from prefect_lens.index.facts import Expression
from prefect_lens.index.lower_operators import METHODS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.facts import Facts, Scope

ASKED = "?"
"""Before the name of an attribute by which some file decides a branch; `?=` where the value itself matters."""

ASSIGNED = "."
"""Before the name of an attribute that some file assigns, other than a class's methods to their own object."""

RAISED = "!"
"""Before the name of what some file raises."""

HANDED_ON = ">."
"""Before the name of an attribute that a function hands on, among what decides its branches or those of others."""

SUBCLASS_HOOK = "__init_subclass__"

DEPENDS = frozenset({"Depends", "Security"})
"""In what FastAPI is told of a function that makes what a route is given."""

METACLASS_HOOKS = ("__new__", "__init__")
"""The methods of a metaclass that run while a class is made."""

TYPE = ("name", "type")
"""As a base it makes a class one of classes."""


Bound = dict[str, list[tuple[str, Expression]]]
"""For each form of some: the names that are bound to something of it, each with that."""

Bodies = list[list[Expression]]
"""What the bodies of a file's scopes evaluate, in their branches and blocks, too."""


def bound(facts: Facts, kinds: Iterable[str]) -> Bound:
    """Return what the names of a file are bound to, as far as it is of some forms."""
    found: Bound = {kind: [] for kind in kinds}
    for scope in facts.scopes:
        for name, (_, forms) in scope.bindings.items():
            for form in forms:
                if form is not None and (same := found.get(form[0])) is not None:
                    same.append((name, form))
    return found


def held(facts: Facts) -> set[str]:
    """Return the names that a module gives to what a call returns."""
    bound = facts.scopes[0].bindings.items()
    return {name for name, (_, forms) in bound for form in forms if form is not None and form[0] == "call"}


def names(facts: Facts, bodies: Bodies) -> set[str]:
    """Return the names that a file's decorators and statements call, of what its classes are made, and the like."""
    found: set[str] = set(map(last, facts.scopes[0].body))
    for scope, body in zip(facts.scopes, bodies, strict=True):
        for decorator in scope.decorators:
            found.add(last(decorator))
            found.update([f"@{name}" for name in _owners(facts, decorator)])
        if scope.kind == "class":
            found.update(map(last, scope.bases))
            found.update([f".{name}" for name in METHODS.intersection(scope.bindings)])
        found.update(_asked(scope))
        found.update(_assigned(facts, scope))
        for expression in body:
            if expression[0] == "raise":
                name = (expression[2] or "").rpartition(".")[2]
                found.update((RAISED + name, f"{RAISED}{name} {scope.name} {expression[3]}"))
    found.discard("")
    return found


def _asked(scope: Scope) -> list[str]:
    """Return the attributes that a scope decides branches by."""
    found: list[str] = []
    for one in scope.decides:
        if one[:2] == HANDED_ON:
            found.append(ASKED + one[1:])
        elif one[0] == "." != one[-1]:
            mark = f"{ASKED}=" if one[1] == "=" else ASKED
            found.append(mark + one.rpartition(".")[2])
    return found


def _assigned(facts: Facts, scope: Scope) -> list[str]:
    """Return the attributes that a scope assigns, but those of its own object."""
    dotted = [name for name in (*scope.bindings, *map(itemgetter(0), scope.outer)) if "." in name]
    if not dotted:
        return dotted
    own = scope.parameters[0].name if scope.parameters and facts.scopes[scope.parent].kind == "class" else None
    parts = [name.rpartition(".") for name in dotted]
    return [ASSIGNED + attribute for owner, _, attribute in parts if owner != own]


def raised(body: Iterable[Expression]) -> Iterator[tuple[str | None, Expression]]:
    """Yield what a body raises, in its branches and blocks, too: the names and what it says."""
    return ((e[2], e[3]) for e in flat(body) if e[0] == "raise")


def flat(body: Iterable[Expression]) -> list[Expression]:
    """Return what a body evaluates, in its branches and blocks, too."""
    found: list[Expression] = []
    _flatten(body, found)
    return found


def _flatten(body: Iterable[Expression], found: list[Expression]) -> None:
    for expression in body:
        if expression is None:
            continue
        form = expression[0]
        if form == "block":
            _flatten(expression[1], found)
        elif form == "with":
            _flatten(expression[2], found)
        elif form == "try":
            for inner in (expression[1], *expression[2], expression[3]):
                _flatten(inner, found)
        else:
            found.append(expression)


def filling(facts: Facts) -> Iterator[str]:
    """Return the functions that put something into what a file holds: code into a container, callers by a method."""
    for _, bound in facts.scopes[0].bindings.values():
        for one in bound:
            if one is not None and one[0] == "inside" and _hands_in(facts, one):
                yield from outermost(facts, one[1])
    for index, scope in enumerate(facts.scopes):
        if scope.outer:
            yield from outermost(facts, index)
        around = facts.scopes[max(scope.parent, 0)]
        makes_classes = scope.name in METACLASS_HOOKS and TYPE in around.bases
        if scope.name == SUBCLASS_HOOK or makes_classes:
            yield facts.scopes[scope.parent].name
        for methods in scope.own.values():
            for method in (facts.scopes[number] for number in methods):
                if method.name != "__init__" and len(method.parameters) > 1:
                    yield method.name


def _hands_in(facts: Facts, inside: Expression) -> bool:
    """Whether a function assigns to a name of the module what it is given."""
    index: int = inside[1]
    return is_given(facts.scopes[index], inside[2])


def classes(facts: Facts) -> Iterator[str]:
    """Return the names by which a file may call classes."""
    yield from (scope.name for scope in facts.scopes if scope.kind == "class")
    for scope in facts.scopes:
        for _, bound in scope.bindings.values():
            yield from (one[3] for one in bound if one is not None and one[0] == "from")


def is_given(scope: Scope, expression: Expression) -> bool:
    """Whether a form is a parameter of a function."""
    if expression is None or expression[0] != "local":
        return False
    return scope.bindings[expression[1]][1][0] == ("param", expression[1])


def outermost(facts: Facts, index: int) -> Iterator[str]:
    """Return the names by which others can call the function that a scope is or stands in."""
    while index > 0:
        scope = facts.scopes[index]
        if scope.parent == 0 or facts.scopes[scope.parent].kind == "class":
            yield scope.name
        index = scope.parent


def last(expression: Expression) -> str:
    """Return the last name of what an expression names or calls; an empty one where there is none."""
    while expression is not None:
        form = expression[0]
        if form == "attr":
            return expression[2]
        if form in {"name", "local"}:
            return expression[1].rpartition(".")[2]
        if form not in {"call", "meta"}:
            break
        expression = expression[1]
    return ""


def _owners(facts: Facts, expression: Expression) -> Iterator[str]:
    """Return the names on the way to the method that decorates: `app` of `@app.command()`, as it is called at home."""
    while expression is not None and expression[0] in {"call", "attr"}:
        expression = expression[1]
        if expression is not None and expression[0] == "attr":
            yield expression[2]
    if expression is not None and expression[0] in {"name", "local"}:
        yield expression[1]
        for binding in facts.scopes[0].bindings.get(expression[1], (0, ()))[1]:
            if binding is not None and binding[0] == "from":
                yield binding[3]
