"""What is known about a workspace folder at one moment: what the features are functions of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_prefect_lens.wire import CaseRecord

from prefect_lens.features.results import Results
from prefect_lens.model import Definition, Kind, Match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect_lens.index.snapshot import Snapshot


@dataclass(frozen=True)
class LiveRun:
    """A run that waits or goes on."""

    run: str
    is_waiting: bool
    asked: frozenset[str]
    """Node IDs of the test functions that it runs, as far as the index knows them."""
    active: frozenset[str] = frozenset()
    """Those that run at this moment."""
    cases: Mapping[str, tuple[CaseRecord, ...]] = field(default_factory=dict[str, tuple[CaseRecord, ...]])
    """What has ended, by test function."""
    is_fetching: bool = False
    """Whether it waits for the variables of its tests."""

    def is_done(self, function: str) -> bool:
        """Whether a test function has ended, as far as can be said before the run has: its parameters are not known."""
        return function in self.cases and function not in self.active


@dataclass(frozen=True)
class View:
    """An immutable picture of a workspace folder."""

    snapshot: Snapshot
    results: Results = field(default_factory=Results)
    stale: frozenset[str] = frozenset()
    """Node IDs of the test functions whose result is older than their code."""
    live: tuple[LiveRun, ...] = ()
    is_complete: bool = True
    """Whether the index has read every file; before, a test that is not there may still come."""
    may_run: bool = True
    """False in a workspace that the user does not trust."""
    kinds: frozenset[Kind] = frozenset(Kind)
    """Which definitions carry lenses."""
    can_debug: bool = False
    """Whether the editor can attach a debugger to a run."""
    last: Mapping[str, Mapping[Definition, tuple[Match, ...]]] = field(
        default_factory=dict[str, "Mapping[Definition, tuple[Match, ...]]"]
    )
    """What was known of open files an earlier time: their definitions with their tests. It is empty when the index is
    complete and nothing is searched for."""
    is_searching: bool = False
    """Whether there may be more tests than are known, and nobody waits until they have been found."""

    @property
    def why_unsure(self) -> str:
        """Why there may be more tests than are known, as a sentence; empty where there are none."""
        if not self.is_complete:
            return "The project is still being read."
        return "Its tests are still being looked for." if self.is_searching else ""

    def is_sure(self, path: str) -> bool:
        """Whether all tests of what a file defines are known, as far as anybody can say yet."""
        return not self.why_unsure or path in self.last

    def defined(self, path: str) -> Mapping[Definition, tuple[Match, ...]]:
        """Return the definitions of a file that carry lenses, each with its tests."""
        if (last := self.last.get(path)) is not None:
            return {one: matches for one, matches in last.items() if one.kind in self.kinds}
        found = (one for one in self.snapshot.definitions_at(path) if one.kind in self.kinds)
        return {one: self.matches(one) for one in found}

    def matches(self, definition: Definition) -> tuple[Match, ...]:
        """Return the tests of a definition, direct ones first."""
        return (self.snapshot.matches_so_far if self.is_searching else self.snapshot.matches)(definition)
