"""Which tests of which projects the command's TARGETs name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_prefect_lens.wire import TestId

from prefect_lens.index.target import NotFound, find

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prefect_lens.index.config import Project
    from prefect_lens.index.settings import Settings
    from prefect_lens.index.snapshot import Snapshot
    from prefect_lens.model import TestCase


@dataclass(frozen=True, slots=True)
class Part:
    """What one project has to run. With neither tests nor files: all that pytest finds in it."""

    project: str
    settings: Settings
    options: tuple[str, ...] = ()
    """What pytest's configuration adds to its arguments."""
    tests: tuple[TestId, ...] = ()
    files: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    """Node IDs of the test functions of it that the index knows."""

    @property
    def whole(self) -> frozenset[str]:
        """Those that run with all of their parameters."""
        some = {"::".join((test.path, *test.names)) for test in self.tests if test.params is not None}
        return frozenset(self.known) - some


@dataclass(frozen=True, slots=True)
class UnknownTarget:
    """A target that names nothing."""

    target: str
    nearest: tuple[str, ...]


def choose(snapshot: Snapshot, folder: Path, targets: Sequence[str]) -> tuple[Part, ...] | UnknownTarget:
    """Return what to run; nothing where no test reaches what the targets name."""
    if all(_inside(folder, target) == "." for target in targets):
        return _everything(snapshot)
    tests: dict[TestId, TestCase] = {}
    files: dict[str, None] = {}
    for target in targets:
        name = _inside(folder, target)
        found = find(snapshot, name)
        if isinstance(found, NotFound):
            return UnknownTarget(target, found.nearest)
        tests |= {TestId(test.path, test.names, found.params): test for test in found.tests}
        files |= dict.fromkeys(_whole_files(snapshot, name))
    # A test file that is named runs as a whole: pytest may find more in it than can be read.
    projects = dict.fromkeys(
        (*(case.project for case in tests.values()), *(snapshot.project_of(f).root for f in files))
    )
    return tuple(
        Part(
            project,
            _project(snapshot, project).settings,
            _project(snapshot, project).options,
            tuple(id_ for id_, case in tests.items() if case.project == project and id_.path not in files),
            tuple(file for file in files if snapshot.project_of(file).root == project),
            tuple(case.node_id for case in tests.values() if case.project == project),
        )
        for project in projects
    )


def _everything(snapshot: Snapshot) -> tuple[Part, ...]:
    projects: dict[str, list[str]] = {}
    for path, project in snapshot.test_files().items():
        if project.is_run_by_default(path):
            projects.setdefault(project.root, []).append(path)
    return tuple(
        Part(
            project,
            _project(snapshot, project).settings,
            _project(snapshot, project).options,
            # Where one project may lie in another, pytest would run the inner one's tests from the outer one, too.
            files=tuple(files) if len(projects) > 1 else (),
            known=tuple(test.node_id for file in files for test in snapshot.tests(file)),
        )
        for project, files in projects.items()
    )


def _project(snapshot: Snapshot, root: str) -> Project:
    return snapshot.project_of("_" if root == "." else f"{root}/_")


def _whole_files(snapshot: Snapshot, target: str) -> list[str]:
    below = f"{target.rstrip('/')}/"
    return [file for file in snapshot.test_files() if file == target or file.startswith(below)]


def _inside(folder: Path, target: str) -> str:
    """Return a target as the index names it: relative, with forward slashes."""
    prefix = f"{folder}{os.sep}"
    target = target.removeprefix(prefix)
    path, colon, rest = target.partition(":")
    path = os.path.normpath(path).replace(os.sep, "/") if path else path
    return f"{path}{colon}{rest}"
