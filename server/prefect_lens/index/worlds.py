"""What values are made of, and what is patched while some code runs."""

from __future__ import annotations

from typing import Any


class Value:
    """Something that a name can stand for."""

    __slots__ = ("__weakref__",)


Values = frozenset[Value]
NOTHING: Values = frozenset()


Chain = tuple[tuple[str, int, str], ...]
"""Functions, each called by the one before: path, scope's index, name."""


class World:
    """What is patched while some code runs: attributes of modules and objects, and what stands in for them."""

    __slots__ = ("__weakref__", "chain", "guarded", "patches", "raises", "unguarded")

    def __init__(self, patches: dict[tuple[Any, str], Values], chain: Chain = (), *, unguarded: bool = False) -> None:
        self.patches = patches
        self.chain = chain
        """The calls on the only way to what a test expects to be raised; see `expected`."""
        self.unguarded = unguarded
        """Whether nobody catches what is raised here: a test that passes has seen no exception; see `guards`."""
        self.guarded: World | None = None
        """The same world with somebody who catches, once asked for."""
        self.raises: bool | None = None
        """Whether a stand-in surely raises, once asked for."""


UNPATCHED = World({})
