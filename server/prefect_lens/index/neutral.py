"""Edits inside functions that leave what the functions do as it was: who they call, what they give back and patch.

Most keystrokes are such edits, and nothing that was found out about other files has to be found out again for them. To
know, each changed function is followed once more, in each of the ways in which it has been called, with its new body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from prefect_lens.index import calls, command_lines, expected, guards, present, registries, results
from prefect_lens.index.definitions import may_define
from prefect_lens.index.moves import apart, is_same, same_but
from prefect_lens.index.packed import pack

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression, Facts, Scope
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.moves import Place
    from prefect_lens.index.values import Frame, Module


class Adopted(NamedTuple):
    """What came of changing a module in place."""

    places: dict[Place, Place]
    """Where its places stand in the text."""
    rewired: list[Frame]
    """The calls of its functions that call others now than before."""


def neutral(inter: Interpreter, module: Module, new: Facts, factories: frozenset[str]) -> Adopted | None:
    """Change a module in place, if that means nothing to others but, at most, whom they come to through it.

    What is the same in the new facts keeps the places that it had, so that answers about it stay what they are. None,
    and nothing is changed, where the edit may mean something.

    Args:
        inter: has followed all code that calls into the file, as far as anything is known of it.
        module: the file before.
        new: what it says now.
        factories: see `definitions.definitions`.
    """
    old = module.facts
    found: dict[Place, Place] = {}
    changed = same_but(old, new, found)
    if changed is None or not all(_is_apart(facts, index, factories) for index in changed for facts in (old, new)):
        return None
    if any(_reads(facts, index) for index in changed for facts in (old, new)):
        return None
    if any(command_lines.declares(facts, index) for index in changed for facts in (old, new)):
        return None
    if any(_raises(old, index) != _raises(new, index) for index in changed):
        return None  # whoever calls it does not run
    if any(_promises(old, index) != _promises(new, index) for index in changed):
        return None
    scopes = {index: apart(old.scopes[index], new.scopes[index]) for index in changed}
    frames = [(frame, scope) for index, scope in scopes.items() for frame in registries.frames(module, index)]
    if not all(expected.follows(frame, scope) and _gives_on(frame, scope) for frame, scope in frames):
        return None
    again = inter.attempt(module.path, lambda: [_again(inter, frame, scope) for frame, scope in frames], None)
    if again is None or not all(_gives_the_same(old, new) for (old, _), new in zip(frames, again, strict=True)):
        return None
    both = [(frame, after) for (frame, _), after in zip(frames, again, strict=True)]
    if inter.attempt(module.path, lambda: any(expected.minds(inter, frame, after) for frame, after in both), True):  # noqa: FBT003
        return None
    rewired: list[Frame] = []
    for frame, after in both:
        if list(frame.edges.items()) != list(after.edges.items()):
            rewired.append(frame)
        frame.become(after)
    facts = old._replace(scopes=tuple(scopes.get(index, scope) for index, scope in enumerate(old.scopes)))
    module.become(facts, pack(facts))
    return Adopted(found, rewired)


def _raises(facts: Facts, index: int) -> bool:
    return guards.ends_in_raise(facts.scopes[index])


def _promises(facts: Facts, index: int) -> tuple[Any, bool]:
    """Return what a function gives in any case: others may have decided branches by that."""
    scope = facts.scopes[index]
    return results.constant(scope), present.gives_something(scope)


def _is_apart(facts: Facts, index: int, factories: frozenset[str]) -> bool:
    """Whether only callers of a function can see what is in it."""
    scope = facts.scopes[index]
    return (
        not any("." in name for name in scope.bindings)
        and not scope.outer
        and not scope.own
        and all(other.parent != index for other in facts.scopes)
        and not may_define(facts, index, factories)
    )


def _reads(facts: Facts, index: int) -> bool:
    """Whether another scope binds a name to what stands in a function."""
    return any(
        _has_inside(expression, index)
        for number, scope in enumerate(facts.scopes)
        if number != index
        for _, expressions in scope.bindings.values()
        for expression in expressions
    )


def _has_inside(expression: Expression, index: int) -> bool:
    if not isinstance(expression, tuple):
        return False
    parts = cast("tuple[Any, ...]", expression)
    return parts[:2] == ("inside", index) or any(_has_inside(part, index) for part in parts)


def _again(inter: Interpreter, old: Frame, scope: Scope) -> Frame:
    """Return what comes of a call with another body, as far as the call was followed."""
    new = old.anew(scope)
    if old.result is not None and old.gives_first:
        calls.returns(inter, new)
    if old.walked:
        inter.walk(new)
    if old.result is not None:
        calls.returns(inter, new)
    return new


def _gives_on(frame: Frame, scope: Scope) -> bool:
    """Whether a function gives on what the same call gives: others may have asked, where somebody stands in for it."""
    if not frame.world.patches:
        return True
    return is_same(results.gives_on(frame.scope), results.gives_on(scope))


def _gives_the_same(old: Frame, new: Frame) -> bool:
    return new.result == old.result and new.left == old.left and new.raises == old.raises
