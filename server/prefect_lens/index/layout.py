"""Which project each file of a workspace belongs to, and which files pytest would collect. The same between edits."""

from __future__ import annotations

import posixpath
from functools import cached_property
from typing import TYPE_CHECKING

from prefect_lens.index.config import Project, find_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Layout:
    """The paths of some files, and what configuration says of them."""

    def __init__(self, paths: Iterable[str], configs: Mapping[str, str]) -> None:
        self.configs = configs
        self._with_configs = frozenset(posixpath.dirname(path) or "." for path in configs)
        self._by_folder: dict[str, Project] = {}
        self._folders = frozenset(posixpath.dirname(path) for path in paths)
        placed = [(path, self.of(path)) for path in paths]
        self.test_files = frozenset(path for path, project in placed if project.is_test_file(path))
        self.doctested = frozenset(path for path, project in placed if project.doctests and project.has_doctests(path))
        """The files whose docstrings pytest would look through for examples."""

    def after(self, moved: Iterable[str], paths: Mapping[str, object]) -> Layout:
        """Return the layout when some files have come or gone, and these are the paths now."""
        new = Layout((), self.configs)
        new._by_folder = self._by_folder
        new._folders = frozenset(posixpath.dirname(path) for path in paths)
        come = frozenset(path for path in moved if path in paths and self.of(path).is_test_file(path))
        new.test_files = self.test_files.difference(moved) | come
        come = frozenset(path for path in moved if path in paths and self.of(path).has_doctests(path))
        new.doctested = self.doctested.difference(moved) | come
        return new

    def of(self, path: str) -> Project:
        """Return the project of a file or, with a name that need not exist, of a folder."""
        return self._of_folder(posixpath.dirname(path) or ".")

    def _of_folder(self, folder: str) -> Project:
        found = self._by_folder.get(folder)
        if found is None:
            if folder in self._with_configs or folder in {".", "/"}:
                found = find_project(folder, self.configs)
            else:  # it has no say in it
                found = self._of_folder(posixpath.dirname(folder) or ".")
            self._by_folder[folder] = found
        return found

    @cached_property
    def projects(self) -> tuple[Project, ...]:
        """The projects that have files, by their roots."""
        found = {(project := self.of(f"{folder}/_" if folder else "_")).root: project for folder in self._folders}
        return tuple(found[root] for root in sorted(found))

    @cached_property
    def with_plugins(self) -> frozenset[str]:
        """The test files of projects that name plugins, whose fixtures any test may get."""
        return frozenset(path for path in self.test_files if self.of(path).plugins)

    @cached_property
    def by_project(self) -> dict[str, tuple[str, ...]]:
        """The test files of each project, by its root."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.test_files):
            found.setdefault(self.of(path).root, []).append(path)
        return {root: tuple(paths) for root, paths in sorted(found.items())}
