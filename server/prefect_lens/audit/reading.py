"""Reading the trail: runs, each of its two entries made one. Whether the trail holds is `verifying`'s question."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from prefect_lens.audit.facts import ENDED, REFUSED
from prefect_lens.audit.sealing import read_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from prefect_lens.audit.sealing import Line


@dataclass(frozen=True)
class AuditedRun:
    """A run as the trail tells it."""

    number: int
    """That of the entry of its beginning."""
    at: datetime
    began: Mapping[str, Any]
    ended: Mapping[str, Any]
    """Empty where no end is known: it goes on, or whoever ran it was ended."""

    @property
    def outcome(self) -> str:
        """How it ended: `passed`, `failed`, `broken`, `cancelled`, `nothing`; `refused` where it did not begin.

        `unknown` where no end is known.
        """
        return str(self.ended.get("outcome", "unknown"))

    @property
    def tests(self) -> Mapping[str, str | None]:
        """The tests and how each ended; None for one that was asked for and has no end."""
        return {**dict.fromkeys(self.began.get("tests", ()), None), **self.ended.get("tests", {})}

    @property
    def runs(self) -> list[Mapping[str, Any]]:
        """Its flow and task runs."""
        return cast("list[Mapping[str, Any]]", self.ended.get("runs", []))

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {"entry": self.number, "at": self.at.isoformat(), **self.began, "ended": self.ended or None}


@dataclass(frozen=True)
class Wanted:
    """Which runs are asked for; what is None or empty does not matter."""

    since: datetime | None = None
    until: datetime | None = None
    user: str | None = None
    through: str | None = None
    outcome: str | None = None
    test: str = ""
    """A part of a test's node ID or file."""
    run: str = ""
    """The name of a flow or task."""
    variable: str = ""
    """The name of a variable that the tests found."""

    def has(self, run: AuditedRun) -> bool:
        """Whether a run is one of them."""
        by = run.began.get("by", {})
        environment = run.began.get("environment", {})
        return (
            (self.since is None or run.at >= self.since)
            and (self.until is None or run.at < self.until)
            and (self.user is None or by.get("user") == self.user)
            and (self.through is None or by.get("through") == self.through)
            and (self.outcome is None or run.outcome == self.outcome)
            and (not self.test or any(self.test in one for one in (*run.tests, *run.began.get("files", ()))))
            and (not self.run or any(self.run == one.get("name") for one in run.runs))
            and (
                not self.variable
                or any(self.variable in environment.get(part, {}) for part in ("variables", "inherited"))
            )
        )


def runs(segments: Iterable[Path]) -> list[AuditedRun]:
    """Return the runs of a trail, the oldest first.

    Raises:
        OSError: a file cannot be read.
    """
    began: dict[str, Line] = {}
    ended: dict[str, Mapping[str, Any]] = {}
    for line in _lines(segments):
        run = str(line.entry.get("run"))
        if line.entry.get("what") == ENDED:
            ended[run] = line.entry
            continue
        began[run] = line
        if line.entry.get("what") == REFUSED:  # that is its end as well
            ended[run] = {name: line.entry[name] for name in ("outcome", "why") if name in line.entry}
    return [
        AuditedRun(line.number, datetime.fromisoformat(line.at).astimezone(UTC), line.entry, ended.get(run, {}))
        for run, line in began.items()
    ]


def _lines(segments: Iterable[Path]) -> Iterator[Line]:
    for segment in segments:
        for text in segment.read_bytes().split(b"\n"):
            if (line := read_line(text)) is not None:
                yield line
