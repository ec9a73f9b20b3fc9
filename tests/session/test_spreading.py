"""A click's tests are spread where somebody allows it and they take long enough."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from prefect_lens.engine.request import RunRequest
from prefect_lens.features.results import Batch, Results
from prefect_lens.index.config import Project
from prefect_lens.index.settings import Settings as ProjectSettings
from prefect_lens.model import EnvironmentKind, Interpreter
from prefect_lens.session.selection import Part
from prefect_lens.session.settings import Settings
from prefect_lens.session.spreading import spread
from pytest_prefect_lens.wire import CaseRecord, TestId

A, B = "tests/test_a.py::test_one", "tests/test_b.py::test_one"


def folder(seconds, *, editor=None, project=1, options=()):
    cases = tuple(CaseRecord(TestId(f"tests/test_{name}.py", ("test_one",)), "passed", seconds) for name in "ab")
    return SimpleNamespace(
        settings=Settings(parallel=editor),
        project_settings=lambda _: ProjectSettings(parallel=project),
        results=Results((Batch(cases),)),
        snapshot=SimpleNamespace(project_of=lambda _: Project(".", options=options)),
    )


@pytest.mark.parametrize(
    ("where", "count"),
    [
        (folder(10.0), 1),
        (folder(10.0, project=2), 2),
        (folder(0.1, project=2), 1),
        (folder(10.0, editor=3), 3),
        (folder(10.0, editor=1, project=4), 1),
        (folder(10.0, project=2, options=("--maxfail=1",)), 1),
    ],
)
def test_over_how_many_processes(where, count):
    request = RunRequest(Path("/space"), ".", Interpreter("/x/bin/python", "test", EnvironmentKind.PIP))
    found = spread(where, Part(".", whole=frozenset({A, B})), request)
    assert found.processes == count
    assert dict(found.known) in (
        {},
        dict.fromkeys(("tests/test_a.py", "tests/test_b.py"), where.results.tests[A].seconds),
    )
