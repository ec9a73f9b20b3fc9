"""The values that all parts of the server speak: frozen, without behaviour that needs a disk or a process.

Three conventions hold everywhere above this module:

- A path is a `str`, relative to the workspace folder with forward slashes (`flows/etl.py`), on every system. A file
  outside of the folder keeps its absolute path. `pathlib` begins where a disk is touched.
- Lines and columns count from 0, columns in code points; `lsp/convert.py` maps them to what a client negotiated. What
  the wire and Python's own tracebacks say counts from 1 and is converted where it becomes a `Span`.
- What runs is told in the records of `pytest_prefect_lens.wire`, their paths made relative by the engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_prefect_lens.wire import CaseRecord, CollectError, TestId


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a text."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a text; `end` is the first position behind it."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A stretch of a file."""

    path: str
    span: Span


class Kind(StrEnum):
    """What a definition is to Prefect."""

    FLOW = "flow"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Definition:
    """A flow or task that the code defines.

    `location` is the name in the `def` of its body, wherever that stands. A definition that an expression makes
    (`flow(fn)`, `etl.with_options(…)`) has the place of that expression in `declared_at`, and stands there too.
    """

    kind: Kind
    path: str
    """The file that defines the name: with `declared_at` that of the expression, else that of the body."""
    qualname: str
    """As Python writes it: `etl`, `Pipeline.run`, `outer.<locals>.inner`; the assigned name for `x = flow(fn)`."""
    name: str
    """The name in Prefect: `name=` where it is a literal, else made from the function's."""
    location: Location
    declared_at: Location | None = None
    is_async: bool = False

    @property
    def entrypoint(self) -> str:
        """Prefect's own form, which is also a TARGET of the command: `flows/etl.py:etl`."""
        return f"{self.path}:{self.qualname}"

    @property
    def label(self) -> str:
        """How a chain of calls names it: without the functions that it stands in."""
        return self.qualname.rpartition("<locals>.")[2]


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment that a `prefect.yaml` declares."""

    name: str
    entrypoint: str
    """As it is written there."""
    location: Location
    """Where its name stands."""
    entrypoint_at: Location
    parameters: tuple[tuple[str, Location], ...] = ()
    """The names of what it gives to its flow, by itself or for one of its schedules, and where they stand."""


@dataclass(frozen=True, slots=True)
class TestCase:
    """A test function, as pytest would collect it, without its parameters."""

    __test__ = False

    path: str
    names: tuple[str, ...]
    """Classes from the outside in, then the function."""
    span: Span
    """The name in its `def`."""
    project: str
    """The root of the project that runs it, relative to the workspace folder; `.` for the folder itself."""

    @property
    def node_id(self) -> str:
        """The node ID, relative to the workspace folder."""
        return "::".join((self.path, *self.names))


class How(StrEnum):
    """How a test reaches a definition."""

    DIRECT = "direct"
    INDIRECT = "indirect"


class Evidence(StrEnum):
    """From what we know that a test exercises a definition."""

    CODE = "code"
    CODE_AND_RUN = "code and run"
    RUN = "run"
    """A run has shown it, by a way that the code does not tell."""


@dataclass(frozen=True, slots=True)
class Match:
    """A test that exercises a definition, and why we say so."""

    test: TestCase
    how: How
    path: tuple[str, ...]
    """The chain of names from the test to the definition: `("test_totals", "orders_flow", "parse")`."""
    evidence: Evidence = Evidence.CODE

    @property
    def rank(self) -> tuple[bool, str]:
        """What orders the tests of a definition: direct ones stand first."""
        return self.how is not How.DIRECT, self.test.node_id

    @property
    def reason(self) -> str:
        """The chain in one line, and whether a run has shown it."""
        chain = " → ".join(self.path)
        match self.evidence:
            case Evidence.CODE:
                return chain
            case Evidence.CODE_AND_RUN:
                return f"{chain} (seen to run)"
            case Evidence.RUN:
                return f"{chain} (seen to run; the code does not tell how)"


class Severity(StrEnum):
    """How bad a diagnostic is; the words are those of the protocol and of `test --json`."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"
    HINT = "hint"


@dataclass(frozen=True, slots=True)
class Related:
    """A place that belongs to a diagnostic's story."""

    location: Location
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What a person sees at a line."""

    location: Location
    severity: Severity
    code: str
    """`PL…`, from `pytest_prefect_lens.states` or `prefect_lens.index.problems`."""
    message: str
    href: str | None = None
    related: tuple[Related, ...] = ()
    tests: tuple[str, ...] = ()
    """Node IDs, with parameters, of the tests that showed it."""
    setting: str = ""
    """By what its severity is chosen, where that is not the code: `swallowed`, `expected`."""
    state: str = ""
    """The name of the state that a run ended in, where it tells of one."""


class EnvironmentKind(StrEnum):
    """Who made an environment, and so who installs into it."""

    UV = "uv"
    POETRY = "poetry"
    PIXI = "pixi"
    CONDA = "conda"
    PIP = "pip"


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that was found by reading, not by running it."""

    path: str
    """Absolute, as given: the link of a virtual environment is not resolved."""
    why: str
    """Where it comes from: `prefectLens.interpreter`, `.venv in the project`, `python3 on PATH`."""
    kind: EnvironmentKind
    python: str | None = None
    prefect: str | None = None
    pytest: str | None = None
    """Versions, read from the environment's metadata; None where they are not there or cannot be read."""
    site_packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """A failure of the machinery, told as such: what happened, where, and what to do. Never a failed flow."""

    code: str
    """One of `pytest_prefect_lens.states.MACHINERY`."""
    what: str
    """One sentence."""
    cure: str | None = None
    """A command that cures it, ready to paste; or a sentence where no command does."""
    cure_is_command: bool = False
    location: Location | None = None
    """The line to blame, where there is one."""
    detail: str = ""
    """The whole account, for the output."""

    @property
    def message(self) -> str:
        """What a person reads where there is no button: the sentence, then what to do."""
        if self.cure is None:
            return self.what
        return f"{self.what} Run: {self.cure}" if self.cure_is_command else f"{self.what} {self.cure}"


class Ending(Enum):
    """How a run ended as a whole."""

    COMPLETE = auto()
    CANCELLED = auto()
    BROKEN = auto()
    """The machinery failed; `RunResult.trouble` says how. Cases that had finished before count."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """Everything that one run of tests in one project told. Paths are relative to the workspace folder."""

    ending: Ending
    seconds: float
    """Wall time from the start of the process to its last word."""
    asked: tuple[TestId, ...] = ()
    """What was to be run."""
    cases: tuple[CaseRecord, ...] = ()
    collect_errors: tuple[CollectError, ...] = ()
    missing: tuple[TestId, ...] = ()
    """Asked for, but gone since the lens was drawn."""
    deselected: tuple[TestId, ...] = ()
    """Left out by the project's own options (`-m`, `-k`, `--maxfail`)."""
    trouble: tuple[Trouble, ...] = field(default=())
    output: str = ""
    """What the process wrote beside the tests' captured output; its end, where it is long."""
    versions: tuple[str | None, str | None, str | None] = (None, None, None)
    """Python, pytest and Prefect, as the worker said."""
    variables: tuple[str, ...] = ()
    """The names of what its tests found in their environment beside what is inherited."""
