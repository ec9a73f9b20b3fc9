"""Python that is newer than the Python that reads it, in words that this one understands.

A project may be written for a newer Python than the one that runs the server, and its files are no less correct for
that. A text that does not parse is tried once more with these put into an older form:

- f-strings as of 3.12 (PEP 701), which may hold any expression, and template strings as of 3.14 (PEP 750):
  `f"{a["b"]}"` becomes `( [a["b"]])`, which evaluates the same expressions;
- type parameters and `type` statements as of 3.12 (PEP 695, 696): the parameters are left out;
- `except A, B:` as of 3.14 (PEP 758) gets its brackets.

Lines stay lines and, but for that last one, characters keep their columns.
"""

from __future__ import annotations

import ast
import re
import threading
import warnings
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

_PARSER = threading.Lock()
"""Python 3.11's parser miscounts its depth when two threads use it at once, and raises `SystemError`."""

_STRING = re.compile(r"([A-Za-z]{0,2})('''|\"\"\"|'|\")")
_WORD = re.compile(r"[^\W\d]\w*")
_GENERIC = re.compile(r"(?:def|class)[ \t]+\w+[ \t]*(?=\[)")
_ALIAS = re.compile(r"type[ \t]+(\w+)[ \t]*(?=[\[=])")
_EXCEPT = re.compile(r"except\b[ \t]*\*?[ \t]")
_CLOSES = {"(": ")", "[": "]", "{": "}"}


class _EndError(Exception):
    """The text ends, or closes what it has not opened: it is no Python of any age."""


def parse(text: str) -> tuple[ast.Module, str]:
    """Return the tree of a text, and the text that its columns are of: the older form, where only that one parses.

    Raises:
        SyntaxError: it is no Python, of whatever age.
        ValueError: it has NUL characters in it.
        RecursionError, MemoryError: it is nested too deeply.
    """
    try:
        return parse_as_is(text), text
    except SyntaxError as problem:
        older = in_older_syntax(text)
        if older == text:
            raise
        try:
            return parse_as_is(older), older
        except SyntaxError:
            raise problem from None


def parse_as_is(text: str) -> ast.Module:
    """Return the tree of a text that this Python understands.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: as `parse` does.
    """
    with _PARSER, _without_warnings() if "\\" in text else nullcontext():  # that takes as long as some files
        return ast.parse(text)


@contextmanager
def _without_warnings() -> Generator[None]:
    """Keep Python from telling of escapes that mean nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def in_older_syntax(text: str) -> str:
    """Return the text with what is newer than Python 3.11 in an older form, as far as it is understood."""
    older = _Older(text)
    try:
        older.code(0, "")
    except (_EndError, RecursionError):
        return text
    return "".join(older.out)


class _Older:
    """A walk through a text, from outside strings to inside of them and back."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.out = list(text)
        """What stands in the place of each character."""

    def code(self, at: int, closing: str) -> int:
        """Pass over code up to a closing bracket; return the place behind it. At the top it ends with the text."""
        text = self.text
        starts_statement = closing == ""
        while at < len(text):
            character = text[at]
            if found := _STRING.match(text, at):
                at = self._string(found)
            elif character == "#":
                at = self._line_end(at)
                continue
            elif found := _WORD.match(text, at):
                at = self._word(found, starts_statement=starts_statement, top=closing == "")
            elif character in _CLOSES:
                at = self.code(at + 1, _CLOSES[character])
            elif character in ")]}":
                if character != closing:
                    raise _EndError
                return at + 1
            else:
                at += 1
                if closing == "" and character in "\n;:":
                    starts_statement = True
                    continue
                if character in " \t\\":
                    continue
            starts_statement = False
        if closing:
            raise _EndError
        return at

    def _word(self, word: re.Match[str], *, starts_statement: bool, top: bool) -> int:
        """Pass over a name or keyword, and what it begins."""
        text, at = self.text, word.start()
        if top and (found := _GENERIC.match(text, at)):
            end = self.code(found.end() + 1, "]")
            self._blank(found.end(), end)
            return end
        if starts_statement and (found := _ALIAS.match(text, at)):
            end = self.code(found.end() + 1, "]") if text[found.end()] == "[" else found.end()
            self._blank(at, end)
            self.out[at : at + len(found[1])] = found[1]
            return end
        if starts_statement and (found := _EXCEPT.match(text, at)):
            self._except(found.end())
        return word.end()

    def _except(self, start: int) -> None:
        """Put brackets around several exceptions without any."""
        end = self.text.find(":", start)
        caught = self.text[start:end]
        if end > 0 and "," in caught and "(" not in caught and "\n" not in caught and " as " not in caught:
            self.out[start - 1] = "("
            self.out[end] = "):"

    def _string(self, opening: re.Match[str]) -> int:
        prefix, quote = opening[1].lower(), opening[2]
        if set(prefix) & {"f", "t"} and set(prefix) <= {"f", "t", "r"}:
            return self._template(opening, raw="r" in prefix)
        at = opening.end()
        while not self.text.startswith(quote, at):
            at += 2 if self._at(at) == "\\" else 1
        return at + len(quote)

    def _template(self, opening: re.Match[str], *, raw: bool) -> int:
        """Turn an f-string into brackets around its expressions, where this Python may not know it."""
        at, is_new = self._literal(opening.end(), opening[2], raw=raw)
        end = at + len(opening[2])
        if not is_new and "t" not in opening[1].lower():
            self.out[opening.start() : end] = self.text[opening.start() : end]
            return end
        self._blank(opening.start(), opening.end())
        self.out[opening.start()] = "("
        self._blank(at, end)
        self.out[at] = ")"
        return self._rest(end)

    def _literal(self, at: int, quote: str, *, raw: bool, spec: bool = False) -> tuple[int, bool]:
        """Blank text up to the closing quote or the end of a format; return where that is, and whether it is new."""
        is_new = False
        while not self.text.startswith(quote, at):
            character = self._at(at)
            if character == "\\" and not raw:
                end = self.text.find("}", at) + 1 if self.text.startswith("N{", at + 1) else at + 2
                self._blank(at, max(end, at + 2))
                at = max(end, at + 2)
            elif character in "{}" and self._at(at + 1) == character and not spec:
                self._blank(at, at + 2)
                at += 2
            elif character == "{":
                at, inside_is_new = self._field(at, quote, raw=raw)
                is_new = is_new or inside_is_new
            elif character == "}":
                if spec:
                    return at, is_new
                raise _EndError
            else:
                self._blank(at, at + 1)
                at += 1
        if spec:
            raise _EndError
        return at, is_new

    def _field(self, start: int, quote: str, *, raw: bool) -> tuple[int, bool]:
        """Turn `{expression!r:format}` into `[expression]`."""
        text, at = self.text, start + 1
        self.out[start] = "["
        is_new = False
        while (character := self._at(at)) != "}":
            if found := _STRING.match(text, at):
                at = self._string(found)
            elif found := _WORD.match(text, at):
                at = found.end()
            elif character in _CLOSES:
                at = self.code(at + 1, _CLOSES[character])
            elif character in ")]":
                raise _EndError
            elif character == "#":
                at = self._line_end(at)
            elif character == "!" and self._at(at + 1) != "=":
                self._blank(at, at + 2)
                at += 2
            elif character == ":":
                self._blank(at, at + 1)
                at, inside_is_new = self._literal(at + 1, quote, raw=raw, spec=True)
                is_new = is_new or inside_is_new
            elif character == "=" and self._at(at + 1) in "}!:":
                self._blank(at, at + 1)
                at += 1
            else:
                at += 2 if text[at : at + 2] in ("!=", "==", "<=", ">=") else 1
        inside = text[start:at]
        self.out[at] = "]"
        is_new = is_new or quote in inside or "\\" in inside or "#" in inside
        return at + 1, is_new or ("\n" in inside and len(quote) == 1)

    def _rest(self, at: int) -> int:
        """Blank the strings that follow and would be one with what was a string: return the place behind them."""
        while True:
            start = at
            while start < len(self.text) and self.text[start] in " \t\n\\":
                start += 1
            found = _STRING.match(self.text, start)
            if found is None:
                return at
            at = self._string(found)
            self._blank(start, at)

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return end if end >= 0 else len(self.text)

    def _at(self, at: int) -> str:
        if at >= len(self.text):
            raise _EndError
        return self.text[at]

    def _blank(self, start: int, end: int) -> None:
        for place in range(start, min(end, len(self.out))):
            if self.out[place] != "\n":
                self.out[place] = " "
