"""What a run tells, less what is new each time: in that, two runs of the same tests are equal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect_lens.model import RunResult
    from pytest_prefect_lens.wire import CaseRecord, ExceptionRecord, RunRecord

Told = dict[str, tuple[str, ...]]
"""What was told of each test, and of the run as a whole, as lines of text."""

_NEW_EACH_TIME = (
    (r"prefect-lens-run-\w+", "<run>"),
    (r"pytest-of-\w+/pytest-\d+", "<tmp_path>"),
    (r"\btmp[\w]{8}\b", "<tmp>"),
    (r"\b[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\b", "<uuid>"),
    (r"\b0x[0-9a-f]+\b|\b[0-9a-f]{12}\b", "<address>"),
    (r"127\.0\.0\.1:\d+/[\w-]+|localhost:\d+", "<api>"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.+:Z]*", "<time>"),
    (r"datetime\.datetime\([^)]*\)", "<time>"),
    (r"\b\d+\.\d+(?: ?(?:s|seconds?))?\b", "<number>"),
)


def told(result: RunResult) -> Told:
    """Return what a run tells of each test, by its node ID, and of itself, by an empty one."""
    own: dict[str, str] = {}  # each run's random name, and the name of what ran
    for case in result.cases:
        own |= {run.run_name: f"<{run.name}>" for run in case.runs if not run.run_name_set}
    of: Told = {
        "": (
            f"{result.ending} {[trouble.code for trouble in result.trouble]}",
            *(f"missing {test}" for test in result.missing),
            *(f"not collected {_clean(repr(error), own)}" for error in result.collect_errors),
        )
    }
    for case in result.cases:
        params = "" if case.test.params is None else f"[{case.test.params}]"
        node = "::".join((case.test.path, *case.test.names)) + params
        of[_clean(node, own)] = tuple(_clean(line, own) for line in _case(case))
    return of


def differences(one: Mapping[str, tuple[str, ...]], other: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the lines that only one of two runs has, marked as a diff marks them."""
    found: list[str] = []
    for node in sorted({*one, *other}):
        mine, theirs = one.get(node, ("did not run",)), other.get(node, ("did not run",))
        for mark, lines, others in (("-", mine, theirs), ("+", theirs, mine)):
            found += [f"{mark} {node}: {line}" for line in lines if line not in others]
        if sorted(mine) != sorted(theirs) and set(mine) == set(theirs):
            found.append(f"! {node}: the same lines, another number of times")
    return found


def _case(case: CaseRecord) -> list[str]:
    return [
        f"{case.outcome} {case.note or ''}".strip(),
        *(f"{failure.phase}: {_exception(failure.exception)}" for failure in case.failures),
        # Prefect's threads write when they come to it: what they do between two tests falls to the one or the other.
        *(f"captured: {title}" for title, _ in case.sections if title.endswith(" call")),
        *sorted(_run(run, {other.id: other for other in case.runs}) for run in case.runs),
    ]


def _run(run: RunRecord, runs: Mapping[str, RunRecord]) -> str:
    states = "; ".join(f"{s.type} {s.name} {s.message or ''} {_exception(s.exception)}" for s in run.states)
    parent = runs[run.parent].name if run.parent in runs else None
    where = f"{run.path}:{run.line}:{run.column} {run.qualname}"
    called = None if run.called_at is None else f"{run.called_at.path}:{run.called_at.line}:{run.called_at.column}"
    named = run.run_name if run.run_name_set else ""
    attempts = f"{run.attempt} of {run.max_attempts}"
    return f"{run.kind} {run.name} {named} at {where} in {parent}, from {called}, {attempts}: {states}"


def _exception(record: ExceptionRecord | None) -> str:
    if record is None:
        return ""
    frames = " ".join(f"{frame.path}:{frame.line}:{frame.column} {frame.function}" for frame in record.frames)
    cause = f" caused by {_exception(record.cause)}" if record.cause is not None else ""
    return f"{record.type}({record.message}) at {frames}{cause}"


def _clean(text: str, own: Mapping[str, str]) -> str:
    for name in sorted(own, key=len, reverse=True):
        text = text.replace(name, own[name])
    for pattern, instead in _NEW_EACH_TIME:
        text = re.sub(pattern, instead, text)
    return text
