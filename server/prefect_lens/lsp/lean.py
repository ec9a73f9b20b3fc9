"""Memory that is given back: by the libraries that the server builds on, and by C's own `malloc`."""

from __future__ import annotations

import ctypes
import linecache
import sys
from functools import cache
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

from lsprotocol import types

if TYPE_CHECKING:
    from collections.abc import Iterator

GENERATED = "<attrs generated "
"""What attrs names the files that it makes up begins with."""


M_ARENA_MAX = -8
"""Of `malloc.h`."""


def make_lean() -> None:
    """Let go of what attrs keeps with the protocol's types for debuggers: seven of the sixteen megabytes they take.

    Each of the 550 classes has the source of its generated methods in `linecache`, and those methods have a copy of all
    names of the module, of which they use a few.
    """
    for cls in [one for one in vars(types).values() if isinstance(one, type)]:
        made = [one for one in vars(cls).values() if isinstance(one, FunctionType) and is_generated(one)]
        for names in {id(one.__globals__): one.__globals__ for one in made}.values():
            if names is not types.__dict__:
                used = {"__builtins__", "__name__"}.union(*(names_of(one.__code__) for one in made))
                kept = {name: names[name] for name in used & names.keys()}
                names.clear()  # a dictionary gives back no memory for single keys
                names.update(kept)
    for name in [name for name in linecache.cache if name.startswith(GENERATED)]:
        del linecache.cache[name]


def use_one_heap() -> None:
    """Have all threads take memory from one place: what one has let go of, another may have."""
    if (libc := _glibc()) is not None:
        libc.mallopt(M_ARENA_MAX, 1)


def give_back() -> None:
    """Give the system what lies free between what is used, where it takes it back in pages."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


@cache
def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    own = ctypes.CDLL(None)
    return own if hasattr(own, "malloc_trim") and hasattr(own, "mallopt") else None


def is_generated(method: FunctionType) -> bool:
    """Whether attrs has written a method."""
    return method.__code__.co_filename.startswith(GENERATED)


def names_of(code: CodeType) -> Iterator[str]:
    """Yield the names that code may look up outside of itself."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_of(constant)
