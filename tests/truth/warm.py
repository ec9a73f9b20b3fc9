# ruff: noqa: T201  it is a command
"""Holds warm runs against cold ones: `python tests/truth/warm.py PROJECT [--python PATH] [FILE …] [-- OPTION …]`.

Runs the project's tests cold, warm twice, and cold again. What differs between the cold runs is no matter of ours; what
a warm run tells that neither cold one does is printed, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "server"), str(ROOT)]

from prefect_lens.engine.cold import ColdWorkers  # noqa: E402
from prefect_lens.engine.interpreter import find_interpreter  # noqa: E402
from prefect_lens.engine.run import RunRequest, run_tests  # noqa: E402
from prefect_lens.engine.warm import WarmWorkers  # noqa: E402
from prefect_lens.model import Interpreter, RunResult  # noqa: E402

from tests.engine.telling import Told, differences, told  # noqa: E402


async def main() -> int:
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=lambda text: Path(text).resolve())
    parser.add_argument("--python", default=os.environ.get("PREFECT_LENS_TEST_PYTHON", sys.executable))
    own, _, pytest_args = _split(sys.argv[1:])
    asked, files = parser.parse_known_args(own)
    logging.basicConfig(level=logging.INFO, format="  %(name)s: %(message)s")
    python = find_interpreter(asked.project, ".", setting=asked.python, environ={})
    assert isinstance(python, Interpreter), python
    request = RunRequest(asked.project, ".", python, files=tuple(files), pytest_args=tuple(pytest_args))
    cold, warm = ColdWorkers(), WarmWorkers()
    try:
        runs: list[tuple[str, Told]] = []
        for kind in ("cold", "warm", "warm", "cold"):
            if kind == "warm":
                warm.prepare(python, asked.project, ".")
                (kept,) = warm._warm.values()
                await asyncio.wait((kept._spare, kept._living), return_when=asyncio.FIRST_COMPLETED)
            began = time.monotonic()
            result = await run_tests(request, cold if kind == "cold" else warm, lambda _: None)
            runs.append((kind, told(result)))
            print(f"{kind}: {_summary(result)}, {time.monotonic() - began:.1f} s", flush=True)
    finally:
        await warm.close()
    return _compare(runs)


def _compare(runs: list[tuple[str, Told]]) -> int:
    colds = [of for kind, of in runs if kind == "cold"]
    unsteady = {line.split(": ", 1)[0][2:] for line in differences(*colds)}
    found = dict.fromkeys(
        line
        for kind, of in runs
        if kind == "warm"
        for line in differences(colds[0], of)
        if line.split(": ", 1)[0][2:] not in unsteady
    )
    for line in differences(*colds):
        print("cold runs differ:", line[:1500])
    for line in found:
        print(line[:1500])
    print(
        f"{len(unsteady)} tests differ between cold runs; {len(dict.fromkeys(found))} lines between cold and warm ones"
    )
    return 1 if found else 0


def _summary(result: RunResult) -> str:
    counts: dict[str, int] = {}
    for case in result.cases:
        counts[case.outcome] = counts.get(case.outcome, 0) + 1
    runs = sum(len(case.runs) for case in result.cases)
    trouble = "".join(f", {one.code} {one.what}" for one in result.trouble)
    return f"{result.ending.value}, {counts}, {runs} runs{trouble}"


def _split(arguments: list[str]) -> tuple[list[str], str, list[str]]:
    if "--" not in arguments:
        return arguments, "", []
    place = arguments.index("--")
    return arguments[:place], "--", arguments[place + 1 :]


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
