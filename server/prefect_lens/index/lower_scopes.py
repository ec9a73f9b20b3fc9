"""The part of `lower` that keeps account of scopes: which are open, and what their names are bound to."""

from __future__ import annotations

import ast

from prefect_lens.index.facts import Expression, Parameter, Scope
from prefect_lens.index.lower_conditions import asked, loops, over, test

WRAPPERS = frozenset({"Optional", "Annotated", "type", "Type", "Final", "ClassVar"})
"""What says more of the class that stands first in an annotation's brackets."""

MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "DefaultDict", "OrderedDict"})
CONTAINERS = MAPPINGS | {
    "list", "List", "tuple", "Tuple", "set", "Set", "frozenset", "FrozenSet", "Sequence", "MutableSequence",
    "Iterable", "Iterator", "Collection", "AsyncIterable", "AsyncIterator", "deque", "Deque",
}  # fmt: skip
"""What holds objects of the class that stands in an annotation's brackets, the last of them in mappings."""

PLAIN = frozenset({"str", "int", "float", "bool", "bytes", "object", "Any", "dict", "list", "tuple", "set", "Path"})
"""Of what is never a class of the project, an annotation says nothing."""

NAMES = frozenset({ast.Name, ast.Attribute})
"""The expressions that name something."""

Bound = list[tuple[Expression, tuple[int, ...]]]
"""What a name is bound to, in order, and the branch in which each of it stands."""

NEVER: tuple[int, ...] = (-1,)
"""A branch in which nothing ever stands: what is bound here hides nothing that was bound before."""


_CODE = frozenset({"def", "class", "lambda", "local", "name", "attr", "from", "module", "item"})
"""The forms of what may be code, and is no call: where it is bound in a branch, that is noted there."""


class Open:
    """A scope that is being read."""

    def __init__(
        self,
        index: int,
        kind: str,
        name: str,
        *,
        parent: int = -1,
        place: tuple[int, int, int] = (0, 0, 0),
        parameters: tuple[Parameter, ...] = (),
    ) -> None:
        self.index = index
        self.kind = kind
        self.name = name
        self.parent = parent
        self.place = place
        self.parameters = parameters
        self.has_attributes = False
        """Whether there are dotted names among its bindings."""
        self.passed = {parameter.name: parameter for parameter in parameters} if kind == "function" else {}
        """The parameters of a function by their names: these may decide its branches."""
        self.bindings: dict[str, Bound] = {one.name: [(("param", one.name), ())] for one in parameters}
        self.body: list[Expression] = []
        self.returns: list[Expression] = []
        self.yields: list[Expression] = []
        self.is_generator = False
        self.is_async = False
        self.returned = False
        """Whether a branch of the function returns."""
        self.stars: list[tuple[str, int]] = []
        self.outer: list[tuple[str, Expression]] = []
        self.elsewhere: dict[str, int] = {}
        """Names declared global or nonlocal, and the scope that they belong to."""
        self.branch: tuple[int, ...] = ()
        self.loop = 0
        self.tested = 0
        """How many of the branches around may be decided."""
        self.decides: set[str] = set()
        """See `Scope.decides`."""
        self.asked_in_loops: set[str] = set()
        """Those of them that a loop asks for: what it assigns anew, it may come to again. So are attributes that are
        asked for where they have been assigned.
        """
        self.nones: set[str] = set()
        """The names of a function that were made None last, and surely."""
        self.instead: dict[str, Expression] = {}
        """In a handler of ImportError: the imports that it stands in for."""

    def tells(self, name: str) -> bool:
        """Whether a name may decide a condition: what was passed, or with a dot behind it attributes of what it is."""
        if name[-1] == ":":
            return name[:-1] not in self.bindings and name[:-1] not in self.elsewhere
        if name[-1] == ".":
            found = self.bindings.get(name[:-1])
            return found is not None and (_is_parsed(found) or _is_completed(found))
        parameter = self.passed.get(name)
        return (
            parameter is not None
            and "*" not in parameter.kind
            and len(self.bindings[name]) == 1
            and name not in self.elsewhere
        )


class Scopes:
    """The scopes of a text, as they are opened, filled and closed."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.is_ascii = text.isascii()
        self.first_line = 0
        """The line of the text that is the first one of the tree that is walked."""
        self.scopes: list[Scope | None] = []
        self.open = Open(-1, "", "")
        self._stack: list[Open] = []
        self._branches = 0

    def open_scope(
        self, kind: str, name: str, place: tuple[int, int, int] | None, parameters: tuple[Parameter, ...]
    ) -> int:
        """Begin a scope inside the one that is open, and return its index."""
        index = len(self.scopes)
        self.scopes.append(None)
        self._stack.append(self.open)
        self.open = Open(index, kind, name, parent=self.open.index, place=place or (0, 0, 0), parameters=parameters)
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
            bindings={
                name: (0, (found[0][0],)) if len(found) == 1 else _closed(found)
                for name, found in done.bindings.items()
            },
            body=tuple(done.body),
            returns=tuple([item for item in done.returns if item is not None]) if done.returns else (),
            yields=tuple([item for item in done.yields if item is not None]) if done.yields else (),
            is_generator=done.is_generator,
            decorators=decorators,
            bases=bases,
            annotation=annotation,
            stars=tuple(done.stars),
            own=self._own(done.index) if done.kind == "class" else {},
            outer=tuple(done.outer),
            decides=tuple(sorted([one for one in done.decides if _is_settled(done, one)])) if done.decides else (),
        )

    def bind(self, name: str, value: Expression) -> None:
        """Note that a name of the open scope is bound to a value here."""
        where, branch = self.open, self.open.branch
        if where.nones:
            where.nones.discard(name)
        if where.tested and value is not None and value[0] in _CODE:
            where.body.append(("bound", value))
        if where.instead and name in where.instead:
            value = ("or", (where.instead[name], value))
        if name in where.elsewhere:
            value = ("inside", where.index, value) if value is not None else None
            where, branch = self._at(where.elsewhere[name]), NEVER
        if (found := where.bindings.get(name)) is not None:
            found.append((value, branch))
        else:
            where.bindings[name] = [(value, branch)]

    def add_to(self, name: str, value: Expression) -> None:
        """Note that something is added to what a name holds."""
        first = name.partition(".")[0]
        if first in self.open.bindings and first not in self.open.elsewhere:
            self.open.has_attributes = self.open.has_attributes or first is not name
            self.open.bindings.setdefault(name, []).append((value, NEVER))
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

    def enter_block(
        self, test: Expression = None, *, loop: bool = False
    ) -> tuple[tuple[tuple[int, ...], int], list[Expression]]:
        """Begin a branch that is kept apart in a function's body: what raises in it leaves it alone."""
        before = self.enter_branch(loop=loop), self.open.body
        self.open.tested += test is not None
        if self.open.kind == "function":
            self.open.body = []
        return before

    def take_block(self, before: tuple[tuple[tuple[int, ...], int], list[Expression]]) -> tuple[Expression, ...]:
        """End the branch, and return what is evaluated in it; nothing outside functions, where it stays in the body."""
        branch, outside = before
        self.leave_branch(branch)
        inside, self.open.body = self.open.body, outside
        return tuple(inside) if inside is not outside else ()

    def leave_block(
        self, before: tuple[tuple[tuple[int, ...], int], list[Expression]], test: Expression = None
    ) -> None:
        """End the branch; `test` says when it runs, as at its beginning; that of a loop is known at its end."""
        self.open.tested -= test is not None and test[0] != "loop"
        if inside := self.take_block(before):
            self.open.body.append(("block", inside) if test is None else ("block", inside, test))

    def condition(self, node: ast.expr) -> Expression:
        """Return what the parameters of the open function say about a condition."""
        if self.open.kind != "function":
            return None
        found = test(node, self.open.tells)
        if found is not None:
            names = tuple(asked(found))
            self.open.decides.update(names)
            if self.open.loop:
                self.open.asked_in_loops.update(names)
            else:
                bound = self.open.bindings
                self.open.asked_in_loops.update(one for one in names if one[0] == "." and one.lstrip(".=") in bound)
        return found

    def repeated(self, node: ast.For | ast.AsyncFor | ast.While, iterable: Expression) -> Expression:
        """Return the test of a loop."""
        return loops(self.condition(over(node)) or self.given(iterable))

    def given(self, called: Expression) -> Expression:
        """Return the test of what a call gives."""
        if self.open.kind != "function" or called is None or called[0] != "call":
            return None
        self.open.decides.add(".")
        return ("truth", called)

    def passes_on(self, node: ast.expr) -> None:
        """Note that an argument of a call is a parameter, where that is one that may decide a branch."""
        passed = self.open.passed
        if isinstance(node, ast.Name):
            name = node.id
            parameter = passed.get(name)
            if parameter is not None and name not in self.open.decides and "*" not in parameter.kind:
                self.open.decides.add(name if _is_switch(parameter) else f"={name}")
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in passed:
            self.open.decides.add(f">.{node.attr}")

    def spreads(self, *nodes: ast.expr) -> None:
        """Note that what a parameter has collected is handed on, or put with more: `*args` or `**options`."""
        for node in nodes:
            parameter = self.open.passed.get(node.id) if isinstance(node, ast.Name) else None
            if parameter is not None and "*" in parameter.kind:
                self.open.decides.add(f">{parameter.name}")

    def takes_from(self, name: str, key: ast.expr | None) -> None:
        """Note that a container of the open scope loses something: what it began with, it has no more.

        Of what `**options` has collected, it is known which key that is.
        """
        if name in self.open.bindings and name not in self.open.elsewhere:
            collects = (parameter := self.open.passed.get(name)) is not None and parameter.kind == "**"
            known = key.value if collects and isinstance(key, ast.Constant) else None
            self.open.bindings[name].append((("without", known) if isinstance(known, str) else None, NEVER))

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

    def is_own(self, node: ast.expr) -> bool:
        """Whether an expression is the object or class of the method that it stands in."""
        parameters = self.open.parameters
        return (
            bool(parameters)
            and isinstance(node, ast.Name)
            and node.id == parameters[0].name
            and self._stack[-1].kind == "class"
        )

    def code_points(self, line: int, column: int) -> int:
        """Return a column in code points, from one in bytes."""
        if self.is_ascii:
            return column
        text = self.lines[line] if line < len(self.lines) else ""
        return column if text.isascii() else len(text.encode()[:column].decode(errors="ignore"))


def _is_settled(scope: Open, decides: str) -> bool:
    """Whether a parameter, or an attribute behind one, is what it was passed as wherever a function asks for it."""
    name = decides.lstrip(".=~>")
    if not name or decides[0] == ">":
        return True  # what a call gives, what is asked of the object itself, and what has been collected; see `spread`
    if name is decides:
        return len(scope.bindings[name]) == 1 or name not in scope.asked_in_loops
    parts = name.split(".")
    bound = scope.bindings[parts[0]]
    if len(bound) != 1 and not _is_completed(bound):
        return False
    if not scope.bindings.keys().isdisjoint(".".join(parts[:count]) for count in range(2, len(parts))):
        return False
    if len(parts) == 1 or name not in scope.bindings:
        return True
    return decides not in scope.asked_in_loops and _is_made(scope.bindings[name])


def _is_made(found: Bound) -> bool:
    """Whether what is assigned to an attribute comes from calls: if it was asked for before, it may have been there.

    `if self.client is None: self.client = connect()`
    """
    return all(form is not None and form[0] == "call" for form, _ in found)


def _is_parsed(found: Bound) -> bool:
    """Whether a name stands for what one call gives: that may be a command line, whose attributes decide branches."""
    return len(found) == 1 and found[0][0] is not None and found[0][0][0] == "call"


def _is_completed(found: Bound) -> bool:
    """Whether a name stands for what is passed, or where that is missing for something else: `x = x or …`."""
    if len(found) != 2 or found[0][0] is None or found[0][0][0] != "param" or found[1][0] is None:
        return False
    form = found[1][0]
    return form[0] == "or" and form[1][0] is not None and form[1][0][:2] == ("local", found[0][0][1])


def _is_switch(parameter: Parameter) -> bool:
    return parameter.annotation == ("name", "bool") or (
        parameter.default is not None and parameter.default[0] in {"int", "text", "none"}
    )


def _closed(found: Bound) -> tuple[int, tuple[Expression, ...]]:
    first = len(found) - 1
    while first and found[first][1]:
        first -= 1
    return first, tuple([value for value, _ in found])
