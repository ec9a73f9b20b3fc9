"""Short ways to the values that features are functions of."""

from __future__ import annotations

from prefect_lens.features.view import View
from prefect_lens.index.facts import read_facts
from prefect_lens.index.snapshot import Snapshot
from prefect_lens.model import Ending, RunResult
from pytest_prefect_lens.wire import CaseRecord, ExceptionRecord, Failure, RunRecord, TestId


def snapshot(text: str) -> Snapshot:
    """Return the index of files that are given as one text, each behind a line `#- path`."""
    files = dict(part.split("\n", 1) for part in text.split("#- ")[1:])
    python = {path.strip(): read_facts(body) for path, body in files.items() if path.strip().endswith(".py")}
    configs = {path.strip(): body for path, body in files.items() if not path.strip().endswith(".py")}
    return Snapshot.empty().update(python, configs)


def view(text: str, **more) -> View:
    return View(snapshot(text), **more)


def ident(node: str) -> TestId:
    path, _, rest = node.partition("::")
    name, bracket, params = rest.partition("[")
    return TestId(path, tuple(name.split("::")), params[:-1] if bracket else None)


def case(node: str, outcome: str = "passed", seconds: float = 0.1, ran: tuple[tuple[str, str], ...] = ()) -> CaseRecord:
    """Return a finished case; `ran` has the files and qualified names of the flows and tasks that ran in it."""
    failures = ()
    if outcome in ("failed", "error"):
        phase = "call" if outcome == "failed" else "setup"
        failures = (Failure(phase, ExceptionRecord("AssertionError", "no"), f"{node} is wrong"),)
    runs = tuple(
        RunRecord(
            f"{n}",
            "task",
            name,
            name,
            run_name_set=False,
            path=path,
            line=1,
            qualname=name,
            parent=None,
            called_at=None,
            attempt=1,
            max_attempts=1,
            states=(),
        )
        for n, (path, name) in enumerate(ran)
    )
    return CaseRecord(ident(node), outcome, seconds, runs, failures)


def run(*cases: CaseRecord, ending: Ending = Ending.COMPLETE, **more) -> RunResult:
    return RunResult(ending, 1.0, cases=cases, **more)
