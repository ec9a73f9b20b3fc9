"""Code that can be followed: modules, classes and functions, and the frames in which they run.

A frame takes up what was found out about its code. What can be read again is let go of when a module settles; what
others may have been told stays: a frame, function or class is the same object as long as its file says the same.
"""

from __future__ import annotations

from functools import lru_cache
from sys import intern
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast
from weakref import ref

from prefect_lens.index.worlds import NOTHING, UNPATCHED, Value, Values, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.index.facts import Expression, Facts, Scope
    from prefect_lens.index.followed import Behind
    from prefect_lens.index.packed import Packed
    from prefect_lens.index.registries import Filler
    from prefect_lens.index.values import Made, Patch

_NONE = cast("dict[Any, Any]", MappingProxyType({}))
"""Stands where most frames have nothing; whoever has something to put there makes a dictionary."""

_FEW = 16
"""So many callers need no look at which of them are still there."""

Parameters = tuple[tuple[str, str], ...]

Passed = tuple[tuple[str, Values], ...]
"""What is passed to parameters, in the order of their names."""


@lru_cache(maxsize=5_000)
def _shared(parameters: Parameters) -> Parameters:
    return parameters


class Module(Value):
    """A file, as something that can be imported.

    What it says stays packed until somebody reads in it, and is packed again when it has `settled`.
    """

    __slots__ = ("_added", "_facts", "_read", "frame", "kept", "packed", "path", "watched")

    def __init__(self, path: str, packed: Packed, read: Callable[[Module], Facts]) -> None:
        self.path = path
        self.packed = packed
        self._read = read
        self._facts: Facts | None = None
        self._added: dict[str, list[tuple[int, Any]]] | None = None
        self.kept: dict[Any, Any] = {}
        """What was worked out from the facts alone, for as long as they lie open."""
        self.watched: dict[int, set[tuple[str, int]]] = {}
        """Functions of which it matters to a test if they come to others, which may raise what it expects."""
        self.frame = Frame(self, 0, None, (), UNPATCHED)

    @property
    def facts(self) -> Facts:
        """What the file says."""
        if self._facts is None:
            self._facts = self._read(self)
        return self._facts

    @property
    def added(self) -> dict[str, list[tuple[int, Any]]]:
        """What functions put into the module's containers: for each name, the function's scope and what it adds."""
        if self._added is None:
            self._added = {}
            for index, scope in enumerate(self.facts.scopes):
                for name, expression in scope.outer:
                    self._added.setdefault(name, []).append((index, expression))
        return self._added

    def become(self, facts: Facts, packed: Packed) -> None:
        """Take over what the file says now, which comes to the same."""
        self._facts, self._added, self.packed = facts, None, packed
        self.kept.clear()
        for scoped in self._scoped():
            scoped.forget_scope()

    def settle(self) -> None:
        """Let go of what can be read again: the facts, and the values of their expressions.

        What was concluded from them stays: who is called, what comes back, what names mean.
        """
        self._facts = self._added = None
        self.kept.clear()
        for scoped in self._scoped():
            scoped.forget_scope()
            if isinstance(scoped, Frame):
                scoped.settle()

    def forget_calls(self) -> None:
        """Let go of the calls of its functions, but those that another frame knows of, or that define something.

        What they gave back is kept.
        """
        for scoped in self._scoped():
            if isinstance(scoped, Function) and scoped.frames:
                given = {key: one.result for key, one in scoped.frames.items() if one.result is not None}
                scoped.results = {**scoped.results, **given}
                scoped.frames = {key: frame for key, frame in scoped.frames.items() if frame.is_known}

    @property
    def frames(self) -> int:
        """How many calls of its functions are known; a fourth of those of which only the result is kept."""
        functions = (scoped for scoped in self._scoped() if isinstance(scoped, Function))
        return sum(len(one.frames) + len(one.results) // 4 for one in functions)

    def _scoped(self) -> list[Frame | Function | Class]:
        """Return all that was made of its scopes."""
        found: list[Frame | Function | Class] = [self.frame]
        for one in found:  # it grows
            match one:
                case Frame():
                    found.extend(one.functions.values())
                    found.extend(one.classes.values())
                case Function():
                    found.extend(one.frames.values())
                case Class():
                    found.append(one.body)
        return found

    def __repr__(self) -> str:
        return f"<module {self.path}>"


class _Scoped:
    """Something made of a scope of a module."""

    __slots__ = ()
    module: Module
    index: int
    _scope: Scope | None

    @property
    def scope(self) -> Scope:
        """What the code says there."""
        found = self._scope
        if found is None:
            found = self._scope = self.module.facts.scopes[self.index]
        return found

    def forget_scope(self) -> None:
        """Read it again when it is asked for."""
        self._scope = None


class Frame(_Scoped):
    """A scope as it runs with certain arguments."""

    __slots__ = (
        "__weakref__", "_callers", "_scope", "arguments", "behind", "classes", "edges", "first_world", "functions",
        "gives_first", "imported_by", "index", "left", "made", "memo", "met", "module", "names", "parent", "raised",
        "raises", "raising", "result", "walked", "world",
    )  # fmt: skip

    def __init__(self, module: Module, index: int, parent: Frame | None, arguments: Passed, world: World) -> None:
        self.module = module
        self.index = index
        self._scope: Scope | None = None
        self.parent = parent
        self.arguments = arguments
        self.world = self.first_world = world
        self.memo: dict[int, Values] = _NONE
        """What its expressions came to, by their places in memory."""
        self.met: dict[int, World] = _NONE
        """What is patched where a call is met whose value may be asked for later, where it is more than at first."""
        self.names: dict[Any, Values] = _NONE
        self.functions: dict[int, Function] = _NONE
        self.classes: dict[int, Class] = _NONE
        self.edges: dict[tuple[Frame | None, Made | None], str] = _NONE
        """The calls in it: which frame starts, through which definition; and by what name people know it."""
        self.walked = False
        self.gives_first = False
        """Whether what it gives back was asked for before it was walked: calls are known in this order."""
        self.raises = False
        """Whether it surely raises, as far as it has been walked."""
        self.raising = False
        """While it is walked: whether what was met last surely raises."""
        self.raised: set[int] | None = None
        """The calls in it that surely raise."""
        self.made: dict[int, tuple[Made, ...]] = _NONE
        """The definitions that its `def`s are, by their scope's index."""
        self.left: dict[tuple[Any, str], Values] = _NONE
        """What the code patches and leaves patched when it ends; of a generator, what is patched while it waits."""
        self.result: Values | None = None
        self.behind: Behind | None = None
        """The definitions that it leads to, once asked for."""
        self._callers: list[ref[Frame]] | ref[Frame] | None = None
        """Of one there is no list: most have one."""
        self.imported_by: ref[Frame] | None = None
        """One of them by which it runs while a module is imported, once somebody has found one."""

    def function(self, index: int) -> Function:
        """Return the function that a `def` or lambda makes here, without its decorators."""
        found = self.functions.get(index)
        if found is None:
            found = Function(self.module, index, self)
            self.functions = {} if self.functions is _NONE else self.functions
            self.functions[index] = found
        return found

    def class_(self, index: int) -> Class:
        """Return the class that a `class` statement makes here."""
        found = self.classes.get(index)
        if found is None:
            found = Class(self.module, index, self)
            self.classes = {} if self.classes is _NONE else self.classes
            self.classes[index] = found
        return found

    def argument(self, name: str) -> Values:
        """Return what is passed to a parameter."""
        return dict(self.arguments).get(name, NOTHING)

    def remember(self, expression: Expression, values: Values) -> None:
        """Note what an expression comes to."""
        if self.memo is _NONE:
            self.memo = {}
        self.memo[id(expression)] = values

    def name(self, key: Any, values: Values) -> None:
        """Note what a name stands for."""
        if self.names is _NONE:
            self.names = {}
        self.names[key] = values

    def define(self, index: int, made: tuple[Made, ...]) -> None:
        """Note which definitions a `def` is."""
        if made:
            self.made = {} if self.made is _NONE else self.made
            self.made[index] = made

    def call(self, target: Frame | None, name: str, made: Made | None) -> None:
        """Note that the code calls another."""
        self.edges = {} if self.edges is _NONE else self.edges
        if (target, made) not in self.edges:
            self.edges[target, made] = name
            if target is not None:
                target.called_by(self)

    def called_by(self, caller: Frame) -> None:
        """Note that another frame calls this one."""
        callers = self._callers
        if callers is None:
            self._callers = ref(caller)
        elif isinstance(callers, ref):
            self._callers = [callers, ref(caller)]
        else:
            if len(callers) >= _FEW and not len(callers) & (len(callers) - 1):  # it has doubled
                callers[:] = map(ref, dict.fromkeys(self.callers))
            callers.append(ref(caller))

    @property
    def callers(self) -> list[Frame]:
        """The frames that call it or once did; of files that have changed since, too, as long as these are there."""
        callers = (self._callers,) if isinstance(self._callers, ref) else self._callers or ()
        return [caller for one in callers if (caller := one()) is not None]

    @property
    def is_known(self) -> bool:
        """Whether another frame calls it, or something stands in it."""
        return bool(self._callers or self.functions or self.classes)

    def leave(self, patched: dict[tuple[Any, str], Values]) -> None:
        """Note what the code leaves patched."""
        if patched:
            self.left = {**self.left, **patched}

    def anew(self, scope: Scope) -> Frame:
        """Return the same call of another body, of which nothing is known yet."""
        new = Frame(self.module, self.index, self.parent, self.arguments, self.first_world)
        new._scope = scope
        return new

    def beside(self, names: dict[Any, Values]) -> Frame:
        """Return the scope as it is while some names have other values, for an expression in it."""
        one = Frame(self.module, self.index, self.parent, self.arguments, self.world)
        one.names = {**self.names, **names}
        one.functions, one.classes, one.made = self.functions, self.classes, self.made
        return one

    def become(self, other: Frame) -> None:
        """Take over what was found out about another body that comes to the same."""
        self.memo, self.met, self.names, self.raised = other.memo, other.met, other.names, other.raised
        for (target, made), name in other.edges.items():
            self.call(target, name, made)
        self.edges = other.edges

    def meet(self, expression: Expression) -> None:
        """Note what is patched where a call is met."""
        if self.world is not self.first_world:
            self.met = {} if self.met is _NONE else self.met
            self.met[id(expression)] = self.world

    def settle(self) -> None:
        """Let go of the values of single expressions, by whose places in memory they are known.

        So go those of names that nobody asks for from elsewhere.
        """
        self.memo, self.met, self.raised = _NONE, _NONE, None
        if self.parent is not None and not self.functions and not self.classes:
            self.names = _NONE

    def __repr__(self) -> str:
        return f"<frame {self.module.path}:{self.scope.name}>"


class Function(_Scoped, Value):
    """A function of the project, with the frame that it was defined in."""

    __slots__ = (
        "_decides", "_label", "_parameters", "_scope", "before", "closure", "frames", "index", "managers", "module",
        "patches", "question", "raises", "results", "sets",
    )  # fmt: skip

    def __init__(self, module: Module, index: int, closure: Frame) -> None:
        self.module = module
        self.index = index
        self.closure = closure
        self._scope: Scope | None = None
        self._label: str | None = None
        self._parameters: Parameters | None = None
        self._decides: tuple[str, ...] | None = None
        self.frames: dict[Any, Frame] = {}
        """Its calls, by what is patched and what is passed."""
        self.question, self.before = -1, 0
        """The test that called it anew the last, and how many of its calls were known before that."""
        self.results: dict[Any, Values] = _NONE
        """What calls gave back that are not kept."""
        self.patches: tuple[Patch, ...] | None = None
        """The patches among its decorators, from the inside out, once asked for."""
        self.managers: tuple[int, ...] | None = None
        """Which of its decorators are context managers, once asked for."""
        self.raises: bool | None = None
        """Whether it does nothing but raise in the end, once asked for."""
        self.sets: bool | None = None
        """Whether it assigns a `global`, once asked for."""

    @property
    def label(self) -> str:
        """What people call it: with its class, without what it is nested in."""
        if self._label is None:
            around = self.module.facts.scopes[max(self.scope.parent, 0)]
            self._label = intern(f"{around.name}.{self.scope.name}" if around.kind == "class" else self.scope.name)
        return self._label

    @property
    def parameters(self) -> Parameters:
        """The names and kinds of its parameters, in order."""
        if self._parameters is None:
            self._parameters = _shared(tuple((p.name, p.kind) for p in self.scope.parameters))
        return self._parameters

    @property
    def decides(self) -> tuple[str, ...]:
        """The parameters by which a branch may be decided."""
        if self._decides is None:
            self._decides = tuple(map(intern, self.scope.decides))
        return self._decides

    def __repr__(self) -> str:
        return f"<function {self.scope.name}>"


class Class(_Scoped, Value):
    """A class of the project."""

    __slots__ = (
        "_scope", "asked", "body", "factories", "filled", "fillers", "index", "line", "members", "module", "patches",
    )  # fmt: skip

    def __init__(self, module: Module, index: int, closure: Frame) -> None:
        self.module = module
        self.index = index
        self._scope: Scope | None = None
        self.body = Frame(module, index, closure, (), UNPATCHED)
        self.patches: tuple[Patch, ...] | None = None
        self.factories: dict[str, tuple[Frame, Expression]] | None = None
        """What makes the defaults of its fields, once asked for."""
        self.filled: bool | None = None
        """Whether methods beside `__init__` put into its objects what they are given, once asked for."""
        self.fillers: dict[str, tuple[Filler, ...]] | None = None
        """What functions put into the containers that are its attributes or its objects', once asked for."""
        self.asked: tuple[tuple[str, str], ...] | None = None
        """The attributes of its objects by which branches may be decided, once asked for; see `exact`."""
        self.members: tuple[str, ...] | None = None
        """Of an enumeration with methods: the names of its members, once asked for."""
        self.line: tuple[Value, ...] | None = None
        """Itself and its bases in the order of look-up, once asked for."""

    def __repr__(self) -> str:
        return f"<class {self.scope.name}>"
