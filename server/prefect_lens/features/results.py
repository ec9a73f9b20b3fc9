"""What the latest runs said about each test, as a value that outlives single runs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from prefect_lens.features import counts
from prefect_lens.features.diagnostics import diagnostics
from prefect_lens.model import Diagnostic, Ending, RunResult, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from pytest_prefect_lens.wire import CaseRecord, CollectError, TestId

Place = tuple[str, str]
"""A piece of code: a file, and the qualified name in it."""


def node_id(test: TestId) -> str:
    """Return the node ID of a case, with its parameters."""
    return function_id(test) + (f"[{test.params}]" if test.params is not None else "")


def function_id(test: TestId) -> str:
    """Return the node ID of a case's test function."""
    return "::".join((test.path, *test.names))


@dataclass(frozen=True)
class TestResult:
    """What the latest run said about one test function."""

    __test__ = False

    cases: tuple[CaseRecord, ...]

    @cached_property
    def outcome(self) -> str:
        """The worst of its cases."""
        return counts.worst(case.outcome for case in self.cases)

    @property
    def seconds(self) -> float:
        """The time of all its cases."""
        return sum(case.seconds for case in self.cases)


@dataclass(frozen=True)
class Batch:
    """Cases whose lines were true for the same texts."""

    cases: tuple[CaseRecord, ...]
    collect_errors: tuple[CollectError, ...] = ()
    missing: tuple[TestId, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    """Troubles of the machinery that have a line to blame."""
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """The files that its diagnostics point into, as they were when it ran."""
    code: Mapping[Place, str] = field(default_factory=dict[Place, str])
    """Hashes of the code that ran, and of the tests, as they were when it ran."""

    @property
    def as_run(self) -> RunResult:
        """The batch, as one run would have told it."""
        return RunResult(
            Ending.BROKEN if self.troubles else Ending.COMPLETE,
            0.0,
            cases=self.cases,
            collect_errors=self.collect_errors,
            missing=self.missing,
            trouble=self.troubles,
        )

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What a person sees of it, at the lines of `texts`."""
        return diagnostics(self.as_run)

    @property
    def is_empty(self) -> bool:
        """Whether newer runs have replaced all that it said."""
        return not (self.cases or self.collect_errors or self.missing or self.troubles)


@dataclass(frozen=True)
class Results:
    """The latest word on every test of a workspace folder."""

    batches: tuple[Batch, ...] = ()
    troubles: Mapping[str, Trouble] = field(default_factory=dict[str, Trouble])
    """By the node ID of each test function that could not be run: why."""
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """By the node ID of each test function of it: what its last run wrote beside the tests' captured output."""

    @cached_property
    def tests(self) -> Mapping[str, TestResult]:
        """The result of each test function, by its node ID."""
        cases: dict[str, list[CaseRecord]] = {}
        for batch in self.batches:
            for case in batch.cases:
                cases.setdefault(function_id(case.test), []).append(case)
        return {function: TestResult(tuple(found)) for function, found in cases.items()}

    @cached_property
    def collect_errors(self) -> Mapping[str, CollectError]:
        """The files that could not be collected."""
        return {error.path: error for batch in self.batches for error in batch.collect_errors}

    @property
    def failed(self) -> tuple[str, ...]:
        """Node IDs of the test functions that failed or could not be run, for `run the failed`."""
        bad = [function for function, result in self.tests.items() if result.outcome in counts.BAD]
        return (*bad, *(function for function in self.troubles if function not in self.tests))


def record(
    results: Results, run: RunResult, whole: AbstractSet[str], texts: Mapping[str, str], code: Mapping[Place, str]
) -> Results:
    """Return the results with those of a run, which replace what earlier runs said about the same tests.

    Args:
        results: what was known.
        run: what the run told.
        whole: node IDs of the test functions that it was to run with all their parameters.
        texts: the files that the run's diagnostics point into, as they were when it ran.
        code: hashes of the code that ran.
    """
    cases = {node_id(case.test) for case in run.cases}
    finished = {function_id(case.test) for case in run.cases}
    asked_files = {function.partition("::")[0] for function in whole | finished}
    # A function of which every case was asked for is replaced as a whole: its parameters may have changed. One that
    # was asked for and not heard of says nothing any more, unless the user stopped the run before its turn.
    silent = whole - finished if run.ending is not Ending.CANCELLED else set[str]()
    gone = {function_id(test) for test in run.missing}
    uncollected = {error.path for error in run.collect_errors}

    def superseded(test: TestId) -> bool:
        function = function_id(test)
        if function in gone or test.path in uncollected or function in silent:
            return True
        if function in finished and function in whole and run.ending is Ending.COMPLETE:
            return True
        return node_id(test) in cases

    batches: list[Batch] = []
    new = Batch(
        run.cases, run.collect_errors, run.missing, tuple(t for t in run.trouble if t.location is not None), texts, code
    )
    for old in results.batches:
        kept = dataclasses.replace(
            old,
            cases=tuple(case for case in old.cases if not superseded(case.test)),
            collect_errors=tuple(error for error in old.collect_errors if error.path not in asked_files | uncollected),
            missing=tuple(test for test in old.missing if not superseded(test) and function_id(test) not in whole),
            troubles=(),
        )
        if kept.is_empty:
            continue
        if _same(kept.texts, texts) and _same(kept.code, code):
            new = _joined(kept, new)
        else:
            batches.append(kept)
    if not new.is_empty:
        batches.append(new)

    troubles = {function: trouble for function, trouble in results.troubles.items() if function not in whole | finished}
    if run.ending is Ending.BROKEN and run.trouble:
        troubles |= dict.fromkeys(sorted(silent), run.trouble[0])
    outputs = {**results.outputs, **dict.fromkeys(whole | finished, run.output)}
    return Results(tuple(batches), troubles, outputs)


def forget(results: Results, functions: Iterable[str]) -> Results:
    """Return the results without those of some test functions, which are no longer there."""
    lost = frozenset(functions)
    if not lost & (results.tests.keys() | results.troubles.keys()):
        return results
    batches = tuple(
        dataclasses.replace(batch, cases=tuple(c for c in batch.cases if function_id(c.test) not in lost))
        for batch in results.batches
    )
    return Results(
        tuple(batch for batch in batches if not batch.is_empty),
        {function: trouble for function, trouble in results.troubles.items() if function not in lost},
        {function: output for function, output in results.outputs.items() if function not in lost},
    )


def _same(one: Mapping[Any, str], other: Mapping[Any, str]) -> bool:
    return all(other.get(key, value) == value for key, value in one.items())


def _joined(old: Batch, new: Batch) -> Batch:
    return Batch(
        old.cases + new.cases,
        old.collect_errors + new.collect_errors,
        old.missing + new.missing,
        new.troubles,
        {**old.texts, **new.texts},
        {**old.code, **new.code},
    )
