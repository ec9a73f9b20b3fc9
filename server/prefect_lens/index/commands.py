"""What a test says to a command of click or typer: `runner.invoke(app, ["run", "--mode", "fast"])`.

The command is called with what its options say, by which branches can be decided; see `literals`. It does not run where
the line is one that click surely refuses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from prefect_lens.index import command_lines, literals, makers
from prefect_lens.index.command_lines import Declared, Option
from prefect_lens.index.lower_signatures import OPTIONS
from prefect_lens.index.values import NOTHING, SOME, UNKNOWN, Arguments, External, Function, Opaque, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prefect_lens.index.command_lines import Words
    from prefect_lens.index.facts import Expression, Parameter
    from prefect_lens.index.interpret import Interpreter

_COMMAND = frozenset({"command", "group", "callback"})
_CONTEXT = frozenset({"pass_context", "pass_obj"})

_MAKING = frozenset({"multiple", "count", "callback", "nargs", "parser", "click_type", "is_eager"})
"""Keywords with which it is open what becomes of what the line says."""

_FINDING = frozenset({"envvar", "prompt", "default_factory", "default_map", "show_envvar"})
"""Keywords with which it is open what an option is that the line leaves out; nor does it need to be there."""

_BARE = frozenset({"nargs", "count", "flag_value", "is_flag", "prompt_required"})
"""Keywords with which an option may have no value, or several."""

_SETTINGS = frozenset({"context_settings", "cls"})
"""Keywords of a command that may have it take any line."""

_NUMBERS = frozenset({("name", "int"), ("name", "float")})
_NUMBER = re.compile(r"\s*[-+]?[\d._]+(e[-+]?\d+)?\s*$|\s*[-+]?(inf|nan)", re.IGNORECASE)
_BOOLEAN, _TEXT = ("name", "bool"), ("name", "str")


class _Taken(NamedTuple):
    """What a parameter of a command is taken from."""

    option: Option
    is_made: bool = False
    """Whether it is open what becomes of what the line says."""
    is_found: bool = False
    """Whether it is open what it is where the line does not say."""
    may_be_bare: bool = False
    is_needed: bool = False
    takes_number: bool = False
    is_known: bool = True
    """Whether all its names are known."""


def given(inter: Interpreter, function: Function, line: Words) -> Arguments | None:
    """Return what a command of click or typer is called with; None where a function is no command."""
    kinds = {makers.called(one) for one in _calls(function)}
    if kinds.isdisjoint(_COMMAND):
        return None
    taken = _taken(inter, function)
    every = Declared(tuple(one.option for one in taken.values()), frozenset(), (), ())
    names = {name for one in every.options for name in (*one.names, *one.off)}
    is_whole = all(word is None or not word.startswith("-") or word.partition("=")[0] in names for word in line)
    found: list[tuple[int | str, Any]] = []
    for parameter, one in taken.items():
        option = one.option
        if one.is_made or (not option.names and "command" not in kinds):
            continue
        is_there = any(word is not None and word.partition("=")[0] in {*option.names, *option.off} for word in line)
        said = command_lines.said(every, option, line)
        if said is UNKNOWN and is_there:
            said = SOME  # whatever it is
        if said is not UNKNOWN and (is_there or (is_whole and not one.is_found)):
            found.append((parameter, said))
    keywords = tuple((parameter.name, NOTHING) for parameter in function.scope.parameters)
    return Arguments((), keywords, NOTHING, tuple(found))


def refuses(inter: Interpreter, function: Function, line: Words, *, is_own: bool = True) -> bool:
    """Whether a command surely does not take a line: something that it needs is not there, and the like.

    `is_own` says that the line is the command's own, and has no options of a group that it may stand in.
    """
    if not _is_command(inter, function):
        return False
    taken = list(_taken(inter, function).values())
    by_name = {name: one for one in taken for name in (*one.option.names, *one.option.off)}
    knows_all = all(one.is_known for one in taken)
    seen: set[str] = set()
    placed, unknown = 0, 0
    words = iter(line)
    for word in words:
        if word is None:
            unknown += 1
        elif not word.startswith("-") or word.strip("-") == "" or _NUMBER.match(word):
            placed += 1
        elif (one := by_name.get(word.partition("=")[0])) is None:
            if not is_own:
                unknown += 1
                continue
            if not word.startswith("--") or not knows_all:
                return False  # short ones may stand together
            return word not in {"--help", "--version"} and "completion" not in word
        else:
            seen.add(one.option.dest)
            if _lacks_value(one, word, words):
                return True
    needed = [one for one in taken if one.is_needed and one.option.dest not in seen]
    absent = sum(1 for one in needed if one.option.names) + max(
        0, sum(1 for one in needed if not one.option.names) - placed
    )
    return knows_all and absent > unknown


def _lacks_value(one: _Taken, word: str, words: Iterator[str | None]) -> bool:
    """Whether an option has no value, or one that it does not take; what stands in the next place is taken for it."""
    _, has, value = word.partition("=")
    if one.option.flag is not None:
        return False
    if not has:
        try:
            value = next(words)
        except StopIteration:
            return not one.may_be_bare
    return one.takes_number and value is not None and not _NUMBER.match(value)


def _is_command(inter: Interpreter, function: Function) -> bool:
    """Whether a function is a command of click or typer, and nothing else decorates it that may take something."""
    is_one = False
    for decorator in function.scope.decorators:
        call = decorator if decorator is not None and decorator[0] == "call" else None
        name = makers.called(call if call is not None else ("call", decorator))
        if name == "command" and call is not None:
            is_one = _is_of_click(inter, call[1], function)
            if not is_one or any(key in _SETTINGS for key, _ in call[3]):
                return False
        elif name not in OPTIONS | _CONTEXT:
            return False
    return is_one


def _is_of_click(inter: Interpreter, called: Expression, function: Function) -> bool:
    """Whether `@app.command(…)` is of an application of these libraries, or of a group that is a function."""
    owner = called[1] if called is not None and called[0] == "attr" else called
    found = inter.evaluate(owner, function.closure)
    return bool(found) and all(
        isinstance(one, Function)
        or (isinstance(one, External | Opaque) and one.dotted.partition(".")[0] in {"click", "typer", "rich_click"})
        for one in found
    )


def _calls(function: Function) -> list[Expression]:
    return [one for one in function.scope.decorators if one is not None and one[0] == "call"]


def _taken(inter: Interpreter, function: Function) -> dict[str, _Taken]:
    """Return what the parameters of a command are taken from, but for its context."""
    by_decorator = [_of_decorator(inter, one, function) for one in _calls(function) if makers.called(one) in OPTIONS]
    found = {one.option.dest: one for one in by_decorator}
    for one in function.scope.parameters:
        if one.name not in found and not by_decorator and not _is_context(one):
            found[one.name] = _of_parameter(inter, one, function)
    return found


def _is_context(parameter: Parameter) -> bool:
    """Whether a parameter is filled by typer itself."""
    return parameter.annotation is not None and parameter.annotation[-1] == "Context"


def _of_decorator(inter: Interpreter, call: Expression, function: Function) -> _Taken:
    """Return what `click.option` or `click.argument` declares."""
    keywords = dict(call[3])
    names, is_known = _names(inter, call[2], function)
    plain = next((name for name in names if not name.startswith("-")), "")
    dest = plain or max((name.partition("/")[0] for name in names), key=len, default="").lstrip("-").replace("-", "_")
    default = literals.constant(keywords["default"]) if "default" in keywords else None
    is_argument = (makers.called(call) or "").lower() == "argument"
    needs = keywords.get("required") == ("int", 1) or (is_argument and not keywords.keys() & {"default", "required"})
    type_ = keywords.get("type")
    is_flag = any("/" in name for name in names) or keywords.get("is_flag") == ("int", 1) or "count" in keywords
    on, off = _on_and_off(names)
    default = 0 if is_flag and default is None else UNKNOWN if is_argument else default
    option = Option(dest, on, 1 if is_flag else None, default, type_ in {None, _TEXT}, off)
    return _of(option, frozenset(keywords), needs, type_, is_known=is_known)


def _of_parameter(inter: Interpreter, parameter: Parameter, function: Function) -> _Taken:
    """Return what typer takes for a parameter."""
    name, default, note = parameter.name, parameter.default, parameter.annotation
    kind, given = ("Argument" if default is None else "Option"), ()
    keywords: frozenset[str] = frozenset()
    if note is not None and note[0] == "annotated":
        _, note, kind, given, named = note
        keywords = frozenset(named)
    elif default is not None and default[0] == "call" and makers.called(default) in OPTIONS:
        kind, given, keywords = makers.called(default) or "", default[2][1:], frozenset(key for key, _ in default[3])
        default = default[2][0] if default[2] else dict(default[3]).get("default", ("effects", ()))
    names, is_known = _names(inter, given, function)
    value = literals.constant(default) if default is not None else UNKNOWN
    is_needed = parameter.default is None
    parts = note[1] if note is not None and note[0] == "either" else (note,)
    is_text = {None, _TEXT}.issuperset(parts)
    if kind.lower() == "argument":
        return _of(Option(name, (), None, UNKNOWN, is_text), keywords, is_needed, note, is_known=True)
    is_flag = note == _BOOLEAN or (default is not None and default[0] == "int" and note is None)
    dashed = name.replace("_", "-")
    written = f"--{dashed}/--no-{dashed}" if is_flag else f"--{dashed}"
    on, off = _on_and_off([one for one in names if one.startswith("-")] or [written])
    option = Option(name, on, 1 if is_flag or "count" in keywords else None, value, is_text, off)
    return _of(option, keywords, is_needed, note, is_known=is_known)


def _of(option: Option, keywords: frozenset[str], is_needed: bool, type_: Expression, *, is_known: bool) -> _Taken:  # noqa: FBT001
    is_found = not keywords.isdisjoint(_FINDING)
    is_made = not keywords.isdisjoint(_MAKING if option.flag is None else _MAKING - {"callback"})
    may_be_bare = not keywords.isdisjoint(_BARE)
    is_needed = is_needed and not is_found and "nargs" not in keywords
    return _Taken(option, is_made, is_found, may_be_bare, is_needed, type_ in _NUMBERS, is_known)


def _names(inter: Interpreter, arguments: Iterable[Expression], function: Function) -> tuple[list[str], bool]:
    """Return the names that an option is given, and whether these are all."""
    found: list[str] = []
    is_known = True
    for one in arguments:
        known = texts(inter.evaluate(one, function.closure))
        is_known = is_known and len(known) == 1
        found += known
    return found, is_known


def _on_and_off(names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names of an option, and those that say that it is off: `--fast/--slow`."""
    on: list[str] = []
    off: list[str] = []
    for name in names:
        first, _, second = name.partition("/")
        on.append(first.strip())
        off.append(second.strip())
    return tuple(one for one in on if one.startswith("-")), tuple(one for one in off if one)
