"""Containers that functions fill: `REGISTRY[name] = function` in a decorator, `self.steps.append(step)` in a method.

What such a container holds is decided by whoever calls the function, anywhere in the workspace. So the places that may
call it while their modules are imported, decorators and statements of modules, are looked up by the function's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index.values import NOTHING, Frame, Function, Instance, Made, Module, Values, union

if TYPE_CHECKING:
    from collections.abc import Iterator, KeysView, Mapping

    from prefect_lens.index.facts import Expression, Facts
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.packed import Packed


HOOKS = (
    "on_completion", "on_failure", "on_cancellation", "on_crashed", "on_running", "on_rollback", "on_commit",
)  # fmt: skip
"""Methods of a flow or task that register a function to be called in some state."""


class Users:
    """For each name: where something of that name decorates a definition or is called by a module's own statements."""

    def __init__(self, files: Mapping[str, Packed]) -> None:
        self._by_name: dict[str, tuple[str, ...]] = {}
        self.asked: dict[str, set[str]] = {}
        """For each name that was asked for, the files that asked."""
        by_name: dict[str, list[str]] = {}
        for path, packed in files.items():
            for user in packed.uses:
                by_name.setdefault(user, []).append(path)
        self._by_name = {name: tuple(paths) for name, paths in by_name.items()}

    @property
    def names(self) -> KeysView[str]:
        """All the names that anybody uses."""
        return self._by_name.keys()

    def paths(self, name: str, asker: str) -> tuple[str, ...]:
        """Return the files that may call something of the name while they are imported."""
        self.asked.setdefault(name, set()).add(asker)
        return self._by_name.get(name, ())

    def askers(self, packed: Packed) -> set[str]:
        """Return the files whose answers a file may change, because it uses a name that they asked for."""
        return {path for name in packed.uses for path in self.asked.get(name, ())}

    def after(self, path: str, before: tuple[str, ...], now: tuple[str, ...]) -> Users:
        """Return the users when a file uses other names than before."""
        if before == now:
            return self
        new = Users({})
        new.asked = self.asked
        new._by_name = self._by_name.copy()
        for name in set(before) - set(now):
            new._by_name[name] = tuple(other for other in self._by_name[name] if other != path)
        for name in set(now) - set(before):
            new._by_name[name] = (*self._by_name.get(name, ()), path)
        return new


def names_used(facts: Facts) -> set[str]:
    """Return the names that a file's decorators and statements call."""
    found = {name for scope in facts.scopes for e in scope.decorators for name in _last(e)}
    return found.union(*(_last(e) for e in facts.scopes[0].body))


def added(inter: Interpreter, module: Module, name: str) -> Values:
    """Return what functions put into a container of a module."""
    found: Values = NOTHING
    for index, expression in module.added[name]:
        for outer in outermost(module.facts, index):
            meet_users(inter, outer, module)
        for frame in frames(module, index):
            found |= inter.evaluate(expression, frame)
    return found


def hooks(inter: Interpreter, made: Made) -> Values:
    """Return the functions that `@made.on_…` stands on, in its own file and where it is imported."""
    if made.key not in inter.hooked:
        inter.hooked.add(made.key)
        for name in HOOKS:
            if name in inter.users.names and (module := inter.modules.get(made.key[1])) is not None:
                meet_users(inter, name, module)
    return frozenset(inter.hooks.get(made.key, ()))


def put_by_method(inter: Interpreter, method: Function, owner: Instance, dotted: str) -> Values:
    """Return what calls of a method put into an attribute of its object."""
    meet_users(inter, method.scope.name, method.module)
    first = method.scope.parameters[0].name
    return union(
        *(
            inter.name_in(frame, dotted)
            for frame in list(method.frames.values())
            if owner in frame.arguments.get(first, ()) and len(frame.arguments) > 1
        )
    )


def meet_users(inter: Interpreter, name: str, module: Module) -> None:
    """Meet the decorators and statements of all modules that use a name."""
    for path in inter.users.paths(name, module.path):
        user = inter.modules[path]
        inter.depends(module.path, path)
        for index, scope in enumerate(user.facts.scopes):
            if scope.decorators and any(name in _last(e) for e in scope.decorators):
                form = ("class" if scope.kind == "class" else "def", index)
                around = inter.generic(user, scope.parent)
                inter.meet(form, around)
        for expression in user.facts.scopes[0].body:
            if name in _last(expression):
                inter.effect(expression, user.frame)


def meet_decorated(inter: Interpreter, module: Module, site: tuple[Any, ...]) -> None:
    """Meet the decorators of all modules that are methods of the object that a call at a place of a module made."""
    for name, (_, expressions) in module.frame.scope.bindings.items():
        if any(e is not None and e[0] == "call" and e[4:6] == site[1:] for e in expressions):
            for path in inter.users.paths(f"@{name}", module.path):
                inter.depends(module.path, path)
                inter.meet_decorators(inter.modules[path])


def outermost(facts: Facts, index: int) -> Iterator[str]:
    """Return the names by which others can call the function that a scope is or stands in."""
    while index > 0:
        scope = facts.scopes[index]
        if scope.parent == 0 or facts.scopes[scope.parent].kind == "class":
            yield scope.name
        index = scope.parent


def frames(module: Module, index: int) -> list[Frame]:
    """Return the calls of a module's function that have been followed."""
    return [frame for function in functions(module, index) for frame in function.frames.values()]


def functions(module: Module, index: int) -> list[Function]:
    """Return what a `def` of a module has made so far."""
    scope = module.facts.scopes[index]
    if scope.parent <= 0:
        arounds = [module.frame]
    elif module.facts.scopes[scope.parent].kind == "class":
        outer = module.facts.scopes[scope.parent].parent
        outside = [module.frame] if outer <= 0 else frames(module, outer)
        arounds = [frame.classes[scope.parent].body for frame in outside if scope.parent in frame.classes]
    else:
        arounds = frames(module, scope.parent)
    return [around.functions[index] for around in arounds if index in around.functions]


def _last(expression: Expression) -> set[str]:
    while expression is not None:
        match expression[0]:
            case "call":
                expression = expression[1]
            case "attr":
                return {expression[2]}
            case "name" | "local":
                return {expression[1].rpartition(".")[2]}
            case _:
                return set()
    return set()
