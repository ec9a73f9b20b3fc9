# ruff: noqa: PLR0917  what code is read, with what, from where, for whom: these go together everywhere
"""The tests of a file, as pytest would collect them, without importing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prefect_lens.index import attributes, doctests, marks
from prefect_lens.index.values import Class, External, Function, Made, Module, Value, Wrapped
from prefect_lens.model import Position, Span, TestCase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.config import Project
    from prefect_lens.index.facts import Scope
    from prefect_lens.index.interpret import Interpreter


@dataclass(frozen=True, slots=True)
class Collected:
    """A test, and the values that it is."""

    case: TestCase
    module: Module
    classes: tuple[Class, ...]
    """The classes that it stands in, from the outside in."""
    functions: tuple[Value, ...]
    """Functions, and definitions that pytest takes for test functions."""
    is_unittest: bool = False


def collect(inter: Interpreter, module: Module, project: Project) -> tuple[Collected, ...]:
    """Return the tests of a file, as the project's configuration has it."""
    found = list(_doctests(inter, module, project)) if project.doctests else []
    if not project.is_test_file(module.path):
        return tuple(found)
    names = [name for name in module.frame.scope.bindings if " " not in name and "." not in name]
    for name in dict.fromkeys((*names, *_starred(inter, module))):
        if _may_be_test(module.frame.scope, name, project):
            about = f"{module.path}: {name}"
            found.extend(inter.attempt(about, lambda n=name: tuple(_collect_name(inter, module, project, n)), ()))
    return tuple(sorted(found, key=lambda test: (test.case.span, test.case.names)))


def _doctests(inter: Interpreter, module: Module, project: Project) -> Iterator[Collected]:
    name = inter.resolver.dotted(module.path)
    for index, scope in enumerate(module.facts.scopes):
        if scope.kind == doctests.KIND:
            case = TestCase(module.path, (f"{name}.{scope.name}".rstrip("."),), _name_span(scope), project.root)
            yield Collected(case, module, (), (inter.function(module.frame, index),))


def _collect_name(inter: Interpreter, module: Module, project: Project, name: str) -> Iterator[Collected]:
    values = inter.module_name(module, name)
    functions = _functions(inter, values)
    if functions and project.is_function_name(name):
        span = next((s for f in functions if (s := _span(f, module)) is not None), _binding_span(module, name))
        yield Collected(TestCase(module.path, (name,), span, project.root), module, (), functions)
    for value in values:
        if isinstance(value, Class):
            yield from _collect_class(inter, module, project, value, (), name)


def is_unittest(inter: Interpreter, cls: Class) -> bool:
    """Whether the class is a `unittest.TestCase`."""
    return any(isinstance(base, External) and base.dotted.endswith("TestCase") for base in attributes.line(inter, cls))


def inherited(module: Module | None, names: tuple[str, ...], root: str) -> TestCase | None:
    """Return a test of a class that has it from a library: it stands at the class."""
    if module is None:
        return None
    found = (scope for scope in module.facts.scopes if scope.parent == 0 and scope.kind == "class")
    scope = next((one for one in found if one.name == names[0] and len(names) > 1), None)
    return TestCase(module.path, names, _name_span(scope), root) if scope is not None else None


def _collect_class(
    inter: Interpreter, module: Module, project: Project, cls: Class, outer: tuple[Class, ...], name: str
) -> Iterator[Collected]:
    unittest = is_unittest(inter, cls)
    if not unittest and not project.is_class_name(name):
        return
    line = [base for base in attributes.line(inter, cls) if isinstance(base, Class)]
    if not unittest and any(init in base.scope.bindings for base in line for init in ("__init__", "__new__")):
        return
    for base in line:
        if "__test__" in base.scope.bindings:
            if 0 in marks.numbers(inter.name_in(base.body, "__test__")):
                return
            break
    classes = (*outer, cls)
    own = cls.module is module
    span = _name_span(cls.scope) if own else _binding_span(module, name)
    for attr in dict.fromkeys(attr for base in reversed(line) for attr in base.scope.bindings if " " not in attr):
        is_test = attr.startswith("test") if unittest else project.is_function_name(attr)
        if not is_test and not (unittest is False and _binds_class(line, attr)):
            continue
        values = attributes.in_class(inter, cls, attr)
        functions = _functions(inter, values) if is_test else ()
        names = (*(c.scope.name for c in outer), name, attr)
        if functions:
            inside = next((s for f in functions if (s := _span(f, module)) is not None), span)
            yield Collected(TestCase(module.path, names, inside, project.root), module, classes, functions, unittest)
        for value in values:
            if isinstance(value, Class) and not unittest and value is not cls and value not in outer:
                yield from _collect_class(inter, module, project, value, classes, attr)


def _functions(inter: Interpreter, values: Iterable[Value]) -> tuple[Value, ...]:
    found: list[Value] = []
    for value in values:
        match value:
            case Function() if not marks.is_fixture(inter, value):
                found.append(value)
            case Made():
                found.append(value)
            case Wrapped(how="static" | "class", inner=inner):
                found.extend(_functions(inter, inner))
            case _:
                pass
    return tuple(found)


def _may_be_test(scope: Scope, name: str, project: Project) -> bool:
    if project.is_function_name(name) or project.is_class_name(name) or "test" in name.lower():
        return True
    return name in scope.bindings and any(e is not None and e[0] == "class" for e in scope.bindings[name][1])


def _binds_class(line: list[Class], attr: str) -> bool:
    return any(e is not None and e[0] == "class" for base in line for e in base.scope.bindings.get(attr, (0, ()))[1])


def _starred(inter: Interpreter, module: Module) -> Iterator[str]:
    for dotted, level in module.frame.scope.stars:
        for source in inter.import_module(dotted, level, module):
            if isinstance(source, Module) and source is not module:
                yield from sorted(inter.exported(source))


def _span(value: Value, module: Module) -> Span | None:
    body = value.body if isinstance(value, Made) else value
    return _name_span(body.scope) if isinstance(body, Function) and body.module is module else None


def _name_span(scope: Scope) -> Span:
    return Span(Position(scope.line, scope.column), Position(scope.line, scope.column + len(scope.name)))


def _binding_span(module: Module, name: str) -> Span:
    for scope in module.facts.scopes:
        if scope.parent == 0 and scope.name == name:
            return _name_span(scope)
    return Span(Position(0, 0), Position(0, 0))
