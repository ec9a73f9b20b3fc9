"""The exceptions that stand for states, walked through the one table with the real Prefect's own classes."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_prefect_lens import states

from tests.plugin.driving import SERVER
from tests.pythons import MISSING, prefect_pythons

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "testing.md"
TYPES = ("FAILED", "CRASHED", "CANCELLED", "CANCELLING", "PAUSED", "PENDING", "SCHEDULED", "RUNNING", "COMPLETED")
OWN_NAME = "Mine"

WALK = """
import json, pickle, sys
import pytest_prefect_lens as lens
assert not {"prefect", "pytest"} & set(sys.modules), "importing the package imports more than itself"
from pytest_prefect_lens import states
import prefect.main  # it completes the models
from prefect.client.schemas.objects import State, StateDetails, StateType
from uuid import uuid4

def walk(kind, type, name):
    details = {"flow_run_id": uuid4(), **({"task_run_id": uuid4()} if kind == "task" else {})}
    state = State(type=StateType[type], name=name, state_details=StateDetails(**details))
    error = lens.state_error(state, name="orders")
    again = lens.state_error(state, name="orders")
    assert type == "COMPLETED" or type in states.BAD or not state.is_final()
    if error is None:
        lens.raise_for_state(state)
        return None
    assert (error.state, error.name, error.__cause__) == (state, "orders", None)
    assert __builtins__.type(again) is __builtins__.type(error)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.code, str(copy)) == (error.code, str(error))
    try:
        lens.raise_for_state(state)
    except lens.PrefectStateError as raised:
        assert raised.code == error.code
    own = __builtins__.type(error)
    return own.__name__, [f"{base.__module__}.{base.__qualname__}" for base in own.__mro__], error.code, str(error)

print(json.dumps([walk(*arguments) for arguments in json.loads(sys.argv[1])]))
"""
CASES = [
    (kind, *state) for kind in ("flow", "task") for state in (*states.STATES, *((type_, OWN_NAME) for type_ in TYPES))
]


@pytest.fixture(scope="module", params=prefect_pythons() or [None], ids=lambda p: Path(p).parts[-3] if p else "none")
def walked(request) -> dict:
    if request.param is None:
        pytest.skip(MISSING)
    command = [request.param, "-W", "ignore", "-c", WALK, json.dumps(CASES)]
    ended = subprocess.run(command, capture_output=True, text=True, env={"PYTHONPATH": str(SERVER)}, check=False)
    assert ended.returncode == 0, ended.stderr
    return dict(zip(CASES, json.loads(ended.stdout), strict=True))


@pytest.mark.slow
def test_each_state_gives_the_exception_that_the_table_names(walked):
    for case, told in walked.items():
        row = states.lookup(*case)
        assert (told and told[0]) == row.exception, case
        if told is not None:
            assert told[2] == row.code


@pytest.mark.slow
def test_each_exception_is_also_what_prefect_raises_for_the_state(walked):
    for case, told in walked.items():
        if told is not None:
            theirs = states.lookup(*case).prefect
            assert theirs
            assert set(theirs) <= set(told[1]), case


@pytest.mark.slow
def test_a_name_that_the_author_made_up_is_told_by_its_type(walked):
    assert walked["flow", "FAILED", OWN_NAME][0] == "FlowFailed"
    assert walked["task", "CRASHED", OWN_NAME][3].startswith("Task 'orders' is Mine")
    assert walked["task", "COMPLETED", OWN_NAME] is None


def test_every_bad_or_unfinished_state_has_an_exception_and_every_good_one_none():
    for kind, type_, name in CASES:
        row = states.lookup(kind, type_, name)
        assert (row.exception is None) == (type_ == "COMPLETED" and name != "RolledBack"), name


def test_the_package_gives_every_name_of_the_table_and_imports_nothing_for_it():
    code = "import pytest_prefect_lens as p, sys; print(*p._WHERE); assert not {'prefect', 'pytest'} & set(sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"PYTHONPATH": str(SERVER)}, check=True
    )
    wanted = {states.lookup(*case).exception for case in CASES} - {None}
    assert wanted <= set(ended.stdout.split())


def test_the_documentation_shows_the_table():
    rows = re.findall(
        r"^\| `(\w+)` \| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", DOCUMENTATION.read_text(), re.MULTILINE
    )
    assert [row[:2] for row in rows] == [(type_, name) for type_, name in states.STATES]
    for type_, name, codes, severity, exceptions, page in rows:
        of = [states.lookup(kind, type_, name) for kind in ("flow", "task")]
        assert codes == " ".join(row.code for row in of)
        assert severity == of[0].severity
        assert exceptions == (" ".join(f"`{row.exception}`" for row in of) if of[0].exception else "none")
        assert page.endswith(f"({of[0].href})")
