"""`prefect-lens test`: run the tests of flows, tasks, files or folders, and print what failed at its line."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import sys
import time
from argparse import ArgumentTypeError, BooleanOptionalAction
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from prefect_lens.engine.request import RunRequest
from prefect_lens.model import Ending, RunResult, Trouble

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from prefect_lens.cli.report import Report
    from prefect_lens.cli.targets import Part
    from prefect_lens.index.environment import Environment
    from prefect_lens.index.settings import Settings
    from prefect_lens.index.snapshot import Snapshot

PASSED, FAILED, COULD_NOT_RUN, NOTHING, CANCELLED = 0, 1, 2, 5, 130
_STATUS = {"passed": PASSED, "failed": FAILED, "broken": COULD_NOT_RUN, "nothing": NOTHING, "cancelled": CANCELLED}

_CONFIGURATION = frozenset({"PL502", "PL503", "PL504", "PL507"})
"""The problems of the index that a run has to mention: mistakes in what configures it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    options = "[-h] [--json] [--interpreter PATH] [--profile NAME] [--parallel N] [--allow] [--audit]"
    parser.usage = f"prefect-lens test {options} [TARGET ...] [-- PYTEST ARGUMENTS]"
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="a flow or task (flows/etl.py:etl), a file, a folder or a test's node ID (default: every test)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--interpreter",
        metavar="PATH",
        help="the Python that runs the tests, or its environment's folder (default: found by itself)",
    )
    parser.add_argument("--profile", metavar="NAME", help="the environment's profile (default: none)")
    parser.add_argument(
        "--parallel",
        type=_processes,
        metavar="N",
        help="over how many processes to run the test files, or auto (default: as [tool.prefect-lens] says, else 1)",
    )
    parser.add_argument("--allow", action="store_true", help="allow what the environment needs, for this call")
    parser.add_argument(
        "--audit",
        action=BooleanOptionalAction,
        help="write the run into the audit trail (default: as [tool.prefect-lens] says, else not)",
    )
    parser.epilog = "Exit status: 0 all well, 1 something failed, 2 could not run, 5 no test to run, 130 cancelled."


def run(arguments: argparse.Namespace) -> int:
    """Run the tests that the arguments name, in the working folder."""
    from prefect_lens import workspace  # noqa: PLC0415  --help needs none of it
    from prefect_lens.cli.report import report_for  # noqa: PLC0415
    from prefect_lens.cli.targets import UnknownTarget, choose  # noqa: PLC0415
    from prefect_lens.facts_cache import FactsCache  # noqa: PLC0415
    from prefect_lens.features.observing import observations  # noqa: PLC0415
    from prefect_lens.observations import Observations, Unchanged  # noqa: PLC0415

    folder = Path.cwd()
    cache = FactsCache(folder)
    unchanged, kept = Unchanged(folder, time.time()), Observations(folder)
    snapshot = workspace.load_all(folder, cache=cache).snapshot.observing(kept.load())
    cache.save(snapshot.resolved())
    report = report_for(lambda path: dict(snapshot.project_of(path).settings.severity), as_json=arguments.json)
    chosen = choose(snapshot, folder, arguments.targets) if snapshot.uses_prefect else None
    if isinstance(chosen, UnknownTarget):
        near = f" Did you mean {' or '.join(chosen.nearest)}?" if chosen.nearest else ""
        print(f"prefect-lens test: nothing here is called {chosen.target}.{near}", file=sys.stderr)
        return COULD_NOT_RUN
    if not chosen:
        report.nothing(_why_nothing(snapshot, folder, arguments.targets))
        return NOTHING
    report.begin(
        [problem for problem in snapshot.problems() if problem.code in _CONFIGURATION],
        [id_ for part in chosen for id_ in part.known],
    )
    began = time.monotonic()
    try:
        results = asyncio.run(_run_all(folder, chosen, arguments, snapshot, report))
    except (KeyboardInterrupt, asyncio.CancelledError):  # a second Ctrl-C, or a system that cannot tell us of the first
        return CANCELLED
    status = _STATUS[report.end(results, time.monotonic() - began)]
    whole = frozenset(id_ for part in chosen for id_ in part.whole)
    for result in results:
        kept.add(observations(snapshot, result, whole, unchanged))
    return status


def _why_nothing(snapshot: Snapshot, folder: Path, targets: list[str]) -> str:
    if not snapshot.uses_prefect:
        return f"Nothing in {folder} uses Prefect: no Python file names it."
    return f"No test reaches {', '.join(targets)}." if targets else f"There is no test in {folder}."


async def _run_all(
    folder: Path, parts: Sequence[Part], arguments: argparse.Namespace, snapshot: Snapshot, report: Report
) -> list[RunResult]:
    """Run the parts, one project after another; Ctrl-C ends the one that goes on, and drops the rest."""
    from prefect_lens.audit.auditor import Auditor  # noqa: PLC0415
    from prefect_lens.audit.facts import NotBegun  # noqa: PLC0415
    from prefect_lens.audit.places import Places  # noqa: PLC0415
    from prefect_lens.audit.trigger import trigger  # noqa: PLC0415
    from prefect_lens.cli.person import CommandPerson  # noqa: PLC0415
    from prefect_lens.engine import parallel  # noqa: PLC0415
    from prefect_lens.engine.cold import ColdWorkers  # noqa: PLC0415
    from prefect_lens.engine.folders import state_folder  # noqa: PLC0415
    from prefect_lens.environment.choosing import chosen  # noqa: PLC0415
    from prefect_lens.environment.giving import Cancelled, Given, Giver, Refused  # noqa: PLC0415
    from prefect_lens.environment.resolving import Vault  # noqa: PLC0415

    cancel = asyncio.Event()
    _cancel_on_signals(cancel)
    workers = ColdWorkers()
    giver = Giver(Vault(os.environ, state_folder()), CommandPerson(arguments.profile, allow=arguments.allow))
    auditor = Auditor(Places.of(os.environ), trigger("command", os.environ), os.environ, _warn)
    results: list[RunResult] = []

    def not_begun(part: Part, ending: Ending, trouble: tuple[Trouble, ...], *, is_audited: bool) -> None:
        results.append(RunResult(ending, 0.0, asked=part.tests, trouble=trouble))
        if is_audited:
            why = tuple(one.code for one in trouble)
            auditor.refused(NotBegun(why, folder, part.project, part.tests, part.files))

    for part in parts:
        if cancel.is_set():
            break
        is_audited = part.settings.audit if arguments.audit is None else arguments.audit
        request = _request(folder, part, arguments)
        if isinstance(request, Trouble):
            not_begun(part, Ending.BROKEN, (request,), is_audited=is_audited)
            continue

        def choose(asked: str | None, settings: Settings = part.settings) -> Environment | Trouble | None:
            return chosen(settings, asked or arguments.profile)

        match await giver.give(snapshot, choose, request, report.hear, cancel):
            case Given(requests, notes):
                for note in notes:
                    _warn(f"prefect-lens test: {note}")
                for one in requests:
                    if cancel.is_set():
                        break
                    watched = auditor.began(one) if is_audited else None
                    result = await parallel.run(one, workers, report.hear, cancel)
                    results.append(result)
                    if watched is not None:
                        auditor.ended(watched, result)
            case Refused(troubles):
                not_begun(part, Ending.BROKEN, troubles, is_audited=is_audited)
            case Cancelled():
                not_begun(part, Ending.CANCELLED, (), is_audited=is_audited)
    await auditor.close()
    return results


def _warn(text: str) -> None:
    print(text, file=sys.stderr)


def _request(folder: Path, part: Part, arguments: argparse.Namespace) -> RunRequest | Trouble:
    from prefect_lens.engine.interpreter import find_interpreter  # noqa: PLC0415

    found = find_interpreter(
        folder,
        part.project,
        setting=arguments.interpreter,
        setting_name="--interpreter",
        configured=part.settings.interpreter,
        environ=os.environ,
    )
    if isinstance(found, Trouble):
        # The editor's setting is none here; what does the same for everybody stands in the project.
        cure = (found.cure or "").replace("prefectLens.interpreter", "interpreter in [tool.prefect-lens]")
        return replace(found, cure=cure or None)
    options = (*part.settings.pytest_args, *arguments.pytest_args)
    request = RunRequest(folder, part.project, found, part.tests, part.files, options, part.settings.skip_retry_delays)
    return _spread(request, part, arguments.parallel)


def _spread(request: RunRequest, part: Part, asked: int | None) -> RunRequest:
    """Return a request that is spread over so many processes: those asked for, else those that its project allows."""
    from prefect_lens.engine import parallel  # noqa: PLC0415

    wanted = asked if asked is not None else part.settings.parallel
    if wanted == 1:
        return request
    known = parallel.weights(part.known, {})
    seconds = math.inf if asked is not None else sum(takes for _, takes in known)
    options = (*part.options, *request.pytest_args)
    count = parallel.processes(wanted, seconds, request.interpreter, options)
    if asked is not None and count == 1:
        _warn(
            "prefect-lens test: an option of pytest, in its configuration or behind --, keeps the tests in one process."
        )
    return replace(request, processes=count, known=known)


def _processes(text: str) -> int:
    from prefect_lens.index.settings import read_parallel  # noqa: PLC0415

    try:
        return read_parallel(int(text) if text.isdecimal() else text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def _cancel_on_signals(cancel: asyncio.Event) -> None:
    """Let the first signal cancel the run and the next one end us; the guard then ends the rest."""
    loop = asyncio.get_running_loop()
    main = asyncio.current_task()
    assert main is not None

    def stop() -> None:
        if cancel.is_set():
            main.cancel()
        cancel.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        try:
            loop.add_signal_handler(getattr(signal, name), stop)
        except (AttributeError, NotImplementedError):
            return  # Windows: asyncio turns Ctrl-C into the cancelling of this task
