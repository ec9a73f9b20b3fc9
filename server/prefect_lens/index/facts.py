"""What one file says, small enough to keep for ten thousand files.

`read_facts` turns a text into `Facts`: the scopes of the file (module, classes, functions, lambdas), and for each scope
what its names are bound to, what it evaluates for effect, and what it returns. Control flow is flattened: code that
only could run counts as code that runs. What can never matter to the question "who calls whom" is not kept.

An expression is None (nothing is known) or a tuple that begins with its form:

| form | means |
|---|---|
| `("name", id)` | a name, looked up from this scope outwards |
| `("local", id, low, high)` | a name of this scope, as bound by its bindings `low` to `high` (-1: to the last) |
| `("attr", base, name)` | an attribute |
| `("call", function, arguments, keywords, line, column)` | a call; keywords are pairs of a name or None and a value |
| `("text", str)`, `("int", int)`, `("none",)` | a constant; the last one only for a parameter or attribute |
| `("seq", items)`, `("dict", ((key, value), …))` | a container |
| `("star", expression)` | an item or argument that is spread |
| `("item", base, index)` | a subscript |
| `("either", items)` | one of several |
| `("choice", (body, orelse, asked), test)` | one of two, as parameters say; see `lower_conditions.test` |
| `("or", items, …)` | the first of several that is there; `"none"` ends it where that means not to be `None` |
| `("def", scope)`, `("class", scope)`, `("lambda", scope)` | what a definition makes, decorators applied |
| `("each", iterable)`, `("part", expression, i)` | an element in a loop, a place in an unpacking |
| `("enter", manager)` | what `with … as` binds |
| `("module", dotted, level)`, `("from", dotted, level, name)` | imports |
| `("param", name)` | a parameter |
| `("typed", annotation)` | something of which only the annotation is known |
| `("annotated", annotation, kind, arguments, names)` | an annotation with an `Option` or `Argument` of typer |
| `("effects", items)` | no value, but things to evaluate |
| `("slice", base, low, high)` | some of the places of a container; None for a bound that is not written |
| `("keyed", iterable, name, key, value)` | a dictionary that a comprehension makes of each element |
| `("plus", left, right)`, `("slash", left, right)`, `("join", parts)` | text and paths put together |
| `("plus", left, right, "__or__")` | the same, by `|` |
| `("operator", method, left, …)` | what an operator, a condition or a loop asks of an object that has an answer |
| `("meta", metaclass)` | among the bases of a class: what it is made by |
| `("told", name, value)` | among the bases of a class: what else `__init_subclass__` is told of it |
| `("without", key)` | what a dictionary is bound to when it loses a key |
| `("inside", scope, expression)` | what another scope binds to a name of this one (`global`, `nonlocal`) |
| `("set", base, name, value)` | in a body only: an attribute of another object is assigned, or a `global` |
| `("here",)` | as such a base: the module itself |
| `("with", managers, body)` | in a body only: what is evaluated while the managers are entered |
| `("block", body)` | in a function's body only: what may be evaluated or not |
| `("block", body, test)` | the same, where parameters may say which, or in a loop; see `lower_conditions.test` |
| `("bound", expression)` | in a block that has a test only: a name is bound to what may be code |
| `("try", body, handlers, final)` | in a function's body only: bodies |
| `("return",)` | in a function's body only: a branch returns here |
| `("skip",)` | in a function's body only: a loop is left here, or goes on with the next element |
| `("raise", surely, name, message)` | in a function's body only: it raises here; surely, where nothing returns before |
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

Expression = Any
"""One of the forms above, or None."""


class Parameter(NamedTuple):
    """A parameter of a function."""

    name: str
    kind: str
    """`positional`, `keyword`, `*` or `**`."""
    default: Expression
    """None where there is none: it has to be passed."""
    annotation: Expression


class Scope(NamedTuple):
    """A module, class, function, lambda or the examples of a docstring."""

    kind: str
    name: str
    parent: int
    """The index of the enclosing scope; -1 for the module."""
    line: int
    column: int
    """Where its name stands; both count from 0, columns in code points."""
    keyword_line: int
    """The line of `def` or `class`."""
    is_async: bool
    parameters: tuple[Parameter, ...]
    bindings: dict[str, tuple[int, tuple[Expression, ...]]]
    """For each name: where the bindings begin that are seen from elsewhere, and all of them in order. A dotted
    name (`self.run`) is what this scope assigns to an attribute of a name."""
    body: tuple[Expression, ...]
    """What is evaluated for effect, in order."""
    returns: tuple[Expression, ...]
    yields: tuple[Expression, ...]
    is_generator: bool
    decorators: tuple[Expression, ...]
    bases: tuple[Expression, ...]
    annotation: Expression
    """What the function says that it returns."""
    stars: tuple[tuple[str, int], ...]
    """The modules of `from … import *`."""
    own: dict[str, tuple[int, ...]]
    """Of a class: attributes of `self` and the methods that assign them."""
    outer: tuple[tuple[str, Expression], ...]
    """Containers of enclosing scopes that this one adds to: name, and what is added as a container."""
    decides: tuple[str, ...] = ()
    """Parameters by which a branch may be decided, here or in what is called; with `=` those that are only passed on,
    and do not look like switches, with `>` those that collect arguments and hand them on, with `~` those by whose class
    one may be. With `.` before them, attributes by which one may be, of parameters or of what one call gives, with `.=`
    where it matters which one of several values an attribute has, with `>.` those that are only handed on."""


class SyntaxProblem(NamedTuple):
    """Why a text is no Python."""

    message: str
    line: int
    column: int
    """Both count from 0."""


class Facts(NamedTuple):
    """What one file says."""

    scopes: tuple[Scope, ...]
    """The module first."""
    problem: SyntaxProblem | None = None
    """With a problem, the scopes are those that could be read around it."""
    prefect: bool = False
    """Whether the text names Prefect at all."""
    makes: bool = False
    """Whether a call in the text may make a definition without giving it a name."""
    digest: str = ""
    """What stands for the text itself, comments and constants included."""


EMPTY = Facts(
    scopes=(Scope("module", "", -1, 0, 0, 0, False, (), {}, (), (), (), False, (), (), None, (), {}, ()),)  # noqa: FBT003
)


def read_facts(text: str) -> Facts:
    """Return what the text says. Never raises: a text that is no Python gives what can be read of it, and a problem."""
    from prefect_lens.index import lower, parts, recover  # noqa: PLC0415  lower speaks in the terms of this module

    text = normalize(text)
    try:
        prefect, problem = "prefect" in text, None
        makes = prefect or "with_options" in text
        if (scopes := parts.scopes(text)) is not None:
            return Facts(scopes, None, prefect, makes, digest(text))
        found = recover.parse(text)
        if isinstance(found, SyntaxProblem):
            problem, found = found, recover.parse_around(text, found)
        if found is None:
            return EMPTY._replace(problem=problem, prefect=prefect, digest=digest(text))
        return Facts(lower.scopes(*found), problem, prefect, makes, digest(text))
    except (RecursionError, MemoryError):
        deep = SyntaxProblem("the code is nested too deeply to be read", 0, 0)
        return EMPTY._replace(problem=deep, prefect="prefect" in text, digest=digest(text))


def digest(text: str) -> str:
    """Return what stands for a text that has been normalized."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def normalize(text: str) -> str:
    """Return the text as editors count its lines: a carriage return ends one, a byte order mark is none of it."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removeprefix("\ufeff")
