"""The part of `lower` that notes what calls and statements add to containers, take out of them and ask of objects."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from prefect_lens.index.lower_conditions import dotted
from prefect_lens.index.lower_expressions import ADDS, PUTS, TAKES, Expressions
from prefect_lens.index.lower_operators import IN_PLACE

if TYPE_CHECKING:
    from prefect_lens.index.facts import Expression
    from prefect_lens.index.lower_expressions import Keywords


class Containers(Expressions):
    """Has what a container holds follow from the calls that fill it."""

    def fills(self, node: ast.Call, arguments: tuple[Expression, ...], keywords: Keywords) -> None:
        """Note what a call adds to a container, or takes out of it."""
        match node.func:
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if attr in TAKES:
                self.takes_from(name, node.args[0] if attr == "pop" and node.args else None)
                self.spreads(node.func.value)
            case ast.Attribute(value=ast.Name() | ast.Attribute() as base, attr=attr) if attr in ADDS and (
                arguments or (attr == "update" and keywords)
            ):
                self._adds(base, attr, arguments, keywords)
                if attr == "update":
                    self.spreads(*node.args)
            case ast.Attribute(value=ast.Name() as base, attr=attr) if attr in PUTS and arguments:
                self._adds(base, attr, arguments, keywords)
            case ast.Name(id="heappush") | ast.Attribute(attr="heappush") if len(arguments) == 2:
                self._adds(node.args[0], "append", arguments[1:], ())
            case ast.Attribute(value=ast.Subscript(value=base, slice=key), attr="append" | "add") if (
                len(arguments) == 1
            ):
                self._adds_below(base, key, arguments[0])
            case ast.Attribute(
                value=ast.Call(func=ast.Attribute(value=base, attr="setdefault"), args=[key, _]), attr="append" | "add"
            ) if len(arguments) == 1:
                self._adds_below(base, key, arguments[0])
            case _:
                pass

    def extended(self, name: str, value: Expression) -> None:
        """Note what `name += value` adds; of a list, it is known that it grows, whatever it is."""
        first = self.open.bindings.get(name, ((None, ()),))[0][0]
        is_list = first is not None and first[0] == "seq" and (value is None or value[0] != "seq")
        self.add_to(name, _spread(value) if is_list else value)

    def increased(self, node: ast.AugAssign, by: Expression) -> Expression:
        """Return what `x += y` asks of an object."""
        method = IN_PLACE.get(type(node.op))
        if method is None or (isinstance(node.target, ast.Name) and self._is_number(node.target.id)):
            return None
        return ("operator", method, self.loaded(node.target), by)

    def _is_number(self, name: str) -> bool:
        """Whether a name stands for a number or a text first: what counts up."""
        first = self.open.bindings.get(name, ((None, ()),))[0][0]
        return first is not None and first[0] in {"int", "text"}

    def unpacked(self, value: Expression) -> None:
        """Keep that what is unpacked may be an object that gives its parts."""
        if value is not None and value[0] in {"call", "local", "name"}:
            self.open.body.append(("operator", "__iter__", value))

    def put_in(self, base: ast.expr, key: Expression, value: Expression) -> Expression:
        """Return what `base[key] = value` asks of an object."""
        if isinstance(base, ast.Name) and any(
            e is not None and e[0] in {"dict", "seq", "keyed"} for e, _ in self.open.bindings.get(base.id, ())
        ):
            return None
        return ("operator", "__setitem__", self.loaded(base), key, value)

    def _adds(
        self,
        base: ast.expr,
        attr: str,
        arguments: tuple[Expression, ...],
        keywords: Keywords,
    ) -> None:
        if (name := dotted(base)) is None or name.partition(".")[0] in {n for r in self._renamed for n in r}:
            return
        if attr in {"extend", "update"}:
            if arguments:
                self.add_to(name, _spread(arguments[0]) if attr == "extend" else arguments[0])
            if named := tuple((("text", key), value) for key, value in keywords if key is not None):
                self.add_to(name, ("dict", named))
        elif attr == "setdefault" or (attr == "register" and len(arguments) > 1):
            self.add_to(name, ("dict", (arguments[:2],)) if len(arguments) > 1 else None)
        elif arguments and arguments[-1] is not None:
            self.add_to(name, ("seq", (("star", ("seq", arguments[-1:])),)))

    def _adds_below(self, base: ast.expr, key: ast.expr, value: Expression) -> None:
        """Note what is added to a container that stands under a key of another."""
        if (name := dotted(base)) is not None and isinstance(key, ast.Constant | ast.Name | ast.Attribute):
            self.add_to(name, ("dict", ((self.value(key), ("seq", (("star", ("seq", (value,))),))),)))


def _spread(value: Expression) -> Expression:
    """Return a list of the elements of what is added to one."""
    return value if value is not None and value[0] == "seq" else ("seq", (("star", value),))
