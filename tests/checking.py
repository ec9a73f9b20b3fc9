"""One string is a whole workspace, with what is expected of it standing where it belongs.

    check(\"""
    #- flows/etl.py
    from prefect import flow
    @flow
    def etl(): ...
    #   ^^^ flow: test_etl, ~test_all
    #- tests/test_etl.py
    from flows.etl import etl
    def test_etl(): etl()
    \""")

`#- path` begins a file. A comment with carets speaks of the stretch above it. `check` expects exactly the definitions
that are marked, each with exactly the tests behind its kind, by the names behind their file; `~` marks an indirect one.
"""

from __future__ import annotations

import difflib
import re
import textwrap
from dataclasses import dataclass

from prefect_lens.index.config import CONFIG_NAMES
from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot
from prefect_lens.model import How

_MARK = re.compile(r"^\s*#\s*(\^+)\s?(.*)$")


@dataclass(frozen=True)
class Expectation:
    """What a comment expects at a stretch of a file; lines and columns count from 0."""

    path: str
    line: int
    column: int
    length: int
    text: str


@dataclass(frozen=True)
class Workspace:
    """The files of a text, and what its comments expect."""

    files: dict[str, str]
    expectations: tuple[Expectation, ...]

    @property
    def snapshot(self) -> Snapshot:
        """Return the index of the files."""
        return Snapshot.empty().update(
            {path: read_facts(text) for path, text in self.files.items() if path.endswith(".py")},
            {path: text for path, text in self.files.items() if path.rpartition("/")[2] in CONFIG_NAMES},
        )


def workspace(text: str) -> Workspace:
    """Return the files and expectations of a text. The comments that expect something are no part of the files."""
    files: dict[str, list[str]] = {}
    expectations: list[Expectation] = []
    path = ""
    for line in textwrap.dedent(text).strip("\n").split("\n"):
        if line.startswith("#- "):
            path = line[3:].strip()
            files[path] = []
        elif (found := _MARK.match(line)) is not None:
            above = len(files[path]) - 1
            expectations.append(Expectation(path, above, found.start(1), len(found.group(1)), found.group(2).strip()))
        else:
            files[path].append(line)
    return Workspace({path: "\n".join(lines) + "\n" for path, lines in files.items()}, tuple(expectations))


def check(text: str) -> Snapshot:
    """Hold the definitions of a workspace, and the tests that match each, against what its comments expect."""
    given = workspace(text)
    snapshot = given.snapshot
    expected = sorted(
        f"{e.path}:{e.line + 1}:{e.column}+{e.length} {' '.join(e.text.split())}" for e in given.expectations
    )
    found = described(snapshot)
    if found != expected:
        raise AssertionError("\n".join(["expected (-) and found (+):", *difflib.ndiff(expected, found)]))
    return snapshot


def described(snapshot: Snapshot) -> list[str]:
    """Return the index as `check` compares it."""
    found: list[str] = []
    for definition in snapshot.definitions():
        at = definition.declared_at or definition.location
        length = 1 if definition.declared_at else at.span.end.column - at.span.start.column
        names = [(match.how is How.INDIRECT, "::".join(match.test.names)) for match in snapshot.matches(definition)]
        tests = ", ".join(("~" if indirect else "") + name for indirect, name in sorted(names))
        place = f"{at.path}:{at.span.start.line + 1}:{at.span.start.column}+{length}"
        found.append(f"{place} {definition.kind.value}: {tests}".rstrip())
    return sorted(found)
