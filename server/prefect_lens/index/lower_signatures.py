"""The part of `lower` that reads what functions take and what annotations say."""

from __future__ import annotations

import ast
from keyword import iskeyword
from typing import TYPE_CHECKING

from prefect_lens.index import uses
from prefect_lens.index.facts import Parameter
from prefect_lens.index.lower_containers import Containers
from prefect_lens.index.lower_scopes import CONTAINERS, MAPPINGS, NAMES, PLAIN, WRAPPERS

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression

_SAYING = frozenset({ast.Constant, ast.BinOp, ast.Subscript})
"""The annotations, beside names, that may say something."""

OPTIONS = frozenset({"option", "Option", "argument", "Argument"})
"""What says how a command line gives a parameter, of click and typer, by their last names."""


class Signatures(Containers):
    """Turns parameters, lambdas and annotations into forms."""

    def parameters(self, arguments: ast.arguments) -> tuple[Parameter, ...]:
        """Return what a function takes."""
        found: list[Parameter] = []
        plain = [*arguments.posonlyargs, *arguments.args]
        without = len(plain) - len(arguments.defaults)
        for at, argument in enumerate(plain):
            found.append(
                self.parameter(argument, "positional", arguments.defaults[at - without] if at >= without else None)
            )
        if arguments.vararg is not None:
            found.append(self.parameter(arguments.vararg, "*", None))
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            found.append(self.parameter(argument, "keyword", default))
        if arguments.kwarg is not None:
            found.append(self.parameter(arguments.kwarg, "**", None))
        return tuple(found)

    def parameter(self, argument: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
        """Return one parameter; its default is evaluated where the function is defined."""
        note = self.annotation(argument.annotation) if argument.annotation is not None else None
        value = self.passed(default) or ("effects", ()) if default else None
        if value is not None and value[0] == "call":
            self.keep(value)
        return Parameter(argument.arg, kind, value, note)

    def lambda_(self, node: ast.Lambda) -> Expression:
        """Return the form of a lambda."""
        parameters = self.parameters(node.args)
        line = self.first_line + node.lineno - 1
        column = self.code_points(line, node.col_offset)
        index = self.open_scope("lambda", "<lambda>", (line, column, line), parameters)
        self.open.returns.append(self._returned(node.body))
        self.close_scope()
        return ("lambda", index)

    def _returned(self, node: ast.expr) -> Expression:
        """Return what a function gives; of one that may stand in for another, it tells None from what is not known."""
        found = self.effect(node)
        if found is not None or (self.open.kind == "function" and self.open.parent == 0):
            return found
        return ("none",) if isinstance(node, ast.Constant) and node.value is None else ("effects", ())

    def _with_option(self, note: Expression, option: ast.expr) -> Expression:
        assert isinstance(option, ast.Call)
        keywords = tuple(keyword.arg for keyword in option.keywords if keyword.arg is not None)
        return ("annotated", note, _name(option), tuple(map(self.value, option.args)), keywords)

    def annotation(self, node: ast.expr) -> Expression:
        """Return the class that an annotation names; None where it names none that could be the project's."""
        kind = type(node)
        if kind in NAMES:
            return self.value(node)
        if kind not in _SAYING:
            return None
        match node:
            case ast.Constant(value=str() as text):
                if text.isidentifier() and text.isascii() and not iskeyword(text):
                    return self.value(ast.Name(text))
                try:
                    return self.annotation(ast.parse(text.strip(), mode="eval").body)
                except (SyntaxError, ValueError):
                    return None
            case ast.BinOp(op=ast.BitOr()):
                parts = (self.annotation(node.left), self.annotation(node.right))
                return ("either", parts) if parts != (None, None) else None
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name)) if name in WRAPPERS:
                parts = node.slice.elts if isinstance(node.slice, ast.Tuple) and node.slice.elts else [node.slice]
                note, more = self.annotation(parts[0]), parts[1:]
                if depends := tuple(self.value(one) for one in more if _name(one) in uses.DEPENDS):
                    return ("either", (note, *depends))
                return next((self._with_option(note, one) for one in more if _name(one) in OPTIONS), note)
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name)) if name in CONTAINERS:
                parts = node.slice.elts if isinstance(node.slice, ast.Tuple) and node.slice.elts else [node.slice]
                inner = self.annotation(parts[-1] if name in MAPPINGS else parts[0])
                if inner is None or (inner[0] == "name" and inner[1] in PLAIN):
                    return None
                return ("dict", ((None, inner),)) if name in MAPPINGS else ("seq", (("star", ("seq", (inner,))),))
            case _:
                return None


def _name(node: ast.expr) -> str | None:
    """Return the last name of what a call calls; None for anything else."""
    function = node.func if isinstance(node, ast.Call) else None
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return None
