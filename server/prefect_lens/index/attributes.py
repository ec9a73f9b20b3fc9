"""What `value.name` is, for each kind of value."""

from __future__ import annotations

import builtins
import posixpath
from typing import TYPE_CHECKING

from prefect_lens.index import (
    calls,
    command_lines,
    dispatch,
    enums,
    fixture_values,
    folders,
    generated,
    loading,
    metaclasses,
    mocks,
    objects,
    of_functions,
    plain,
    registries,
)
from prefect_lens.index.values import (
    NOTHING,
    UNPATCHED,
    Arguments,
    Body,
    Bound,
    Class,
    External,
    Frame,
    Function,
    Instance,
    Made,
    Mapping,
    Metafunc,
    Method,
    Mock,
    Module,
    Opaque,
    Parsed,
    Partial,
    Patch,
    Path,
    Record,
    Request,
    Sequence,
    Super,
    Text,
    Value,
    Values,
    Wrapped,
    union,
)

if TYPE_CHECKING:
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.worlds import World

BUILTINS = frozenset(dir(builtins))

STARRED: dict[str, frozenset[str]] = {
    "prefect": frozenset({"flow", "task", "Flow", "Task", "unmapped", "allow_failure", "serve", "deploy"}),
    "functools": frozenset({"partial", "wraps", "lru_cache", "cache", "reduce"}),
    "unittest.mock": frozenset({"patch", "Mock", "MagicMock", "AsyncMock"}),
}
"""What star imports give, for the few libraries whose names matter."""


_INITIAL = frozenset({"__init__", "__new__", "__post_init__", "__attrs_post_init__", "model_post_init", "setUp"})
"""The methods that assign an attribute before anybody asks for it."""


def of_all(inter: Interpreter, values: Values, name: str, frame: Frame) -> Values:
    """Return the attribute of any of the values."""
    if len(values) == 1:
        return of(inter, next(iter(values)), name, frame)
    return union(*(of(inter, value, name, frame) for value in values))


def of(inter: Interpreter, value: Value, name: str, frame: Frame) -> Values:
    """Return the attribute of a value."""
    if frame.world.patches:
        places = (value, *line(inter, value.cls)) if isinstance(value, Instance) else (value,)
        for place in places:
            if (patched := frame.world.patches.get((place, name))) is not None:
                return patched
    match value:
        case Module():
            return _of_module(inter, value, name, frame)
        case External(dotted=fixture_values.CONFIG) if name in {"rootpath", "rootdir"}:
            return frozenset((inter.one(Path, inter.root_of(frame.module.path)),))
        case External(dotted=dotted) if dotted.count(".") >= plain.DEEPEST:
            return frozenset((value,))
        case External():
            return frozenset((inter.one(External, f"{value.dotted}.{name}"),))
        case Instance():
            return _of_instance(inter, value, name, frame)
        case Class():
            return _of_class(inter, value, name)
        case Made():
            return of_functions.of_made(inter, value, name)
        case Super():
            return _of_super(inter, value, name, frame)
        case Path():
            return folders.of_path(inter, value, name, frame)
        case Partial():
            return value.target if name == "func" else frozenset((value,)) if name == "value" else NOTHING
        case Body() | Function() | Bound():
            return of_functions.of_function(inter, value, name)
        case Request():
            return fixture_values.of_request(inter, value, name)
        case Metafunc():
            return generated.of_metafunc(inter, value, name)
        case Wrapped(how=metaclasses.MADE, inner=inner):
            return of_all(inter, inner, name, frame)
        case Wrapped(how="remote", inner=inner):
            return of_all(inter, inner, name, frame) if name == "fn" else NOTHING
        case Wrapped(how=dispatch.BY_SYNC):
            return dispatch.of_context(inter, value, name, frame)
        case Wrapped():
            has_methods = value.how == "property" or (value.how in dispatch.PLACES and name in dispatch.METHODS)
            return frozenset((inter.one(Method, value, name),)) if has_methods else value.inner
        case Mock():
            return mocks.attribute(inter, value, name, frame)
        case Record():
            return dict(value.fields).get(name, NOTHING)
        case Parsed():
            return command_lines.attribute(inter, value, name)
        case Sequence() | Mapping() | Text() if name == "value":
            return frozenset((value,))  # a member of an enumeration
        case Opaque() | Sequence() | Mapping() | Text() | Patch():
            return frozenset((inter.one(Method, value, name),))
        case _:
            return NOTHING


def line(inter: Interpreter, cls: Class) -> tuple[Value, ...]:
    """Return the class and its bases in the order of look-up; libraries' classes stand in it as External."""
    if cls.line is None:
        cls.line = (cls,)
        found: list[Value] = [cls]
        closure = cls.body.parent
        for expression in cls.scope.bases:
            if closure is None:
                break
            for base in inter.evaluate(expression, closure):
                for item in line(inter, base) if isinstance(base, Class) else (base,):
                    if item in found:
                        found.remove(item)  # a base of several stands behind all of them
                    found.append(item)
        cls.line = tuple(found)
    return cls.line


def in_class(inter: Interpreter, cls: Class, name: str, behind: Class | None = None) -> Values:
    """Return what a class says about a name, unbound; `behind` leaves out the classes up to that one."""
    found = line(inter, cls)
    if behind is not None and behind in found:
        found = found[found.index(behind) + 1 :]
    for base in found:
        if isinstance(base, Class) and name in base.scope.bindings:
            return inter.name_in(base.body, name)
    return NOTHING


def bind(inter: Interpreter, values: Values, first: Values, owner: Class, frame: Frame) -> Values:
    """Return what a class's attribute gives on an object: functions with the object as their first argument."""
    found: set[Value] = set()
    for value in values:
        match value:
            case Function() | Made() | Wrapped(how="functools.singledispatchmethod"):
                found.add(inter.one(Bound, value, first))
            case Wrapped(how="static", inner=inner):
                found |= inner
            case Wrapped(how="class", inner=inner):
                found |= {inter.one(Bound, item, frozenset((owner,))) for item in inner}
            case Wrapped(how="method", inner=inner):
                partials = (item for item in inner if isinstance(item, Partial))
                found |= {
                    inter.one(Partial, bind(inter, item.target, first, owner, frame), item.arguments, item.says)
                    for item in partials
                }
            case Wrapped(how="property", inner=inner):
                for item in inner:
                    found |= calls.call(inter, inter.one(Bound, item, first), calls.NO_ARGUMENTS, frame, None)
            case Instance(cls=cls) if in_class(inter, cls, "__get__"):
                given = Arguments((first, frozenset((owner,))))
                found |= calls.method(inter, value, "__get__", frame, given)
            case _:
                found.add(value)
    return frozenset(found)


def instances(inter: Interpreter, values: Values) -> Values:
    """Return an object of each of the classes, and for what an annotation says of a container one that holds some."""
    found: set[Value] = set()
    for value in values:
        match value:
            case Class():
                found.add(inter.one(Instance, value, ()))
            case Sequence(rest=rest):
                if inner := instances(inter, rest):
                    found.add(inter.one(Sequence, (), inner))
            case Mapping(items=((None, classes),)):
                if inner := instances(inter, classes):
                    found.add(inter.one(Mapping, ((None, inner),)))
            case _:
                pass
    return frozenset(found)


def _of_module(inter: Interpreter, module: Module, name: str, frame: Frame) -> Values:
    found = inter.module_name(module, name, frame.world)
    if found and not all(isinstance(value, External) and value.dotted == f"builtins.{name}" for value in found):
        return found
    match name:
        case "__dict__":
            return loading.names_of(inter, frozenset((module,)), frame)
        case "__path__":
            folder = inter.one(Path, posixpath.dirname(module.path) or ".")
            return frozenset((inter.one(Sequence, (frozenset((folder,)),)),))
        case "load_module":
            return frozenset((inter.one(Method, module, name),))  # the loader of a module stands for it
        case _:
            pass
    if posixpath.basename(module.path) == "__init__.py":
        found = folders.inside(inter, posixpath.dirname(module.path), name, frame)
        if found:
            return found
    if "__getattr__" in module.frame.scope.bindings:
        start = Frame(module, 0, None, (), UNPATCHED)  # it runs while the module is imported, for nobody's sake
        given = Arguments((frozenset((inter.one(Text, name),)),))
        return union(*(calls.call(inter, f, given, start, None) for f in inter.name_in(module.frame, "__getattr__")))
    return NOTHING


def _of_instance(inter: Interpreter, value: Instance, name: str, frame: Frame) -> Values:
    found: set[Value] = set()
    assigned: set[str] = set()
    for base in line(inter, value.cls):
        if isinstance(base, Class) and (own := base.scope.own.get(name)):
            methods = {index: base.module.facts.scopes[index].name for index in own}
            for index, method in methods.items():
                if method not in assigned:  # else a derived class assigns it anew, behind its call of `super()`
                    found |= _assigned(inter, value, inter.function(base.body, index), name, frame.world)
            assigned.update(methods.values())
    if found and not _INITIAL.isdisjoint(assigned):
        return frozenset(found) | registries.put_in_class(inter, value, line(inter, value.cls), name)
    given = dict(value.arguments).get(name)
    if given and not in_class(inter, value.cls, "__init__"):
        return given.union(found)
    in_the_class = _in_class_or_put(inter, value.cls, name)
    if found or in_the_class:
        return bind(inter, in_the_class, frozenset((value,)), value.cls, frame).union(found)
    asked = Arguments((frozenset((inter.one(Text, name),)),))
    if given := calls.method(inter, value, "__getattr__", frame, asked) or _by_keyword(inter, value, name):
        return given
    match name:
        case "__class__":
            return frozenset((value.cls,))
        case "result" | "aresult":
            return frozenset((inter.one(Method, value, name),))
        case _ if any(not isinstance(base, Class) for base in line(inter, value.cls)):
            return frozenset((inter.one(Method, value, name),))
        case _:
            return NOTHING


def _by_keyword(inter: Interpreter, value: Instance, name: str) -> Values:
    """Return what `**options` of an object's `__init__` have for an attribute that nobody assigns by its name."""
    inits = [one for one in in_class(inter, value.cls, "__init__") if isinstance(one, Function)]
    spare = {parameter for one in inits for parameter, kind in one.parameters if kind == "**"}
    return union(
        *(
            values
            for parameter, given in (value.arguments if spare else ())
            for options in (given if parameter in spare else ())
            for key, values in (options.items if isinstance(options, Mapping) else ())
            if key == name
        )
    )


def _assigned(inter: Interpreter, value: Instance, function: Function, name: str, world: World) -> Values:
    """Return what a method assigns to an attribute of the object that it is called of."""
    first = function.scope.parameters[0].name
    arguments = dict(value.arguments) if function.scope.name == "__init__" else {}
    dotted = f"{first}.{name}"
    made_in = objects.made_in(inter, function, dotted, world)
    frame = calls.frame_of(inter, function, {**arguments, first: frozenset((value,))}, made_in)
    found = inter.name_in(frame, dotted)
    if function.scope.name != "__init__" and len(function.scope.parameters) > 1:
        found |= registries.put_by_method(inter, function, value, dotted)
    return found


def _of_class(inter: Interpreter, value: Class, name: str) -> Values:
    if name in enums.names(inter, value):
        return enums.member(inter, value, name)
    found: set[Value] = set()
    for item in _in_class_or_put(inter, value, name):
        match item:
            case Wrapped(how="static", inner=inner):
                found |= inner
            case Wrapped(how="class", inner=inner):
                found |= {inter.one(Bound, one, frozenset((value,))) for one in inner}
            case Instance(cls=cls) if in_class(inter, cls, "__get__"):
                given = Arguments((NOTHING, frozenset((value,))))
                found |= calls.method(inter, item, "__get__", value.module.frame, given)
            case _:
                found.add(item)
    if not found and name == "__name__":
        found.add(inter.one(Text, value.scope.name))
    if not found and (
        name == "__subclasses__"
        or (name in objects.READERS and any(isinstance(base, External) for base in line(inter, value)))
    ):
        found.add(inter.one(Method, value, name))
    if not found:
        found |= metaclasses.attribute(inter, value, name)
    if not found:
        # what a class method or a decorator assigns to the class
        for base in line(inter, value):
            if isinstance(base, Class):
                for index in base.scope.own.get(name, ()):
                    function = inter.function(base.body, index)
                    first = function.scope.parameters[0].name
                    inside = calls.frame_of(inter, function, {first: frozenset((value,))}, UNPATCHED)
                    found |= inter.name_in(inside, f"{first}.{name}")
    return frozenset(found)


def _in_class_or_put(inter: Interpreter, cls: Class, name: str) -> Values:
    """Return what a class says about a name, and what is put there beside its own code."""
    found = in_class(inter, cls, name) | registries.put_in_class(inter, cls, line(inter, cls), name)
    return found | of_functions.put_on(inter, cls, name)


def _of_super(inter: Interpreter, value: Super, name: str, frame: Frame) -> Values:
    found: set[Value] = set()
    for first in value.first:
        cls = first.cls if isinstance(first, Instance) else first
        if isinstance(cls, Class):
            found |= bind(inter, in_class(inter, cls, name, value.after), value.first, cls, frame)
            if not found and name == "__new__" and metaclasses.is_one(inter, cls):
                found.add(inter.one(External, metaclasses.NEW))
    return frozenset(found)
