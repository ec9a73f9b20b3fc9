"""What functions of the standard library and of pytest do, those that matter by name."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from prefect_lens.index import (
    attributes,
    calls,
    containers,
    fixtures,
    loading,
    marks,
    metaclasses,
    objects,
    patches,
    special,
    spread,
)
from prefect_lens.index.values import (
    NOTHING,
    Arguments,
    External,
    Frame,
    Getter,
    Instance,
    Mapping,
    Module,
    Partial,
    Path,
    Record,
    Sequence,
    Super,
    Text,
    Value,
    Values,
    Wrapped,
    texts,
    union,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.interpret import Interpreter

_COLLECTS = frozenset(
    {
        "builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset", "builtins.sorted", "builtins.reversed",
        "collections.deque", "itertools.islice", "itertools.cycle", "itertools.accumulate", "itertools.tee",
    }
)  # fmt: skip


_LAZY = frozenset(
    {
        "pytest_lazy_fixtures.lf", "pytest_lazy_fixtures.lazy_fixture", "pytest_lazyfixture.lazy_fixture",
    }
)  # fmt: skip
"""What stands for a fixture among a test's parameters."""


def known(inter: Interpreter, dotted: str, arguments: Arguments, frame: Frame) -> Values | None:
    """Call a function by its full name; None where nothing is known of it."""
    first = arguments.at(0)
    if dotted.startswith("builtins."):
        special.builtin(inter, dotted.removeprefix("builtins."), arguments, frame)
    match dotted:
        case "functools.partial" | "functools.partialmethod":
            rest = Arguments(arguments.positional[1:], arguments.keywords, arguments.more)
            made = frozenset((inter.one(Partial, first, rest, spread.ahead(arguments)),)) if first else NOTHING
            return made if dotted.endswith("partial") else frozenset((inter.one(Wrapped, "method", made),))
        case "functools.wraps" | "functools.update_wrapper":
            if dotted.endswith("wraps"):
                return frozenset((inter.one(External, "functools.wraps()"),))
            return first
        case "functools.singledispatch" | "functools.singledispatchmethod":
            return frozenset((inter.one(Wrapped, dotted, first),))
        case "builtins.staticmethod":
            return frozenset((inter.one(Wrapped, "static", first),))
        case "builtins.classmethod":
            return frozenset((inter.one(Wrapped, "class", first),))
        case "builtins.property" | "functools.cached_property":
            return frozenset((inter.one(Wrapped, "property", first),))
        case _ if dotted in _COLLECTS:
            _call_key(inter, arguments, frame)
            sequences = [v for v in first if isinstance(v, Sequence)]
            if dotted in {"builtins.list", "builtins.tuple"} and len(sequences) == len(first) == 1:
                return first
            return frozenset((inter.one(Sequence, (), containers.elements(inter, first, frame)),))
        case "builtins.dict" | "collections.OrderedDict" | "types.MappingProxyType":
            pairs: list[tuple[str | None, Values]] = list(arguments.keywords)
            for value in first:
                if isinstance(value, Mapping):
                    pairs.extend(value.items)
                for pair in containers.elements(inter, first, frame) if isinstance(value, Sequence) else ():
                    if isinstance(pair, Sequence) and len(pair.items) == 2:
                        pairs.extend((key, pair.items[1]) for key in texts(pair.items[0]) or [None])
            keys = union(*(value.keys for value in first if isinstance(value, Mapping)))
            return frozenset((inter.one(Mapping, tuple(pairs), keys),))
        case "collections.defaultdict":
            made = union(*(calls.call(inter, f, calls.NO_ARGUMENTS, frame, None) for f in first))
            pairs = [pair for value in arguments.at(1) if isinstance(value, Mapping) for pair in value.items]
            pairs += [*arguments.keywords, *([(None, made)] if made else [])]
            return frozenset((inter.one(Mapping, tuple(pairs)),))
        case "itertools.groupby":
            _call_key(inter, arguments, frame)
            group = frozenset((inter.one(Sequence, (), containers.elements(inter, first, frame)),))
            pair = inter.one(Sequence, (NOTHING, group), NOTHING)
            return frozenset((inter.one(Sequence, (), frozenset((pair,))),))
        case "collections.ChainMap":
            pairs = []
            for values in reversed(arguments.positional):
                for value in values:
                    pairs = list(containers.over(tuple(pairs), value.items if isinstance(value, Mapping) else ()))
            return frozenset((inter.one(Mapping, tuple(pairs)),))
        case "collections.namedtuple":
            maker = frozenset((inter.one(External, "collections.namedtuple()"),))
            return frozenset((inter.one(Partial, maker, Arguments((arguments.at(1, "field_names"),))),))
        case "collections.namedtuple()":
            return frozenset((inter.one(Record, tuple(_fields(arguments))),))
        case "inspect.getmembers" | "inspect.getmembers_static":
            return loading.members_of(inter, first, arguments.at(1, "predicate"), frame)
        case "builtins.dir" if any(isinstance(value, Module) for value in first):
            names = loading.names_of(inter, first, frame)
            return frozenset((inter.one(Sequence, (), containers.elements(inter, names, frame)),))
        case "builtins.enumerate":
            pair = inter.one(Sequence, (NOTHING, containers.elements(inter, first, frame)), NOTHING)
            return frozenset((inter.one(Sequence, (), frozenset((pair,))),))
        case "builtins.zip" | "itertools.product" | "itertools.zip_longest":
            parts = tuple(containers.elements(inter, values, frame) for values in arguments.positional)
            return frozenset((inter.one(Sequence, (), frozenset((inter.one(Sequence, parts, NOTHING),))),))
        case "itertools.chain" | "asyncio.gather" | "asyncio.as_completed" | "itertools.chain.from_iterable":
            inner = union(*arguments.positional) | arguments.more
            if dotted.startswith("itertools") or dotted.endswith("as_completed"):
                inner = containers.elements(inter, inner, frame)
                if dotted.endswith("from_iterable"):
                    inner = containers.elements(inter, inner, frame)
                return frozenset((inter.one(Sequence, (), inner),))
            return frozenset((inter.one(Sequence, arguments.positional, arguments.more),))
        case "functools.reduce":
            steps, held = containers.elements(inter, arguments.at(1), frame), arguments.at(2)
            for _ in range(2):  # what one step gives, the next one gets
                passed = Arguments((held or steps, steps))
                held |= union(*(calls.call(inter, f, passed, frame, None) for f in first))
            return held
        case (
            "builtins.map" | "builtins.filter" | "itertools.takewhile" | "itertools.dropwhile" | "itertools.filterfalse"
        ):
            passed = Arguments(tuple(containers.elements(inter, v, frame) for v in arguments.positional[1:]))
            given = union(*(calls.call(inter, f, passed, frame, None) for f in first))
            inner = given if dotted == "builtins.map" else containers.elements(inter, arguments.at(1), frame)
            return frozenset((inter.one(Sequence, (), inner),))
        case "builtins.min" | "builtins.max":
            if len(arguments.positional) > 1:
                first = union(*arguments.positional)
                several = frozenset((inter.one(Sequence, (), first),))
                _call_key(inter, Arguments((several,), arguments.keywords), frame)
                return first
            _call_key(inter, arguments, frame)
            return containers.elements(inter, first, frame)
        case "builtins.next" | "builtins.anext" | "heapq.heappop":
            return containers.elements(inter, first, frame)
        case "builtins.getattr":
            names = texts(arguments.at(1))
            had = [attributes.of_all(inter, first, name, frame) for name in names]
            return union(*had) | (arguments.at(2) if not had or not all(had) else NOTHING)
        case "builtins.setattr":
            patches.put(
                inter, frame, [(owner, name) for owner in first for name in texts(arguments.at(1))], arguments.at(2)
            )
            return NOTHING
        case "builtins.super":
            return _super(inter, arguments, frame)
        case metaclasses.NEW:
            return metaclasses.new(arguments)
        case "builtins.type" if len(arguments.positional) > 1:
            return metaclasses.made(inter, arguments)
        case "builtins.type":
            return frozenset(value.cls for value in first if isinstance(value, Instance))
        case "builtins.locals" if frame.parent is not None:
            return loading.names_in(inter, frame)
        case "builtins.vars" | "builtins.globals" | "builtins.locals":
            return loading.names_of(inter, first, frame)
        case (
            "builtins.str" | "os.fspath" | "pathlib.Path" | "pathlib.PurePath" | "os.path.abspath" | "os.path.realpath"
        ):
            return _paths(inter, arguments)
        case "os.path.dirname":
            return frozenset(inter.one(Path, posixpath.dirname(p.path) or ".") for p in first if isinstance(p, Path))
        case "os.path.join":
            found: Values = first
            for part in arguments.positional[1:]:
                found = frozenset(
                    inter.one(Path, posixpath.normpath(posixpath.join(a.path, b.text)))
                    for a in found
                    for b in part
                    if isinstance(a, Path) and isinstance(b, Text)
                )
            return found
        case "typing.cast" | "typing_extensions.cast":
            return arguments.at(1)
        case "builtins.__import__" | "importlib.import_module" | "importlib.reload":
            if dotted.endswith("reload"):
                return first
            return union(*(loading.named(inter, name, arguments, frame) for name in texts(first)))
        case "importlib.util.spec_from_file_location" | "importlib.machinery.SourceFileLoader":
            return union(*(loading.module_at(inter, arguments.at(1, "location", "path"), frame),))
        case "sys.modules.get" | "sys.modules.pop":
            return union(*(inter.import_named(name, 0, frame.module) for name in texts(first)))
        case "pytest.importorskip":
            return union(*(inter.import_named(name, 0, frame.module) for name in texts(arguments.at(0, "modname"))))
        case "pkgutil.resolve_name":
            return loading.load_entrypoint(inter, arguments, frame)
        case "pkgutil.iter_modules" | "pkgutil.walk_packages":
            return loading.modules_in(inter, containers.elements(inter, first, frame), frame)
        case "pathlib.Path.cwd" | "os.getcwd":
            return frozenset((inter.one(Path, inter.root_of(frame.module.path)),))
        case "importlib.util.module_from_spec":
            return first
        case "runpy.run_path" | "runpy.run_module":
            return loading.run_path(inter, arguments, frame)
        case "operator.attrgetter" | "operator.methodcaller":
            rest = Arguments(arguments.positional[1:], arguments.keywords, arguments.more)
            made = (inter.one(Getter, name, rest, dotted.endswith("methodcaller")) for name in texts(first))
            return frozenset(made)
        case "operator.itemgetter":
            return frozenset(
                (inter.one(Partial, frozenset((inter.one(External, "operator.itemgetter()"),)), arguments),)
            )
        case "operator.itemgetter()":
            return containers.subscript(inter, arguments.at(1), first, frame)
        case "operator.getitem":
            return containers.subscript(inter, first, arguments.at(1), frame)
        case _ if dotted.startswith("operator.") and (
            made := special.function(inter, dotted.removeprefix("operator."), arguments, frame)
        ):
            return made
        case "operator.call":
            return union(*(calls.call(inter, f, arguments.behind(0), frame, None) for f in first))
        case "types.SimpleNamespace" | "argparse.Namespace":
            return frozenset((inter.one(Record, arguments.keywords),))
        case (
            "dataclasses.field" | "attrs.field" | "attr.ib" | "attr.field" | "pydantic.Field" | "pydantic.fields.Field"
        ):
            makers = arguments.at(-1, "default_factory", "factory")
            made_by = union(*(calls.call(inter, maker, Arguments(literals=()), frame, None) for maker in makers))
            return made_by | arguments.at(0 if dotted.startswith("pydantic") else -1, "default")
        case "dataclasses.replace" | "copy.replace" | "attrs.evolve" | "attr.evolve":
            return objects.changed(inter, first, arguments.keywords, more=arguments.literals is None)
        case "functools.wraps()":
            return first
        case "pytest.param" if marks.skips_row(inter, arguments.at(-1, "marks"), frame):
            return NOTHING
        case "pytest.param":
            whole: Values = frozenset((inter.one(Sequence, arguments.positional, NOTHING),))
            return frozenset((inter.one(Wrapped, "param", whole),))
        case _ if dotted in _LAZY:
            return frozenset((inter.one(Wrapped, fixtures.LAZY, first),))
        case _ if dotted.rpartition(".")[2] in {"fixture", "yield_fixture"}:
            return first or frozenset((inter.one(External, "functools.wraps()"),))
        case "pytest.MonkeyPatch" | "_pytest.monkeypatch.MonkeyPatch":
            return frozenset((inter.one(External, "pytest.monkeypatch"),))
        case "contextlib.ExitStack" | "contextlib.AsyncExitStack":
            return NOTHING
        case "atexit.register" | "signal.signal":
            return first
        case _:
            return None


def _super(inter: Interpreter, arguments: Arguments, frame: Frame) -> Values:
    at = frame
    while at.scope.kind != "class" and at.parent is not None and at.parent.scope.kind != "class":
        at = at.parent
    if at.parent is None or at.parent.parent is None or not at.scope.parameters:
        return NOTHING
    first = inter.parameter(at.scope.parameters[0].name, at) if arguments == Arguments() else arguments.at(1)
    cls = inter.class_(at.parent.parent, at.parent.index)
    if not first:
        first = frozenset((inter.one(Instance, cls, ()),))
    return frozenset((inter.one(Super, cls, first),))


def _paths(inter: Interpreter, arguments: Arguments) -> Values:
    found = [v for v in arguments.at(0) if isinstance(v, Path | Text)]
    result: set[Value] = set(found)
    for part in arguments.positional[1:]:
        result = {
            inter.one(Path, posixpath.normpath(posixpath.join(a.path, b.text)))
            for a in result
            for b in part
            if isinstance(a, Path) and isinstance(b, Text)
        }
    return frozenset(result)


def _call_key(inter: Interpreter, arguments: Arguments, frame: Frame) -> None:
    passed = Arguments((containers.elements(inter, arguments.at(0), frame),))
    for function in arguments.at(-1, "key") if any(key == "key" for key, _ in arguments.keywords) else ():
        calls.call(inter, function, passed, frame, None)


def _fields(arguments: Arguments) -> Iterator[tuple[str, Values]]:
    """Yield the fields of a named tuple: their names come first among what is given."""
    names = [name for text in texts(arguments.at(0)) for name in text.replace(",", " ").split()]
    for value in arguments.at(0):
        if isinstance(value, Sequence):
            names = [name for item in value.items for name in texts(item)]
    named = dict(arguments.keywords)
    for place, name in enumerate(names, 1):
        yield name, arguments.positional[place] if place < len(arguments.positional) else named.get(name, NOTHING)
