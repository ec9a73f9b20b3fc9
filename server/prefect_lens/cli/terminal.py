"""What a person at a terminal sees of a run: each case as it ends, and of what failed the tree of its runs."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from prefect_lens.cli.report import all_diagnostics, finding, printable, say_how_it_ended
from prefect_lens.engine.run import AwaitsDebugger, CaseFinished, CaseStarted, Collected, Preparing
from prefect_lens.features.results import node_id
from prefect_lens.model import Ending, RunResult, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_prefect_lens.wire import CaseRecord, RunRecord

    from prefect_lens.cli.report import Chosen
    from prefect_lens.engine.run import RunEvent
    from prefect_lens.model import Diagnostic

_SIGNS = {
    "passed": ("✓", "green"),
    "failed": ("✗", "red"),
    "error": ("✗", "red"),
    "skipped": ("-", "yellow"),
    "xfailed": ("✓", "yellow"),
    "xpassed": ("✗", "yellow"),
}
_STATES = {"FAILED": "red", "CRASHED": "red", "CANCELLED": "yellow", "COMPLETED": "green"}


class TerminalReport:
    """See `prefect_lens.cli.report.Report`."""

    def __init__(self, chosen: Chosen) -> None:
        self._chosen = chosen
        self._console = Console(highlight=False, soft_wrap=True)
        self._spinner = Spinner("dots", Text("reading"))
        self._live = Live(self._spinner, console=self._console, transient=True, refresh_per_second=8)
        self._width = 0
        self._total = 0
        self._done = 0
        self._shown: set[Diagnostic] = set()

    def nothing(self, why: str) -> None:
        """See `Report`."""
        print(why)

    def begin(self, problems: Sequence[Diagnostic], known: Sequence[str]) -> None:
        """See `Report`."""
        # Rooms for the parameters that nobody knows yet; a longer name moves its own line alone.
        self._width = min(max((len(name) + 8 for name in known), default=40), max(self._console.width - 14, 20))
        for problem in problems:
            self._console.print(Text(finding(problem)))
        self._live.start()

    def hear(self, event: RunEvent) -> None:
        """See `Report`."""
        match event:
            case Preparing():
                self._say(event.text)
            case Collected():
                self._total += event.total
                self._say("waiting for Prefect")
            case AwaitsDebugger():
                pass  # nobody debugs from here
            case CaseStarted():
                self._say(f"{self._done + 1}/{max(self._total, self._done + 1)}  {node_id(event.test)}")
            case CaseFinished():
                self._done += 1
                for line in self._case(event.case):
                    self._console.print(line)

    def end(self, results: Sequence[RunResult], seconds: float) -> str:
        """See `Report`."""
        self._live.stop()
        for diagnostic in all_diagnostics(results, self._chosen):
            # A diagnostic that several tests share was shown with the first of them.
            if diagnostic.severity is not Severity.HINT and not self._is_shown(diagnostic):
                self._console.print(Text(finding(diagnostic)))
        sys.stdout.flush()
        return say_how_it_ended(results, seconds)

    def _say(self, text: str) -> None:
        room = max(self._console.width - 4, 10)
        self._spinner.update(text=Text(printable(text)[:room], "dim"))

    def _is_shown(self, diagnostic: Diagnostic) -> bool:
        return any(diagnostic.location == shown.location and diagnostic.code == shown.code for shown in self._shown)

    def _case(self, case: CaseRecord) -> Iterator[Text]:
        sign, colour = _SIGNS.get(case.outcome, ("?", "yellow"))
        name = printable(node_id(case.test))
        yield Text.assemble(f"{name:<{self._width}}  ", (sign, colour), (f"  {case.seconds:.2f} s", "dim"))
        if case.outcome not in ("failed", "error"):
            return
        yield from self._tree(case.runs)
        for diagnostic in all_diagnostics([RunResult(Ending.COMPLETE, 0.0, cases=(case,))], self._chosen):
            if diagnostic.severity is not Severity.HINT:
                self._shown.add(diagnostic)
                yield Text.assemble("    ", (finding(diagnostic), "bold"))

    def _tree(self, runs: tuple[RunRecord, ...]) -> Iterator[Text]:
        """One line a run, in the order in which they began, each below the one that started it."""
        known = {run.id for run in runs}
        children: dict[str | None, list[RunRecord]] = {}
        for run in runs:
            children.setdefault(run.parent if run.parent in known else None, []).append(run)

        def lines(parent: str | None, indent: str) -> Iterator[tuple[str, RunRecord]]:
            siblings = children.get(parent, [])
            for number, run in enumerate(siblings):
                last = number == len(siblings) - 1
                branch = "" if parent is None else "└ " if last else "├ "
                yield f"{indent}{branch}", run
                yield from lines(run.id, indent if parent is None else f"{indent}{'  ' if last else '│ '}")

        rows = [(f"{indent}{run.kind} {printable(run.name)}", run) for indent, run in lines(None, "  ")]
        width = max((len(name) for name, _ in rows), default=0)
        for name, run in rows:
            yield _run(f"{name:<{width + 4}}", run)


def _run(name: str, run: RunRecord) -> Text:
    if not run.states:
        return Text(name.rstrip())
    final, first = run.states[-1], run.states[0]
    took = final.time - first.time
    return Text.assemble(
        name,
        (f"{printable(final.name):<10}", _STATES.get(final.type, "yellow")),
        (f" {f'{took * 1000:.0f} ms' if took < 1 else f'{took:.2f} s':>7}", "dim"),
        (f"  {_on_the_way(run)}".rstrip(), "dim"),
    )


def _on_the_way(run: RunRecord) -> str:
    """What a run went through that is out of the ordinary, and how often."""
    names = Counter(state.name for state in run.states[:-1] if state.name not in {"Scheduled", "Pending", "Running"})
    if "AwaitingRetry" in names:
        del names["Retrying"]  # that is what a run that awaited its retry does next
    return ", ".join(f"{printable(name)} \N{MULTIPLICATION SIGN}{count}" for name, count in names.items())
