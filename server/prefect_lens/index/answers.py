"""What was answered about the files of a workspace: plain values, that outlive the reading behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prefect_lens.index.definitions import Defined
    from prefect_lens.index.followed import Followed
    from prefect_lens.model import TestCase


class Answers(NamedTuple):
    """What was answered about files, by their paths."""

    definitions: dict[str, tuple[Defined, ...]]
    elsewhere: dict[str, frozenset[str]]
    """In which other files the functions of a file's definitions stand; nothing of files where they all stand in it."""
    tests: dict[str, tuple[TestCase, ...]]
    reached: dict[str, tuple[Followed, ...]]
    profiles: dict[str, dict[TestCase, str]]

    def without(self, gone: set[str]) -> Answers:
        """Return the answers but those about some files."""
        new = Answers(
            self.definitions.copy(), self.elsewhere.copy(), self.tests.copy(), self.reached.copy(), self.profiles.copy()
        )
        for path in gone:
            for answers in new:
                answers.pop(path, None)
        return new

    def without_definitions(self, gone: set[str]) -> Answers:
        """Return the answers about tests but those about some files."""
        return self.without(gone)._replace(definitions={}, elsewhere={})

    def apart(self) -> Answers:
        """Return the same answers, such that nobody changes them who goes on from these."""
        reached = {path: tuple(one.apart() for one in followed) for path, followed in self.reached.items()}
        return self.without(set())._replace(reached=reached)
