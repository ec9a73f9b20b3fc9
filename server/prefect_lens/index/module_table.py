"""The modules of a workspace, each made from its packed facts when somebody asks for it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from prefect_lens.index.packed import unpack
from prefect_lens.index.values import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

    from prefect_lens.index.facts import Facts
    from prefect_lens.index.packed import Packed

MOST = 400
"""Modules whose facts lie open at the end of a question: some twelve megabytes."""


class ModuleTable:
    """The modules of a workspace by their paths, each made when it is asked for."""

    def __init__(self, files: Mapping[str, Packed]) -> None:
        self.files = files
        self._made: dict[str, Module] = {}
        self._open: list[Module] = []
        """The modules whose facts have been unpacked, and those of earlier states of the files."""
        self._read: Callable[[Module], Facts] = partial(_read, self._open)
        self.dropped = 0
        """How many modules have been made and dropped since somebody looked for garbage."""

    def __contains__(self, path: str) -> bool:
        return path in self.files

    def __getitem__(self, path: str) -> Module:
        found = self._made.get(path)
        if found is None:
            found = self._made[path] = Module(path, self.files[path], self._read)
        return found

    def get(self, path: str) -> Module | None:
        """Return the module of a file; None where there is no such file."""
        return self[path] if path in self.files else None

    def next(self, files: Mapping[str, Packed], gone: set[str]) -> ModuleTable:
        """Return the modules of other files, of which those that are not gone are the same."""
        new = ModuleTable(files)
        new._made, new._open, new._read = self._made.copy(), self._open, self._read
        for path in gone:
            new._made.pop(path, None)
        new.dropped = self.dropped + len(self._made) - len(new._made)
        return new

    def __len__(self) -> int:
        return len(self._made)

    def anew(self) -> ModuleTable:
        """Return the modules of the same files, none of them made yet."""
        return ModuleTable(self.files)

    @property
    def is_full(self) -> bool:
        """Whether the facts of too many modules lie open."""
        return len(self._open) > MOST

    def settle(self) -> None:
        """Let the modules that have lain open for longest go of what can be read again."""
        half = (len(self._open) + 1) // 2
        for module in self._open[:half]:
            module.settle()
        del self._open[:half]

    def forget_calls(self, but: Container[str]) -> set[str]:
        """Let go of the calls in all modules but some; return the files of those that it was done in."""
        found = {path for path in self._made if path not in but}
        for path in found:
            self._made[path].forget_calls()
        return found

    @property
    def frames(self) -> int:
        """How many calls of their functions are known."""
        return sum(module.frames for module in self._made.values())


def _read(opened: list[Module], module: Module) -> Facts:
    opened.append(module)
    return unpack(module.packed)
