"""What an expression can be, as far as it matters to who calls whom.

A set of values says "one of these"; the empty set says that nothing is known. Values are equal when they are the same
object: whoever makes one makes it through `Interpreter.one`, or keeps it where it belongs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression, Facts, Scope


class Value:
    """Something that a name can stand for."""

    __slots__ = ("__weakref__",)


Values = frozenset[Value]
NOTHING: Values = frozenset()
Key = tuple[Any, ...]
"""What tells one definition from another: `("def", path, scope)` or `("call", path, line, column)`."""


class World:
    """What is patched while some code runs: attributes of modules and objects, and what stands in for them."""

    __slots__ = ("patches",)

    def __init__(self, patches: dict[tuple[Any, str], Values]) -> None:
        self.patches = patches


UNPATCHED = World({})


class Module(Value):
    """A file, as something that can be imported."""

    __slots__ = ("added", "facts", "frame", "path")

    def __init__(self, path: str, facts: Facts) -> None:
        self.path = path
        self.facts = facts
        self.added: dict[str, list[tuple[int, Any]]] = {}
        """What functions put into the module's containers: for each name, the function's scope and what it adds."""
        for index, scope in enumerate(facts.scopes):
            for name, expression in scope.outer:
                self.added.setdefault(name, []).append((index, expression))
        self.frame = Frame(self, 0, None, {}, UNPATCHED)

    def __repr__(self) -> str:
        return f"<module {self.path}>"


class Edge:
    """Some code calls some other code."""

    __slots__ = ("made", "name", "target")

    def __init__(self, target: Frame | None, name: str, made: Made | None) -> None:
        self.target = target
        self.name = name
        self.made = made
        """The definition through which the call goes."""


class Frame:
    """A scope as it runs with certain arguments."""

    __slots__ = (
        "arguments", "behind", "classes", "edges", "first_world", "functions", "index", "left", "linked", "made",
        "memo", "module", "names", "parent", "result", "scope", "walked", "world",
    )  # fmt: skip

    def __init__(
        self, module: Module, index: int, parent: Frame | None, arguments: dict[str, Values], world: World
    ) -> None:
        self.module = module
        self.index = index
        self.scope: Scope = module.facts.scopes[index]
        self.parent = parent
        self.arguments = arguments
        self.world = self.first_world = world
        self.memo: dict[int, Values] = {}
        self.names: dict[Any, Values] = {}
        self.functions: dict[int, Function] = {}
        self.classes: dict[int, Class] = {}
        self.edges: list[Edge] = []
        self.linked: set[Any] = set()
        self.walked = False
        self.made: dict[int, tuple[Made, ...]] = {}
        """The definitions that its `def`s are, by their scope's index."""
        self.left: dict[tuple[Any, str], Values] = {}
        """What the code patches and leaves patched when it ends; of a generator, what is patched while it waits."""
        self.result: Values | None = None
        self.behind: dict[Key, tuple[str, ...]] | None = None
        """The definitions that it leads to, once asked for, with the names on the way."""

    def become(self, other: Frame) -> None:
        """Take over what was found out about another body that comes to the same."""
        self.scope, self.memo, self.names = other.scope, other.memo, other.names
        self.edges, self.linked = other.edges, other.linked

    def __repr__(self) -> str:
        return f"<frame {self.module.path}:{self.scope.name}>"


class Function(Value):
    """A function of the project, with the frame that it was defined in."""

    __slots__ = ("closure", "frames", "index", "module", "patches", "scope")

    def __init__(self, module: Module, index: int, closure: Frame) -> None:
        self.module = module
        self.index = index
        self.closure = closure
        self.scope: Scope = module.facts.scopes[index]
        self.frames: dict[Any, Frame] = {}
        self.patches: tuple[Patch, ...] | None = None
        """The patches among its decorators, from the inside out, once asked for."""

    def __repr__(self) -> str:
        return f"<function {self.scope.name}>"


class Class(Value):
    """A class of the project."""

    __slots__ = ("body", "filled", "index", "line", "module", "patches", "scope")

    def __init__(self, module: Module, index: int, closure: Frame) -> None:
        self.module = module
        self.index = index
        self.scope: Scope = module.facts.scopes[index]
        self.body = Frame(module, index, closure, {}, UNPATCHED)
        self.patches: tuple[Patch, ...] | None = None
        self.filled: bool | None = None
        """Whether methods beside `__init__` put into its objects what they are given, once asked for."""
        self.line: tuple[Value, ...] | None = None
        """Itself and its bases in the order of look-up, once asked for."""

    def __repr__(self) -> str:
        return f"<class {self.scope.name}>"


@dataclass(frozen=True, slots=True, eq=False)
class Instance(Value):
    """An object of a class of the project, and what it was made with."""

    cls: Class
    arguments: tuple[tuple[str, Values], ...] = ()
    site: tuple[Any, ...] | None = None
    """Where it was made, for classes whose objects are filled by their methods."""


@dataclass(frozen=True, slots=True, eq=False)
class Made(Value):
    """A flow or task object."""

    kind: str
    body: Value | None
    """The function that it runs; None where that is not the project's."""
    key: Key
    name: str | None
    label: str
    """What people call it: the function's name."""
    also: tuple[Key, ...] = ()
    """The definitions that it is a variant of."""
    hooks: Values = NOTHING
    loose: bool = False
    """Whether a function made it by a call: then it is whoever gives it a name that defines it."""


@dataclass(frozen=True, slots=True, eq=False)
class Body(Value):
    """`.fn` of a flow or task."""

    made: Made


@dataclass(frozen=True, slots=True, eq=False)
class Decorator(Value):
    """`flow(…)` or `task(…)` without a function."""

    kind: str
    name: str | None
    hooks: Values


@dataclass(frozen=True, slots=True, eq=False)
class Bound(Value):
    """A function or definition with its first argument."""

    target: Value
    first: Values


@dataclass(frozen=True, slots=True, eq=False)
class Method(Value):
    """A method of something that is not the project's class: of a flow, a container, an object of a library."""

    owner: Value
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Partial(Value):
    """`functools.partial`."""

    target: Values
    arguments: Arguments


@dataclass(frozen=True, slots=True, eq=False)
class External(Value):
    """A module, or a member of one, that is not the project's."""

    dotted: str


@dataclass(frozen=True, slots=True, eq=False)
class Opaque(Value):
    """What a library made, and what it was given that can be called."""

    dotted: str
    held: Values = NOTHING
    site: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Wrapped(Value):
    """A static method, class method, property; a value of `pytest.param`; a flow that runs on remote infrastructure."""

    how: str
    inner: Values


@dataclass(frozen=True, slots=True, eq=False)
class Super(Value):
    """`super()`: the classes behind one, for an object."""

    after: Class
    first: Values


@dataclass(frozen=True, slots=True, eq=False)
class Sequence(Value):
    """A container with places, a part of which may not be known."""

    items: tuple[Values, ...]
    rest: Values = NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Mapping(Value):
    """A dictionary; the key is None where it is not known."""

    items: tuple[tuple[str | None, Values], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Text(Value):
    """A string."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Number(Value):
    """A small integer."""

    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Path(Value):
    """A path of the workspace, as code puts it together from `__file__`."""

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Mock(Value):
    """A stand-in, and what it calls when it is called."""

    calls: Values = NOTHING
    gives: Values = NOTHING


@dataclass(frozen=True, slots=True, eq=False)
class Patch(Value):
    """A patch that is entered as a context manager or put on a function."""

    places: tuple[tuple[Any, str], ...]
    stand_in: Values
    gives_argument: bool


@dataclass(frozen=True, slots=True, eq=False)
class Mark(Value):
    """One of pytest's marks, with what it was given."""

    name: str
    arguments: Arguments


@dataclass(frozen=True, slots=True, eq=False)
class Request(Value):
    """pytest's `request` in a fixture."""

    parameters: Values
    fixtures: Any


@dataclass(frozen=True, slots=True, eq=False)
class Metafunc(Value):
    """pytest's `metafunc` in a hook, for the tests of one class or module."""

    hook: Function
    cls: Class | None
    module: Module
    marks: list[Mark] = field(default_factory=list["Mark"])
    """What its `parametrize` was given."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call passes."""

    positional: tuple[Values, ...] = ()
    keywords: tuple[tuple[str, Values], ...] = ()
    more: Values = field(default=NOTHING)
    """What may stand in any further place."""

    def at(self, position: int, *names: str) -> Values:
        """Return the argument at a position or under one of the names."""
        if 0 <= position < len(self.positional):
            return self.positional[position]
        for key, values in self.keywords:
            if key in names:
                return values
        return self.more

    def all(self) -> Values:
        """Return every value that is passed."""
        found = set(self.more)
        for values in self.positional:
            found |= values
        for _, values in self.keywords:
            found |= values
        return frozenset(found)

    def behind(self, position: int) -> Arguments:
        """Return the arguments behind a position."""
        return Arguments(self.positional[position + 1 :], self.keywords, self.more)


def texts(values: Values) -> list[str]:
    """Return the strings among the values, in order."""
    return sorted(value.text for value in values if isinstance(value, Text))


def union(*parts: Values) -> Values:
    """Return the values of all parts."""
    return NOTHING.union(*parts)


def expression_place(path: str, expression: Expression) -> Key:
    """Return the key of the definition that a call makes."""
    return ("call", path, expression[4], expression[5])
