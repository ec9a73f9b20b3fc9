"""The protocol's types without what only a debugger asks for: nothing else misses it."""

from __future__ import annotations

import builtins
import linecache
from types import FunctionType

import attrs
from lsprotocol import types
from lsprotocol.converters import get_converter
from prefect_lens.lsp.lean import GENERATED, is_generated, make_lean, names_of


def methods() -> list[FunctionType]:
    classes = [one for one in vars(types).values() if isinstance(one, type) and attrs.has(one)]
    found = [one for cls in classes for one in vars(cls).values()]
    return [one for one in found if isinstance(one, FunctionType) and is_generated(one)]


def test_the_methods_of_the_types_have_what_they_look_up_and_little_else():
    """A method's attributes stand among its names, too; those are nothing that its module has."""
    before = {one: {name for name in names_of(one.__code__) if name in one.__globals__} for one in methods()}
    make_lean()
    assert len(before) > 1_000
    assert all(before[one] <= one.__globals__.keys() for one in before)
    assert all(len(one.__globals__) < 100 for one in before if one.__globals__ is not types.__dict__)
    assert all(one.__globals__["__builtins__"] in (builtins, vars(builtins)) for one in before)


def test_no_source_of_the_types_is_kept():
    """Their tracebacks have no lines of text for what attrs has written; nobody has seen that text."""
    make_lean()
    assert not [name for name in linecache.cache if name.startswith(GENERATED)]


def test_lean_types_are_made_compared_and_sent_as_ever():
    """Validators and factories are names of the generated methods, too."""
    make_lean()
    place = types.Range(types.Position(1, 2), types.Position(3, 4))
    lens = types.CodeLens(place, types.Command("title", "command", arguments=({"of": 1},)))
    converter = get_converter()
    assert converter.structure(converter.unstructure(lens), types.CodeLens) == lens
    assert "Command" in repr(lens)
    try:
        types.Command(1, "command")  # pyright: ignore[reportArgumentType]
    except TypeError:
        return
    raise AssertionError("the title's validator has not been asked")
