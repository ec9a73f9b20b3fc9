"""Requests that a test makes of a web application: which of its routes they come to, and what these depend on.

A client of FastAPI, Starlette, Flask or Quart runs the application in the test's own process. A route is found by its
path, as far as that is written where it is asked for; what a router puts before its routes' paths is known where the
router says so itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from prefect_lens.index import calls, containers, uses
from prefect_lens.index.values import Arguments, Function, Opaque, Sequence, Text, Value, Values, texts, union

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.facts import Expression, Parameter
    from prefect_lens.index.frames import Frame
    from prefect_lens.index.interpret import Interpreter

APPLICATIONS = frozenset(
    {
        "fastapi.FastAPI", "fastapi.APIRouter", "fastapi.routing.APIRouter", "fastapi.applications.FastAPI",
        "starlette.applications.Starlette", "starlette.routing.Router", "flask.Flask", "flask.Blueprint", "quart.Quart",
        "quart.Blueprint", "typer.Typer",
    }
)  # fmt: skip
"""What is an application, or a part of one, also where a function makes it."""

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_ASKS = {**dict.fromkeys(_VERBS | {"websocket_connect", "open"}, 0), "request": 1, "stream": 1}
"""The methods of a client that ask, and which of their arguments is the path."""

_PATHS = ("url", "path")
_UNKNOWN = "\0"
_CLIENT = re.compile(r"(?:^|_)client(?:_|$)")
_STARTS = frozenset({"TestClient", "LifespanManager"})
_PREFIXES = ("prefix", "url_prefix")
_VARIABLE = re.compile(r"\\\{(?:[^{}:]*(:path)?[^{}]*)\\\}|<(?:(path:)?[^<>]*)>")
"""A part of a route's path that stands for any, once the path has been escaped for a pattern."""


class Route(NamedTuple):
    """A function that an application calls for a request."""

    function: Value
    path: str | None
    """Its own path, behind its router's; None where that is not known, or where it is called for any."""
    verb: str | None
    """What it answers to; None for anything."""


def held(inter: Interpreter, dotted: str, arguments: Arguments, frame: Frame) -> Values:
    """Return what an application holds beside functions: the routes that it is made with, and its paths' beginning."""
    if dotted not in APPLICATIONS:
        return frozenset()
    routes = containers.elements(inter, arguments.at(-1, "routes"), frame)
    begins = (inter.one(Text, text) for text in texts(arguments.at(-1, *_PREFIXES)))
    return frozenset((*(one for one in routes if isinstance(one, Opaque)), *begins))


def client(inter: Interpreter, owner: Opaque, name: str) -> Values:
    """Return what `app.test_client()` gives; nothing for another method."""
    is_client = owner.site is not None and _CLIENT.search(name)
    return frozenset((inter.one(Opaque, name, frozenset((owner,)), None),)) if is_client else frozenset()


def is_request(owner: Opaque, name: str, arguments: Arguments) -> bool:
    """Whether a method of a client asks an application for something; one of the application's own adds a route."""
    if name not in _ASKS or owner.dotted in APPLICATIONS:
        return False
    says_path = len(arguments.positional) > _ASKS[name] or any(key in _PATHS for key, _ in arguments.keywords)
    return says_path and any(map(_leads_to_application, owner.held))


def asked(inter: Interpreter, name: str, arguments: Arguments, frame: Frame, expression: Expression) -> list[str]:
    """Return the paths that a request may be for, with some sign for what is not known of one that is put together."""
    found = texts(arguments.at(_ASKS[name], *_PATHS))
    call = expression if expression is not None and expression[0] == "call" and not found else None
    match call[2][_ASKS[name] :] if call is not None else ():
        case (("join", parts), *_):
            known = [texts(inter.evaluate(part, frame)) for part in parts]
            found = ["".join(one[0] if len(one) == 1 else _UNKNOWN for one in known)]
        case _:
            pass
    return list(map(_path, found))


def request(inter: Interpreter, routes: Iterable[Route], frame: Frame) -> None:
    """Call the functions that answer a request, and what these depend on."""
    for route in routes:
        calls.call(inter, route.function, _given(inter, route.function, frame, ()), frame, None)


def chosen(inter: Interpreter, registered: Iterable[tuple[Opaque, Value]], name: str, paths: list[str]) -> list[Route]:
    """Return the routes that a request comes to: of those with a path, the ones that say most of one asked for.

    Args:
        inter: the interpreter.
        registered: what has been put into the application, and with which of its routers.
        name: the client's method.
        paths: those that are asked for; none where that is not known.
    """
    verb = name if name in _VERBS else None
    routes = [
        one
        for router, put in registered
        for one in _routes(inter, router, put)
        if verb is None or one.verb in {None, verb}
    ]
    always = [one for one in routes if one.path is None]
    fitting = [(one, path) for path in paths for one in routes if one.path is not None and _fits(one.path, path)]
    if not paths:
        return routes
    best = {path: max(_says(one) for one, fits in fitting if fits == path) for _, path in fitting}
    return list(dict.fromkeys((*always, *(one for one, path in fitting if _says(one) == best[path]))))


def with_path(inter: Interpreter, owner: Opaque, arguments: Arguments, put: Iterable[Value]) -> Iterator[Value]:
    """Yield what is put into an application: a function that has a path here beside that, as `add_url_rule` is told."""
    paths = frozenset(one for one in arguments.at(0, "path", "rule") if isinstance(one, Text))
    has_path = owner.dotted in APPLICATIONS and any(one.text.startswith("/") for one in paths)
    for value in put:
        is_route = has_path and isinstance(value, Function)
        yield inter.one(Sequence, (paths, frozenset((value,)))) if is_route else value


def functions(put: Value) -> Iterable[Value]:
    """Return the functions among what has been put into an application; see `with_path`."""
    return put.items[1] if isinstance(put, Sequence) else () if isinstance(put, Opaque) else (put,)


def enter(inter: Interpreter, owner: Opaque, frame: Frame) -> None:
    """Enter a client: with some, the application starts then, and calls what it was made with."""
    if owner.dotted.rpartition(".")[2] in _STARTS:
        for app in owner.held:
            for value in app.held if isinstance(app, Opaque) else ():
                if isinstance(value, Function):
                    calls.call(inter, value, calls.NO_ARGUMENTS, frame, None)


def _path(address: str) -> str:
    try:
        return urlsplit(address).path
    except ValueError:  # what a test of bad input asks for: `http://[`
        return address


def _leads_to_application(value: Value) -> bool:
    return isinstance(value, Opaque) and (value.site is not None or any(map(_leads_to_application, value.held)))


def _routes(inter: Interpreter, router: Opaque, put: Value) -> Iterator[Route]:
    """Yield the routes that something is that has been put into a router; see `with_path`."""
    begin = "".join(one.text for one in router.held if isinstance(one, Text))
    for function in functions(put):
        own = [(begin + text, None) for text in (texts(put.items[0]) if isinstance(put, Sequence) else ())]
        own += [(begin + text, verb) for text, verb in _decorating(inter, function)]
        yield from (Route(function, path, verb) for path, verb in own or [(None, None)])


def _decorating(inter: Interpreter, function: Value) -> Iterator[tuple[str, str | None]]:
    """Yield the paths that stand in the decorators of a function, and what each is the answer to."""
    if not isinstance(function, Function):
        return
    for decorator in function.scope.decorators:
        match decorator:
            case ("call", ("attr", _, verb), (first, *_), *_):
                for text in texts(inter.evaluate(first, function.closure)):
                    if text.startswith("/") or verb in _VERBS:
                        yield text, verb if verb in _VERBS else None
            case _:
                pass


def _fits(template: str, path: str) -> bool:
    pattern = _VARIABLE.sub(lambda found: ".+" if found[1] or found[2] else "[^/]+", re.escape(template.rstrip("/")))
    return re.fullmatch(f".*{pattern}/?", path) is not None


def _says(route: Route) -> tuple[int, int]:
    """Return how much of a path a route's own says: its parts, and those of them that are written out."""
    parts = [part for part in (route.path or "").split("/") if part]
    return len(parts), sum(part[0] not in "{<" for part in parts)


def _given(inter: Interpreter, function: Value, frame: Frame, on_the_way: tuple[Value, ...]) -> Arguments:
    """Call what a route depends on; return what the route is given for it."""
    if not isinstance(function, Function) or function in on_the_way:
        return calls.NO_ARGUMENTS
    found: list[tuple[str, Values]] = []
    for parameter in function.scope.parameters:
        makers = _dependencies(inter, parameter, function.closure)
        if values := _made(inter, makers, frame, (*on_the_way, function)):
            found.append((parameter.name, values))
    return Arguments((), tuple(found))


def _dependencies(inter: Interpreter, parameter: Parameter, closure: Frame) -> Values:
    """Return what stands in the `Depends(…)` that is a parameter's default, or in its annotation."""
    match parameter.default:
        case ("call", _, (first, *_), *_) if uses.last(parameter.default) in uses.DEPENDS:
            return inter.evaluate(first, closure)
        case _:
            said = inter.evaluate(parameter.annotation, closure)
            depends = (one for one in said if isinstance(one, Opaque) and one.dotted.rpartition(".")[2] in uses.DEPENDS)
            return union(*(one.held for one in depends))


def _made(inter: Interpreter, makers: Values, frame: Frame, on_the_way: tuple[Value, ...]) -> Values:
    found: list[Values] = []
    for maker in makers:
        values = calls.call(inter, maker, _given(inter, maker, frame, on_the_way), frame, None)
        is_generator = isinstance(maker, Function) and maker.scope.is_generator
        found.append(containers.elements(inter, values, frame) if is_generator else values)
    return union(*found)
