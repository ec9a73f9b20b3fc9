"""From Python's syntax tree to the scopes of `facts`: statements; see `lower_expressions` and `lower_scopes`."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, ClassVar

from prefect_lens.index import doctests
from prefect_lens.index.lower_conditions import asked_for, called, captures, cases, dotted, is_sure, negated
from prefect_lens.index.lower_signatures import Signatures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prefect_lens.index.facts import Expression, Scope

_AFTER_KEYWORD = re.compile(r"(?:async\b\s*)?(?:def|class)\b[\s\\]*")
_LEAVES = frozenset({ast.Return, ast.Raise, ast.Continue, ast.Break})
_MAY_LEAVE = _LEAVES | {ast.Expr}
"""With what may end a test."""
_GIVES_UP = frozenset({"pytest.skip", "pytest.xfail", "pytest.fail", "pytest.exit", "self.skipTest", "self.fail"})
_ENDS = frozenset(name.rpartition(".")[2] for name in _GIVES_UP)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def scopes(tree: ast.Module, text: str) -> tuple[Scope, ...]:
    """Return the scopes of a module, itself first."""
    builder = Statements(text)
    builder.module(tree.body)
    if doctests.PROMPT in text:
        for found in doctests.examples(tree):
            builder.doctest(found)
    return builder.done()


RESULT = "return_value"
"""The attribute of a mock that says what it gives."""


class Statements(Signatures):
    """Walks statements and fills the scope that is open."""

    def module(self, statements: Iterable[ast.stmt]) -> None:
        """Take in the statements of a module."""
        self.open_scope("module", "", None, ())
        self.block(statements)

    def done(self) -> tuple[Scope, ...]:
        """End the module, and return its scopes, itself first."""
        self.close_scope()
        return tuple(scope for scope in self.scopes if scope is not None)

    def block(self, statements: Iterable[ast.stmt]) -> None:
        """Take in statements up to the one that leaves the block."""
        ends = _LEAVES if self.open.kind != "function" else _MAY_LEAVE
        for statement in statements:
            kind = type(statement)
            if (form := _STATEMENTS.get(kind)) is not None:
                form(self, statement)
            if kind in ends and (kind is not ast.Expr or _gives_up(statement)):
                return

    def branch(self, statements: list[ast.stmt], test: Expression = None) -> None:
        """Take in a block that may or may not run."""
        if not statements:
            return
        before = self.enter_block(test)
        self.block(statements)
        self.leave_block(before, test)

    def _expression(self, node: ast.Expr) -> None:
        match said := node.value:
            case ast.Constant():
                pass
            case ast.Call(
                func=ast.Name(id="setattr"), args=[base, ast.Constant(value=str() as name), value], keywords=[]
            ):
                self.assign(ast.Attribute(base, name), self.effect(value))
            case _:
                self.effect(said)

    def _return(self, node: ast.Return) -> None:
        if node.value is not None:
            self.open.returns.append(self._returned(node.value))
        if self.open.branch:
            self.open.returned = True
            self.open.body.append(("return",))

    def _assign(self, node: ast.Assign) -> None:
        value, targets = node.value, node.targets
        is_none = _is_none(value)
        expression = ("none",) if is_none and self._are_reset(targets) else self.effect(value)
        surely = is_none and self.open.kind == "function" and not self.open.branch
        for target in targets:
            self.assign(target, expression)
            if surely and isinstance(target, ast.Name):
                self.open.nones.add(target.id)

    def _annotated(self, node: ast.AnnAssign) -> None:
        typed = ("typed", note) if (note := self.annotation(node.annotation)) is not None else None
        if node.value is None:
            self.assign(node.target, typed)
        elif _is_none(node.value) and self._are_reset([node.target]):
            self.assign(node.target, ("none",) if typed is None else ("either", (typed, ("none",))))
        else:
            expression = self.effect(node.value)
            self.assign(node.target, typed if expression is None else expression)

    def _augmented(self, node: ast.AugAssign) -> None:
        expression = self.effect(node.value)
        if (name := dotted(node.target)) is not None:
            self.keep(self.increased(node, expression))
            self.extended(name, expression)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        expression = self.effect(node.iter)
        if (looped := self._asked(node.iter, "__iter__", expression)) is not expression:
            self.keep(looped)
        before = self.enter_block(loop=True)
        self.assign(node.target, ("each", expression))
        self.block(node.body)
        self.leave_block(before, self.repeated(node, expression))
        self.branch(node.orelse)

    def _while(self, node: ast.While) -> None:
        asked = self.repeated(node, None)  # at first, whatever becomes of it
        before = self.enter_block(loop=True)
        self.test(node.test)
        self.block(node.body)
        self.leave_block(before, asked)
        self.branch(node.orelse)

    def _if(self, node: ast.If) -> None:
        condition, body, orelse = node.test, node.body, node.orelse
        match [] if orelse else body:
            case [ast.Assign(targets=[ast.Name(id=name)], value=value)] if asked_for(condition) == (name, False):
                # `if sink is None: sink = …`: what is passed hides the default
                self.condition(condition)
                self.bind(name, self.default(condition, value))
                return
            case _:
                pass
        if (holds := is_sure(condition)) is not None:
            self.block(body if holds else orelse)
            return
        if (call := called(condition)) is not None:
            expression = self.effect(call[0])
            if (asked := self._asked(call[0], "__bool__", expression)) is not expression:
                self.keep(asked)
            test = self.given(expression)
            test = test if call[1] else negated(test)
        else:
            test = self.condition(condition)
            self.test(condition)
        self.branch(body, test)
        self.branch(orelse, negated(test))

    def _match(self, node: ast.Match) -> None:
        self.effect(node.subject)
        subject = node.subject if dotted(node.subject) is not None else None
        for case, test in zip(node.cases, map(self.condition, cases(node)), strict=True):
            before = self.enter_block(test)
            for name, part in captures(subject, case.pattern):
                self.bind(name, self.value(part) if part is not None else None)
            if case.guard is not None:
                self.effect(case.guard)
            self.block(case.body)
            self.leave_block(before, test)

    def _elsewhere(self, node: ast.Global | ast.Nonlocal) -> None:
        home = self.open.parent if isinstance(node, ast.Nonlocal) else 0
        self.open.elsewhere.update(dict.fromkeys(node.names, home))

    def _assert(self, node: ast.Assert) -> None:
        self.test(node.test)

    def _raise(self, node: ast.Raise) -> None:
        if node.exc is not None:
            self.effect(node.exc)
        if self.open.kind == "function" and not _is_missing(node.exc):
            self.open.body.append(("raise", not self.open.branch and not self.open.returned, *self.raised(node.exc)))

    def _delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            if isinstance(target, ast.Subscript):
                self.keep(("operator", "__delitem__", self.value(target.value), self.effect(target.slice)))
                if isinstance(target.value, ast.Name):
                    self.takes_from(target.value.id, target.slice)

    def _skip(self, _: ast.Break | ast.Continue) -> None:
        if self.open.kind == "function":
            self.open.body.append(("skip",))

    def raised(self, node: ast.expr | None) -> tuple[str | None, Expression]:
        """Return the name of what is raised, and the form of what it says."""
        if not isinstance(node, ast.Call):
            return (dotted(node) if node is not None else None), None
        return dotted(node.func), self.value(node.args[0]) if node.args else None

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        bound = {name: len(found) for name, found in self.open.bindings.items()}
        tried: tuple[Expression, ...] = ()
        for part in (node.body, node.orelse):
            before = self.enter_block()
            self.block(part)
            tried += self.take_block(before)
        imported = {
            name: found[-1][0]
            for name, found in self.open.bindings.items()
            if len(found) > bound.get(name, 0) and found[-1][0] is not None and found[-1][0][0] in {"from", "module"}
        }
        handlers: list[tuple[Expression, ...]] = []
        for handler in node.handlers:
            before = self.enter_block()
            self.open.instead = imported if _is_import_error(handler) else {}
            if handler.name:
                self.bind(handler.name, None)
            self.block(handler.body)
            self.open.instead = {}
            handlers.append(self.take_block(before))
        outside, self.open.body = self.open.body, []
        self.block(node.finalbody)
        ends = [("return",)] if any(isinstance(one, ast.Return) for one in node.finalbody) else ()
        final, self.open.body = (*self.open.body, *ends), outside
        if self.open.kind != "function":
            outside.extend(final)
        elif tried or any(handlers) or final or (handlers and self.open.is_generator):
            outside.append(("try", tried, tuple(handlers), final))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                whole = alias.name if alias.asname else alias.name.partition(".")[0]
                self.bind(alias.asname or whole, ("module", whole, 0))
                if whole != alias.name:
                    self.open.body.append(("module", alias.name, 0))
            return
        module = node.module or ""
        for alias in node.names:
            if alias.name == "*":
                self.open.stars.append((module, node.level))
            else:
                self.bind(alias.asname or alias.name, ("from", module, node.level, alias.name))

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        outside = self.open.body
        managers: list[Expression] = []
        for item in node.items:
            expression = self.value(item.context_expr)
            managers.append(expression)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, ("enter", expression))
        self.open.body = []
        self.block(node.body)
        inside, self.open.body = self.open.body, outside
        outside.append(("with", tuple(managers), tuple(inside)))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        decorators = tuple(map(self.value, node.decorator_list))
        parameters = self.parameters(node.args)
        annotation = self.annotation(node.returns) if node.returns is not None else None
        index = self.open_scope("function", node.name, self.place(node), parameters)
        self.open.is_async = isinstance(node, ast.AsyncFunctionDef)
        self.block(node.body)
        self.close_scope(decorators=decorators, annotation=annotation)
        self.bind(node.name, ("def", index))

    def doctest(self, found: doctests.Examples) -> None:
        """Take in the examples of a docstring."""
        self.open_scope(doctests.KIND, ".".join(found.names), self.place(found.node) if found.node else None, ())
        self.block(found.statements)
        self.close_scope()

    def _class(self, node: ast.ClassDef) -> None:
        decorators = tuple(map(self.value, node.decorator_list))
        bases = tuple(map(self.value, node.bases))
        for keyword in node.keywords:
            value = self.value(keyword.value)
            bases += (("meta", value) if keyword.arg == "metaclass" else ("told", keyword.arg, value),)
        index = self.open_scope("class", node.name, self.place(node), ())
        self.block(node.body)
        self.close_scope(decorators=decorators, bases=bases)
        self.bind(node.name, ("class", index))

    def assign(self, target: ast.expr, value: Expression) -> None:
        """Note that a target is given a value."""
        if isinstance(target, ast.Name):
            self.bind(target.id, value)
            if value is not None and self.open.elsewhere.get(target.id) == 0:
                self.open.body.append(("set", ("here",), target.id, value))
            return
        match target:
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self.unpacked(value)
                starred = False
                for position, element in enumerate(elements):
                    if isinstance(element, ast.Starred):
                        starred = True
                        behind = len(elements) - position - 1
                        self.assign(element.value, ("slice", value, position, -behind if behind else None))
                    else:
                        self.assign(element, ("part", value, position - len(elements) if starred else position))
            case ast.Attribute(value=base, attr=attr):
                if not self.is_own(base):
                    self.open.body.append(("set", self.value(base), attr, value))
                if (name := dotted(target)) is not None:
                    self.open.has_attributes = True
                    self.bind(name, value)
            case ast.Subscript(value=base, slice=index):
                key = self.effect(index)
                if (name := dotted(base)) is not None:
                    self.keep(self.put_in(base, key, value))
                    self.add_to(name, ("dict", ((key, value),)))
            case ast.Starred(value=inner):
                self.assign(inner, value)
            case _:
                pass

    def _are_reset(self, targets: list[ast.expr]) -> bool:
        """Whether to be None, for these, means that attributes of the objects of a class are from here on."""
        return self.open.kind == "class" or any(
            isinstance(t, ast.Attribute) and (self.is_own(t.value) or t.attr == RESULT) for t in targets
        )

    def place(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> tuple[int, int, int]:
        """Return where the name stands in `def name`, and the line of `def`."""
        line = self.first_line + node.lineno - 1
        column = self.code_points(line, node.col_offset)
        text = self.lines[line] if line < len(self.lines) else ""
        if text.startswith("def ", column) and text.startswith(node.name, column + 4):
            return line, column + 4, line
        text = text[column:]
        found = _AFTER_KEYWORD.match(text)
        at = line
        while found is not None and found.end() >= len(text) and at + 1 < len(self.lines):
            at += 1  # the name stands on a continuation line
            return at, len(self.lines[at]) - len(self.lines[at].lstrip()), line
        return line, column + (found.end() if found is not None else 0), line

    statements: ClassVar[dict[type[ast.stmt], Callable[..., None]]] = {
        ast.Expr: _expression,
        ast.FunctionDef: _function,
        ast.AsyncFunctionDef: _function,
        ast.ClassDef: _class,
        ast.Return: _return,
        ast.Assign: _assign,
        ast.AnnAssign: _annotated,
        ast.AugAssign: _augmented,
        ast.For: _for,
        ast.AsyncFor: _for,
        ast.While: _while,
        ast.If: _if,
        ast.With: _with,
        ast.AsyncWith: _with,
        ast.Try: _try,
        ast.TryStar: _try,
        ast.Match: _match,
        ast.Import: _import,
        ast.ImportFrom: _import,
        ast.Global: _elsewhere,
        ast.Nonlocal: _elsewhere,
        ast.Assert: _assert,
        ast.Raise: _raise,
        ast.Delete: _delete,
        ast.Break: _skip,
        ast.Continue: _skip,
    }
    """What says nothing, `pass` and newer forms such as `type X = …`, has none."""


_STATEMENTS = Statements.statements
"""The same, found at once."""


def _is_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _gives_up(node: ast.stmt) -> bool:
    """Whether a test ends itself here."""
    value = node.value if isinstance(node, ast.Expr) else None
    called = value.func if isinstance(value, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in _ENDS and dotted(called) in _GIVES_UP


def _is_missing(raised: ast.expr | None) -> bool:
    """Whether what is raised says that another class has the code."""
    named = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(named, ast.Name) and named.id == "NotImplementedError"


def _is_import_error(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(
        isinstance(part, ast.Name) and part.id in {"ImportError", "ModuleNotFoundError", "Exception"}
        for part in ast.walk(handler.type)
    )
