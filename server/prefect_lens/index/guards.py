"""Who catches what code raises: a test that passes has seen no exception that nobody catches.

So a handler that raises again did not run, and no hook for a failure did, where a test calls code outside of whatever
could catch: `with pytest.raises(…)`, a `try`, a call that gives a state back, a library that was handed a function.
A world says whether that is so (`World.unguarded`); wherever it is open, somebody catches.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.index import attributes, makers, plain, uses
from prefect_lens.index.values import Bound, Class, External, Function, Instance, Mock, Patch, Wrapped

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from prefect_lens.index.facts import Expression
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


def may_run(handlers: tuple[Body, ...], world: World) -> Iterator[Body]:
    """Yield those of some handlers that may run."""
    return (handler for handler in handlers if not (world.unguarded and raises_again(handler)))


def idle(body: Body) -> Iterator[Body]:
    """Yield the handlers in a body that do not run where nobody catches what the body raises."""
    for one in body:
        match one:
            case ("try", tried, handlers, final):
                yield from filter(raises_again, handlers)
                if not swallows(handlers):
                    yield from idle(tried)
                yield from idle(final)
            case ("block", inner, *_):
                yield from idle(inner)
            case _:
                pass


def swallows(handlers: Iterable[Body]) -> bool:
    """Whether code may go on after one of some handlers."""
    return any(not raises_again(handler) for handler in handlers)


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
        may_catch(one) or (one is not None and one[0] == "call" and any(name == "retries" for name, _ in one[3]))
        for one in function.scope.decorators
    )


def may_catch(decorator: Expression) -> bool:
    """Whether a decorator may catch what the function raises, by its name."""
    return _AGAIN.search(uses.last(decorator)) is not None


def collects(body: Body) -> bool:
    """Whether a body has a `try` behind which it may go on."""
    return any(
        one is not None
        and (
            (one[0] == "try" and (swallows(one[2]) or collects(one[1]) or any(map(collects, (*one[2], one[3])))))
            or (one[0] == "block" and collects(one[1]))
            or (one[0] == "with" and collects(one[2]))
        )
        for one in body
    )


_LEAVES = frozenset({"return", "skip"})


def _mentions(part: Any, forms: frozenset[str]) -> bool:
    if not isinstance(part, tuple) or not part:
        return False
    parts = cast("tuple[Any, ...]", part)
    return (isinstance(parts[0], str) and parts[0] in forms) or any(_mentions(one, forms) for one in parts)


def exit_catches(inter: Interpreter, value: Instance) -> bool:
    """Whether leaving a context manager of the project may end what was raised inside."""
    exits = [one for name in ("__exit__", "__aexit__") for one in attributes.in_class(inter, value.cls, name)]
    return not exits or any(not isinstance(one, Function) or one.scope.returns for one in exits)


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
