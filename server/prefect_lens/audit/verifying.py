"""Verifying the trail: whatever was changed, removed, moved, put in or cut off is found, and said where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prefect_lens.audit.keys import Key, is_signed_by
from prefect_lens.audit.sealing import NOTHING, Head, Line, hash_of, read_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

Holds = bool | str
"""Whether a seal holds; or why that cannot be found out here."""


@dataclass(frozen=True)
class Finding:
    """Something that should not be."""

    where: str
    """`trail-00001.jsonl:17`, or what else is spoken of."""
    what: str


@dataclass
class Report:
    """What a trail is like."""

    count: int = 0
    """How many entries there are whose seal holds."""
    last: Line | None = None
    findings: list[Finding] = field(default_factory=list[Finding])
    """What breaks it."""
    notes: list[Finding] = field(default_factory=list[Finding])
    """What a person should know, and what breaks nothing."""

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def verify(
    segments: Sequence[tuple[str, bytes]],
    head: Head | str,
    holds: Callable[[Line], Holds],
    expected: Sequence[tuple[int, str]] = (),
) -> Report:
    """Return what a trail is like.

    Args:
        segments: the name and the content of each of its files, the oldest first.
        head: what the head says, or why there is none.
        holds: says whether the seal of a line holds.
        expected: numbers of entries and the beginnings of their hashes, which somebody has noted elsewhere.
    """
    return _Verifying(holds).report(segments, head, expected)


def by_keys(keys: Sequence[Key]) -> Callable[[Line], Holds]:
    """Return what tells whether a line is sealed with one of these keys."""
    known = {key.id: key for key in keys}

    def holds(line: Line) -> Holds:
        key = known.get(line.key)
        return f"its key is not here ({line.key})" if key is None else key.seal(line.sealed) == line.seal

    return holds


def by_public_key(public: str) -> Callable[[Line], Holds]:
    """Return what tells whether a line is signed by whoever has the key of a public one.

    Raises:
        ValueError: that is no public key.
    """
    is_signed_by(public, "", b"")  # one that is none is told at once

    def holds(line: Line) -> Holds:
        if line.signature is None:
            return "it carries no signature"
        is_signed = is_signed_by(public, line.signature, line.signed)
        return "`cryptography` is not installed here" if is_signed is None else is_signed

    return holds


class _Verifying:
    def __init__(self, holds: Callable[[Line], Holds]) -> None:
        self._holds = holds
        self._found = Report()
        self._hashes: dict[int, str] = {}
        """By number, of every entry whose seal holds."""
        self._places: dict[int, str] = {}
        self._changed: set[int] = set()
        """The numbers that lines have whose seal does not hold, or cannot be judged."""
        self._strange: list[tuple[str, str]] = []
        """Lines that are no entries: where, and their hash."""
        self._told: set[str] = set()
        """Hashes of torn lines that a later entry has told of."""
        self._unjudged: dict[str, list[str]] = {}
        """By why a seal cannot be judged: where."""

    def report(
        self, segments: Sequence[tuple[str, bytes]], head: Head | str, expected: Sequence[tuple[int, str]]
    ) -> Report:
        found = self._found
        before: Line | None = None
        was_well = True
        for where, text, is_end in _texts(segments):
            line = read_line(text)
            if line is None:
                self._strange.append((where, hash_of(text)))
                if is_end:
                    self._told.add(hash_of(text))
                    found.notes.append(Finding(where, "a writer was stopped in the middle of this line"))
                continue
            is_well = self._look(where, line)
            if is_well:
                self._follow(where, line, before, was_well=was_well)
                before = line
            was_well = is_well
        self._judge_strange()
        for why, places in self._unjudged.items():
            others = f", and so for {len(places) - 1} more" if len(places) > 1 else ""
            found.findings.append(Finding(places[0], f"whether this was changed cannot be said: {why}{others}"))
        self._judge_end(head, segments[-1][0] if segments else "the trail")
        for number, hash_ in expected:
            if not self._hashes.get(number, "").startswith(hash_):
                there = self._hashes.get(number)
                is_other = f"has the hash {there[:16]}…" if there else "is not there"
                found.findings.append(Finding(f"entry {number}", f"{is_other}; {hash_[:16]} was expected"))
        return found

    def _look(self, where: str, line: Line) -> bool:
        holds = self._holds(line)
        if isinstance(holds, str):
            self._unjudged.setdefault(holds, []).append(where)
            self._changed.add(line.number)
            return False
        if not holds:
            self._changed.add(line.number)
            self._found.findings.append(Finding(where, f"entry {line.number} has been changed: its seal does not hold"))
            return False
        self._told.update(line.found.get("torn", ()))
        self._tell_found(where, line)
        return True

    def _follow(self, where: str, line: Line, before: Line | None, *, was_well: bool) -> None:
        number = before.number if before is not None else 0
        if line.number in self._hashes:
            self._found.findings.append(Finding(where, f"entry {line.number} stands here for a second time"))
        elif line.number <= number:
            self._found.findings.append(
                Finding(where, f"entry {line.number} stands behind entry {number}: it has been moved")
            )
        elif line.number == number + 1 and was_well and line.previous != (before.hash if before else NOTHING):
            self._found.findings.append(Finding(where, f"entry {line.number} does not follow what stands before it"))
        self._hashes[line.number] = line.hash
        self._places[line.number] = where
        self._found.count += 1
        if self._found.last is None or line.number > self._found.last.number:
            self._found.last = line

    def _tell_found(self, where: str, line: Line) -> None:
        """Tell what the writer of an entry came across."""
        if (head := line.found.get("head")) is not None:
            lost = ": an earlier trail may have been removed" if line.number == 1 else ""
            what = f"the head was {head} when entry {line.number} was written{lost}"
            self._found.findings.append(Finding(where, what))
        for _ in line.found.get("torn", ()):
            self._found.notes.append(
                Finding(where, f"before entry {line.number} a writer was stopped in the middle of a line")
            )

    def _judge_strange(self) -> None:
        for where, hash_ in self._strange:
            if hash_ not in self._told:
                self._found.findings.append(Finding(where, "this is no entry: it has been changed or put in"))

    def _judge_end(self, head: Head | str, end: str) -> None:
        last = max(self._hashes, default=0)
        count = head.count if isinstance(head, Head) else last
        for first, to in _ranges(sorted(set(range(1, count + 1)) - self._hashes.keys() - self._changed)):
            which = f"entry {first} is" if first == to else f"entries {first} to {to} are"
            if first > last:
                self._found.findings.append(Finding(end, f"{which} missing: the end of the trail has been cut off"))
            else:
                before = next((self._places[n] for n in range(first - 1, 0, -1) if n in self._places), "the beginning")
                self._found.findings.append(Finding(before, f"{which} missing behind this"))
        match head:
            case Head():
                if last > head.count + 1:
                    what = f"it knows of {head.count} entries and there are {last}: it has been put back"
                    self._found.findings.append(Finding("the head", what))
                elif last == head.count + 1:
                    what = f"entry {last} was written by a process that was stopped just then"
                    self._found.notes.append(Finding("the head", what))
                if head.count in self._hashes and self._hashes[head.count] != head.last:
                    what = f"it knows another entry {head.count} than the one that is there"
                    self._found.findings.append(Finding("the head", what))
            case str() as why:
                self._found.findings.append(Finding("the head", f"it is {why}"))


def _texts(segments: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes, bool]]:
    """Yield the lines of all segments: where, what, and whether it is the very end and has no end of its own."""
    parts = list(segments)
    for place, (name, data) in enumerate(parts, 1):
        lines = data.split(b"\n")
        for number, text in enumerate(lines, 1):
            if text:
                yield f"{name}:{number}", text, place == len(parts) and number == len(lines)


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for place, number in enumerate(numbers):
        if place + 1 == len(numbers) or numbers[place + 1] != number + 1:
            yield numbers[start], number
            start = place + 1
