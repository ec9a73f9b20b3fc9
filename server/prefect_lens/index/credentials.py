"""Credentials that stand in a text: by the forms that services give their tokens, and by the names that things have.

Nothing is verified over a network. A line that says `prefect-lens: not a secret` (or detect-secrets' own
`pragma: allowlist secret`) is passed over, and so is a value that a baseline knows.
"""

from __future__ import annotations

import ast
import math
import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from prefect_lens.index.baseline import hashed
from prefect_lens.index.notebooks import SUFFIX, Cell, as_python, code_cells
from prefect_lens.model import Position, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARK = "prefect-lens: not a secret"

_MARKED = re.compile(rf"{MARK}|pragma: ?(?:allowlist|whitelist)[ -]secret", re.IGNORECASE)

_FORMS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    # What it is, what stands in every text that has one, and its form.
    ("AWS access key", ("AKIA", "ASIA"), r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Z0-9])"),
    (
        "GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})",
    ),
    ("GitLab token", ("glpat-",), r"\bglpat-[A-Za-z0-9_-]{20,}"),
    (
        "Slack token",
        ("xox", "hooks.slack.com"),
        r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}|https://hooks\.slack\.com/services/T\w+/B\w+/\w{16,}",
    ),
    ("Stripe key", ("k_live_",), r"\b[rs]k_live_[A-Za-z0-9]{20,}"),
    ("Google API key", ("AIza",), r"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("Prefect API key", ("pnu_", "pnb_"), r"\bpn[ub]_[A-Za-z0-9]{30,}"),
    ("Databricks token", ("dapi",), r"\bdapi[0-9a-f]{32}\b"),
    ("SendGrid key", ("SG.",), r"\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}\b"),
    ("PyPI token", ("pypi-AgE",), r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("npm token", ("npm_",), r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("API key", ("sk-",), r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}"),
    ("storage account key", ("AccountKey=",), r"\bAccountKey=[A-Za-z0-9+/]{86}=="),
    ("private key", ("PRIVATE KEY-----",), r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    ("JSON Web Token", ("eyJ",), r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}"),
    (
        "address with a password",
        ("://",),
        r"\b[a-z][a-z0-9+.-]*://[^\s:/@\"'{}<>$]+:(?P<password>[^\s:/@\"'{}<>$*]{3,})@(?P<host>[^\s/:\"'?]+)",
    ),
)
_NAME = re.compile(
    r"(?:^|[_\W]|(?<=[a-z]))(?:pass(?:word|wd|phrase)?|pwd|secret(?:_?key)?|(?:auth_?|access_?|api_?)?token"
    r"|(?:api|access|private|secret|account|encryption|signing)_?key|credentials?)$",
    re.IGNORECASE,
)
_LIKELY = re.compile(
    r"(?:pass|pwd|secret|token|key|credential)\w*[\"']?\]?\s*(?::[^=\n]*)?[:=(]\s*[\"']?[^\s\"']{6}"
    r"|(?:Secret|SecretStr)\(",
    re.IGNORECASE,
)
_SECRETS = frozenset({"Secret", "SecretStr", "SecretBytes", "SecretDict"})
_PLACEHOLDER = re.compile(
    r"[<{$*%]|^\(|x{4}|\.{3}|(?:^|[^a-z])(?:changeme|change.me|example|placeholder|dummy|fake|mock|redacted|your|none|null"
    r"|true|false|todo|insert|replace|sample|foo|bar|test(?:ing)?)(?:[^a-z]|$)",
    re.IGNORECASE,
)
_SAYS_SO = re.compile(r"passw(?:or)?d|secret|token|credential", re.IGNORECASE)
"""What made-up credentials of tests have in them: `FirstPassword123`."""

_LOCAL = re.compile(
    r"localhost|127\.|::1|\[::1\]|0\.0\.0\.0|[^.]+$|.*\.(?:test|local|localhost|invalid|example)$|example\."
)
_LINE = re.compile(
    r"""^[ \t]*(?:-[ \t]+)?(?:export[ \t]+)?["']?(?P<name>[A-Za-z_][\w.-]*)["']?[ \t]*[:=][ \t]*
    (?P<value>"[^"\n]*"|'[^'\n]*'|[^\s"'#,{}\[\]][^\s#,]*)""",
    re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential, and where it stands."""

    kind: str
    """What it seems to be: `GitHub token`, `password`."""
    span: Span
    value: str = field(repr=False)
    name: str = ""
    """What it could be called in an environment."""
    is_literal: bool = False
    """Whether the span is a string of Python that holds it and nothing else."""
    inner: str = field(default="", repr=False)
    """The part that is secret by itself, where that is less than the value: the password in an address."""
    cell: tuple[int, int] | None = None
    """In a notebook, the cell and the line in it, both counted from 1."""

    @property
    def hashes(self) -> frozenset[str]:
        """What a baseline may know it by."""
        return frozenset(hashed(text) for text in (self.value, self.inner) if text)


def find_credentials(path: str, text: str, baseline: frozenset[str] = frozenset()) -> tuple[Credential, ...]:
    """Return the credentials in a text, in the order in which they stand there. Never raises.

    Args:
        path: says by its name what the text is.
        text: the text, saved or not.
        baseline: the hashes of values that are none, see `prefect_lens.index.baseline`.
    """
    is_test = re.search(r"(?:^|/)(?:tests?/|conftest\.py$|test_[^/]*$|[^/]*_test\.py$)", path) is not None
    if path.endswith(SUFFIX):
        return _in_notebook(text, baseline, is_test=is_test)
    return _in_text(text, baseline, is_test=is_test, is_code=path.endswith(".py"))


def find_in_cell(path: str, text: str, baseline: frozenset[str] = frozenset()) -> tuple[Credential, ...]:
    """Return the credentials in the text of a notebook's cell, with places in the cell; `path` is the notebook's."""
    return find_credentials(path.removesuffix(SUFFIX) + ".py", as_python(text), baseline)


def _in_text(text: str, baseline: frozenset[str], *, is_test: bool, is_code: bool) -> tuple[Credential, ...]:
    by_form = tuple(_by_form(text))
    if not by_form and _LIKELY.search(text) is None:
        return ()
    places = _Places(text)
    found = dict[Position, Credential]()
    strings = _in_python(text) if is_code else None
    named = strings if strings is not None else _in_lines(text, places, is_code=is_code)
    for one in named:
        if _NAME.search(one.name) and _is_credential(one.value, is_test=is_test):
            found[one.span.start] = _called(one)
    for kind, match in by_form:
        inside = next((one for one in named if one.span.start <= places.at(match.start()) < one.span.end), None)
        password = match.groupdict().get("password")
        if inside is not None and (inside.value.strip() == match.group() or password is not None):
            span, is_literal = inside.span, inside.is_literal
        else:
            span, is_literal = places.span(match.start(), match.end()), False
        inner = password or match.group()
        if not any(other.span.start <= span.start < other.span.end for other in found.values()):
            name = (inside.name if inside is not None else "") or kind.lower()
            value = inside.value if inside is not None and is_literal else match.group()
            found[span.start] = Credential(kind, span, value, _variable(name), is_literal, inner)
        elif span.start in found:
            found[span.start] = replace(found[span.start], kind=kind, is_literal=is_literal, inner=inner)
    lines = text.split("\n")
    return tuple(
        one
        for _, one in sorted(found.items())
        if _MARKED.search(lines[one.span.start.line]) is None
        and _MARKED.search(lines[one.span.end.line]) is None
        and baseline.isdisjoint(one.hashes)
    )


def _in_notebook(text: str, baseline: frozenset[str], *, is_test: bool) -> tuple[Credential, ...]:
    whole = _Places(text)

    def placed(one: Credential, cell: Cell, inside: _Places) -> Credential:
        start, end = (cell.offsets[inside.offset(place)] for place in (one.span.start, one.span.end))
        at = cell.number, one.span.start.line + 1
        return replace(one, span=whole.span(start, end), is_literal=False, cell=at)

    return tuple(
        placed(one, cell, _Places(cell.text))
        for cell in code_cells(text)
        for one in _in_text(cell.text, baseline, is_test=is_test, is_code=True)
    )


class _Places:
    def __init__(self, text: str) -> None:
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def at(self, offset: int) -> Position:
        line = bisect_right(self._starts, offset) - 1
        return Position(line, offset - self._starts[line])

    def span(self, start: int, end: int) -> Span:
        return Span(self.at(start), self.at(end))

    def offset(self, place: Position) -> int:
        return self._starts[place.line] + place.column


def _by_form(text: str) -> Iterator[tuple[str, re.Match[str]]]:
    for kind, hints, pattern in _FORMS:
        for match in re.finditer(pattern, text) if any(hint in text for hint in hints) else ():
            groups = match.groupdict()
            if "password" in groups and (_LOCAL.match(groups["host"]) or _PLACEHOLDER.search(groups["password"])):
                continue
            yield kind, match


def _called(one: Credential) -> Credential:
    """Return a credential with the kind that its name says."""
    name = _variable(one.name)
    word = name.rpartition("_")[2].lower()
    kind = "password" if word in ("pwd", "passwd", "pass") else word
    return Credential(kind, one.span, one.value, name, one.is_literal)


def _variable(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"\W+", "_", spaced).strip("_").upper() or "SECRET"


def _is_credential(value: str, *, is_test: bool) -> bool:
    """Whether a value of something with such a name is a credential, and no name, path or placeholder for one."""
    if len(value) < (12 if is_test else 6) or re.search(r"\s", value) or _PLACEHOLDER.search(value):
        return False
    if is_test and _SAYS_SO.search(value):
        return False
    if re.fullmatch(r"[A-Z][A-Z0-9_]*|[A-Za-z]+(?:[-_./ :][A-Za-z]+)*|[\w-]+(?:[./][\w-]+)+(?:\(\))?|\d{1,5}", value):
        return False  # a variable's name, words, a path or a dotted name
    if re.match(r"[a-z][a-z0-9+.-]*://|[./~]", value):
        return False
    return _entropy(value) >= (3.2 if is_test else 2.2)


def _entropy(value: str) -> float:
    """Return Shannon's entropy of a text, in bits for each character."""
    counts = Counter(value).values()
    return -sum(count / len(value) * math.log2(count / len(value)) for count in counts)


def _in_lines(text: str, places: _Places, *, is_code: bool) -> tuple[Credential, ...]:
    """Return what has a name in TOML, YAML, an INI or a `.env` file, or in Python with an error."""
    found: list[Credential] = []
    for match in _LINE.finditer(text):
        raw = match["value"]
        is_quoted = raw[:1] in ("'", '"')
        if is_quoted or not is_code:
            span = places.span(match.start("value"), match.end("value"))
            found.append(Credential("", span, raw[1:-1] if is_quoted else raw, match["name"]))
    return tuple(found)


def _in_python(text: str) -> tuple[Credential, ...] | None:
    """Return the strings of a module, with the names that they get; None where it does not parse."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    found: dict[Position, Credential] = {}
    lines = text.split("\n")

    def add(name: str, node: ast.AST | None) -> None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            span = _span(node, lines)
            if name or span.start not in found:  # what gets a name is met before, from the outside in
                found[span.start] = Credential("", span, node.value, name, is_literal=True)

    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        _names(node, add)
        if id(node) not in parts:
            add("", node)
    return tuple(found.values())


def _names(node: ast.AST, add: Callable[[str, ast.AST | None], None]) -> None:
    """Tell of each expression that gets a name there."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                add(_target(target), value)
        case ast.AnnAssign(target=target, value=value):
            add(_target(target), value)
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                add(_text(key), value)
        case ast.Call(func=function, args=arguments, keywords=keywords):
            called = _target(function)
            for keyword in keywords:
                add("secret" if called in _SECRETS and keyword.arg == "value" else keyword.arg or "", keyword.value)
            if called in _SECRETS and arguments:
                add("secret", arguments[0])
        case ast.FunctionDef(args=given) | ast.AsyncFunctionDef(args=given) | ast.Lambda(args=given):
            positional = (*given.posonlyargs, *given.args)
            for argument, default in zip(
                positional[len(positional) - len(given.defaults) :], given.defaults, strict=True
            ):
                add(argument.arg, default)
            for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
                add(argument.arg, default)
        case _:
            pass


def _target(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(slice=index):
            return _text(index)
        case _:
            return ""


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _span(node: ast.expr, lines: list[str]) -> Span:
    def at(line: int, offset: int) -> Position:
        return Position(line - 1, len(lines[line - 1].encode()[:offset].decode("utf-8", "replace")))

    return Span(at(node.lineno, node.col_offset), at(cast("int", node.end_lineno), cast("int", node.end_col_offset)))
