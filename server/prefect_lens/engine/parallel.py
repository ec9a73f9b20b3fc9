"""A run over several processes: by pytest-xdist where the project has it, else by its files over workers of their own.

pytest-xdist is known to the plugins that gather something over all tests, as a report of coverage, and to tests that
share something with other processes. Each worker of ours has an API of its own, so that a test harness costs it
nothing; in a worker of xdist the first harness starts one.
A file is never divided: what it shares is made once.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from prefect_lens.engine.folders import run_folder
from prefect_lens.engine.run import Collected, Preparing, RunEvent, run_tests
from prefect_lens.model import Ending, RunResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prefect_lens.engine.request import RunRequest
    from prefect_lens.engine.workers import WorkerSource
    from prefect_lens.model import Interpreter

_T = TypeVar("_T")

EVERY_CORE = 0
"""What stands for as many processes as there are cores: `auto`."""

SECONDS_EACH = 3.0
"""How much work a process must save to be worth its start, where nobody has asked for it for this very run."""

_USUAL = 0.3
"""Seconds that a test counts for of which no time is known."""

_SHARED_ALREADY = ("-n", "--numprocesses", "--dist", "--tx", "--pdb", "--trace", "--sw", "--stepwise", "--sw-skip")
"""With these of pytest's options a run is spread already, or cannot be."""

_OF_THE_WHOLE = (
    *("--cov", "--junitxml", "--junit-xml", "--prefect-report", "--report-log", "--html", "--basetemp"),
    *("--lf", "--last-failed", "--ff", "--failed-first", "--nf", "--new-first", "-x", "--exitfirst", "--maxfail"),
)
"""These tell something of all tests, or go by it, and only xdist sees to that. `--cov` is `--cov-report`, too."""


def processes(
    wanted: int,
    seconds: float,
    interpreter: Interpreter,
    options: Sequence[str],
    environ: Mapping[str, str] = os.environ,
) -> int:
    """Return over how many processes a run may be spread.

    Args:
        wanted: how many are allowed, or `EVERY_CORE`.
        seconds: how long its tests take in one process; infinite where that does not matter.
        interpreter: has xdist or not.
        options: pytest's, from its configuration and from ours.
        environ: may hold more of them.
    """
    given = {*options, *_words(environ.get("PYTEST_ADDOPTS", ""))}
    against = _SHARED_ALREADY if _has_xdist(interpreter) else (*_SHARED_ALREADY, *_OF_THE_WHOLE)
    if any(_is_given(option, word) for word in given for option in against):
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min(wanted if wanted != EVERY_CORE else cores, seconds / SECONDS_EACH)))


def weights(node_ids: Iterable[str], seconds: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Return how long each file takes of which there are tests: by the last time of each, where that is known."""
    found: dict[str, float] = {}
    for node in node_ids:
        file = node.partition("::")[0]
        found[file] = found.get(file, 0.0) + seconds.get(node, _USUAL)
    return tuple(found.items())


async def run(
    request: RunRequest,
    workers: WorkerSource,
    on_event: Callable[[RunEvent], None],
    cancel: asyncio.Event | None = None,
) -> RunResult:
    """Run a request as `run_tests` does, over so many processes as it allows: one progress, one end, one result."""
    if request.processes > 1 and _has_xdist(request.interpreter):
        spread = ("-n", str(request.processes), "--dist", "loadfile")
        return await run_tests(replace(request, pytest_args=(*request.pytest_args, *spread)), workers, on_event, cancel)
    shares = _shares(request)
    if len(shares) < 2:
        return await run_tests(request, workers, on_event, cancel)
    began = time.monotonic()
    together = _Together(len(shares), on_event)
    with run_folder() as (home, _):

        async def one(number: int, share: RunRequest) -> RunResult:
            # pytest keeps what failed in one file, and would write it from all of them.
            options = (*share.pytest_args, "-o", f"cache_dir={home / f'cache-{number}'}")
            result = await run_tests(
                replace(share, pytest_args=options), workers, lambda event: together.hear(number, event), cancel
            )
            together.ended(number)
            return result

        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one(number, share)) for number, share in enumerate(shares)]
    return _merged(request, [task.result() for task in running], time.monotonic() - began)


def _shares(request: RunRequest) -> list[RunRequest]:
    """Return what each process gets: the files that take longest are given first, each to who has least to do."""
    takes = dict(request.known)
    named = dict.fromkeys((*request.files, *(test.path for test in request.tests)))
    files = list(named or takes)
    count = min(request.processes, len(files))
    if count < 2:
        return [request]
    shares: list[list[str]] = [[] for _ in range(count)]
    loads = [0.0] * count
    for file in sorted(files, key=lambda file: -takes.get(file, _USUAL)):
        least = loads.index(min(loads))
        shares[least].append(file)
        loads[least] += takes.get(file, _USUAL)
    if named:
        return [
            replace(
                request,
                tests=tuple(test for test in request.tests if test.path in share),
                files=tuple(file for file in request.files if file in share),
            )
            for share in shares
        ]
    # Everything that pytest finds is more than the index knows: the first has all that the others have not.
    elsewhere = [f"--ignore={request.folder / file}" for share in shares[1:] for file in share]
    first = replace(request, pytest_args=(*request.pytest_args, *elsewhere))
    return [first, *(replace(request, files=tuple(share)) for share in shares[1:])]


class _Together:
    """Tells what several processes say as one would."""

    def __init__(self, count: int, on_event: Callable[[RunEvent], None]) -> None:
        self._on_event = on_event
        self._totals: list[int | None] = [None] * count
        self._said: set[str] = set()
        self._has_counted = False

    def hear(self, number: int, event: RunEvent) -> None:
        match event:
            case Preparing() if event.text in self._said:
                pass
            case Preparing():
                self._said.add(event.text)
                self._on_event(event)
            case Collected():
                self._count(number, event.total)
            case _:
                self._on_event(event)

    def ended(self, number: int) -> None:
        if self._totals[number] is None:
            self._count(number, 0)

    def _count(self, number: int, total: int) -> None:
        self._totals[number] = total
        known = [one for one in self._totals if one is not None]
        if len(known) == len(self._totals) and not self._has_counted:
            self._has_counted = True
            self._on_event(Collected(sum(known)))


def _merged(request: RunRequest, results: Sequence[RunResult], seconds: float) -> RunResult:
    """Return what one process would have told: the files in their order, what several say once."""
    named = dict.fromkeys((*(test.path for test in request.tests), *request.files))
    order = {file: place for place, file in enumerate(named or sorted(file for file, _ in request.known))}
    endings = {result.ending for result in results}
    return RunResult(
        next(one for one in (Ending.BROKEN, Ending.CANCELLED, Ending.COMPLETE) if one in endings),
        seconds,
        asked=request.tests,
        cases=tuple(
            sorted(
                (case for result in results for case in result.cases),
                key=lambda case: order.get(case.test.path, len(order)),
            )
        ),
        collect_errors=_once(error for result in results for error in result.collect_errors),
        missing=_once(test for result in results for test in result.missing),
        deselected=_once(test for result in results for test in result.deselected),
        trouble=_once(trouble for result in results for trouble in result.trouble),
        output="\n".join(result.output.rstrip() for result in results if result.output.strip()),
        versions=next((one.versions for one in results if one.versions[0] is not None), results[0].versions),
        variables=results[0].variables,
    )


def _once(found: Iterable[_T]) -> tuple[_T, ...]:
    """Return what was found, each once."""
    return tuple(dict.fromkeys(found))


def _has_xdist(interpreter: Interpreter) -> bool:
    return any(next(Path(site).glob("pytest_xdist-*"), None) is not None for site in interpreter.site_packages)


def _is_given(option: str, word: str) -> bool:
    """Whether a word of a command line is the option, with or without its value, or among other letters."""
    if option == "-x":
        return re.fullmatch(r"-[qvsl]*x[qvslx]*", word) is not None
    if option == "-n":
        return re.fullmatch(r"-n(\d*|auto|logical)", word) is not None
    return word == option or word.startswith((f"{option}=", "--cov-") if option == "--cov" else f"{option}=")


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
