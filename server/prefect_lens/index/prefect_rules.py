# ruff: noqa: PLR0917  what code is read, with what, from where, for whom: these go together everywhere
"""What Prefect's own names do: what makes a flow or task, and what runs one."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from prefect_lens.index import attributes, calls, containers, dispatch, guards, loading, passing, registries, walking
from prefect_lens.index.makers import MAKERS
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Body,
    Bound,
    Class,
    Decorator,
    External,
    Frame,
    Function,
    Instance,
    Key,
    Made,
    Mapping,
    Mock,
    Partial,
    Sequence,
    Text,
    Value,
    Values,
    Wrapped,
    expression_place,
    union,
)

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter

RUNNERS = frozenset(
    {
        "run_flow", "run_flow_sync", "run_flow_async", "run_generator_flow_sync", "run_generator_flow_async",
        "run_task", "run_task_sync", "run_task_async", "run_flow_in_subprocess", "serve_task", "run_once",
    }
)  # fmt: skip

_RUNS = frozenset({"__call__", "submit", "map", "delay", "apply_async", "visualize", "avisualize"})
_LATER = frozenset({"submit", "map", "delay", "apply_async"})
"""Methods whose callers see what the function raises only where they ask for its result."""
_HERE: Key = ("here",)
_OF_FAILURES = frozenset({"on_failure", "on_crashed", "on_cancellation", "on_rollback"})
_FAILED = "after a failure"

_HOOKS = (
    "on_completion", "on_failure", "on_cancellation", "on_crashed", "on_running", "on_rollback", "on_commit",
    "cache_key_fn", "retry_condition_fn", "flow_run_name", "task_run_name",
)  # fmt: skip


_INFRASTRUCTURE = re.compile(r"^prefect_\w+\.experimental\.(?:decorators\.)?\w+$")
"""Decorators such as `prefect_docker.experimental.docker`, which bind a flow to a work pool."""

_WORKERS = re.compile(r"^prefect(?:_\w+)?\.(?:\w+\.)*[A-Z]\w*Worker$")
_WORKER = "prefect_*.worker()"
"""Stands for a worker of Prefect's or of one of its collections: what is submitted to it runs elsewhere."""


def is_worker(inter: Interpreter, cls: Class) -> bool:
    """Whether a class is derived from a worker of Prefect's."""
    return any(isinstance(base, External) and _WORKERS.match(base.dotted) for base in attributes.line(inter, cls))


def infrastructure(inter: Interpreter, dotted: str, arguments: Arguments) -> Values | None:
    """Call what has a flow run on infrastructure, a decorator or a worker; None where it is none."""
    if _WORKERS.match(dotted):
        return frozenset((inter.one(External, _WORKER),))
    if dotted == f"{_WORKER}.submit":
        return NOTHING
    if dotted == "prefect_*.experimental()":
        return frozenset((inter.one(Wrapped, "remote", arguments.at(0)),))
    if _INFRASTRUCTURE.match(dotted):
        return frozenset((inter.one(External, "prefect_*.experimental()"),))
    return None


def external(
    inter: Interpreter, dotted: str, arguments: Arguments, frame: Frame, expression: Expression
) -> Values | None:
    """Call something of Prefect's; None where it is nothing that matters."""
    last = dotted.rpartition(".")[2]
    if last in MAKERS:
        names = [value.text for value in arguments.at(-1, "name") if isinstance(value, Text)]
        hooks: Values = frozenset(
            hook for key, values in arguments.keywords if key in _HOOKS for hook in _hooks(inter, key, values, frame)
        )
        maker = inter.one(Decorator, MAKERS[last], names[0] if len(names) == 1 else None, hooks)
        first = NOTHING if last == "materialize" else arguments.at(0, "__fn", "fn")
        if not arguments.positional and not first and last != "Flow":
            return frozenset((maker,))
        if last == "materialize":
            return frozenset((maker,))
        return make(inter, maker, first, frame, expression)
    if last in RUNNERS:
        found = arguments.at(0, "flow", "task") | arguments.at(-1, "flow", "task")
        for value in found:
            if isinstance(value, Made | Bound):
                calls.call(inter, value, _parameters(arguments), frame, expression)
        return NOTHING
    if last in {"load_flow_from_entrypoint", "load_flow_from_script", "import_object", "load_script_as_module"}:
        return loading.load_entrypoint(inter, arguments, frame)
    if last in {"from_source", "afrom_source"}:
        return loading.load_source(inter, arguments, frame)
    if last == "async_dispatch":
        return dispatch.by_context(inter, arguments.at(0, "async_impl"))
    if last == "bind_flow_to_infrastructure":
        return frozenset((inter.one(Wrapped, "remote", arguments.at(0, "flow")),))
    if last in {"unmapped", "allow_failure", "quote"}:
        return arguments.at(0)
    return None


def make(inter: Interpreter, maker: Decorator, functions: Values, frame: Frame, expression: Expression) -> Values:
    """Return the definitions that a decorator makes of functions."""
    key = expression_place(frame.module.path, expression) if expression is not None else _HERE
    loose = frame.scope.kind in {"function", "lambda"} and expression is not None
    found: set[Value] = set()
    for value in functions:
        match value:
            case Function() | Bound() | Partial() | Made() | Body() | Instance() | Class() | External() | Mock():
                body = None if isinstance(value, External) else value
                label = _label(value)
                also = (value.key, *value.also) if isinstance(value, Made) else ()
                if isinstance(value, Function) and (loose or value.scope.decorators):
                    also = (("def", value.module.path, value.index),)  # a decorator may have come here to make it
                found.add(inter.one(Made, maker.kind, body, key, maker.name, label, also, maker.hooks, loose))
            case Wrapped(how=dispatch.BY_SYNC):  # it is no coroutine, and so what it runs is none
                found |= make(inter, maker, dispatch.twins(value)[0], frame, expression)
            case Wrapped(how=how, inner=inner):
                found.add(inter.one(Wrapped, how, make(inter, maker, inner, frame, expression)))
            case _:
                pass
    return frozenset(found)


def homed(
    inter: Interpreter, values: Values, home: Key, name: str, place: Key | None
) -> tuple[Values, tuple[Made, ...]]:
    """Give the definitions that a decorator has just made to the function that it stands on.

    `place` is the key of what the decorator makes by itself, where it is a call.
    """
    found: set[Value] = set()
    made: list[Made] = []
    for value in values:
        match value:
            case Made() if (
                value.key in {_HERE, place} or value.loose or (value.key[0] == "call" and _is_new(value, home))
            ):
                mine = inter.one(Made, value.kind, value.body, home, value.name, name, (), value.hooks, False)  # noqa: FBT003
                found.add(mine)
                made.append(mine)
            case Made() if value.key == home:
                found.add(value)
                made.append(value)
            case Wrapped(how=how, inner=inner):
                inside, more = homed(inter, inner, home, name, place)
                found.add(inter.one(Wrapped, how, inside))
                made.extend(more)
            case _:
                found.add(value)
    return frozenset(found), tuple(made)


def _is_new(value: Made, home: Key) -> bool:
    body = value.body
    while isinstance(body, Bound):
        body = body.target
    return isinstance(body, Function) and ("def", body.module.path, body.index) == home


def run(inter: Interpreter, made: Made, arguments: Arguments, frame: Frame, *, want: bool) -> Values:
    """Run a definition's function: not where its arguments do not fit, and a test or a handler goes on all the same."""
    expected = inter.expecting is frame or walking.goes_on(arguments)
    checked = made.kind == MAKERS["flow"] and expected
    expected = expected or inter.catching is frame
    if (checked and passing.refuses(inter, made.body, arguments)) or (expected and passing.lacks(made.body, arguments)):
        frame.raising = not walking.goes_on(arguments)
        return NOTHING
    if (patched := frame.world.patches.get((made, "fn"))) is not None:
        return union(*(calls.call(inter, value, arguments, frame, None, want=want) for value in patched))
    with guards.caught(inter, frame) if walking.goes_on(arguments) else contextlib.nullcontext():
        for hook in made.hooks | registries.hooks(inter, made):
            if not (frame.world.unguarded and isinstance(hook, Wrapped) and hook.how == _FAILED):
                calls.call(inter, hook, calls.NO_ARGUMENTS, frame, None, want=False)
        return run_itself(inter, made, arguments, frame, want=want)


def run_itself(inter: Interpreter, made: Made, arguments: Arguments, frame: Frame, *, want: bool) -> Values:
    """Run a definition's own function, whatever is patched and without Prefect."""
    if inter.expecting is frame and passing.lacks(made.body, arguments):
        frame.raising = True
        return NOTHING
    found = _run_body(inter, made, made.body, arguments, frame, want=want)
    frame.raising = frame.raising and not walking.goes_on(arguments)
    return found


def _run_body(
    inter: Interpreter, made: Made, body: Value | None, arguments: Arguments, frame: Frame, *, want: bool
) -> Values:
    match body:
        case Function():
            return calls.call_function(inter, body, arguments, frame, made, want=want)
        case Bound(target=target, first=first):
            return _run_body(inter, made, target, calls.with_first(first, arguments), frame, want=want)
        case None:
            inter.link(frame, None, made.label, made)
            return NOTHING
        case _:
            inter.link(frame, None, made.label, made)
            return calls.call(inter, body, arguments, frame, None, want=want)


def method(
    inter: Interpreter, made: Made, name: str, arguments: Arguments, frame: Frame, expression: Expression
) -> Values:
    """Call a method of a flow or task."""
    if name in _RUNS:
        if name == "map":
            arguments = Arguments(
                tuple(containers.unwrapped(inter, values, frame) for values in arguments.positional),
                tuple((key, containers.unwrapped(inter, values, frame)) for key, values in arguments.keywords),
                arguments.more,
            )
        elif name in {"delay", "apply_async"} and arguments.at(-1, "args", "kwargs", "parameters"):
            arguments = calls.NO_ARGUMENTS
        with guards.caught(inter, frame) if name in _LATER else contextlib.nullcontext():
            given = run(inter, made, arguments, frame, want=True)
        frame.raising = frame.raising and name == "__call__"
        return frozenset((inter.one(Sequence, (), given),)) if name == "map" else given
    if name == "with_options":
        if expression is None:
            return frozenset((made,))
        names = [value.text for value in arguments.at(-1, "name") if isinstance(value, Text)]
        place = expression_place(frame.module.path, expression)
        loose = frame.scope.kind in {"function", "lambda"}
        also = (made.key, *made.also)
        new_name = names[0] if names else made.name
        return frozenset((inter.one(Made, made.kind, made.body, place, new_name, made.label, also, made.hooks, loose),))
    if name in {"from_source", "afrom_source"}:
        return loading.load_source(inter, arguments, frame)
    if name in registries.HOOKS:
        inter.hooks.setdefault(made.key, set()).update(_hooks(inter, name, arguments.at(0, "fn"), frame))
        return arguments.at(0, "fn")
    if name in {"isinstance", "copy"}:
        return arguments.at(0)
    if name in {"result", "aresult", "value"}:
        return frozenset((made,))
    return NOTHING


def _hooks(inter: Interpreter, name: str, values: Values, frame: Frame) -> Values:
    inner = values | containers.elements(inter, values, frame)
    found = frozenset(value for value in inner if isinstance(value, Function | Bound | Partial | Made))
    if name not in _OF_FAILURES:
        return found
    return frozenset(inter.one(Wrapped, _FAILED, frozenset((value,))) for value in found)


def _parameters(arguments: Arguments) -> Arguments:
    given: list[tuple[str, Values]] = []
    for value in arguments.at(-1, "parameters") | arguments.at(1):
        if isinstance(value, Mapping):
            given.extend((key, values) for key, values in value.items if key is not None)
    return Arguments((), tuple(given))


def _label(value: Value) -> str:
    match value:
        case Function():
            return value.label
        case Bound(target=target):
            return _label(target)
        case Made(label=label) | Body(made=Made(label=label)):
            return label
        case Class() | Instance():
            return (value if isinstance(value, Class) else value.cls).scope.name
        case Partial(target=target):
            return next((_label(item) for item in target), "partial")
        case External(dotted=dotted):
            return dotted.rpartition(".")[2]
        case _:
            return "?"
