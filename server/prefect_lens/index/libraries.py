# ruff: noqa: PLR0917  what code is read, with what, from where, for whom: these go together everywhere
"""What functions do that are not the project's: those that matter by name, all others by what they look like.

A library's function that is handed one of the project's may call it or not. It is taken to call it when its name says
so (`run`, `submit`, `to_thread`, `invoke`, …), and when what it gets is a plain function or lambda, which is mostly a
callback. A flow or task that is only inspected, mocked, deployed or registered does not run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from prefect_lens.index import (
    calls,
    command_lines,
    commands,
    containers,
    makers,
    managers,
    mocks,
    patches,
    prefect_rules,
    registries,
    standard,
    web,
)
from prefect_lens.index.lower_signatures import OPTIONS
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    Body,
    Bound,
    Class,
    External,
    Frame,
    Function,
    Made,
    Mark,
    Module,
    Opaque,
    Partial,
    Sequence,
    Value,
    Values,
    texts,
    union,
)

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter

_SAME = frozenset(
    {
        "functools.lru_cache", "functools.cache", "functools.total_ordering",
        "contextlib.contextmanager", "contextlib.asynccontextmanager", "asyncio.run", "asyncio.wait_for",
        "asyncio.create_task", "asyncio.ensure_future", "asyncio.shield", "copy.copy", "copy.deepcopy",
        "contextlib.nullcontext", "typing.overload", "typing.no_type_check", "typing.final", "abc.abstractmethod",
        "dataclasses.dataclass", "builtins.iter", "unittest.skip", "unittest.skipIf", "unittest.skipUnless",
        "asyncio.coroutine", "types.coroutine", "builtins.aiter", "inspect.unwrap", "nest_asyncio.apply",
        "asgiref.sync.async_to_sync", "asgiref.sync.sync_to_async", "builtins.open",
    }
)  # fmt: skip
"""What gives back its first argument, as far as it matters here."""

_FIRST = re.compile(
    r"^(?:run|call|invoke|execute|exec|submit|apply|starmap|map|imap|spawn|start|retry|repeat|raises|warns|deprecated"
    r"|addtask|pipe|transform|agg|aggregate|reduce|foreach|benchmark|pedantic|time|timeit|measure|profile|each|trigger|fire|launch|process|dispatch|perform|do|async|sync"
    r"|wait|assertraises|assertwarns|assertlogs|assertdoesnotraise|addcleanup|enter|thread|timer|then|eventually|poll)(?:_|$)"
)
_ASKS = re.compile(r"^(?:get|post|put|delete|patch|request|head|options|send|stream|query|simulate)(?:_|$)")
_ANYWHERE = re.compile(
    r"(?:^|_)(?:thread|threadsafe|executor|soon|sync|worker|pool|subprocess|coroutine|callback|invoke|with|until)(?:_|$)"
)
_NEVER = re.compile(
    r"^(?:assert_(?!raises|warns|logs)|create_flow|create_deployment|get_flow|read_)|deployment|(?:^|_)(?:name|signature|schema|hash)$"
)
_QUESTION = re.compile(r"^is(?:_|coroutine|awaitable|async|generator|function|method|builtin|class)")
"""What only asks of a function what it is: `asyncio.iscoroutinefunction`."""

_ONE_BY_ONE = frozenset({"map", "imap", "imap_unordered", "starmap", "map_async", "amap"})
"""What calls a function with each element of what is passed beside it."""

_INFORMATION = frozenset({"--help", "--version"})
"""What a command line says that runs no command."""

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

_INERT = (
    "inspect.", "typing.", "unittest.mock.", "mock.", "logging.", "warnings.", "builtins.", "pickle.", "cloudpickle.",
    "json.", "dataclasses.", "types.", "abc.", "operator.", "importlib.", "sys.", "os.", "re.", "pydantic.", "enum.",
)  # fmt: skip


def external(inter: Interpreter, value: External, arguments: Arguments, frame: Frame, expression: Expression) -> Values:
    """Call something that is not the project's."""
    dotted = value.dotted
    if mocks.is_exception(inter, value):
        return frozenset((value,))
    if dotted.startswith("prefect") and (given := prefect_rules.infrastructure(inter, dotted, arguments)) is not None:
        return given
    if dotted.startswith("prefect."):
        given = prefect_rules.external(inter, dotted, arguments, frame, expression)
        if given is not None:
            return given
    if ".mark." in dotted and dotted.startswith(("pytest.mark.", "_pytest.mark.")):
        name = dotted.rpartition(".")[2]
        first = arguments.at(0)
        if (
            len(arguments.positional) == 1
            and not arguments.keywords
            and any(isinstance(v, Function | Class) for v in first)
        ):
            return first
        return frozenset((inter.one(Mark, name, arguments),))
    if (given := patches.external(inter, dotted, arguments, frame, expression)) is not None:
        return given
    if dotted in _SAME:
        return arguments.at(0)
    if (given := standard.known(inter, dotted, arguments, frame)) is not None:
        return given
    if dotted.startswith(_INERT):
        return NOTHING
    last = dotted.rpartition(".")[2]
    given = unknown(inter, last, arguments, frame)
    held = _held(arguments) | web.held(inter, dotted, arguments, frame)
    if held or frame.parent is None or dotted in web.APPLICATIONS:
        site = (frame.module.path, *expression[4:6]) if expression is not None and frame.parent is None else None
        if frame.parent is not None and dotted in web.APPLICATIONS:
            site = (frame.module.path, *(expression[4:6] if expression is not None else (0, 0)), frame.index)
        return given | {inter.one(Opaque, dotted, held, site)}
    return given


def unknown(inter: Interpreter, name: str, arguments: Arguments, frame: Frame) -> Values:
    """Call something of which only the name is known: it may call what it is given."""
    if name in {"enter_context", "enter_async_context", "enterContext"}:
        patches.stay(inter, frame, patches.held(arguments.at(0), frame, stays=True))
        return managers.enter(inter, arguments.at(0), frame)
    if name == command_lines.PARSE:
        return command_lines.parsed(inter, arguments, frame)
    if name == command_lines.KEEP or _QUESTION.match(name):
        return NOTHING
    snake = _WORDS.sub("_", name).lower()
    if name[:1].isupper():
        snake = snake.removeprefix("async_")  # of a class, this says nothing
    flat = snake.replace("_", "")
    runs = bool((_FIRST.match(snake) or _FIRST.match(flat) or _ANYWHERE.search(snake)) and not _NEVER.search(snake))
    for position, values in enumerate(arguments.positional):
        passed = arguments.behind(position)
        if name in _ONE_BY_ONE and values:
            passed = Arguments(tuple(containers.unwrapped(inter, each, frame) for each in passed.positional))
        for value in values:
            _hand_over(inter, value, passed, frame, runs=runs)
    for key, values in arguments.keywords:
        for value in values:
            if key in {"target", "func", "fn", "function", "callback", "side_effect", "call", "callable"} or runs:
                _hand_over(inter, value, _thread_arguments(arguments), frame, runs=True)
            else:
                _hand_over(inter, value, calls.NO_ARGUMENTS, frame, runs=runs)
    for value in arguments.more:
        _hand_over(inter, value, calls.NO_ARGUMENTS, frame, runs=runs)
    return NOTHING


def holder(inter: Interpreter, name: str, arguments: Arguments) -> Values:
    """Return what an unknown function makes of functions that it is given: something that may call them later."""
    held = _held(arguments)
    return frozenset((inter.one(Opaque, name, held, None),)) if held else NOTHING


def function_method(inter: Interpreter, owner: Function, name: str, arguments: Arguments, frame: Frame) -> Values:
    """Call a method of what a library's decorator made of a function: `cli.command()`, `cli.add_command(other)`."""
    if name in {"callback", "main"}:
        _hand_over(inter, owner, arguments, frame, runs=True)
        return NOTHING
    group = _group(inter, owner)
    _register(inter, group, arguments)
    return frozenset((group,))


def _group(inter: Interpreter, function: Function) -> Opaque:
    return inter.one(Opaque, "group", NOTHING, (function.module.path, function.index))


def _hand_over(inter: Interpreter, value: Value, arguments: Arguments, frame: Frame, *, runs: bool) -> None:
    match value:
        case Function(scope=scope) if runs or scope.kind == "lambda" or scope.parent > 0:
            line = command_lines.words(arguments.at(0, "args")) if scope.decorators else None
            if line is not None and commands.refuses(inter, value, line):
                return
            given = commands.given(inter, value, line) if line is not None else None
            calls.call(inter, value, given or arguments, frame, None)
            if scope.decorators:
                _call_registered(inter, _group(inter, value), arguments, frame)
        case Made() | Body() | Function() if runs:
            calls.call(inter, value, arguments, frame, None)
        case Bound(target=target):
            if runs and isinstance(target, Function | Made | Body):
                calls.call(inter, value, arguments, frame, None)
        case Partial(target=target):
            if runs or not any(isinstance(item, Made | Body) for item in target):
                calls.call(inter, value, arguments, frame, None)
        case Opaque() if runs:
            _call_registered(inter, value, arguments, frame)
        case _:
            pass


def call_held(inter: Interpreter, value: Opaque, arguments: Arguments, frame: Frame) -> Values:
    """Call what a library made of the project's functions."""
    given = union(*(calls.call(inter, item, arguments, frame, None) for item in value.held))
    if value.site is not None and frame.parent is not None:
        _call_registered(inter, value, arguments, frame)  # an application that is started
    elif value.site is not None and not value.held:
        _register(inter, value, arguments)  # `app.command()(run)`
    held = _held(arguments)
    if held and not value.held:
        # the second call of `retry(times=3)(function)`
        return given | held
    return given


def opaque_method(
    inter: Interpreter, owner: Opaque, name: str, arguments: Arguments, frame: Frame, expression: Expression
) -> Values:
    """Call a method of what a library made."""
    if web.is_request(owner, name, arguments):
        asked = web.asked(inter, name, arguments, frame, expression)
        web.request(inter, web.chosen(inter, _registered(inter, owner), name, asked), frame)
        return NOTHING
    if given := web.client(inter, owner, name):
        return given
    if owner.dotted in web.APPLICATIONS:
        _register(inter, owner, arguments)
        return frozenset((owner,))
    if name in {"result", "aresult", "get"} and owner.held:
        return _results(inter, owner, frame)
    if given := unknown(inter, name, arguments, frame):
        return given
    snake = _WORDS.sub("_", name).lower()
    if (_FIRST.match(snake) or _ASKS.match(snake) or _ANYWHERE.search(snake)) and not _NEVER.search(snake):
        for value in owner.held:
            passed = calls.NO_ARGUMENTS if isinstance(value, Opaque) else arguments
            _hand_over(inter, value, passed, frame, runs=True)
    if frame.parent is None or name in {"command", "group", "route", "callback"}:
        _register(inter, owner, arguments)
        return frozenset((inter.one(Opaque, owner.dotted, owner.held, owner.site),))
    held = _held(arguments)
    return frozenset((inter.one(Opaque, owner.dotted, held, None),)) if held else NOTHING


def _results(inter: Interpreter, value: Opaque, frame: Frame) -> Values:
    """Return what a future gives: what the functions behind it return."""
    return union(
        *(
            _results(inter, item, frame)
            if isinstance(item, Opaque)
            else calls.call(inter, item, calls.NO_ARGUMENTS, frame, None)
            for item in value.held
        )
    )


def _thread_arguments(arguments: Arguments) -> Arguments:
    for value in arguments.at(-1, "args"):
        if isinstance(value, Sequence):
            return Arguments(value.items, (), value.rest)
    return calls.NO_ARGUMENTS


def _call_registered(inter: Interpreter, value: Opaque, arguments: Arguments, frame: Frame) -> None:
    """Call what was registered with a library's object: commands of an application, routes, handlers."""
    for item in value.held:
        _hand_over(inter, item, calls.NO_ARGUMENTS, frame, runs=True)
    line = next((line for values in arguments.positional if (line := command_lines.words(values)) is not None), None)
    words = {text for text in line or () if text is not None} | {
        text
        for values in arguments.positional
        for text in [*texts(values), *texts(containers.elements(inter, values, frame))]
    }
    registered = list(dict.fromkeys(one for _, put in _registered(inter, value) for one in web.functions(put)))
    if words & _INFORMATION:
        return
    named = [item for item in registered if isinstance(item, Function) and words & _names(inter, item)]
    for item in named or registered:
        given = calls.NO_ARGUMENTS
        if line is not None and isinstance(item, Function):
            own = command_lines.behind(line, _names(inter, item))
            if commands.refuses(inter, item, own, is_own=bool(named) or len(registered) == 1):
                continue
            given = commands.given(inter, item, own) or given
        calls.call(inter, item, given, frame, None)


def _register(inter: Interpreter, owner: Opaque, arguments: Arguments) -> None:
    """Note what is put into an application: commands, routes, other applications."""
    put = {v for v in arguments.all() if isinstance(v, Function | Opaque)}
    inter.registered.setdefault(owner, set()).update(web.with_path(inter, owner, arguments, put))


def _registered(inter: Interpreter, owner: Opaque) -> list[tuple[Opaque, Value]]:
    """Return what was registered with an application and those that were put into it, and with which of them."""
    found: list[tuple[Opaque, Value]] = []
    seen: list[Opaque] = [owner]
    for one in seen:  # it grows
        if one.site is not None and (module := inter.modules.get(one.site[0])) is not None:
            _meet_registering(inter, module, one.site)
        inside = (*inter.registered.get(one, ()), *(value for value in one.held if isinstance(value, Opaque)))
        found.extend((one, v) for v in inside if isinstance(v, Sequence) or calls.callables((v,)))
        groups = [_group(inter, value) if isinstance(value, Function) else value for value in inside]
        seen.extend(group for group in groups if isinstance(group, Opaque) and group not in seen)
    return found


def _meet_registering(inter: Interpreter, module: Module, site: tuple[Any, ...]) -> None:
    """Meet what registers something with the object that was made at a place of a module."""
    if len(site) > len((module.path, "line", "column")):
        for frame in registries.frames(module, site[-1]):  # the function that has made it goes on with it
            inter.walk(frame)
            inter.meet_decorators(frame)
    else:
        inter.meet_decorators(module.frame)
        registries.meet_decorated(inter, module, site)


def _names(inter: Interpreter, function: Function) -> set[str]:
    """Return by which texts one may ask for a function: those of its decorators, and its name as commands have it."""
    found = {function.scope.name, function.scope.name.replace("_", "-")}
    for decorator in function.scope.decorators:
        if decorator is not None and decorator[0] == "call" and makers.called(decorator) not in OPTIONS:
            named = (*decorator[2][:1], *(value for name, value in decorator[3] if name == "name"))
            found.update(text for one in named for text in texts(inter.evaluate(one, function.closure)))
    return found


def _held(arguments: Arguments) -> Values:
    kinds = (Function, Made, Body, Bound, Partial, Opaque)
    return frozenset(value for value in arguments.all() if isinstance(value, kinds))
