"""What a test says on a command line, and what argparse makes of it: `main(["run", "--dry-run"])`.

That is an object whose attributes are known as far as the file that parses says what it takes. Branches can be decided
by it; see `literals`. For click and typer, see `commands`.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from prefect_lens.index import literals, makers
from prefect_lens.index.values import NOTHING, UNKNOWN, Arguments, External, Parsed, Sequence, Text, Values, union

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prefect_lens.index.facts import Expression, Facts
    from prefect_lens.index.interpret import Interpreter
    from prefect_lens.index.values import Frame, Module

PARSE, KEEP = "parse_args", "set_defaults"
_PARSER = "ArgumentParser"
_DECLARE = frozenset({"add_argument", "add_parser", "add_subparsers", KEEP, _PARSER})
_HELP = frozenset({"-h", "--help"})
_ODD = frozenset({"add_help", "parents", "prefix_chars", "fromfile_prefix_chars", "conflict_handler"})
"""Keywords of parsers that take other lines than most do."""

_MANY = 9
_FLAGS: dict[str, tuple[Any, Any]] = {"store_true": (1, 0), "store_false": (0, 1)}
"""What an option without a value means when it is there, and when it is not."""

Words = tuple["str | None", ...]
"""A command line; None for a word that is not known."""


class Option(NamedTuple):
    """What a command line may say."""

    dest: str
    names: tuple[str, ...]
    """What stands before it; nothing for one that has its place."""
    flag: Any
    """What it is where it has no value of its own; None for one that has."""
    default: Any
    is_text: bool
    off: tuple[str, ...] = ()
    """What says that it is 0."""
    is_needed: bool = False


class Declared(NamedTuple):
    """What a file's parsers take."""

    options: tuple[Option, ...]
    commands: frozenset[str]
    dests: tuple[str, ...]
    """The names under which the command is kept."""
    defaults: tuple[tuple[str | None, str, Expression, int], ...]
    """By command: what `set_defaults` says under a name, and the scope in which it says so."""
    parsers: int = 0
    """How many parsers the file makes, but for those of commands; many where one is not like all others."""


def words(values: Values) -> Words | None:
    """Return what stands on a command line that is passed as one text or a list; None where that is not known."""
    match list(values):
        case [Text(text=text)]:
            try:
                return tuple(shlex.split(text))
            except ValueError:
                return None
        case [Sequence(items=items, rest=rest)] if not rest:
            return tuple(one.text if isinstance(one := _only(item), Text) else None for item in items)
        case _:
            return None


def parsed(inter: Interpreter, arguments: Arguments, frame: Frame) -> Values:
    """Return what `parse_args` gives."""
    said = arguments.at(0, "args")
    if not said:
        patched = frame.world.patches.get((inter.one(External, "sys"), "argv"), NOTHING)
        found = words(patched)
        found = found[1:] if found else None
    else:
        found = words(said)
    if found is not None and _refuses(_declared(inter, frame.module), found):
        frame.raising = True  # it ends the program
        return NOTHING
    return frozenset((inter.one(Parsed, found, frame.module),))


def attribute(inter: Interpreter, value: Parsed, name: str) -> Values:
    """Return what an attribute of a parsed command line can be: a text, or what was set for the command."""
    found: list[Values] = []
    for word, key, expression, scope in _declared(inter, value.module).defaults:
        if key == name and (word is None or value.words is None or word in value.words):
            found.append(inter.evaluate(expression, inter.generic(value.module, scope)))
    text = known(inter, value, name)
    if isinstance(text, str):
        found.append(frozenset((inter.one(Text, text),)))
    return union(*found)


def known(inter: Interpreter, value: Parsed, name: str) -> Any:
    """Return the constant that an attribute of a parsed command line is."""
    declared, line = _declared(inter, value.module), value.words
    if line is None or any(key == name for _, key, *_ in declared.defaults):
        return UNKNOWN
    if declared.dests[:1] == (name,):
        return next((word for word in line if word in declared.commands), UNKNOWN)
    options = [option for option in declared.options if option.dest == name]
    found = [said(declared, option, line) for option in options]
    return found[0] if found and all(one is found[0] or one == found[0] for one in found) else UNKNOWN


def behind(line: Words, names: set[str]) -> Words:
    """Return what stands behind the name of a command; all of it where the command is the whole program."""
    place = next((place for place, word in enumerate(line) if word in names), -1)
    return line[place + 1 :]


def declares(facts: Facts, index: int) -> bool:
    """Whether a scope says what a parser takes."""
    return next(_calls(tuple(facts.scopes[index]), _DECLARE), None) is not None


def _declared(inter: Interpreter, module: Module) -> Declared:
    found = inter.declared.get(module)
    if found is None:
        found = inter.declared[module] = _read(module.facts)
    return found


def _read(facts: Facts) -> Declared:
    options: list[Option] = []
    commands: set[str] = set()
    dests: list[str] = []
    defaults: list[tuple[str | None, str, Expression, int]] = []
    parsers = 0
    for index, scope in enumerate(facts.scopes):
        seen = {call[4:]: call for call in _calls(tuple(scope), _DECLARE)}
        for _, call in sorted(seen.items()):
            keywords = dict(call[3])
            match makers.called(call):
                case "add_argument":
                    options.append(_of_call(call))
                case "add_parser":
                    commands.update(written(call))
                case "ArgumentParser":
                    parsers += 1 if _ODD.isdisjoint(keywords) and _is_of_argparse(call[1], facts) else _MANY
                case "add_subparsers":
                    dests.extend(text for name, one in keywords.items() if name == "dest" for text in text_of(one))
                case _:
                    word = _command_of(scope.bindings, call[1][1])
                    defaults.extend((word, name, value, index) for name, value in call[3] if name is not None)
    return Declared(tuple(options), frozenset(commands), tuple(dests), tuple(defaults), parsers)


def _calls(part: Any, names: frozenset[str]) -> Iterator[Expression]:
    """Yield the calls of some names in a part of a file."""
    if isinstance(part, dict):
        part = tuple(cast("dict[Any, Any]", part).values())
    if not isinstance(part, tuple):
        return
    parts = cast("tuple[Any, ...]", part)
    if parts[:1] == ("call",) and len(parts) == 6 and makers.called(parts) in names:
        yield parts
    for inner in parts:
        yield from _calls(inner, names)


def _command_of(bindings: Any, parser: Expression) -> str | None:
    """Return the command of whose parser a name stands; None for that of the whole."""
    if parser is None or parser[0] not in {"local", "name"} or parser[1] not in bindings:
        return None
    expressions = bindings[parser[1]][1]
    if parser[0] == "local":
        expressions = expressions[parser[2] :] if parser[3] == -1 else expressions[parser[2] : parser[3]]
    made = expressions[-1] if expressions else None
    return next(iter(written(made)), None) if made is not None and made[0] == "call" else None


def _of_call(call: Expression) -> Option:
    """Return what `add_argument` declares."""
    keywords, names = dict(call[3]), written(call)
    dashed = tuple(name for name in names if name.startswith("-"))
    first = next((name for name in dashed if name.startswith("--")), next(iter(names), ""))
    dest = "".join(text_of(keywords.get("dest"))) or first.lstrip("-").replace("-", "_")
    action = keywords.get("action")
    flag, default = _FLAGS.get("".join(text_of(action)), (None, None))
    if (action is not None and flag is None) or "nargs" in keywords:
        return Option(dest, dashed, UNKNOWN, UNKNOWN, is_text=False)
    if "default" in keywords:
        default = literals.constant(keywords["default"])
    is_needed = keywords.get("required") == ("int", 1) if dashed else bool(names) and "default" not in keywords
    is_text = "type" not in keywords or keywords["type"] == ("name", "str")
    return Option(dest, dashed, flag, default, is_text, is_needed=is_needed)


def _is_of_argparse(called: Expression, facts: Facts) -> bool:
    """Whether a parser is one of the standard library's: others look for options elsewhere, too."""
    match called:
        case ("attr", ("name" | "local", "argparse", *_), _):
            return True
        case ("name" | "local", str() as name, *_):
            return ("from", "argparse", 0, _PARSER) in facts.scopes[0].bindings.get(name, (0, ()))[1]
        case _:
            return False


def _refuses(declared: Declared, line: Words) -> bool:
    """Whether argparse ends the program for a line: it asks for help, or lacks what is needed."""
    if declared.parsers != 1:
        return False
    if not _HELP.isdisjoint(line):
        return True
    names = {word.partition("=")[0] for word in line if word is not None and word.startswith("-")}
    known = {name for one in declared.options for name in one.names}
    if declared.commands or declared.dests or not names <= known:
        return False  # a short name may stand for a long one, or for several
    takes = {name for one in declared.options if one.flag is None for name in one.names}
    absent = sum(1 for one in declared.options if one.is_needed and one.names and names.isdisjoint(one.names))
    places = sum(1 for one in declared.options if one.is_needed and not one.names)
    is_value = False
    for word in line:
        places -= not is_value and (word is None or not word.startswith("-"))
        is_value = word is not None and word in takes
    return absent + max(places, 0) > sum(word is None for word in line)


def said(declared: Declared, option: Option, line: Words) -> Any:
    """Return what a command line says of an option."""
    if not option.names:
        return UNKNOWN if declared.commands else placed(declared, option, line)
    for place, word in enumerate(line):
        name, has, value = (word or "").partition("=")
        if name in option.off:
            return 0
        if name in option.names:
            if option.flag is not None:
                return option.flag
            behind = value if has else next(iter(line[place + 1 : place + 2]), None)
            return behind if behind is not None and option.is_text else UNKNOWN
    return option.default


def placed(declared: Declared, option: Option, line: Words) -> Any:
    """Return the word in the place of an argument."""
    found: list[str | None] = []
    takes = {name for one in declared.options if one.flag is None for name in one.names}
    is_value = False
    for word in line:
        if is_value or (word is not None and word.startswith("-")):
            is_value = not is_value and word is not None and word in takes
            continue
        found.append(word)
    places = [one for one in declared.options if not one.names]
    word = found[places.index(option)] if len(found) == len(places) and option.is_text else None
    return word if word is not None else UNKNOWN


def _only(values: Values) -> Any:
    return next(iter(values)) if len(values) == 1 else None


def written(call: Expression) -> list[str]:
    """Return the texts that a call is given by their places, as they are written."""
    return [text for one in call[2] for text in text_of(one)]


def text_of(expression: Expression) -> tuple[str, ...]:
    """Return the text that an expression is, if it is one."""
    return (expression[1],) if expression is not None and expression[0] == "text" else ()
