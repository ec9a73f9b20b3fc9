"""Who catches what code raises: a test that passes has seen no exception that nobody catches.

So a handler that raises again did not run, nor a branch that surely raises, and no hook for a failure did, where a
test calls code outside of whatever could catch: `with pytest.raises(…)`, a `try`, a call that gives a state back, a
task that is submitted, a library that was handed a function.
A world says whether that is so (`World.unguarded`); wherever it is open, somebody catches.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import attributes, makers, plain, uses
from prefect_lens.index.values import Body as Itself
from prefect_lens.index.values import Bound, Class, External, Function, Instance, Made, Mock, Patch, Wrapped

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from prefect_lens.index.facts import Expression, Scope
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Arguments, Frame, Value, Values, World

Body = tuple["Expression", ...]

_CATCHING = re.compile(r"rais|suppress|ignor|catch|expect|swallow|attempt|retry|allow|fail|stack", re.IGNORECASE)
"""What is in the names of context managers of libraries that catch exceptions."""

_AGAIN = re.compile(
    r"retr|backoff|catch|suppress|ignor|handle|safe|robust|on_exception|flaky|expectedFailure|xfail", re.IGNORECASE
)
"""What is in the names of decorators that catch exceptions, to try again or for good."""

_LATER = frozenset(
    {"create_task", "ensure_future", "start_soon", "run_coroutine_threadsafe", "wait", "as_completed", "wait_for"}
)
"""Functions that have what a coroutine raises come up elsewhere than it was called."""

_GOES_ON = "return_exceptions"

_ENDS = frozenset({"sys.exit", "builtins.exit", "builtins.quit", "os.abort", "os._exit", "pytest.fail"})
"""What raises, or ends the process, however it is called."""

_TOLD = frozenset({"StopIteration", "StopAsyncIteration", "GeneratorExit", "AttributeError"})
"""Exceptions by which code tells Python something."""

_USUAL = frozenset({"__init__", "__call__", "__enter__", "__aenter__", "__post_init__"})
"""Methods that Python calls and whose exceptions it does not take for an answer."""


def inside(inter: Interpreter, world: World) -> World:
    """Return the world with somebody in it who catches."""
    if not world.unguarded:
        return world
    if world.guarded is None:
        world.guarded = inter.world(world.patches, world.chain)
    return world.guarded


@contextlib.contextmanager
def caught(inter: Interpreter, frame: Frame) -> Generator[None]:
    """Have somebody catch what is called from a frame."""
    before = frame.world
    frame.world = guarded = inside(inter, before)
    try:
        yield
    finally:
        if frame.world is guarded:
            frame.world = before
        elif before.unguarded:  # something has been patched, and stays so
            frame.world = inter.world(frame.world.patches, frame.world.chain, unguarded=True)


def is_caught(expression: Expression) -> bool:
    """Whether what a call's arguments raise may come up elsewhere, or be collected."""
    return makers.called(expression) in _LATER or any(name == _GOES_ON for name, _ in expression[3])


def raises_again(handler: Body) -> bool:
    """Whether a handler surely raises: whoever comes to it fails."""
    return bool(handler) and handler[-1] is not None and handler[-1][0] == "raise" and not _mentions(handler, _LEAVES)


def fails(inter: Interpreter, body: Body, frame: Frame) -> bool:
    """Whether a branch surely raises where nobody catches: then it does not run."""
    if not frame.world.unguarded:
        return False
    calls = _failing(frame).get(id(body))
    return calls is not None and (not calls or any(_is_end(inter, call, frame) for call in calls))


def has_failing(frame: Frame) -> bool:
    """Whether there are branches in a function that may surely raise where nobody catches."""
    return frame.world.unguarded and bool(_failing(frame))


def _failing(frame: Frame) -> dict[int, Body]:
    """Return the branches of a function that may surely raise, by their places in memory: by which calls, or by none.

    That is kept for the function, since it is called in many ways.
    """
    scope = frame.scope
    key = ("fails", frame.index)
    kept: tuple[Scope, dict[int, Body]] | None = frame.module.kept.get(key)
    if kept is None or kept[0] is not scope:
        kept = scope, {}
        if (not scope.name.startswith("__") or scope.name in _USUAL) and not any(map(_again, scope.decorators)):
            kept[1].update((id(body), calls) for body, calls in _branches(scope.body, scope))
        frame.module.kept[key] = kept
    return kept[1]


def _branches(body: Body, scope: Scope) -> Iterator[tuple[Body, Body]]:
    for one in body:
        match one:
            case ("block", inner, *_):
                if raises_again(inner):
                    if cast("tuple[Any, ...]", inner[-1])[2] not in _TOLD:
                        yield inner, ()
                elif calls := tuple(_surely_met(inner, scope)):
                    yield inner, calls
                yield from _branches(inner, scope)
            case ("with", _, inner):
                yield from _branches(inner, scope)
            case ("try", tried, handlers, final):
                for inner in (tried, *handlers, final):
                    yield from _branches(inner, scope)
            case _:
                pass


def _surely_met(body: Body, scope: Scope) -> Iterator[Expression]:
    """Yield the calls that a branch comes to in any case, of what is known before the function runs."""
    for one in body:
        if one is not None and one[0] == "call":
            if _is_given(one[1], scope):
                yield one
        elif _mentions(one, _LEAVES):
            return


def ends_in_raise(scope: Scope) -> bool:
    """Whether a function does nothing but raise in the end."""
    body = scope.body
    return not scope.is_generator and bool(body) and body[-1] is not None and body[-1][:2] == ("raise", True)


def _is_given(expression: Expression, scope: Scope) -> bool:
    """Whether it is known what an expression is before a function runs: by a name from outside, or a parameter."""
    while expression is not None and expression[0] == "attr":
        expression = expression[1]
    match expression:
        case ("name", _):
            return True
        case ("local", str() as name, *_):
            return scope.bindings[name][1] == (("param", name),)
        case _:
            return False


def _is_end(inter: Interpreter, call: Expression, frame: Frame) -> bool:
    """Whether a call surely raises."""
    values = inter.evaluate(call[1], frame)
    return bool(values) and all(map(_raises, values)) and not any(name == "return_state" for name, _ in call[3])


def _raises(value: Value) -> bool:
    match value:
        case External(dotted=dotted):
            return dotted in _ENDS
        case Function(scope=scope):
            return ends_in_raise(scope) and not any(map(may_catch, scope.decorators))
        case Bound(target=target):
            return _raises(target)
        case Made(body=body):
            return body is not None and _raises(body)
        case Itself(made=made):
            return _raises(made)
        case _:
            return False


def may_run(handlers: tuple[Body, ...], world: World) -> Iterator[Body]:
    """Yield those of some handlers that may run."""
    return (handler for handler in handlers if not (world.unguarded and raises_again(handler)))


def idle(body: Body) -> Iterator[Body]:
    """Yield the handlers in a body that do not run where nobody catches what the body raises."""
    for one in body:
        match one:
            case ("try", tried, handlers, final):
                yield from filter(raises_again, handlers)
                if not swallows(handlers, final):
                    yield from idle(tried)
                yield from idle(final)
            case ("block", inner, *_):
                yield from idle(inner)
            case _:
                pass


def swallows(handlers: Iterable[Body], final: Body) -> bool:
    """Whether code may go on after what a `try` has raised: behind one of its handlers, or by its `finally: return`."""
    return _returns(final) or any(not raises_again(handler) for handler in handlers)


def _returns(final: Body) -> bool:
    return bool(final) and final[-1] is not None and final[-1][0] == "return"


def catches(inter: Interpreter, manager: Expression, values: Values, frame: Frame) -> bool:
    """Whether a context manager may catch what is raised inside."""
    call = manager if manager is not None and manager[0] == "call" else None
    name = makers.called(call) if call is not None else None
    if name is not None and _CATCHING.search(name):
        return True
    if call is None and (not values or not all(isinstance(value, Instance | Mock | Patch) for value in values)):
        return True  # whatever a variable stands for
    if any(isinstance(value, Instance) and exit_catches(inter, value) for value in values):
        return True
    return call is not None and any(map(_makes_what_catches, inter.evaluate(call[1], frame)))


def is_guarded(function: Function, arguments: Arguments, world: World) -> bool:
    """Whether what a function raises may be caught by its own decorators, or comes up elsewhere than it is called."""
    if function.scope.is_async and collects(function.scope.body):
        return True  # what is called in one place may be awaited in another
    # where nobody stands in for anything, and no code is passed, what has failed once fails again
    return (bool(world.patches) or any(map(plain.holds_code, arguments.all()))) and any(
        map(_again, function.scope.decorators)
    )


def _again(decorator: Expression) -> bool:
    """Whether a decorator has a function called again when it has failed, or catches what it raises."""
    return may_catch(decorator) or (
        decorator is not None
        and decorator[0] == "call"
        and any(name == "retries" and value != ("int", 0) for name, value in decorator[3])
    )


def may_catch(decorator: Expression) -> bool:
    """Whether a decorator may catch what the function raises, by its name."""
    return _AGAIN.search(uses.last(decorator)) is not None


def collects(body: Body) -> bool:
    """Whether a body has a `try` behind which it may go on."""
    return any(
        one is not None
        and (
            (
                one[0] == "try"
                and (swallows(one[2], one[3]) or collects(one[1]) or any(map(collects, (*one[2], one[3]))))
            )
            or (one[0] == "block" and collects(one[1]))
            or (one[0] == "with" and collects(one[2]))
        )
        for one in body
    )


_LEAVES = frozenset({"return", "skip"})

_FALSE = frozenset({("int", 0), ("none",)})
"""What `__exit__` gives that has what was raised go on."""


def _mentions(part: Any, forms: frozenset[str]) -> bool:
    if not isinstance(part, tuple) or not part:
        return False
    parts = cast("tuple[Any, ...]", part)
    return (isinstance(parts[0], str) and parts[0] in forms) or any(_mentions(one, forms) for one in parts)


def exit_catches(inter: Interpreter, value: Instance) -> bool:
    """Whether leaving a context manager of the project may end what was raised inside."""
    exits = [one for name in ("__exit__", "__aexit__") for one in attributes.in_class(inter, value.cls, name)]
    return not exits or any(not isinstance(one, Function) or not _FALSE.issuperset(one.scope.returns) for one in exits)


def _makes_what_catches(value: Value) -> bool:
    match value:
        case Function(scope=scope):
            return collects(scope.body)
        case Bound(target=target):
            return _makes_what_catches(target)
        case Wrapped(inner=inner):
            return any(map(_makes_what_catches, inner))
        case External(dotted=dotted):
            return _CATCHING.search(dotted.rpartition(".")[2]) is not None
        case Mock() | Patch() | Class():
            return False
        case _:
            return True
