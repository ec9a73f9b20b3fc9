"""Containers that functions fill: `REGISTRY[name] = function` in a decorator, `self.steps.append(step)` in a method.

What such a container holds is decided by whoever calls the function, anywhere in the workspace. So the places that may
call it while their modules are imported, decorators and statements of modules, are looked up by the function's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

from prefect_lens.index import attributes, calls, metaclasses
from prefect_lens.index.uses import METACLASS_HOOKS, SUBCLASS_HOOK, TYPE, is_given, last, outermost
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Class,
    Frame,
    Function,
    Instance,
    Made,
    Module,
    Value,
    Values,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, KeysView, Mapping

    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.packed import Packed


Filler = tuple[int, int, Any]
"""A method, or -1 for any code beside the class; the scope in it that puts something in a container, and what it is."""

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

    def defining(self, method: str) -> tuple[str, ...]:
        """Return the files whose classes have a special method."""
        return self._by_name.get(f".{method}", ())

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


def added(inter: Interpreter, frame: Frame, name: str) -> Values:
    """Return what functions put into a container of the module whose frame this is."""
    found: Values = NOTHING
    module = frame.module
    for index, expression in module.added[name]:
        for outer in outermost(module.facts, index):
            if outer == SUBCLASS_HOOK:
                _meet_subclasses(inter, *_classes_around(inter, module, index))
            elif outer in METACLASS_HOOKS:
                metaclasses.meet(inter, *_classes_around(inter, module, index))
            else:
                meet_users(inter, outer, module)
        for one in frames(module, index):
            found |= inter.evaluate(expression, one)
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
            if owner in frame.argument(first) and len(frame.arguments) > 1
        )
    )


def added_inside(inter: Interpreter, frame: Frame, name: str) -> Values:
    """Return what functions in a function put into a container of its."""
    found: Values = NOTHING
    for index, expression in frame.module.added[name]:
        for one in frames(frame.module, index):
            at = one.parent
            while at is not None and at is not frame and name not in at.scope.bindings:
                at = at.parent
            if at is frame:
                found |= inter.evaluate(expression, one)
    return found


def inside(inter: Interpreter, index: int, expression: Expression, module: Module) -> Values:
    """Return what a function assigns to a name around it: what it is given by those who call it at import, too."""
    found = inter.evaluate(expression, inter.generic(module, index))
    if not found and is_given(module.facts.scopes[index], expression):
        for outer in outermost(module.facts, index):
            meet_users(inter, outer, module)
        found = union(*(inter.evaluate(expression, one) for one in frames(module, index) if _runs_at_import(one)))
    return found


def put_in_class(inter: Interpreter, owner: Value, classes: Iterable[Value], name: str) -> Values:
    """Return what functions put into a container that is an attribute of a class or its object, while all is imported.

    `classes` are those in whose code the attribute is looked for.
    """
    found: Values = NOTHING
    is_local = isinstance(owner, Instance) and owner.site is not None and owner.site[0].parent is not None
    for cls in classes:
        if isinstance(cls, Class):
            for method, index, expression in fillers(cls).get(name, ()):
                for outer in outermost(cls.module.facts, index):
                    if outer == SUBCLASS_HOOK:
                        _meet_subclasses(inter, cls)
                    elif outer in METACLASS_HOOKS:
                        metaclasses.meet(inter, cls)
                    else:
                        meet_users(inter, outer, cls.module)
                for frame in frames(cls.module, index):
                    if (method < 0 or _is_for(inter, frame, method, owner)) and (is_local or _runs_at_import(frame)):
                        found |= inter.evaluate(expression, frame)
    return found


def fillers(cls: Class) -> dict[str, tuple[Filler, ...]]:
    """Return what functions put into containers that are attributes of a class or its objects, by the attributes."""
    if cls.fillers is None:
        cls.fillers = {}
        scopes = cls.module.facts.scopes
        for dotted, entries in cls.module.added.items():
            first, _, name = dotted.partition(".")
            for index, expression in entries if name else ():
                at = index
                while at > 0 and first not in scopes[at].bindings:
                    at = scopes[at].parent
                is_method = at > 0 and scopes[at].parent == cls.index and scopes[at].parameters[:1]
                if is_method and scopes[at].parameters[0].name == first:
                    entry: Filler = (at, index, expression)
                elif at <= 0 and first == cls.scope.name and cls.scope.parent <= 0:
                    entry = (-1, index, expression)
                else:
                    continue
                cls.fillers[name] = (*cls.fillers.get(name, ()), entry)
        makes_classes = TYPE in cls.scope.bases
        for name, methods in cls.scope.own.items():
            for index in methods:
                function = scopes[index]
                is_hook = function.name == SUBCLASS_HOOK or (makes_classes and function.name in METACLASS_HOOKS)
                if is_hook or (function.name != "__init__" and len(function.parameters) > 1):
                    bound = function.bindings[f"{function.parameters[0].name}.{name}"][1]
                    cls.fillers[name] = (*cls.fillers.get(name, ()), *((index, index, one) for one in bound))
    return cls.fillers


def _is_for(inter: Interpreter, frame: Frame, method: int, owner: Value) -> bool:
    """Whether a frame runs in a method's call for an object or class."""
    at: Frame | None = frame
    while at is not None and at.index != method:
        at = at.parent
    if at is None:
        return False
    given = at.argument(at.scope.parameters[0].name)
    cls = owner.cls if isinstance(owner, Instance) else owner  # it has what its class has
    return owner in given or (
        isinstance(cls, Class)
        and any(
            base in attributes.line(inter, cls)
            for first in given
            if isinstance(first, Class)
            for base in attributes.line(inter, first)
            if isinstance(base, Class)
        )
    )


def _runs_at_import(frame: Frame) -> bool:
    """Whether code runs while a module is imported, and so for all who use it; what a test does is its own."""
    known = frame.imported_by() if frame.imported_by is not None else None
    if known is not None and _is_imported(known):
        return True
    called, waiting = {frame: frame}, [frame]
    while waiting:
        at = waiting.pop()
        for caller in at.callers:
            if _is_imported(caller):
                _note(caller, at, called)
                return True
            if caller not in called:
                called[caller] = at
                waiting.append(caller)
    return False


def _is_imported(caller: Frame) -> bool:
    """Whether a frame is a module's or class's, or it is known by which calls one of these leads to it."""
    at: Frame | None = caller
    while at is not None and at.parent is not None and at.scope.kind != "class":
        at = at.imported_by() if at.imported_by is not None else None
    return at is not None


def _note(caller: Frame, at: Frame, called: dict[Frame, Frame]) -> None:
    """Note by which calls a frame runs at import, so that nobody looks for them again while they are there."""
    while at is not caller:
        at.imported_by = ref(caller)
        caller, at = at, called[at]


def subclasses(inter: Interpreter, cls: Class) -> Iterator[Class]:
    """Return the classes of the workspace that have a class among their bases."""
    for path in inter.users.paths(cls.scope.name, cls.module.path):
        user = inter.modules[path]
        inter.depends(cls.module.path, path)
        for index, scope in enumerate(user.facts.scopes):
            if scope.kind == "class" and any(cls.scope.name == last(base) for base in scope.bases):
                found = inter.class_(inter.generic(user, scope.parent), index)
                if found is not cls and (cls in attributes.line(inter, found) or cls in metaclasses.of(inter, found)):
                    yield found


def _classes_around(inter: Interpreter, module: Module, index: int) -> Iterator[Class]:
    scopes = module.facts.scopes
    while index > 0:
        if scopes[index].kind == "class":
            yield inter.class_(inter.generic(module, scopes[index].parent), index)
        index = scopes[index].parent


def _meet_subclasses(inter: Interpreter, *classes: Class) -> None:
    """Have classes told of all that are made of them."""
    waiting, seen = list(classes), set(classes)
    while waiting:
        for found in subclasses(inter, waiting.pop()):
            if found not in seen:
                seen.add(found)
                waiting.append(found)
                for hook in attributes.in_class(inter, found, SUBCLASS_HOOK, found):
                    given = Arguments((frozenset((found,)),), _told(inter, found))
                    calls.call(inter, hook, given, found.module.frame, None)


def _told(inter: Interpreter, cls: Class) -> tuple[tuple[str, Values], ...]:
    """Return what stands beside a class's bases: `class Csv(Reader, kind="csv")`."""
    around = cls.body.parent or cls.module.frame
    told = [base[1:] for base in cls.scope.bases if base is not None and base[0] == "told"]
    return tuple((name, inter.evaluate(value, around)) for name, value in told if name is not None)


def meet_users(inter: Interpreter, name: str, module: Module) -> None:
    """Meet the decorators and statements of all modules that use a name."""
    for path in inter.users.paths(name, module.path):
        inter.depends(module.path, path)
        if (name, path) in inter.met_users:
            continue
        if 2 * inter.depth < inter.most_depth:  # else some of it may lie too deep to be followed from here
            inter.met_users.add((name, path))
        user = inter.modules[path]
        for index, scope in enumerate(user.facts.scopes):
            if scope.decorators and any(name == last(e) for e in scope.decorators):
                form = ("class" if scope.kind == "class" else "def", index)
                around = inter.generic(user, scope.parent)
                inter.meet(form, around)
        for expression in user.facts.scopes[0].body:
            if name == last(expression):
                inter.effect(expression, user.frame)


def meet_decorated(inter: Interpreter, module: Module, site: tuple[Any, ...]) -> None:
    """Meet what uses the object that a call or a decorated function at a place of a module made.

    These are the decorators of all modules that are methods of it, and its own module's statements that call one.
    """
    itself = ("def", site[1]) if len(site) == 2 else None
    for name, (_, expressions) in module.frame.scope.bindings.items():
        if any(e is not None and (e == itself or (e[0] == "call" and e[4:6] == site[1:])) for e in expressions):
            for path in inter.users.paths(f"@{name}", module.path):
                inter.depends(module.path, path)
                inter.meet_decorators(inter.modules[path].frame)
            for expression in module.frame.scope.body:
                if expression is not None and expression[0] == "call" and _is_method_of(expression[1], name):
                    inter.effect(expression, module.frame)


def _is_method_of(expression: Expression, name: str) -> bool:
    while expression is not None and expression[0] == "call":
        expression = expression[1]  # `app.command()(run)`
    if expression is None or expression[0] != "attr" or expression[1] is None:
        return False
    return expression[1][0] in {"name", "local"} and expression[1][1] == name


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
