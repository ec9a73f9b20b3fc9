"""What runs have shown of who runs what, kept by content: it holds while no file changes that it may depend on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from prefect_lens.model import Evidence, How, Match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prefect_lens.model import Definition, TestCase

Cone = tuple[tuple[str, str], ...]
"""The files that a test's answers were learned from, by path, and a digest of each; "" where there was none."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the runs of one test function have shown."""

    cone: Cone
    ran: frozenset[str]
    """The entrypoints of the definitions that it was seen to run."""
    spared: frozenset[str] = frozenset()
    """Those that the code lets one think it runs, and that it was seen not to run."""

    def after(self, earlier: Seen | None) -> Seen:
        """Return what this and an earlier sight of the same code have shown; a test may run more at one time."""
        if earlier is None or earlier.cone != self.cone:
            return self
        ran = self.ran | earlier.ran
        return Seen(self.cone, ran, (self.spared | earlier.spared) - ran)


@dataclass(frozen=True)
class Observed:
    """What is known of all tests, by the node ID of each test function."""

    tests: Mapping[str, Seen] = field(default_factory=dict[str, Seen])

    def after(self, new: Mapping[str, Seen]) -> Observed:
        """Return this with what a run has shown."""
        cones = {one.cone: one.cone for one in self.tests.values()}  # tests of a file share theirs
        merged = {test: one.after(self.tests.get(test)) for test, one in new.items()}
        shared = {test: Seen(cones.setdefault(one.cone, one.cone), one.ran, one.spared) for test, one in merged.items()}
        return Observed({**self.tests, **shared})

    @cached_property
    def by_definition(self) -> Mapping[str, tuple[str, ...]]:
        """The tests that were seen to run each definition."""
        found: dict[str, list[str]] = {}
        for test, one in self.tests.items():
            for entrypoint in one.ran:
                found.setdefault(entrypoint, []).append(test)
        return {entrypoint: tuple(tests) for entrypoint, tests in found.items()}


NOTHING = Observed()


class Current:
    """Which observations hold for the files as they are; each cone is looked at once."""

    def __init__(self, observed: Observed, digest: Callable[[str], str]) -> None:
        self.observed = observed
        self._digest = digest
        self._holds: dict[int, bool] = {}

    def of(self, test: str) -> Seen | None:
        """Return what is known of a test function, as long as it holds."""
        seen = self.observed.tests.get(test)
        if seen is None:
            return None
        holds = self._holds.get(id(seen.cone))
        if holds is None:
            holds = self._holds[id(seen.cone)] = all(self._digest(path) == digest for path, digest in seen.cone)
        return seen if holds else None

    def shown(self, test: str) -> tuple[frozenset[str], frozenset[str]]:
        """Return what a test function was seen to run, and what it was seen to do without."""
        seen = self.of(test)
        return (seen.ran, seen.spared) if seen is not None else (frozenset(), frozenset())

    def refined(
        self, definition: Definition, guessed: tuple[Match, ...], test: Callable[[str], TestCase | None]
    ) -> tuple[Match, ...]:
        """Return the guesses that runs have not refuted, with what they are known from, and what only runs have shown.

        `test` gives the test of a node ID.
        """
        if not self.observed.tests:
            return guessed
        return tuple(sorted(self._refined(definition, guessed, test), key=lambda match: match.rank))

    def _refined(
        self, definition: Definition, guessed: Iterable[Match], test: Callable[[str], TestCase | None]
    ) -> Iterator[Match]:
        entrypoint, known = definition.entrypoint, set[str]()
        for match in guessed:
            node_id = match.test.node_id
            known.add(node_id)
            ran, spared = self.shown(node_id)
            if entrypoint in ran:
                yield replace(match, evidence=Evidence.CODE_AND_RUN)
            elif entrypoint not in spared:
                yield match
        for node_id in self.observed.by_definition.get(entrypoint, ()):
            if node_id not in known and self.of(node_id) is not None and (found := test(node_id)) is not None:
                yield Match(found, How.INDIRECT, (found.names[-1], definition.label), Evidence.RUN)
