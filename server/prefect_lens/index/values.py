"""What an expression can be, as far as it matters to who calls whom.

A set of values says "one of these"; the empty set says that nothing is known. Values are equal when they are the same
object: whoever makes one makes it through `Interpreter.one`, or keeps it where it belongs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prefect_lens.index.frames import Class, Frame, Function, Module, Parameters
from prefect_lens.index.worlds import NOTHING, UNPATCHED, Value, Values, World

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression

UNKNOWN = object()
"""Stands for a constant that is not known."""

MOCKED = object()
"""Stands for a mock that nobody told anything: it is true, no constant, and there is nothing in it."""

OBJECT = object()
"""Stands for an object of a class of the project that is true as any object is."""

SOME = object()
"""Stands for an object of a class of the project of which it is open whether it is true; it is not `None`."""

Key = tuple[Any, ...]
"""What tells one definition from another: `("def", path, scope)` or `("call", path, line, column)`."""


@dataclass(frozen=True, slots=True, eq=False)
class Instance(Value):
    """An object of a class of the project, and what it was made with."""

    cls: Class
    arguments: tuple[tuple[str, Values], ...] = ()
    site: tuple[Any, ...] | None = None
    """Where it was made, for classes whose objects are filled by their methods."""
    known: tuple[tuple[str, Any], ...] = ()
    """The constants that some attributes surely are; see `exact`."""


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
    says: tuple[tuple[int | str, Any], ...] | None = None
    """The literals among them, and UNKNOWN for the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Getter(Value):
    """`operator.attrgetter` or, with `calls`, `operator.methodcaller`."""

    name: str
    arguments: Arguments
    calls: bool


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
    within: World = UNPATCHED
    """Of what a generator gives: what is patched while it waits."""


@dataclass(frozen=True, slots=True, eq=False)
class Mapping(Value):
    """A dictionary; the key is None where it is not known."""

    items: tuple[tuple[str | None, Values], ...]
    keys: Values = NOTHING
    """The keys that are no strings."""


@dataclass(frozen=True, slots=True, eq=False)
class Record(Value):
    """An object of a library that has what it was given under names, in order: a namespace, a named tuple."""

    fields: tuple[tuple[str, Values], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Parsed(Value):
    """What argparse makes of a command line; see `command_lines`."""

    words: tuple[str | None, ...] | None
    module: Module


@dataclass(frozen=True, slots=True, eq=False)
class Text(Value):
    """A string."""

    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Number(Value):
    """A small integer."""

    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Exact(Value):
    """What is surely passed to a parameter: a constant, `()` for an empty container, `...` for one that is not."""

    value: Any


@dataclass(frozen=True, slots=True, eq=False)
class Path(Value):
    """A path of the workspace, as code puts it together from `__file__`."""

    path: str


@dataclass(frozen=True, slots=True, eq=False)
class Mock(Value):
    """A stand-in, and what it calls when it is called."""

    calls: Values = NOTHING
    gives: Values = NOTHING
    attributes: tuple[tuple[str, Values], ...] = ()
    raises: bool = False
    """Whether its `side_effect` is an exception."""
    site: tuple[Any, ...] = ()
    """Where it was made, and the names behind it: a mock's attributes and results are mocks, too."""
    says: Any = UNKNOWN
    """The constant that it surely gives, or that it gives another mock; see `results`."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch(Value):
    """A patch that is entered as a context manager or put on a function."""

    places: tuple[tuple[Any, str], ...]
    stand_in: Values
    gives_argument: bool
    one_by_one: tuple[tuple[Any, str], ...] = ()
    """Places that a loop patches, each in its turn: together only where each patch stays."""


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
    literals: tuple[tuple[int | str, Any], ...] | None = field(default=None, compare=False)
    """Of a call that is written out: the literals among its arguments, by position or name; see `literals`."""
    spread: tuple[tuple[int | str, Any], ...] | None = field(default=None, compare=False)
    """Of a call that hands on containers, and is known all the same: the same of each place; see `spread`."""

    @property
    def said(self) -> tuple[tuple[int | str, Any], ...] | None:
        """The constants that are passed, as far as all places are known."""
        return self.literals if self.literals is not None else self.spread

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


__all__ = [
    "MOCKED", "NOTHING", "OBJECT", "SOME", "UNKNOWN", "UNPATCHED", "Arguments", "Body", "Bound", "Class", "Decorator",
    "Exact", "External", "Frame", "Function", "Getter", "Instance", "Key", "Made", "Mapping", "Mark", "Metafunc",
    "Method", "Mock", "Module", "Number", "Opaque", "Parameters", "Parsed", "Partial", "Patch", "Path", "Record",
    "Request", "Sequence", "Super", "Text", "Value", "Values", "World", "Wrapped", "expression_place", "texts", "union",
]  # fmt: skip
