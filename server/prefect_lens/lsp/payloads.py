"""What our own notifications and answers carry, as JSON: the tables of docs/protocol.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect_lens.features import status as st
from prefect_lens.features.results import function_id, node_id
from prefect_lens.model import Definition, Interpreter, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_prefect_lens.wire import CaseRecord

    from prefect_lens.features.standing import Standing
    from prefect_lens.features.summary import Summary
    from prefect_lens.features.view import View

Json = dict[str, Any]

BAD = frozenset({"failed", "error"})


def trouble(value: Trouble | None) -> Json | None:
    """A failure of the machinery."""
    if value is None:
        return None
    return {"code": value.code, "what": value.what, "cure": value.cure, "cureIsCommand": value.cure_is_command}


def summary(run: str, value: Summary) -> Json:
    """How a run ended."""
    return {
        "run": run,
        "ending": value.ending.name.lower(),
        "outcome": value.outcome,
        "seconds": round(value.seconds, 3),
        "counts": dict(value.counts),
        "message": value.message,
        "results": [
            {"node_id": node, "outcome": word, "seconds": round(time, 4)} for node, word, time in value.results
        ],
        "trouble": trouble(value.trouble),
    }


def standing(value: Standing, to_uri: Callable[[str], str]) -> Json:
    """How the server stands."""
    found: Json = {
        "state": value.state,
        "text": value.text,
        "folders": [
            {
                "folder": to_uri(folder.folder),
                "projects": [
                    {**project(one.root, one.interpreter), "profiles": list(one.profiles), "profile": one.profile}
                    for one in folder.projects
                ],
            }
            for folder in value.folders
        ],
    }
    if value.done is not None:
        found |= {"done": value.done, "total": value.total}
    return found


def project(root: str, interpreter: Interpreter | Trouble) -> Json:
    """A project and what runs its tests."""
    match interpreter:
        case Trouble():
            empty = dict.fromkeys(("interpreter", "why", "python", "pytest", "prefect"))
            return {"root": root, **empty, "trouble": trouble(interpreter)}
        case Interpreter():
            return {
                "root": root,
                "interpreter": interpreter.path,
                "why": interpreter.why,
                "python": interpreter.python,
                "pytest": interpreter.pytest,
                "prefect": interpreter.prefect,
            }


def definition(value: Definition, uri: str, range_: Json, tests: int) -> Json:
    """A flow or task."""
    return {
        "entrypoint": value.entrypoint,
        "kind": value.kind.value,
        "name": value.name,
        "uri": uri,
        "range": range_,
        "tests": tests,
    }


def case(value: CaseRecord) -> Json:
    """A case that has ended."""
    found: Json = {
        "node_id": node_id(value.test),
        "outcome": value.outcome,
        "seconds": round(value.seconds, 4),
        "output": output_of(value),
    }
    if value.failures:
        found["message"] = "\n".join(failure.text for failure in value.failures)
    elif value.note:
        found["message"] = value.note
    return found


def output_of(value: CaseRecord) -> str:
    """What a test wrote, and why it failed."""
    parts = [failure.text for failure in value.failures]
    parts += [f"{f' {title} '.center(80, '-')}\n{text}" for title, text in value.sections if text]
    return "\n".join(part.rstrip("\n") for part in parts)


def states(view: View, definitions: Iterable[tuple[Definition, Sequence[str]]], asked: frozenset[str]) -> list[Json]:
    """How each definition stands after a run of some test functions.

    Those of which nothing is known are left out. So are those of which only a part of the tests was to run, unless
    one failed: that a part is well is no word on the rest.
    """
    found: list[Json] = []
    for one, functions in definitions:
        state = _state(view, one, functions)
        if state is not None and (asked.issuperset(functions) or state["state"] in ("failed", "errored")):
            found.append(state)
    return found


def _state(view: View, one: Definition, functions: Sequence[str]) -> Json | None:
    match st.status(view, functions):
        case st.NotRun():
            return None
        case st.Queued():
            return {"entrypoint": one.entrypoint, "state": "queued"}
        case st.Running() | st.Fetching():
            return {"entrypoint": one.entrypoint, "state": "running"}
        case st.CouldNotRun(trouble=found):
            return {"entrypoint": one.entrypoint, "state": "errored", "messages": [found.message]}
        case st.Ended() as ended:
            state: Json = {"entrypoint": one.entrypoint, "state": _word(ended), "seconds": round(ended.seconds, 4)}
            if ended.is_bad:
                state["messages"] = messages(view, functions)
            return state


def messages(view: View, functions: Sequence[str]) -> list[str]:
    """What the failed cases of some test functions say."""
    wanted = frozenset(functions)
    found = [
        "\n".join((node_id(case.test), *(failure.text for failure in case.failures)))
        for batch in view.results.batches
        for case in batch.cases
        if case.outcome in BAD and function_id(case.test) in wanted
    ]
    files = {function.partition("::")[0] for function in functions}
    return found + [error.text for path, error in view.results.collect_errors.items() if path in files]


def _word(ended: st.Ended) -> str:
    if "error" in ended.counts:
        return "errored"
    if ended.is_bad:
        return "failed"
    return "skipped" if set(ended.counts) == {"skipped"} else "passed"
