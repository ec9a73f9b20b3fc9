"""The modules of a workspace, each made from its packed facts when somebody asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect_lens.index.packed import unpack
from prefect_lens.index.values import Module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect_lens.index.packed import Packed


class ModuleTable:
    """The modules of a workspace by their paths, each made when it is asked for."""

    def __init__(self, files: Mapping[str, Packed], made: dict[str, Module] | None = None) -> None:
        self.files = files
        self._made = made if made is not None else {}

    def __contains__(self, path: str) -> bool:
        return path in self.files

    def __getitem__(self, path: str) -> Module:
        found = self._made.get(path)
        if found is None:
            found = self._made[path] = Module(path, unpack(self.files[path]))
        return found

    def get(self, path: str) -> Module | None:
        """Return the module of a file; None where there is no such file."""
        return self[path] if path in self.files else None

    def __len__(self) -> int:
        return len(self._made)

    def next(self, files: Mapping[str, Packed], gone: set[str]) -> ModuleTable:
        """Return the modules of other files, of which those that are not gone are the same."""
        made = self._made.copy()
        for path in gone:
            made.pop(path, None)
        return ModuleTable(files, made)

    def anew(self) -> ModuleTable:
        """Return the modules of the same files, none of them made yet."""
        return ModuleTable(self.files)
