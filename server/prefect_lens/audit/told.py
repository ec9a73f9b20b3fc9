"""What a process that runs tests tells of its runs, written down by this one, which alone has the key.

Plain pytest starts `prefect-lens audit append` before its first test and tells it on standard input, a line of JSON
each time; each answer is a line, too: the number of the entry, or why there is none. Who, when and which code is found
out here. What the tests did is the other process' word, and is marked as that.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from prefect_lens.audit import facts
from prefect_lens.audit.repository import code_of
from prefect_lens.audit.trail import append, key_of
from prefect_lens.audit.trigger import trigger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect_lens.audit.places import Places

_MARK = {"told by": "the process that ran the tests"}


def write_what_is_told(places: Places, environ: Mapping[str, str], told: IO[bytes], answers: IO[str]) -> int:
    """Write each line that is told, until there is none; return 0, or 2 where one could not be written."""
    status = 0
    for line in told:
        try:
            number = append(places, _entry(places, environ, cast("dict[str, Any]", json.loads(line))))
            print(json.dumps({"entry": number}), file=answers, flush=True)
        except (OSError, ValueError, KeyError, TypeError) as error:
            status = 2
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers, flush=True)
    return status


def _entry(places: Places, environ: Mapping[str, str], told: dict[str, Any]) -> dict[str, Any]:
    run = str(told["run"])
    if told["what"] == facts.ENDED:
        return {**told, **_MARK}
    key = key_of(places)
    folder = Path(told["folder"])
    return {
        **_MARK,
        "what": facts.STARTED,
        "run": run,
        "by": trigger("pytest", environ).facts(),
        "folder": str(folder),
        "project": ".",
        "tests": [str(test) for test in told["tests"]],
        "files": [],
        "interpreter": told["interpreter"],
        "code": code_of(folder, key),
        "environment": facts.inherited_environment(environ, key),
    }
