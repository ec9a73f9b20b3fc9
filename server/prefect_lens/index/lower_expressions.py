"""The half of `lower` that turns expressions into the forms of `facts` and keeps account of bindings."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prefect_lens.index.facts import Expression, Parameter, Scope

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_TEXT = 300
"""Longer constants name nothing."""

_NEVER: tuple[int, ...] = (-1,)
"""A branch in which nothing ever stands: what is bound here hides nothing that was bound before."""

_ADDS = frozenset({"append", "add", "appendleft", "insert", "extend", "update", "setdefault", "push", "register"})


@dataclass
class Open:
    """A scope that is being read."""

    index: int
    kind: str
    name: str
    parent: int
    place: tuple[int, int, int]
    parameters: tuple[Parameter, ...]
    bindings: dict[str, list[tuple[Expression, tuple[int, ...]]]] = field(default_factory=dict[str, Any])
    body: list[Expression] = field(default_factory=list[Any])
    returns: list[Expression] = field(default_factory=list[Any])
    yields: list[Expression] = field(default_factory=list[Any])
    is_generator: bool = False
    is_async: bool = False
    stars: list[tuple[str, int]] = field(default_factory=list[Any])
    outer: list[tuple[str, Expression]] = field(default_factory=list[Any])
    elsewhere: dict[str, int] = field(default_factory=dict[str, int])
    """Names declared global or nonlocal, and the scope that they belong to."""
    branch: tuple[int, ...] = ()
    loop: int = 0
    instead: dict[str, Expression] = field(default_factory=dict[str, Any])
    """In a handler of ImportError: the imports that it stands in for."""


class Expressions:
    """Turns expressions into forms; statements come from the class that extends this one."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.scopes: list[Scope | None] = []
        self.open: Open = Open(-1, "", "", -1, (0, 0, 0), ())
        self._stack: list[Open] = []
        self._branches = 0
        self._active = 0
        """Counts what may run something; an expression that leaves it unchanged has no effect worth keeping."""
        self._renamed: list[dict[str, str]] = []
        self._forms: dict[type[ast.AST], Callable[..., Expression]] = {
            ast.Name: self._name,
            ast.Attribute: self._attribute,
            ast.Call: self._call,
            ast.Constant: self._constant,
            ast.Await: self._inner,
            ast.Starred: self._starred,
            ast.NamedExpr: self._walrus,
            ast.IfExp: self._conditional,
            ast.BoolOp: self._boolean,
            ast.BinOp: self._binary,
            ast.List: self._sequence,
            ast.Tuple: self._sequence,
            ast.Set: self._sequence,
            ast.Dict: self._dict,
            ast.Subscript: self._subscript,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.Lambda: self.lambda_,
            ast.Yield: self._yield,
            ast.YieldFrom: self._yield,
            ast.JoinedStr: self._joined,
            ast.FormattedValue: self._inner,
        }

    # --- scopes and names

    def open_scope(
        self, kind: str, name: str, place: tuple[int, int, int] | None, parameters: tuple[Parameter, ...]
    ) -> int:
        """Begin a scope inside the one that is open, and return its index."""
        index = len(self.scopes)
        self.scopes.append(None)
        parent = self.open.index
        self._stack.append(self.open)
        self.open = Open(index, kind, name, parent, place or (0, 0, 0), parameters)
        for parameter in parameters:
            self.bind(parameter.name, ("param", parameter.name))
        return index

    def close_scope(
        self,
        *,
        decorators: tuple[Expression, ...] = (),
        bases: tuple[Expression, ...] = (),
        annotation: Expression = None,
    ) -> None:
        """End the open scope and go on with the one around it."""
        done = self.open
        self.open = self._stack.pop()
        self.scopes[done.index] = Scope(
            kind=done.kind,
            name=done.name,
            parent=done.parent,
            line=done.place[0],
            column=done.place[1],
            keyword_line=done.place[2],
            is_async=done.is_async,
            parameters=done.parameters,
            bindings={name: _closed(found) for name, found in done.bindings.items()},
            body=tuple(done.body),
            returns=tuple(item for item in done.returns if item is not None),
            yields=tuple(item for item in done.yields if item is not None),
            is_generator=done.is_generator,
            decorators=decorators,
            bases=bases,
            annotation=annotation,
            stars=tuple(done.stars),
            own=self._own(done.index) if done.kind == "class" else {},
            outer=tuple(done.outer),
        )

    def bind(self, name: str, value: Expression) -> None:
        """Note that a name of the open scope is bound to a value here."""
        where, branch = self.open, self.open.branch
        if where.instead and name in where.instead:
            value = ("or", (where.instead[name], value))
        if name in where.elsewhere:
            value = ("inside", where.index, value) if value is not None else None
            where, branch = self._at(where.elsewhere[name]), _NEVER
        where.bindings.setdefault(name, []).append((value, branch))

    def add_to(self, name: str, value: Expression) -> None:
        """Note that something is added to what a name holds."""
        first = name.partition(".")[0]
        if first in self.open.bindings and first not in self.open.elsewhere:
            self.open.bindings.setdefault(name, []).append((value, _NEVER))
        else:
            self.open.outer.append((name, value))

    def enter_branch(self, *, loop: bool = False) -> tuple[tuple[int, ...], int]:
        """Begin a block that may or may not run."""
        before = self.open.branch, self.open.loop
        self._branches += 1
        self.open.branch = (*self.open.branch, self._branches)
        self.open.loop += loop
        return before

    def leave_branch(self, before: tuple[tuple[int, ...], int]) -> None:
        """End the block."""
        self.open.branch, self.open.loop = before

    def _at(self, index: int) -> Open:
        return next((scope for scope in (self.open, *self._stack) if scope.index == index), self._stack[-1])

    def _own(self, class_index: int) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for index in range(class_index + 1, len(self.scopes)):
            scope = self.scopes[index]
            if scope is None or scope.parent != class_index or scope.kind != "function" or not scope.parameters:
                continue
            prefix = scope.parameters[0].name + "."
            for name in scope.bindings:
                if name.startswith(prefix):
                    attr = name[len(prefix) :]
                    found[attr] = (*found.get(attr, ()), index)
        return found

    # --- expressions

    def value(self, node: ast.expr) -> Expression:
        """Return the form of an expression."""
        form = self._forms.get(type(node))
        return form(node) if form is not None else self._only(node)

    def effect(self, node: ast.expr) -> Expression:
        """Return the form of an expression, and keep it in the body where it may run something."""
        before = self._active
        expression = self.value(node)
        if self._active != before:
            self.open.body.append(expression)
        return expression

    def lambda_(self, node: ast.Lambda) -> Expression:
        """Return the form of a lambda."""
        raise NotImplementedError

    def code_points(self, line: int, column: int) -> int:
        """Return a column in code points, from one in bytes."""
        text = self.lines[line] if line < len(self.lines) else ""
        return column if text.isascii() else len(text.encode()[:column].decode(errors="ignore"))

    def _only(self, node: ast.expr) -> Expression:
        """Return what an expression evaluates, where its value says nothing (comparisons, negation, …)."""
        before, parts = self._active, tuple(self._children(node))
        return ("effects", parts) if self._active != before else None

    def _children(self, node: ast.AST) -> list[Expression]:
        if isinstance(node, ast.expr) and type(node) in self._forms:
            return [self.value(node)]
        return [
            self.value(child) if isinstance(child, ast.expr) else ("effects", tuple(self._children(child)))
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, ast.expr_context | ast.operator | ast.cmpop | ast.unaryop | ast.boolop)
        ]

    def _constant(self, node: ast.Constant) -> Expression:
        value = node.value
        if isinstance(value, str):
            return ("text", value) if len(value) <= LONGEST_TEXT else None
        return ("int", int(value)) if isinstance(value, int) and -1000 < value < 1000 else None

    def _name(self, node: ast.Name) -> Expression:
        name = node.id
        for renamed in reversed(self._renamed):
            if name in renamed:
                name = renamed[name]
                break
        return self._reference(name)

    def _reference(self, name: str) -> Expression:
        found = self.open.bindings.get(name)
        if found is None or name in self.open.elsewhere:
            return ("name", name)
        here, low = self.open.branch, 0
        for position in range(len(found) - 1, -1, -1):
            branch = found[position][1]
            if here[: len(branch)] == branch:
                low = position
                break
        return ("local", name, low, -1 if self.open.loop else len(found))

    def _attribute(self, node: ast.Attribute) -> Expression:
        if isinstance(node.value, ast.Name):
            name = f"{node.value.id}.{node.attr}"
            if name in self.open.bindings:
                return self._reference(name)
        self._active += 1  # it may be a property
        return ("attr", self.value(node.value), node.attr)

    def _call(self, node: ast.Call) -> Expression:
        function = self.value(node.func)
        arguments = tuple(self.value(argument) for argument in node.args)
        keywords = tuple((keyword.arg, self.value(keyword.value)) for keyword in node.keywords)
        self._active += 1
        match node.func:
            case ast.Attribute(value=ast.Name() | ast.Attribute() as base, attr=attr) if attr in _ADDS and arguments:
                self._adds(base, attr, arguments)
            case _:
                pass
        line = node.lineno - 1
        return ("call", function, arguments, keywords, line, self.code_points(line, node.col_offset))

    def _adds(self, base: ast.expr, attr: str, arguments: tuple[Expression, ...]) -> None:
        if (name := _dotted(base)) is None or name.partition(".")[0] in {n for r in self._renamed for n in r}:
            return
        if attr in {"extend", "update"}:
            self.add_to(name, arguments[0])
        elif attr == "setdefault" or (attr == "register" and len(arguments) > 1):
            self.add_to(name, ("dict", (arguments[:2],)) if len(arguments) > 1 else None)
        elif arguments and arguments[-1] is not None:
            self.add_to(name, ("seq", (("star", ("seq", arguments[-1:])),)))

    def _conditional(self, node: ast.IfExp) -> Expression:
        test = self._only(node.test)  # first, as it runs: it may bind a name
        body, orelse = self.value(node.body), self.value(node.orelse)
        asked = asked_for(node.test)
        if asked is not None:
            kept, other = (node.body, orelse) if asked[1] else (node.orelse, body)
            if isinstance(kept, ast.Name) and kept.id == asked[0]:
                return ("or", (self.value(kept), other))
        return ("either", (body, orelse, test))

    def _walrus(self, node: ast.NamedExpr) -> Expression:
        expression = self.value(node.value)
        self.bind(node.target.id, expression)
        return expression

    def _binary(self, node: ast.BinOp) -> Expression:
        if isinstance(node.op, ast.Div | ast.Add | ast.BitOr):
            before = self._active
            left, right = self.value(node.left), self.value(node.right)
            if left is None and right is None and self._active == before:
                return None
            return ("slash" if isinstance(node.op, ast.Div) else "plus", left, right)
        return self._only_binary(node)

    def _only_binary(self, node: ast.BinOp) -> Expression:
        before = self._active
        parts = (self.value(node.left), self.value(node.right))
        if isinstance(node.op, ast.Mult) and parts[0] is not None and parts[0][0] == "seq":
            return ("seq", (("star", parts[0]),))
        return ("effects", parts) if self._active != before else None

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Expression:
        return ("seq", tuple(self.value(item) for item in node.elts))

    def _dict(self, node: ast.Dict) -> Expression:
        return (
            "dict",
            tuple(
                (("star", None) if key is None else self.value(key), self.value(value))
                for key, value in zip(node.keys, node.values, strict=True)
            ),
        )

    def _subscript(self, node: ast.Subscript) -> Expression:
        base = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            return ("seq", (("star", base),)) if base is not None else None
        self._active += 1  # it may be a `__getitem__`
        return ("item", base, self.value(node.slice))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Expression:
        renamed: dict[str, str] = {}
        before = self.enter_branch()
        depth = len(self._renamed)
        for generator in node.generators:
            iterable = self.effect(generator.iter)
            if len(self._renamed) == depth:
                self._renamed.append(renamed)
            self._bind_target(generator.target, ("each", iterable), renamed)
            for condition in generator.ifs:
                self.effect(condition)
        if isinstance(node, ast.DictComp):
            expression = ("dict", ((self.value(node.key), self.value(node.value)),))
        else:
            expression = ("seq", (("star", ("seq", (self.value(node.elt),))),))
        del self._renamed[depth:]
        self.leave_branch(before)
        return expression

    def _bind_target(self, target: ast.expr, value: Expression, renamed: dict[str, str]) -> None:
        match target:
            case ast.Name(id=name):
                renamed[name] = f"{name} {len(self.open.bindings)}"  # no name of the code has a space in it
                self.bind(renamed[name], value)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for position, element in enumerate(elements):
                    self._bind_target(element, ("part", value, position), renamed)
            case ast.Starred(value=inner):
                self._bind_target(inner, value, renamed)
            case _:
                pass

    def _yield(self, node: ast.Yield | ast.YieldFrom) -> Expression:
        self.open.is_generator = True
        if node.value is not None:
            value = self.value(node.value)
            self.open.yields.append(("each", value) if isinstance(node, ast.YieldFrom) else value)
            return value
        return None

    def _joined(self, node: ast.JoinedStr) -> Expression:
        return ("join", tuple(self.value(part) for part in node.values))

    def _inner(self, node: ast.Await | ast.FormattedValue) -> Expression:
        return self.value(node.value)

    def _starred(self, node: ast.Starred) -> Expression:
        return ("star", self.value(node.value))

    def _boolean(self, node: ast.BoolOp) -> Expression:
        return ("or" if isinstance(node.op, ast.Or) else "either", tuple(self.value(item) for item in node.values))


def asked_for(test: ast.expr) -> tuple[str, bool] | None:
    """Return the name whose presence a condition asks for, and whether it holds when it is there."""
    match test:
        case ast.Name(id=name):
            return name, True
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name, False
        case ast.Compare(
            left=ast.Name(id=name), ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]
        ):
            return name, isinstance(op, ast.IsNot)
        case _:
            return None


def _dotted(node: ast.expr) -> str | None:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=base, attr=attr):
            return f"{start}.{attr}" if (start := _dotted(base)) is not None else None
        case _:
            return None


def _closed(found: list[tuple[Expression, tuple[int, ...]]]) -> tuple[int, tuple[Expression, ...]]:
    first = 0
    for position in range(len(found) - 1, -1, -1):
        if not found[position][1]:
            first = position
            break
    return first, tuple(value for value, _ in found)
