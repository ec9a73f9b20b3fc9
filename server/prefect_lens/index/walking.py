"""Goes through what a body evaluates, in order, up to where it surely raises: what stands behind that does not run.

Known to raise is a function that ends in `raise` and nowhere returns, and a stand-in whose `side_effect` is an
exception. Tests that have something fail are full of them. Wherever it is open whether code raises, it does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index import exact, expected, guards, literals, makers, managers, mocks, patches
from prefect_lens.index.values import Function, Instance, Mock, Sequence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Arguments, Frame, Value, World

RAISES = frozenset({"raises", "assertRaises", "assertRaisesRegex"})
"""Context managers, by their last names, in which code is to raise."""

_SWALLOW = RAISES | {"suppress"}
"""Context managers, by their last names, behind which code goes on after an exception."""

STATE = "return_state"
"""The argument that has a flow or task give a state back, whatever becomes of it."""


def walk(inter: Interpreter, frame: Frame) -> None:
    """Meet everything that a frame evaluates; see `Frame.raises`."""
    if frame.walked:
        return
    frame.walked = True
    world, frame.raising = frame.world, False
    literals.bury(inter, frame)
    returned = run(inter, frame.scope.body, frame)
    frame.raises = frame.raising and not returned
    frame.world, frame.raising = world, False


def run(inter: Interpreter, body: Iterable[Expression], frame: Frame) -> bool:
    """Meet the expressions of a body; return whether it may have returned on the way."""
    returned = False
    for expression in body:
        if expression is None:
            continue
        form = expression[0]
        if form == "return":
            returned = True
        elif form == "raise":
            frame.raising = True
        elif form == "block":
            runs = literals.holds(inter, expression, frame)
            if runs is False:
                continue
            returned |= run(inter, expression[1], frame)
            if runs and literals.ends(inter, expression[1], frame):
                break
            frame.raising = frame.raising and runs is True
        elif form == "try":
            returned_in_it, is_left = _try(inter, expression, frame)
            returned |= returned_in_it
            if is_left:
                break
        elif form == "with":
            returned |= _with(inter, expression, frame)
        else:
            inter.effect(expression, frame)
        if frame.raising and (not is_entry(frame) or inter.expecting is frame):
            break
    return returned


def chosen(inter: Interpreter, expression: Expression, frame: Frame) -> tuple[Expression, ...]:
    """Return what is evaluated of a choice, as far as it is known how that comes out."""
    body, orelse, asked = expression[1]
    runs = literals.holds(inter, expression, frame)
    return (asked, body, orelse) if runs is None else (asked, body if runs else orelse)


def _try(inter: Interpreter, expression: Expression, frame: Frame) -> tuple[bool, bool]:
    """Return whether it may have returned, and whether it did not go on in any case."""
    _, body, handlers, final = expression
    if guards.swallows(handlers, final):
        before, inter.catching = inter.catching, frame
        with guards.caught(inter, frame):
            returned = run(inter, body, frame)
        inter.catching = before
    else:
        returned = run(inter, body, frame)
    raised, passed_on = frame.raising, True
    for handler in handlers if raised else guards.may_run(handlers, frame.world):
        frame.raising = False
        returned |= run(inter, handler, frame)
        passed_on = passed_on and frame.raising
    frame.raising = False
    ended = run(inter, final, frame)
    returned |= ended
    frame.raising = frame.raising or (raised and passed_on and not ended)
    is_left = raised and bool(handlers) and all(literals.ends(inter, handler, frame) for handler in handlers)
    return returned, is_left


def _with(inter: Interpreter, expression: Expression, frame: Frame) -> bool:
    before, expecting = frame.world, (inter.expecting, inter.expected)
    swallows = False
    for manager in expression[1]:
        values = inter.evaluate(manager, frame)
        managers.enter(inter, values, frame)
        frame.world = patches.entered(inter, values, frame)
        named = makers.called(manager) if manager is not None and manager[0] == "call" else None
        swallows |= named in _SWALLOW or any(isinstance(value, Instance | Sequence) for value in values)
        if frame.world.unguarded and guards.catches(inter, manager, values, frame):
            frame.world = guards.inside(inter, frame.world)
        if manager is not None and named in RAISES:
            inter.expecting, inter.expected = frame, makers.called(("call", *manager[2][:1], None))
    if found := expected.chain(inter, expression[1], expression[2], frame):
        frame.world = inter.world(frame.world.patches, found)
    returned = run(inter, expression[2], frame)
    inter.expecting, inter.expected = expecting
    frame.raising = frame.raising and not swallows
    frame.world = before
    return returned


def called(inter: Interpreter, frame: Frame, target: Frame, function: Function) -> None:
    """Note in a frame whether a call that it has just made surely raises."""
    if function.raises is None:
        function.raises = guards.ends_in_raise(function.scope)
    may_raise = (
        target.world.chain
        or can_raise(inter, target.world)
        or literals.refuses(inter, target)
        or exact.is_known(target)
    )
    if not function.raises and may_raise and inter.depth <= inter.most_depth:
        inter.depth += 1
        walk(inter, target)
        inter.depth -= 1
    if function.raises or (target.raises and not function.scope.is_generator) or expected.is_next(frame, target):
        frame.raising = True


def goes_on(arguments: Arguments) -> bool:
    """Whether a flow or task that is called so gives back a state, whatever becomes of it."""
    return any(name == STATE for name, _ in arguments.keywords)


def can_raise(inter: Interpreter, world: World) -> bool:
    """Whether something is patched that surely raises."""
    if world.raises is None:
        world.raises = any(
            mocks.are_exceptions(inter, values) if name == "side_effect" else any(map(raises, values))
            for (_, name), values in world.patches.items()
        )
    return world.raises


def raises(value: Value) -> bool:
    """Whether a stand-in surely raises."""
    return (isinstance(value, Mock) and value.raises) or (
        isinstance(value, Function) and guards.ends_in_raise(value.scope)
    )


def is_entry(frame: Frame) -> bool:
    """Whether pytest calls a frame: a test that passes has been through to its end."""
    return any(caller.parent is None and caller is not caller.module.frame for caller in frame.callers)
