"""The part of `lower` that turns expressions into the forms of `facts`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, ClassVar

from prefect_lens.index.lower_conditions import asked_for, is_sure
from prefect_lens.index.lower_operators import ARITHMETIC, OPERATORS, comparisons, may_be_object
from prefect_lens.index.lower_scopes import NAMES, Scopes
from prefect_lens.index.lower_texts import filled, formatted

if TYPE_CHECKING:
    from collections.abc import Callable

    from prefect_lens.index.facts import Expression
    from prefect_lens.index.lower_scopes import Bound

    Keywords = tuple[tuple[str | None, Expression], ...]
    """The arguments of a call that have names; without one, what is spread."""

LONGEST_TEXT = 300
"""Longer constants name nothing."""

ADDS = frozenset({"append", "add", "appendleft", "insert", "extend", "update", "setdefault", "push", "register"})
TAKES = frozenset({"pop", "popitem", "popleft", "remove", "discard", "clear"})
PUTS = frozenset({"put", "put_nowait", "set"})
"""What queues and context variables have, and much else that holds nothing: only a name by itself is taken for one."""

FILLING = ADDS | TAKES | PUTS | {"heappush"}
"""The names of the calls that add something to a container, or take something out of it."""

_JOINING = frozenset({ast.Div, ast.Add, ast.BitOr})
"""The operators that put texts, paths or containers together."""


class Expressions(Scopes):
    """Turns expressions into forms; statements come from the class that extends this one."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._active = 0
        """Counts what may run something; an expression that leaves it unchanged has no effect worth keeping."""
        self._renamed: list[dict[str, str]] = []
        """The names of the comprehensions around: each has some of its own."""

    def value(self, node: ast.expr) -> Expression:
        """Return the form of an expression."""
        return _FORMS[type(node)](self, node)

    def effect(self, node: ast.expr) -> Expression:
        """Return the form of an expression, and keep it in the body where it may run something."""
        before = self._active
        expression = _FORMS[type(node)](self, node)
        if self._active != before:
            self.open.body.append(expression)
        return expression

    def default(self, test: ast.expr, other: ast.expr) -> Expression:
        """Return the form of what `not x` or `x is None` asks for, with what else it is then; keep it if that runs."""
        before = self._active
        node = test.left if isinstance(test, ast.Compare) else test.operand if isinstance(test, ast.UnaryOp) else test
        expression: Expression = ("or", (self.value(node), self.value(other)))
        if isinstance(test, ast.Compare):
            expression = (*expression, "none")
        if self._active != before:
            self.open.body.append(expression)
        return expression

    def tested(self, node: ast.expr) -> Expression:
        """Return the form of a condition: an object may say by itself whether it holds."""
        return self._asked(node, "__bool__", self.value(node))

    def _asked(self, node: ast.expr, method: str, expression: Expression) -> Expression:
        if expression is None or not may_be_object(node):
            return expression
        self._active += 1
        return ("operator", method, expression)

    def test(self, node: ast.expr) -> None:
        """Keep a condition in the body where it may run something."""
        before = self._active
        expression = self.tested(node)
        if self._active != before:
            self.open.body.append(expression)

    def loaded(self, target: ast.expr) -> Expression:
        """Return the form of what a target is before it is assigned."""
        return self._attribute(target) if isinstance(target, ast.Attribute) else self.value(target)

    def keep(self, expression: Expression) -> None:
        """Keep a form in the body for its effect."""
        if expression is not None:
            self.open.body.append(expression)

    def passed(self, node: ast.expr) -> Expression:
        """Return the form of what a parameter is given."""
        if isinstance(node, ast.Constant):
            return ("none",) if node.value is None else self._constant(node)
        kind, where = type(node), self.open
        if where.passed and kind in NAMES:
            self.passes_on(node)
        if where.nones and isinstance(node, ast.Name) and node.id in where.nones and not where.loop:
            return ("none",)
        return _FORMS[kind](self, node)

    def fills(self, node: ast.Call, arguments: tuple[Expression, ...], keywords: Keywords) -> None:
        """Note what a call adds to a container, or takes out of it."""
        raise NotImplementedError

    def lambda_(self, node: ast.Lambda) -> Expression:
        """Return the form of a lambda."""
        raise NotImplementedError

    def _only(self, node: ast.expr) -> Expression:
        """Return what an expression evaluates, where its value says nothing (comparisons, negation, …)."""
        before, parts = self._active, tuple(self._children(node))
        return ("effects", parts) if self._active != before else None

    def _children(self, node: ast.AST) -> list[Expression]:
        if isinstance(node, ast.expr) and _FORMS[type(node)] is not Expressions._only:
            return [self.value(node)]
        return [
            self.value(child) if isinstance(child, ast.expr) else ("effects", tuple(self._children(child)))
            for child in ast.iter_child_nodes(node)
            if not isinstance(child, ast.expr_context | ast.operator | ast.cmpop | ast.unaryop | ast.boolop)
        ]

    def _constant(self, node: ast.Constant) -> Expression:
        value = node.value
        if type(value) is str:
            return ("text", value) if len(value) <= LONGEST_TEXT else None
        return ("int", int(value)) if isinstance(value, int) and -1000 < value < 1000 else None

    def _unary(self, node: ast.UnaryOp) -> Expression:
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant) and type(node.operand.value) is int:
            return ("int", -node.operand.value) if node.operand.value < 1000 else None
        before = self._active
        part = self.tested(node.operand) if isinstance(node.op, ast.Not) else self.value(node.operand)
        if part is not None and (method := ARITHMETIC.get(type(node.op))) is not None and may_be_object(node.operand):
            self._active += 1
            return ("operator", method, part)
        return ("effects", (part,)) if self._active != before else None

    def _name(self, node: ast.Name) -> Expression:
        name, where = node.id, self.open
        for renamed in reversed(self._renamed) if self._renamed else ():
            if name in renamed:
                name = renamed[name]
                break
        found = where.bindings.get(name)
        if found is None:
            return ("name", name)
        if len(found) == 1 and not where.loop and not where.elsewhere:
            return ("local", name, 0, 1)  # as `_bound` would have it
        return self._bound(name, found)

    def _bound(self, name: str, found: Bound) -> Expression:
        """Return the form of a name that the open scope binds: its last binding that is sure, and those behind it."""
        where, low = self.open, len(found) - 1
        if where.elsewhere and name in where.elsewhere:
            return ("name", name)
        while low and (branch := found[low][1]) and where.branch[: len(branch)] != branch:
            low -= 1
        return ("local", name, low, -1 if where.loop else len(found))

    def _attribute(self, node: ast.Attribute) -> Expression:
        base, attr = node.value, node.attr
        where = self.open
        if where.has_attributes and isinstance(base, ast.Name):
            name = f"{base.id}.{attr}"
            if (found := where.bindings.get(name)) is not None:
                return self._bound(name, found)
        self._active += 1  # it may be a property
        return ("attr", _FORMS[type(base)](self, base), attr)

    def _call(self, node: ast.Call) -> Expression:
        called, given, named = node.func, node.args, node.keywords
        function = _FORMS[type(called)](self, called)
        arguments = tuple([self.passed(one) for one in given]) if given else ()
        keywords = tuple([self._keyword(one) for one in named]) if named else ()
        self._active += 1
        name = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
        if name in FILLING:
            self.fills(node, arguments, keywords)
        elif name == "get" and isinstance(called, ast.Attribute):
            self.spreads(called.value)
        elif name == "format" and isinstance(called, ast.Attribute):
            text = called.value.value if isinstance(called.value, ast.Constant) else None
            if isinstance(text, str):
                return ("join", formatted(text, arguments, dict(keywords)))
        line = self.first_line + node.lineno - 1
        column = node.col_offset if self.is_ascii else self.code_points(line, node.col_offset)
        return ("call", function, arguments, keywords, line, column)

    def _keyword(self, keyword: ast.keyword) -> tuple[str | None, Expression]:
        name, value = keyword.arg, keyword.value
        form = self.passed(value)
        if name is None:
            self.spreads(value)
        return name, form

    def _conditional(self, node: ast.IfExp) -> Expression:
        if (holds := is_sure(node.test)) is not None:
            return self.value(node.body if holds else node.orelse)
        test = self._only(node.test)  # first, as it runs: it may bind a name
        body, orelse = self.value(node.body), self.value(node.orelse)
        asked = asked_for(node.test)
        if asked is not None:
            kept, other = (node.body, orelse) if asked[1] else (node.orelse, body)
            if isinstance(kept, ast.Name) and kept.id == asked[0]:
                return ("or", (self.value(kept), other))
        decided = self.condition(node.test)
        return ("either", (body, orelse, test)) if decided is None else ("choice", (body, orelse, test), decided)

    def _walrus(self, node: ast.NamedExpr) -> Expression:
        expression = self.value(node.value)
        self.bind(node.target.id, expression)
        return expression

    def _binary(self, node: ast.BinOp) -> Expression:
        kind = type(node.op)
        if kind in _JOINING:
            before = self._active
            left, right = self.value(node.left), self.value(node.right)
            if left is None and right is None and self._active == before:
                return None
            if kind is ast.BitOr:
                self.spreads(node.left, node.right)
                return ("plus", left, right, "__or__")
            return ("slash" if kind is ast.Div else "plus", left, right)
        if kind is ast.Mod and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
            right = self.value(node.right)
            given = right[1] if right is not None and right[0] == "seq" else (right,)
            return ("join", filled(node.left.value, given))
        if kind in OPERATORS:
            self._active += 1
            return ("operator", OPERATORS[kind], self.value(node.left), self.value(node.right))
        return self._only_binary(node)

    def _only_binary(self, node: ast.BinOp) -> Expression:
        before = self._active
        parts = (self.value(node.left), self.value(node.right))
        if isinstance(node.op, ast.Mult) and parts[0] is not None and parts[0][0] == "seq":
            return ("seq", (("star", parts[0]),))
        method = ARITHMETIC.get(type(node.op))
        if method is not None and parts != (None, None) and (may_be_object(node.left) or may_be_object(node.right)):
            self._active += 1
            return ("operator", method, *parts)
        return ("effects", parts) if self._active != before else None

    def _compare(self, node: ast.Compare) -> Expression:
        before, values = self._active, tuple(map(self.value, (node.left, *node.comparators)))
        if asked := comparisons(node, values):
            self._active += 1
            return asked[0] if len(values) == 2 else ("effects", (*values, *asked))
        return ("effects", values) if self._active != before else None

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set) -> Expression:
        return ("seq", tuple([self.value(one) for one in node.elts]))

    def _dict(self, node: ast.Dict) -> Expression:
        self.spreads(*(value for key, value in zip(node.keys, node.values, strict=True) if key is None))
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
            bounds = tuple(None if part is None else self.value(part) for part in (node.slice.lower, node.slice.upper))
            written = (node.slice.lower is None, node.slice.upper is None)
            known = node.slice.step is None and all(
                none or (bound is not None and bound[0] == "int") for bound, none in zip(bounds, written, strict=True)
            )
            if base is None or not known:
                return ("seq", (("star", base),)) if base is not None else None
            return ("slice", base, *(bound[1] if bound is not None else None for bound in bounds))
        self._active += 1  # it may be a `__getitem__`
        return ("item", base, self.value(node.slice))

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Expression:
        renamed: dict[str, str] = {}
        before = self.enter_branch()
        depth = len(self._renamed)
        iterable: Expression = None
        for generator in node.generators:
            iterable = self.effect(generator.iter)
            if len(self._renamed) == depth:
                self._renamed.append(renamed)
            self._bind_target(generator.target, ("each", iterable), renamed)
            for condition in generator.ifs:
                self.effect(condition)
        if isinstance(node, ast.DictComp):
            pair = (self.value(node.key), self.value(node.value))
            expression: Expression = ("dict", ((("star", None), ("dict", (pair,))),))
            if len(node.generators) == 1 and isinstance(node.generators[0].target, ast.Name):
                expression = ("keyed", iterable, self.value(node.generators[0].target), *pair)
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
        return ("join", tuple([self.value(part) for part in node.values]))

    def _inner(self, node: ast.Await | ast.FormattedValue) -> Expression:
        return self.value(node.value)

    def _starred(self, node: ast.Starred) -> Expression:
        self.spreads(node.value)
        return ("star", self.value(node.value))

    def _boolean(self, node: ast.BoolOp) -> Expression:
        parts = tuple(map(self.value, node.values))
        if isinstance(node.op, ast.Or):
            self.condition(node.values[0])  # it may decide whether there is a need for the others
            return ("or", parts)
        decided = self.condition(node.values[0])
        if decided is None:
            return ("either", parts)
        return ("choice", (parts[1] if len(parts) == 2 else ("either", parts[1:]), parts[0], None), decided)

    def _lambda(self, node: ast.Lambda) -> Expression:
        return self.lambda_(node)

    forms: ClassVar[dict[type[ast.AST], Callable[..., Expression]]] = {
        **dict.fromkeys(ast.expr.__subclasses__(), _only),
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Call: _call,
        ast.Constant: _constant,
        ast.UnaryOp: _unary,
        ast.Await: _inner,
        ast.Starred: _starred,
        ast.NamedExpr: _walrus,
        ast.IfExp: _conditional,
        ast.BoolOp: _boolean,
        ast.BinOp: _binary,
        ast.Compare: _compare,
        ast.List: _sequence,
        ast.Tuple: _sequence,
        ast.Set: _sequence,
        ast.Dict: _dict,
        ast.Subscript: _subscript,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _comprehension,
        ast.Lambda: _lambda,
        ast.Yield: _yield,
        ast.YieldFrom: _yield,
        ast.JoinedStr: _joined,
        ast.FormattedValue: _inner,
    }


_FORMS = Expressions.forms
"""The same, found at once: it is looked into for each expression of a text."""
