"""Follows the code on demand: what an expression can be, and what a function calls.

`Interpreter.evaluate` returns the values of an expression in a frame; a call that is met on the way is linked to the
frame that it starts, so that frames and their edges make up the graph of calls. `Interpreter.walk` meets everything
in a frame's body. Both remember their answers in the frame; a frame is told apart by its function, its arguments and
what is patched. Recursion ends where an expression is asked for its own value: there nothing is known yet.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from prefect_lens.index import (
    attributes,
    calls,
    containers,
    decorators,
    literals,
    managers,
    names,
    registries,
    results,
    special,
    strings,
    walking,
)
from prefect_lens.index.memory import Memory
from prefect_lens.index.values import (
    NOTHING,
    UNPATCHED,
    Arguments,
    Bound,
    Class,
    External,
    Frame,
    Function,
    Instance,
    Made,
    Mock,
    Module,
    Number,
    Partial,
    Path,
    Sequence,
    Text,
    Value,
    Values,
    World,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.index.facts import Expression


class Interpreter(Memory):
    """The state of one snapshot's reading: modules by path, and everything that was found out about them."""

    expecting: Frame | None = None
    """The test that is to meet an exception now, in `with pytest.raises(…)`."""
    expected: str | None = None
    """The name of that exception."""
    catching: Frame | None = None
    """The code that is in a `try` now, with handlers for what is raised there."""

    most_depth = 55
    """Calls within calls that are followed for their value. What lies deeper is still walked for what it calls."""

    most_running = 6
    """Calls of one function within one another that are followed for their value: with each, its arguments may grow."""

    most_growing = 2
    """With so many calls of one function within one another, containers of data are not passed on: they may grow."""

    most_exact = 16
    """Calls of one function that are told apart by all that is passed: more of them only by code, and by classes."""

    most_frames = 32
    """More ways in which one test calls a function are taken as one call, of which nothing but its object is known."""

    @cached_property
    def _forms(self) -> dict[str, Callable[[Expression, Frame], Values]]:
        """What each form of expression comes to."""
        return {
            "name": lambda e, frame: self.look_up(e[1], frame),
            "local": self._local,
            "attr": lambda e, frame: attributes.of_all(self, self.evaluate(e[1], frame), e[2], frame),
            "call": lambda e, frame: calls.evaluate(self, e, frame),
            "text": lambda e, _: frozenset((self.one(Text, e[1]),)),
            "int": lambda e, _: frozenset((self.one(Number, e[1]),)),
            "none": lambda _, __: NOTHING,
            "seq": lambda e, frame: containers.sequence(self, e[1], frame),
            "dict": lambda e, frame: containers.mapping(self, e[1], frame),
            "item": lambda e, frame: containers.item(self, e[1], e[2], frame),
            "either": self._either,
            "choice": self._choice,
            "or": self._or,
            "effects": self._effects,
            "def": self._def,
            "lambda": lambda e, frame: frozenset((self.function(frame, e[1]),)),
            "class": self._class,
            "each": lambda e, frame: containers.elements(self, self.evaluate(e[1], frame), frame),
            "part": lambda e, frame: containers.part(self, self.evaluate(e[1], frame), e[2], frame),
            "enter": lambda e, frame: managers.enter(self, self.evaluate(e[1], frame), frame),
            "module": lambda e, frame: self.import_module(e[1], e[2], frame.module),
            "from": self._from,
            "param": lambda e, frame: self.parameter(e[1], frame),
            "typed": lambda e, frame: self.instance_of(e[1], frame),
            "slice": lambda e, frame: containers.slice_of(self, self.evaluate(e[1], frame), e[2], e[3], frame),
            "keyed": lambda e, frame: containers.keyed(self, e, frame),
            "set": self._set,
            "annotated": lambda e, frame: self.evaluate(e[1], frame),
            "here": lambda _, frame: frozenset((frame.module,)),
            "plus": lambda e, frame: containers.plus(
                self, self.evaluate(e[1], frame), self.evaluate(e[2], frame), frame, *e[3:]
            ),
            "operator": lambda e, frame: special.evaluate(self, e, frame),
            **dict.fromkeys(("meta", "told", "without"), lambda _, __: NOTHING),
            "slash": lambda e, frame: special.slash(self, e, frame),
            "join": lambda e, frame: strings.join(self, e[1], frame),
            "star": lambda e, frame: self.evaluate(e[1], frame),
            "inside": lambda e, frame: registries.inside(self, e[1], e[2], frame.module),
        }

    def evaluate(self, expression: Expression, frame: Frame) -> Values:
        """Return what the expression can be in the frame."""
        if expression is None:
            return NOTHING
        found = frame.memo.get(id(expression))
        if found is None:
            frame.remember(expression, NOTHING)
            found = self.shared(self._forms[expression[0]](expression, frame))
            frame.remember(expression, found)
        elif frame.raised and id(expression) in frame.raised:
            frame.raising = True
        return found

    def walk(self, frame: Frame) -> None:
        """Meet everything that the frame evaluates, in order."""
        walking.walk(self, frame)

    def effect(self, expression: Expression, frame: Frame) -> None:
        """Meet an expression whose value nobody asks for."""
        if expression is None:
            return
        match expression[0]:
            case "call":
                calls.effect(self, expression, frame)
            case "join" if special.is_defined(self, "__format__"):
                self.evaluate(expression, frame)
            case "effects" | "either" | "or" | "seq" | "join":
                raising = frame.raising
                for part in literals.needed(self, expression, frame) if expression[0] == "or" else expression[1]:
                    self.effect(part, frame)
                if expression[0] in {"either", "or"}:
                    frame.raising = raising
            case "operator":
                special.evaluate(self, expression, frame)
            case "choice":
                raising = frame.raising
                for part in walking.chosen(self, expression, frame):
                    self.effect(part, frame)
                frame.raising = raising
            case "block" | "try" | "with" | "return" | "raise":
                walking.run(self, (expression,), frame)
            case "local" | "name" | "text" | "int" | "none" | "skip" | "bound":
                pass
            case _:
                self.evaluate(expression, frame)

    def _either(self, expression: Expression, frame: Frame) -> Values:
        raising = frame.raising
        found = union(*(self.evaluate(part, frame) for part in expression[1]))
        frame.raising = raising
        return found

    def _choice(self, expression: Expression, frame: Frame) -> Values:
        return self._either((None, walking.chosen(self, expression, frame)), frame)

    def _effects(self, expression: Expression, frame: Frame) -> Values:
        for part in expression[1]:
            self.effect(part, frame)
        return NOTHING

    def _or(self, expression: Expression, frame: Frame) -> Values:
        found: set[Value] = set()
        raising = frame.raising
        for part in literals.needed(self, expression, frame):
            values = self.evaluate(part, frame)
            found |= values
            if values and all(
                isinstance(value, (Class, Function, Made, Bound, Partial, Instance, Module, Mock)) for value in values
            ):
                break
        frame.raising = raising
        return frozenset(found)

    def _set(self, expression: Expression, frame: Frame) -> Values:
        results.assign(self, expression, frame)
        return NOTHING

    # --- names

    def look_up(self, name: str, frame: Frame) -> Values:
        """Return what a name means in a frame, from the inside out."""
        at = frame
        while at.parent is not None:
            if at.scope.kind != "class" and name in at.scope.bindings:  # what a class binds earlier is a "local" there
                return self.name_in(at, name)
            at = at.parent
        return self.module_name(at.module, name, frame.world)

    def name_in(self, frame: Frame, name: str) -> Values:
        """Return what the bindings of a name in one scope come to, seen from elsewhere."""
        found = frame.names.get(name)
        if found is None:
            frame.name(name, NOTHING)
            raising = frame.raising
            first, bindings = frame.scope.bindings[name]
            found = names.bound(self, name, bindings[first:], frame)
            if name in frame.module.added:
                add = registries.added if frame.parent is None else registries.added_inside
                found |= add(self, frame, name)
            found = self.shared(found)
            frame.name(name, found)
            frame.raising = raising
        return found

    def module_name(self, module: Module, name: str, world: World = UNPATCHED) -> Values:
        """Return what a module's name means from outside."""
        if world.patches and (patched := world.patches.get((module, name))) is not None:
            return patched
        if (found := module.frame.names.get(name)) is not None:
            return found
        scope = module.frame.scope
        if name in scope.bindings:
            return self.name_in(module.frame, name)
        for dotted, level in scope.stars:
            for source in self.import_module(dotted, level, module):
                if isinstance(source, Module):
                    if source is not module and name in self.exported(source):
                        return self.module_name(source, name, world)
                elif isinstance(source, External) and name in attributes.STARRED.get(source.dotted, ()):
                    return frozenset((self.one(External, f"{source.dotted}.{name}"),))
        match name:
            case "__file__":
                return frozenset((self.one(Path, module.path),))
            case "__name__":
                return frozenset((self.one(Text, self.resolver.dotted(module.path)),))
            case _:
                return frozenset((self.one(External, f"builtins.{name}"),)) if name in attributes.BUILTINS else NOTHING

    def exported(self, module: Module, seen: frozenset[Module] = frozenset()) -> frozenset[str]:
        """Return the names that `from module import *` gives."""
        scope = module.frame.scope
        if "__all__" in scope.bindings:
            first, bindings = scope.bindings["__all__"]
            values = union(*(self.evaluate(e, module.frame) for e in bindings[first:]))
            return frozenset(texts_in(containers.elements(self, values, module.frame)))
        found = {name for name in scope.bindings if not name.startswith("_") and "." not in name}
        if module not in seen:
            for dotted, level in scope.stars:
                for source in self.import_module(dotted, level, module):
                    if isinstance(source, Module):
                        found |= self.exported(source, seen | {module})
        return frozenset(found)

    def _local(self, expression: Expression, frame: Frame) -> Values:
        _, name, low, high = expression
        if frame.parent is None and name in frame.scope.bindings and low == frame.scope.bindings[name][0]:
            bindings = frame.scope.bindings[name][1]
            if high in {-1, len(bindings)}:
                return self.name_in(frame, name)
        found = frame.names.get((name, low, high))
        if found is None:
            frame.name((name, low, high), NOTHING)
            raising = frame.raising
            bindings = frame.scope.bindings[name][1]
            found = names.bound(self, (name, low, high), bindings[low:] if high == -1 else bindings[low:high], frame)
            if frame.parent is not None and name in frame.module.added:
                found |= registries.added_inside(self, frame, name)
            found = self.shared(found)
            frame.name((name, low, high), found)
            frame.raising = raising
        return found

    def parameter(self, name: str, frame: Frame) -> Values:
        """Return what a parameter of a frame is: what is passed, else its default, else what its annotation says."""
        if found := frame.argument(name):
            return found
        parameter = next((p for p in frame.scope.parameters if p.name == name), None)
        if parameter is None or frame.parent is None:
            return NOTHING
        values = self.evaluate(parameter.default, frame.parent)
        if values or literals.passed(name, frame) is None:
            return values
        return self.instance_of(parameter.annotation, frame.parent)

    def instance_of(self, annotation: Expression, frame: Frame) -> Values:
        """Return an object of the class that an annotation names, where that is the project's."""
        return attributes.instances(self, self.evaluate(annotation, frame))

    # --- imports

    def import_named(self, dotted: str, level: int, importer: Module) -> Values:
        """Return the module of a name that stands in no import statement; see `import_module`."""
        for part in dotted.split("."):
            self.asks(importer.path, part)
        return self.import_module(dotted, level, importer)

    def import_module(self, dotted: str, level: int, importer: Module) -> Values:
        """Return the module of a name, as the importing file finds it."""
        path = self.resolver.find(dotted, level, importer.path)
        if path is None:
            return frozenset((self.one(External, dotted),)) if dotted and not level else NOTHING
        return frozenset((self.module_at(path, importer),))

    def module_at(self, path: str, importer: Module) -> Value:
        """Return the module of a file, or of a folder without `__init__.py`."""
        module = self.modules.get(path)
        if module is None:
            return self.one(Path, path)
        self.depends(importer.path, path)
        return module

    def meet_decorators(self, frame: Frame) -> None:
        """Put on every decorator of the functions that a module, or another function, defines."""
        for _, bindings in frame.scope.bindings.values():
            for bound in bindings:
                if bound is not None and bound[0] == "def":
                    self.evaluate(bound, frame)

    def _from(self, expression: Expression, frame: Frame) -> Values:
        _, dotted, level, name = expression
        found: set[Value] = set()
        for source in self.import_module(dotted, level, frame.module):
            if isinstance(source, Module) and source is frame.module:
                found |= self.import_module(f"{dotted}.{name}" if dotted else name, level, frame.module)
                if frame.parent is None or any(isinstance(one, Module) for one in found):
                    continue
            found |= attributes.of(self, source, name, frame)
        return frozenset(found)

    # --- definitions

    def function(self, frame: Frame, index: int) -> Function:
        """Return the function that a `def` or lambda makes in a frame, without its decorators."""
        return frame.function(index)

    def generic(self, module: Module, index: int) -> Frame:
        """Return the frame of a scope of whose arguments nothing is known."""
        if index <= 0:
            return module.frame
        scope = module.facts.scopes[index]
        around = self.generic(module, scope.parent)
        if scope.kind == "class":
            return self.class_(around, index).body
        return calls.frame_of(self, self.function(around, index), {}, UNPATCHED)

    def class_(self, frame: Frame, index: int) -> Class:
        """Return the class that a `class` statement makes in a frame."""
        return frame.class_(index)

    def meet(self, form: tuple[str, int], frame: Frame) -> None:
        """Meet a definition of a scope, decorators and all."""
        if form[0] == "def":
            decorators.decorated(self, form[1], frame)
        else:
            self._class(form, frame)

    def _def(self, expression: Expression, frame: Frame) -> Values:
        return decorators.decorated(self, expression[1], frame)[0]

    def _class(self, expression: Expression, frame: Frame) -> Values:
        cls = self.class_(frame, expression[1])
        values: Values = frozenset((cls,))
        for decorator in reversed(cls.scope.decorators):
            values = decorators.decorate(self, self.evaluate(decorator, frame), values, frame, None)
        return values

    def link(self, frame: Frame, target: Frame | None, name: str, made: Made | None = None) -> None:
        """Note that the frame calls another one."""
        frame.call(target, name, made)


def texts_in(values: Values) -> list[str]:
    """Return the strings among the values."""
    return [value.text for value in values if isinstance(value, Text)]


__all__ = ["Arguments", "Interpreter", "Sequence", "texts_in"]
