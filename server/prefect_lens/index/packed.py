"""Facts as they are kept: a tenth of the size of the scopes that they hold, and unpacked only while they are read."""

from __future__ import annotations

import marshal
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

from prefect_lens.index import makers, uses
from prefect_lens.index.facts import EMPTY, Facts, Parameter, Scope, SyntaxProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.makers import Origins
    from prefect_lens.index.uses import Bodies, Bound

Import = tuple[str, int, bool]
"""A module's name, the level of a relative one, and whether the module itself may be held."""

TOO_DEEP = SyntaxProblem("the code is nested too deeply to be read", 0, 0)

FUTURE = ("__future__", 0)

_BOUND = ("module", *makers.ALIASES)

_BY_NAME = (b"importlib", b"runpy", b"__import__", b"pkgutil", b"globals")
_BY_TEXT = (b"entrypoint", b"from_source", b"pytest_plugins")
"""Words of code that names a module in a string."""


class Packed(NamedTuple):
    """What one file says, packed."""

    scopes: bytes
    problem: SyntaxProblem | None
    prefect: bool
    makes: bool
    uses: tuple[str, ...] = ()
    """The names that its decorators and statements call; with `@` the names of objects whose methods decorate.

    With `.` the special methods of its classes.
    """
    origins: bytes = b""
    """Where the results of its functions come from, packed."""
    links: bytes = b""
    is_open: bool = False
    """Whether others can put functions into what it holds, or it imports by names that it works out."""
    held: tuple[str, ...] = ()
    """The names that the module gives to what a call returns."""
    opens: tuple[str, ...] = ()
    """The names that fill what it holds, when something of that name is called or, with `@`, its methods decorate."""
    is_wild: bool = False
    """Whether it may come to any other file, by a name that it works out or that stands in a string."""
    digest: str = ""
    """What stands for the text itself."""

    def plain(self) -> tuple[Any, ...]:
        """Return it as what `marshal` takes, which knows no named tuples."""
        return tuple(tuple(field) if isinstance(field, SyntaxProblem) else field for field in self)

    @staticmethod
    def of(plain: tuple[Any, ...]) -> Packed:
        """Return what was made plain."""
        facts = Packed._make(plain)
        return facts if facts.problem is None else facts._replace(problem=SyntaxProblem._make(facts.problem))

    def imports(self) -> Iterator[Import]:
        """Yield what it imports."""
        for dotted, level, names in marshal.loads(self.links):  # noqa: S302  we wrote it, in this process
            yield dotted, level, names is None
            for name in names or ():
                yield f"{dotted}.{name}" if dotted else name, level, True

    def made_from(self) -> Origins:
        """Return where the results of its functions come from."""
        return marshal.loads(self.origins) if self.origins else ()  # noqa: S302  we wrote it, in this process

    def leads_as(self, other: Packed) -> bool:
        """Whether another file in its place leaves all files as plain or active as they are."""
        mine = self.prefect, self.is_open, self.decorating(), self.held
        return mine == (other.prefect, other.is_open, other.decorating(), other.held)

    def looks_like(self, other: Packed) -> bool:
        """Whether another file in its place is the same to all who have not looked into its scopes."""
        return self[2:-1] == other[2:-1]  # all but the scopes, and the text

    def decorating(self) -> set[str]:
        """Return the names of the objects whose methods decorate something in it."""
        return {name[1:] for name in self.uses if name[0] == "@"}


def pack(facts: Facts) -> Packed:
    """Return the facts, packed."""
    try:
        return _pack(facts)
    except (RecursionError, ValueError):  # `marshal` has its own idea of how deep is too deep
        return _pack(EMPTY._replace(problem=facts.problem or TOO_DEEP, prefect=facts.prefect, digest=facts.digest))


def unpack(packed: Packed) -> Facts:
    """Return the facts that were packed. What was one object in them is one again."""
    plain: tuple[Any, ...] = marshal.loads(zlib.decompress(packed.scopes))  # noqa: S302  we wrote it, in this process
    scopes = tuple(Scope._make((*s[:7], tuple(map(Parameter._make, s[7])), *s[8:])) for s in plain)
    return Facts(scopes, packed.problem, packed.prefect, packed.makes, packed.digest)


def _pack(facts: Facts) -> Packed:
    plain = tuple((*scope[:7], tuple(map(tuple, scope.parameters)), *scope[8:]) for scope in facts.scopes)
    blob = marshal.dumps(plain)
    bound = uses.bound(facts, _BOUND)
    bodies = [uses.flat(scope.body) for scope in facts.scopes]
    held = sorted(uses.held(facts))
    filling = set(uses.filling(facts))
    if b"__subclasses__" in blob:
        filling.update(uses.classes(facts))
    by_name = any(map(blob.__contains__, _BY_NAME))
    return Packed(
        zlib.compress(blob, 1),  # a third of it; more takes longer and saves little
        facts.problem,
        facts.prefect,
        facts.makes,
        tuple(sorted(uses.names(facts, bodies))),
        marshal.dumps(makers.origins(facts, bound)),
        marshal.dumps(_imports(facts, bound, bodies)),
        by_name or bool(filling),
        tuple(held),
        tuple(sorted(filling.union(f"@{name}" for name in held))),
        by_name or any(map(blob.__contains__, _BY_TEXT)),
        facts.digest,
    )


def _imports(facts: Facts, bound: Bound, bodies: Bodies) -> tuple[tuple[str, int, tuple[str, ...] | None], ...]:
    """Return the modules that are imported by their names and levels: each with what is taken from it, or None."""
    whole = {form[1:] for _, form in bound["module"]}
    whole.update([form[1:] for body in bodies for form in body if form[0] == "module"])
    taken: dict[tuple[str, int], set[str]] = {}
    for _, form in bound["from"]:
        if form[1:3] != FUTURE:
            taken.setdefault(form[1:3], set()).add(form[3])
    for scope in facts.scopes:
        for star in scope.stars:
            taken.setdefault(star, set())
    parts = ((*of, tuple(sorted(names))) for of, names in sorted(taken.items()))
    return (*((*of, None) for of in sorted(whole)), *parts)
