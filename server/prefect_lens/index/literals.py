"""Literals that decide a branch: what a call passes as it is written, and which code does not run for it.

`run(dry_run=True)` leaves out what `run` does `if not dry_run`. That is known where the call is written out and the
function never assigns the parameter anew; everywhere else a condition is open, and both branches count. For attributes
of what is passed, see `exact`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.index import (
    belonging,
    constants,
    exact,
    expected,
    guards,
    makers,
    members,
    present,
    results,
    spread,
    uses,
)
from prefect_lens.index.lower_conditions import asked
from prefect_lens.index.values import (
    MOCKED,
    NOTHING,
    OBJECT,
    SOME,
    UNKNOWN,
    Arguments,
    Exact,
    Function,
    Values,
)

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame

Literals = tuple[tuple["int | str", Any], ...]

_MARK = "?"
"""Before the name of a parameter: what is known to be passed to it exactly. No name of the code begins so."""

_BY_CLASS = "~"
"""Before the name of a parameter by whose class a branch may be decided; these sort behind all others."""

_SPREAD = ">"
"""Before the name of `*args` or `**options` that a function hands on."""

_BEHIND = "."
"""Before the name of an attribute of a parameter by which a branch may be decided; these sort before all others."""

LONGEST_KEY = 120
"""Longer strings, and such with spaces, are data; shorter ones may be keys, names of attributes, entrypoints."""

_STAR = ("star", None)
"""The key under which a dictionary is put into another one."""

_FUNCTIONS = frozenset({"def", "lambda"})
"""What makes functions: these are surely there."""


def written(inter: Interpreter, expression: Expression, frame: Frame) -> Literals | None:
    """Return the literals and objects among a call's arguments, by position or name; None where more may be passed."""
    _, _, positional, keywords, *_ = expression
    found: list[tuple[int | str, Any]] = []
    for place, argument in (*enumerate(positional), *keywords):
        if place is None or (argument is not None and argument[0] == "star"):
            return None
        if argument is None:
            continue
        if (value := of(inter, argument, frame)) is UNKNOWN:
            value = present.made(inter, argument, frame)
        if value is not UNKNOWN:
            found.append((place, value))
    return tuple(found)


def told(inter: Interpreter, function: Function, arguments: Arguments) -> dict[str, Values]:
    """Return what a function's call says exactly about the parameters that may decide a branch."""
    said = arguments.said
    if said is None or arguments.more or not (deciding := function.decides):
        return {}
    found: dict[str, Values] = {}
    literals = dict(said)
    named = {name for name, _ in arguments.keywords}
    places = [name for name, kind in function.parameters if kind == "positional"]
    for given in deciding:
        if given[0] == _BEHIND:
            continue
        name = given.lstrip("=~")
        if given[:2] == uses.HANDED_ON:
            continue
        if given[0] == _SPREAD:
            parameter = next(one for one in function.scope.parameters if one.name == given[1:])
            value = spread.kept(parameter, places, {one for one, _ in function.parameters}, arguments, literals)
            if value is not UNKNOWN:
                found[_MARK + given[1:]] = frozenset((inter.one(Exact, value),))
            continue
        if name is not given and not literals:
            continue
        place = places.index(name) if name in places else len(arguments.positional)
        if place < len(arguments.positional) or place in literals:
            value = literals.get(place, UNKNOWN)
        elif name in named or name in literals:
            value = literals.get(name, UNKNOWN)
        else:
            value = next(
                (exact.default(inter, function, p) for p in function.scope.parameters if p.name == name), UNKNOWN
            )
        if given[0] == _BY_CLASS:
            if value is not UNKNOWN and value not in present.OBJECTS and _MARK + name not in found:
                found[_MARK + name] = frozenset((inter.one(Exact, None if value is None else ...),))
        elif value is not UNKNOWN and (
            name is given or (telling(value) is not UNKNOWN and value is not ... and value != ())
        ):
            found[_MARK + name] = frozenset((inter.one(Exact, value),))
    return found


def is_told(frame: Frame) -> bool:
    """Whether something is known of a frame that may decide its branches."""
    return bool(frame.arguments) and frame.arguments[0][0][0] == _MARK  # they are in the order of their names


def _may_tell(frame: Frame) -> bool:
    """Whether what is passed to a frame may decide its branches."""
    decides = frame.scope.decides
    if decides and decides[0][0] == _BEHIND:
        return True
    return bool(frame.arguments) and (is_told(frame) or decides[-1:] >= (_BY_CLASS,))


def holds(inter: Interpreter, expression: Expression, frame: Frame) -> bool | None:
    """Return whether a branch runs; None where that is open."""
    found = _test(inter, expression[2], frame) if len(expression) > 2 and _may_tell(frame) else None
    return False if found is None and guards.fails(inter, expression[1], frame) else found


def needed(inter: Interpreter, expression: Expression, frame: Frame) -> tuple[Expression, ...]:
    """Return the parts of `a or b` that may be evaluated: where the first one is surely true, that alone.

    What is made of `if a is None: a = b` ends in `"none"`: there it is enough that the first one is not `None`.
    """
    _, parts, *how = expression
    first = parts[0]
    if first is not None and first[0] == "local" and frame.scope.bindings[first[1]][1][0] == ("param", first[1]):
        value = of(inter, first, frame)
        if value is not UNKNOWN and (
            value is not None if how else value and value is not SOME and not members.is_one(value)
        ):
            return parts[:1]
    return parts


def ends(inter: Interpreter, body: tuple[Expression, ...], frame: Frame) -> bool:
    """Whether a body ends in what leaves it, or a part of it that surely runs does."""
    return _leaves(body) or any(
        one is not None and one[0] == "block" and holds(inter, one, frame) is True and ends(inter, one[1], frame)
        for one in body
    )


def _leaves(body: tuple[Expression, ...]) -> bool:
    match body[-1] if body else None:
        case ("return" | "raise" | "skip", *_):
            return True
        case ("with", _, inner):
            return _leaves(inner)
        case ("try", tried, handlers, final):
            return _leaves(final) or all(map(_leaves, (tried, *handlers)))
        case _:
            return False


def refuses(inter: Interpreter, frame: Frame) -> bool:
    """Whether a function may raise for what is passed, or for what is patched."""
    return _may_tell(frame) and any(
        one is not None
        and one[0] == "block"
        and len(one) > 2
        and _leaves(one[1])
        and one[1][-1][0] == "raise"
        and holds(inter, one, frame) is not False
        and not (_hangs_on_calls(one[2]) and not frame.world.patches)
        for one in frame.scope.body
    )


def _hangs_on_calls(test: Expression) -> bool:
    """Whether a test asks for nothing but what calls give."""
    return set(asked(test)) == {_BEHIND}


def bury(inter: Interpreter, frame: Frame) -> None:
    """Have the calls of branches that do not run come to nothing, whoever asks for their values."""
    if _may_tell(frame) or guards.has_failing(frame):
        _bury(inter, frame, frame.scope.body)
    for handler in guards.idle(frame.scope.body) if frame.world.unguarded else ():
        _forget(frame, handler)
    if expected.is_source(frame):
        for part in expected.dead(frame.scope.body):
            _forget(frame, part)


def _bury(inter: Interpreter, frame: Frame, body: tuple[Expression, ...]) -> None:
    for position, one in enumerate(body):
        match one:
            case ("block", inner, *_):
                runs = holds(inter, one, frame)
                if runs is False:
                    _forget(frame, inner)
                    continue
                _bury(inter, frame, inner)
                if runs and ends(inter, inner, frame):
                    _forget(frame, body[position + 1 :])
                    return
            case ("with", _, inner):
                _bury(inter, frame, inner)
            case ("try", tried, handlers, final):
                for inner in (tried, *handlers, final):
                    _bury(inter, frame, inner)
            case _:
                pass


def _forget(frame: Frame, part: Any) -> None:
    if not isinstance(part, tuple):
        return
    if part[:1] == ("bound",):
        frame.remember(part[1], NOTHING)
    if part[:1] == ("call",):
        frame.remember(part, NOTHING)
        if part[1] is None or part[1][0] != "attr":
            return  # nobody comes to its arguments but through it, as to what is put into a container
    for inner in part:  # type: ignore[reportUnknownVariableType]
        _forget(frame, inner)


def telling(value: Any) -> Any:
    """Return what tells one call from another wherever it is handed on: switches, keys, objects, `None`; not data."""
    is_switch = value is None or value is ... or value == () or (isinstance(value, int) and value in {0, 1})
    is_key = isinstance(value, str) and 0 < len(value) <= LONGEST_KEY and " " not in value  # as in `passing.telling`
    return value if is_switch or is_key or value in present.OBJECTS else UNKNOWN


def of(inter: Interpreter, expression: Expression, frame: Frame) -> Any:
    """Return the constant that a form is in a call; `UNKNOWN` where it is none."""
    if (member := members.of(inter, expression, frame)) is not UNKNOWN:
        return member
    if expression[0] == "attr" and expression[1] is not None and expression[1][0] == "local":
        return exact.attribute(inter, expression[1], expression[2], frame)
    if expression[0] == "local":
        form = bound(expression, frame)
        if form is None or form is expression:
            return UNKNOWN
        if form[0] == "param":
            return passed(expression[1], frame)
        value = _plainly(inter, form, frame)
        if value == ():
            return UNKNOWN  # what is empty may be filled
        return members.of(inter, form, frame) if value is UNKNOWN else value
    return _plainly(inter, expression, frame)


def _plainly(inter: Interpreter, form: Expression, frame: Frame) -> Any:
    if form[0] == "call" and (value := spread.taken(inter, form, frame)) is not UNKNOWN:
        return value
    return ... if form[0] in _FUNCTIONS else constant(form)


def bound(expression: Expression, frame: Frame) -> Expression:
    """Return what a name of a function stands for, where it is bound once; the form itself where it is no name."""
    if expression is None or expression[0] != "local" or expression[2:4] not in {(0, 1), (0, -1)}:
        return expression
    found = frame.scope.bindings[expression[1]][1]
    return found[0] if len(found) == 1 or expression[3] == 1 else None


def passed(name: str, frame: Frame) -> Any:
    """Return the constant that a parameter was given; `UNKNOWN` where it is none."""
    return next((one.value for one in frame.argument(_MARK + name) if isinstance(one, Exact)), UNKNOWN)


def constant(expression: Expression) -> Any:
    """Return the constant that an expression is, `()` for an empty container, `...` for one that is not."""
    match expression:
        case ("int" | "text", value):
            return value
        case ("none",):
            return None
        case ("seq" | "dict", ()):
            return ()
        case ("call", _, (), (), *_) if makers.called(expression) == "DataFrame":
            return ()
        case ("seq" | "dict", (first, *_)) if first is None or first[0] not in {"star", _STAR}:
            return ...  # there is something in it
        case _:
            return UNKNOWN


def _test(inter: Interpreter, test: Expression, frame: Frame) -> bool | None:
    match test:
        case ("not", inner):
            return None if (found := _test(inter, inner, frame)) is None else not found
        case ("loop", ("truth", over)) if _value(inter, over, frame) is MOCKED:
            return False
        case ("loop", inner):
            return False if _test(inter, inner, frame) is False else None
        case ("all" | "any" as how, parts):
            found = [_test(inter, part, frame) for part in parts]
            if (how == "any") in found:
                return how == "any"
            return None if None in found else how == "all"
        case ("is", name, classes):
            return belonging.is_one(inter, passed(name, frame), name, classes, frame)
        case ("truth", str() as name) if (is_empty := results.is_empty(inter, name, frame)) is not None:
            return is_empty
        case ("truth" | "none" | "in" as how, name, *constants):
            value = _value(inter, name, frame)
            if value is UNKNOWN or (how == "in" and value in {..., OBJECT, SOME}):
                return None
            if how == "truth":
                return None if value is SOME or members.is_one(value) else bool(value)
            return value is None if how == "none" else value is not MOCKED and members.among(value, constants[0])
        case ("less" | "more" as how, name, bound):
            value = _value(inter, name, frame)
            if not isinstance(value, int):
                return None
            return value < bound if how == "less" else value > bound
        case ("starts" | "ends" as how, name, texts):
            value = _value(inter, name, frame)
            if not isinstance(value, str) or members.is_one(value):
                return None
            return value.startswith(texts) if how == "starts" else value.endswith(texts)
        case _:
            return None


def _value(inter: Interpreter, subject: Any, frame: Frame) -> Any:
    """Return the constant that a test asks for: of a call, a name that a call is given, a parameter or an attribute."""
    if not isinstance(subject, str):
        return results.of_call(inter, subject, frame)
    if subject.endswith("."):
        name = subject[:-1]
        return results.of_name(inter, name, frame) if name in frame.scope.bindings else constants.of(inter, name, frame)
    return exact.told(inter, frame, subject) if "." in subject else passed(subject, frame)
