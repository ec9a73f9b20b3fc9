"""Paths of the wire, which are absolute, made relative to the workspace folder, as the server has them."""

from __future__ import annotations

import os
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


class Relative:
    """Called with a record of the wire, it returns the same with every `path` relative to a folder."""

    def __init__(self, folder: Path) -> None:
        # A worker may name a file by the folder's name as we gave it, or by where its links lead.
        self._prefixes = tuple(dict.fromkeys(f"{name}{os.sep}" for name in (str(folder), os.path.realpath(folder))))
        self._known: dict[str, str] = {}

    def __call__(self, record: T) -> T:
        """Return the record with relative paths."""
        return self._convert(record)

    def path(self, path: str) -> str:
        """Return one path, relative with forward slashes where it lies in the folder."""
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = self._relative(path)
        return known

    def _relative(self, path: str) -> str:
        for prefix in self._prefixes:
            if path.startswith(prefix):
                return path[len(prefix) :].replace(os.sep, "/")
        return path

    def _convert(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._convert(item) for item in value)  # type: ignore[misc,unused-ignore]
        if not is_dataclass(value) or isinstance(value, type):
            return value
        changes: dict[str, Any] = {}
        for field in fields(value):
            old = getattr(value, field.name)
            new = self.path(old) if field.name == "path" else self._convert(old)
            if new is not old:
                changes[field.name] = new
        return replace(value, **changes) if changes else value
