"""The one table: every state of a run, and every other thing that we tell, as code, severity and words.

Plugin, editor and command read it, so it needs the standard library alone. A code is stable: it is never given to
another thing. `PL1xx` are states of task runs and `PL2xx` those of flow runs, with the same last two digits; `PL3xx`
are tests, `PL5xx` what the index finds without running anything, `PL9xx` failures of the machinery.
"""

from __future__ import annotations

from dataclasses import dataclass

_STATES = "https://docs.prefect.io/v3/concepts/states"
_TYPES = f"{_STATES}#state-types"
_FINAL = f"{_STATES}#final-state-determination"
_RETRIES = "https://docs.prefect.io/v3/how-to-guides/workflows/retries"
_TIMEOUTS = "https://docs.prefect.io/v3/how-to-guides/workflows/write-and-run"
_CANCEL = "https://docs.prefect.io/v3/advanced/cancel-workflows"
_TESTING = "https://docs.prefect.io/v3/how-to-guides/workflows/test-workflows"


@dataclass(frozen=True)
class Row:
    """What we say about one thing."""

    code: str
    severity: str
    """`error`, `warning`, `information` or `hint`: the protocol's words."""
    exception: str | None
    """The exception of ours that stands for it in Python; None where the run did what it was for."""
    sentence: str
    """What it means, in one sentence."""
    href: str | None
    prefect: tuple[str, ...] = ()
    """What Prefect itself raises for it, from which ours derives too: qualified names."""


@dataclass(frozen=True)
class _State:
    type: str
    name: str
    digits: str
    severity: str
    exception: str | None
    """Behind `Flow` or `Task`."""
    sentence: str
    href: str = _TYPES
    more: tuple[str, ...] = ()
    """What Prefect raises beside what it raises for every state of the type; `{who}` and `{kind}` are filled in."""


_TABLE = (
    _State(
        "FAILED", "Failed", "01", "error", "Failed", "The code of the run raised, or returned a failed state.", _FINAL
    ),
    _State(
        "FAILED",
        "TimedOut",
        "02",
        "error",
        "TimedOut",
        "The run took longer than its timeout.",
        _TIMEOUTS,
        ("prefect.{kind}_engine.{who}RunTimeoutError",),
    ),
    _State(
        "CRASHED",
        "Crashed",
        "03",
        "error",
        "Crashed",
        "The run was cut off: by an exit, a signal, or its process.",
        _FINAL,
    ),
    _State(
        "CANCELLED",
        "Cancelled",
        "04",
        "warning",
        "Cancelled",
        "Somebody decided that the run should not go on.",
        _CANCEL,
    ),
    _State(
        "SCHEDULED",
        "AwaitingRetry",
        "05",
        "information",
        "AwaitingRetry",
        "An attempt failed; another one follows.",
        _RETRIES,
    ),
    _State("RUNNING", "Retrying", "05", "information", "Unfinished", "An attempt failed; another one runs.", _RETRIES),
    _State("CANCELLING", "Cancelling", "06", "warning", "Cancelling", "The run is being cancelled.", _CANCEL),
    _State("PAUSED", "Paused", "07", "information", "Paused", "The run waits until somebody resumes it."),
    _State(
        "PAUSED", "Suspended", "08", "information", "Suspended", "The run has left its process until it is resumed."
    ),
    _State(
        "PENDING",
        "NotReady",
        "09",
        "warning",
        "NotReady",
        "A run that this one needs did not complete.",
        more=("prefect.exceptions.UpstreamTaskError",),
    ),
    _State(
        "COMPLETED",
        "RolledBack",
        "10",
        "information",
        "RolledBack",
        "The run completed, and its transaction was rolled back.",
        more=("prefect.exceptions.MissingResult",),
    ),
    _State("COMPLETED", "Completed", "11", "hint", None, "The run completed."),
    _State("COMPLETED", "Cached", "12", "hint", None, "The result came from the cache; the code did not run."),
    _State("RUNNING", "Running", "13", "hint", "Unfinished", "The run goes on."),
    _State("PENDING", "Pending", "14", "hint", "Unfinished", "The run waits for what it needs before it can run."),
    _State("PENDING", "Submitting", "15", "hint", "Unfinished", "The run is being handed to its infrastructure."),
    _State(
        "PENDING", "InfrastructurePending", "16", "hint", "Unfinished", "The run's infrastructure is not there yet."
    ),
    _State("SCHEDULED", "Scheduled", "17", "hint", "Unfinished", "The run begins at a later time."),
    _State("SCHEDULED", "Late", "18", "hint", "Unfinished", "The run's time has come, and nothing has taken it up."),
    _State("SCHEDULED", "AwaitingConcurrencySlot", "19", "hint", "Unfinished", "The run waits for a concurrency slot."),
    _State("SCHEDULED", "Resuming", "20", "hint", "Unfinished", "The run is about to go on after a pause."),
)

_BY_NAME = {(state.type, state.name): state for state in _TABLE}
_BY_TYPE = {
    "FAILED": "Failed",
    "CRASHED": "Crashed",
    "CANCELLED": "Cancelled",
    "CANCELLING": "Cancelling",
    "PAUSED": "Paused",
    "PENDING": "Pending",
    "SCHEDULED": "Scheduled",
    "RUNNING": "Running",
    "COMPLETED": "Completed",
}
_RAISED = {
    # By type, what `state.result()` raises where no exception of the user's is attached.
    "FAILED": ("prefect.exceptions.FailedRun",),
    "CRASHED": ("prefect.exceptions.CrashedRun",),
    "CANCELLED": ("prefect.exceptions.CancelledRun",),
    "CANCELLING": ("prefect.exceptions.UnfinishedRun",),
    "PAUSED": ("prefect.exceptions.PausedRun",),
    "PENDING": ("prefect.exceptions.UnfinishedRun",),
    "SCHEDULED": ("prefect.exceptions.UnfinishedRun",),
    "RUNNING": ("prefect.exceptions.UnfinishedRun",),
}
_UNKNOWN = _State("", "", "99", "information", None, "A state of a type that Prefect Lens does not know.", _STATES)

STATES: tuple[tuple[str, str], ...] = tuple(_BY_NAME)
"""Every type and name that Prefect itself makes."""

BAD: frozenset[str] = frozenset({"FAILED", "CRASHED", "CANCELLED"})
"""The types of the states in which a run ends without having done what it was for."""


def lookup(kind: str, state_type: str, state_name: str) -> Row:
    """Return the row of a state of a `flow` or `task` run. A name that the author made up is told by its type."""
    state = _BY_NAME.get((state_type, state_name)) or _BY_NAME.get((state_type, _BY_TYPE.get(state_type, "")), _UNKNOWN)
    who = "Task" if kind == "task" else "Flow"
    exception = None if state.exception is None else f"{who}{state.exception}"
    theirs = (*_RAISED.get(state.type, ()), *state.more)
    return Row(
        f"PL{'1' if kind == 'task' else '2'}{state.digits}",
        state.severity,
        exception,
        state.sentence,
        state.href,
        tuple(name.format(kind=kind, who=who) for name in theirs) if exception else (),
    )


def is_own_name(state_type: str, state_name: str) -> bool:
    """Whether a state's name is one of Prefect's own for its type, so that it tells the type as well."""
    return (state_type, state_name) in _BY_NAME


TESTS: dict[str, Row] = {
    "PL301": Row("PL301", "error", None, "A test failed.", _TESTING),
    "PL302": Row("PL302", "error", None, "A fixture failed before its test could run.", _TESTING),
    "PL303": Row("PL303", "error", None, "A fixture failed after its test had run.", _TESTING),
    "PL304": Row("PL304", "error", None, "A file cannot be collected, so none of its tests can run.", None),
    "PL305": Row("PL305", "warning", None, "A test that was asked for is not there any more.", None),
    "PL306": Row("PL306", "hint", None, "A test reaches a host beyond this machine.", None),
    "PL307": Row("PL307", "warning", None, "A variable that a test had been given had expired when it failed.", None),
}

PYTEST_STOPPED = "PL910"

MACHINERY: dict[str, Row] = {
    code: Row(code, "error", None, sentence, None)
    for code, sentence in {
        "PL901": "There is no Python interpreter for the project.",
        "PL902": "The project's Python is too old.",
        "PL903": "The project's environment has no pytest.",
        "PL904": "The project's environment has no Prefect.",
        "PL905": "The project's Prefect is too old.",
        "PL906": "Prefect's server cannot start.",
        "PL907": "The process that ran the tests died.",
        "PL908": "The channel to the process that runs the tests broke.",
        "PL909": "The two halves of Prefect Lens are of different versions.",
        PYTEST_STOPPED: "pytest stopped before it was done.",
        "PL911": "The run would have reached a Prefect that is not its own.",
        "PL912": "Prefect Lens made a mistake.",
        "PL913": "A variable of the tests' environment could not be had.",
        "PL914": "What the tests' environment needs was not allowed.",
        "PL915": "The tests' environment is configured wrongly.",
        "PL916": "No debugger can attach.",
    }.items()
}

STATIC: dict[str, Row] = {
    "PL501": Row("PL501", "error", None, "A file does not parse.", None),
    "PL502": Row("PL502", "error", None, "A configuration file does not parse.", None),
    "PL503": Row("PL503", "warning", None, "[tool.prefect-lens] has no such key.", None),
    "PL504": Row("PL504", "error", None, "A value is of the wrong type.", None),
    "PL505": Row("PL505", "warning", None, "A file cannot be read.", None),
    "PL506": Row("PL506", "warning", None, "A deployment's entrypoint names no flow that is there.", None),
    "PL507": Row("PL507", "warning", None, "The environment's configuration refers to what is not there.", None),
    "PL508": Row("PL508", "warning", None, "A credential stands in a file.", None),
    "PL509": Row("PL509", "hint", None, "A variable comes from a file that every program can read.", None),
    "PL510": Row("PL510", "warning", None, "A deployment gives a parameter that its flow does not take.", None),
    "PL511": Row("PL511", "warning", None, "A credential that is in use is older than `max_age`.", None),
}
