"""What a condition says by itself: whether it holds in any case, whose presence it asks for, what parameters decide."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prefect_lens.index.facts import Expression

OLDEST_PYTHON = (3, 9)
"""The oldest Python that any Prefect 3 runs on, by its own metadata."""

MEMBER = "\0"
"""Before the names of a class and an attribute of it that may be a member of an enumeration; see `members`."""

_MAY_BE_SURE = frozenset({ast.Constant, ast.UnaryOp, ast.Compare})

_OF_NAMES = frozenset({"isinstance", "len"})
"""Functions that say something about what they are given."""

_ELEMENTS = frozenset({"enumerate", "reversed", "sorted", "list", "tuple", "set", "iter"})
"""Functions that give the elements of what they are given."""

_OF_TEXTS = {"startswith": "starts", "endswith": "ends"}
"""Methods that say something about a text, and the tests of it."""


def is_sure(test: ast.expr) -> bool | None:
    """Return whether a condition holds in every Python that Prefect runs on; None where that is open."""
    if type(test) not in _MAY_BE_SURE:
        return None
    match test:
        case ast.Constant(value=bool() | int() as value):
            return bool(value)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return None if (holds := is_sure(operand)) is None else not holds
        case ast.Compare(
            left=ast.Attribute(value=ast.Name(id="sys"), attr="version_info"),
            ops=[ast.GtE() | ast.Gt() | ast.Lt() | ast.LtE() as op],
            comparators=[ast.Tuple(elts=[ast.Constant(value=int() as major), ast.Constant(value=int() as minor), *_])],
        ) if (major, minor) <= OLDEST_PYTHON:
            return isinstance(op, ast.GtE | ast.Gt)
        case _:
            return None


def asked_for(test: ast.expr) -> tuple[str, bool] | None:
    """Return the name whose presence a condition asks for, and whether it holds when it is there."""
    match test:
        case ast.Name(id=name):
            return name, True
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name, False
        case ast.Compare(
            left=ast.Name(id=name), ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]
        ):
            return name, isinstance(op, ast.IsNot)
        case _:
            return None


def test(node: ast.expr, tells: Callable[[str], bool]) -> Expression:
    """Return what some parameters say about a condition; None where they say nothing.

    `tells` says which names are looked at, and with a dot behind them, of which names the attributes are; with a colon,
    which names are none of the function's own: they may be constants.

    That is `("truth", name)`, `("none", name)`, `("in", name, constants)`, `("is", name, classes)`,
    `("less", name, bound)`, `("more", name, bound)`, `("starts", name, texts)`, `("ends", name, texts)`, or
    `("not", …)`, `("all", …)`, `("any", …)`, `("loop", …)` of such. A name with dots is an attribute of a parameter,
    or of one of the names that have a dot behind them; with a dot at its end, it is what a call gave the name.
    """
    kind = type(node)
    if kind is ast.Name or kind is ast.Attribute:
        return ("truth", name) if (name := _subject(node, tells)) is not None else None
    if kind not in _TELLING:
        return None
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return negated(test(operand, tells))
        case ast.BoolOp(op=op, values=values):
            parts = tuple(test(value, tells) for value in values)
            return ("all" if isinstance(op, ast.And) else "any", parts) if any(parts) else None
        case ast.Compare(left=left, ops=[op], comparators=[other]) if (name := _subject(left, tells)) is not None:
            return _compared(name, op, other)
        case ast.Call(func=ast.Name(id="len"), args=[inner]):
            return test(inner, tells)
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="len"), args=[inner]), ops=[op], comparators=[ast.Constant(value=int() as n)]
        ):
            return _counted(test(inner, tells), op, n)
        case ast.Call(func=ast.Attribute(value=value, attr=attr), args=[part]) if (
            attr in _OF_TEXTS and (name := _subject(value, tells)) is not None
        ):
            return (_OF_TEXTS[attr], name, found) if (found := _texts(part)) else None
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), classes]) if tells(name):
            parts = classes.elts if isinstance(classes, ast.Tuple) else [classes]
            found = tuple(dotted(part) for part in parts)
            return ("is", name, found) if None not in found else None
        case _:
            return None


_TELLING = frozenset({ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call})
"""The conditions, beside names, that may say something about what a name stands for."""


def _texts(node: ast.expr) -> tuple[str, ...]:
    """Return the text, or the texts, that an expression is as it is written."""
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    found = tuple(one.value for one in parts if isinstance(one, ast.Constant) and isinstance(one.value, str))
    return found if len(found) == len(parts) else ()


def _counted(found: Expression, op: ast.cmpop, number: int) -> Expression:
    """Return what a comparison of a length with 0 or 1 says of whether there is something."""
    match op, number:
        case (ast.Gt() | ast.NotEq(), 0) | (ast.GtE(), 1):
            return found
        case (ast.Eq() | ast.LtE(), 0) | (ast.Lt(), 1):
            return negated(found)
        case _:
            return None


def called(node: ast.expr) -> tuple[ast.Call, bool] | None:
    """Return the call whose result a condition is, and whether it holds when that is true."""
    if isinstance(node, ast.UnaryOp):
        found = called(node.operand) if isinstance(node.op, ast.Not) else None
        return (found[0], not found[1]) if found is not None else None
    call = node.value if isinstance(node, ast.Await) else node
    if not isinstance(call, ast.Call):
        return None
    of_names = getattr(call.func, "id", None) in _OF_NAMES or getattr(call.func, "attr", None) in _OF_TEXTS
    return None if of_names else (call, True)


def negated(found: Expression) -> Expression:
    """Return the test that holds where another does not."""
    return ("not", found) if found is not None else None


def loops(found: Expression) -> Expression:
    """Return the test of a loop over what another one asks for: where there is something, it is open what runs."""
    return ("loop", found)


def over(node: ast.For | ast.AsyncFor | ast.While) -> ast.expr:
    """Return the condition for a loop to run at first, or what there has to be for it: rows, if it is over these."""
    if not isinstance(node, ast.While):
        return _elements(node.iter)
    return _OPEN if any(isinstance(one, ast.Call) for one in ast.walk(node.test)) else node.test


def _elements(node: ast.expr) -> ast.expr:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _ELEMENTS:
            return _elements(first)
        case ast.Call(func=ast.Attribute(value=value, attr="items" | "values" | "keys"), args=[], keywords=[]):
            return value
        case ast.Call(func=ast.Name(id="range"), args=[ast.Name() as count], keywords=[]):
            return ast.Compare(count, [ast.Gt()], [ast.Constant(0)])
        case _:
            return node


def asked(found: Expression) -> Iterator[str]:
    """Return the parameters that a test asks for, in the forms of `Scope.decides`."""
    if found is None:
        return
    form, name = found[:2]
    if form in {"not", "loop"}:
        yield from asked(name)
    elif form in {"all", "any"}:
        for part in name:
            yield from asked(part)
    elif form == "is":
        yield f"~{name}"
    elif not isinstance(name, str) or name.endswith("."):
        yield "."
    elif "." not in name:
        yield name
    else:
        yield f".={name}" if form in _OF_VALUES else f".{name}"


_OF_VALUES = frozenset({"in", "less", "more", "starts", "ends"})
"""The tests for which it matters which of several values an attribute has."""


def cases(node: ast.Match) -> list[ast.expr]:
    """Return the conditions of a `match`'s cases. A part that asks for more than a constant or class is open."""
    found: list[ast.expr] = []
    before: list[ast.expr] = []
    for case in node.cases:
        parts = list(_asked(node.subject, case.pattern))
        if case.guard is not None:
            parts.append(case.guard)
        all_parts = [*parts, *before]
        found.append(ast.BoolOp(ast.And(), all_parts) if all_parts else _OPEN)
        match before[-1:], parts:
            case [ast.UnaryOp(operand=ast.Compare(comparators=[ast.Tuple(elts)]))], [
                ast.Compare(ops=[ast.In()], comparators=[ast.Tuple(more)])
            ]:
                before[-1] = ast.UnaryOp(ast.Not(), ast.Compare(node.subject, [ast.In()], [ast.Tuple(elts + more)]))
            case _:
                before.append(ast.UnaryOp(ast.Not(), ast.BoolOp(ast.And(), parts) if len(parts) != 1 else parts[0]))
    return found


def captures(subject: ast.expr | None, pattern: ast.pattern) -> Iterator[tuple[str, ast.expr | None]]:
    """Yield the names that a pattern binds, each with the part of the subject that it stands for.

    That is None where it is not known, as the subject itself may be.
    """
    match pattern:
        case ast.MatchAs(pattern=inner, name=name):
            if name is not None:
                yield name, subject
            if inner is not None:
                yield from captures(subject, inner)
        case ast.MatchOr(patterns=patterns):
            for inner in patterns:
                yield from captures(subject, inner)
        case ast.MatchClass(patterns=patterns, kwd_attrs=names, kwd_patterns=inners):
            for inner in patterns:
                yield from captures(None, inner)
            for name, inner in zip(names, inners, strict=True):
                yield from captures(ast.Attribute(subject, name) if subject is not None else None, inner)
        case ast.MatchMapping(keys=keys, patterns=patterns, rest=rest):
            for key, inner in zip(keys, patterns, strict=True):
                yield from captures(ast.Subscript(subject, key) if subject is not None else None, inner)
            if rest is not None:
                yield rest, subject
        case ast.MatchSequence(patterns=patterns):
            is_sure = True
            for place, inner in enumerate(patterns):
                is_sure = is_sure and not isinstance(inner, ast.MatchStar)
                key = ast.Constant(place) if is_sure else ast.Slice()
                yield from captures(ast.Subscript(subject, key) if subject is not None else None, inner)
        case ast.MatchStar(name=str() as name):
            yield name, subject
        case _:
            pass


_OPEN = ast.Constant(None)
"""A condition of which nothing is known."""


def _asked(subject: ast.expr, pattern: ast.pattern) -> Iterator[ast.expr]:
    """Yield what a pattern asks for; nothing for one that takes everything."""
    match pattern:
        case ast.MatchValue(value=value) | ast.MatchSingleton(value=value):
            one = value if isinstance(value, ast.expr) else ast.Constant(value)
            yield ast.Compare(subject, [ast.In()], [ast.Tuple([one])])
        case ast.MatchClass(cls=cls):
            yield ast.Call(ast.Name("isinstance"), [subject, cls], [])
            if pattern.patterns or pattern.kwd_patterns:
                yield _OPEN
        case ast.MatchOr(patterns=patterns):
            found = [list(_asked(subject, inner)) for inner in patterns]
            yield ast.BoolOp(
                ast.Or(), [ast.BoolOp(ast.And(), parts) if len(parts) != 1 else parts[0] for parts in found]
            )
        case ast.MatchAs(pattern=inner):
            if inner is not None:
                yield from _asked(subject, inner)
        case _:
            yield _OPEN


def _subject(node: ast.expr, tells: Callable[[str], bool]) -> str | None:
    """Return the name, or the attribute behind it, that an expression is; None for what decides nothing."""
    name = dotted(node)
    if name is None:
        return None
    first = name.partition(".")[0]
    if tells(f"{first}."):
        return name if first != name else f"{name}."
    if tells(first):
        return name
    return f"{name}." if name.rpartition(".")[2].isupper() and tells(f"{first}:") else None


def _compared(name: str, op: ast.cmpop, other: ast.expr) -> Expression:
    match op, other:
        case ((ast.Is() | ast.IsNot() | ast.Eq() | ast.NotEq()), ast.Constant(value=None)):
            found: Expression = ("none", name)
        case ((ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot()), ast.Constant(value=str() | int() as value)):
            found = ("in", name, (value,))
        case ((ast.Eq() | ast.NotEq() | ast.Is() | ast.IsNot()), ast.Attribute()) if member := _member(other):
            found = ("in", name, (member,))
        case ((ast.Lt() | ast.GtE()), ast.Constant(value=int() as bound)):
            found = ("less", name, bound)
        case ((ast.Gt() | ast.LtE()), ast.Constant(value=int() as bound)):
            found = ("more", name, bound)
        case ((ast.In() | ast.NotIn()), (ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts))):
            constants = tuple(part.value if isinstance(part, ast.Constant) else _member(part) for part in parts)
            members = (_member(part) for part in parts if not isinstance(part, ast.Constant))
            if None in members or not all(isinstance(one, str | int | None) for one in constants):
                return None
            found = ("in", name, constants)
        case _:
            return None
    return negated(found) if isinstance(op, ast.NotEq | ast.IsNot | ast.NotIn | ast.GtE | ast.LtE) else found


def _member(node: ast.expr) -> str | None:
    """Return what stands for `Mode.FAST`, whatever `Mode` is; None for anything that is not written so."""
    name = dotted(node)
    if name is None or "." not in name:
        return None
    cls, member = name.split(".")[-2:]
    return f"{MEMBER}{cls}.{member}" if cls[:1].isupper() and member.isupper() else None


def dotted(node: ast.expr) -> str | None:
    """Return `a.b.c` for a chain of names; None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (start := dotted(node.value)) is not None:
        return f"{start}.{node.attr}"
    return None
