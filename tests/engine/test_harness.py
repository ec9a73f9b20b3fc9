"""What a conftest that calls Prefect's test harness is given."""

import json

import pytest

pytestmark = pytest.mark.slow

from tests import forkserver  # noqa: E402
from tests.engine.running import run  # noqa: E402

PROJECT = """
    #- conftest.py
    import json, os
    import pytest
    from prefect.testing.utilities import prefect_test_harness

    @pytest.fixture(autouse=True, scope="{scope}")
    def harness():
        with prefect_test_harness():
            yield

    @pytest.fixture(autouse=True)
    def told():
        from prefect.settings import PREFECT_API_URL
        from prefect.client.orchestration import get_client
        with get_client(sync_client=True) as client:
            before = len(client.read_flow_runs())
        yield
        with open(os.environ["ANSWER"], "a") as answer:
            answer.write(json.dumps([PREFECT_API_URL.value(), os.environ["PREFECT_API_URL"], before]) + "\\n")
    #- test_a.py
    from prefect import flow
    @flow
    def one(): return 1
    def test_first(): assert one() == 1
    def test_second(): assert one() == 1
    #- test_b.py
    from test_a import one
    def test_third(): assert one() == 1
"""


@pytest.mark.parametrize(
    ("scope", "ours", "runs"),
    [
        ("session", [True, True, True], [0, 1, 2]),
        ("module", [True, True, True], [0, 1, 0]),
        ("function", [True, True, True], [0, 0, 0]),
    ],
)
async def test_each_harness_has_an_empty_database_and_is_the_runs_own(  # noqa: PLR0917
    project, every_python, monkeypatch, tmp_path, scope, ours, runs
):
    monkeypatch.setenv("ANSWER", str(tmp_path / "answer"))
    monkeypatch.setenv(forkserver.FORK_WORKER, "1")
    folder = project(PROJECT.format(scope=scope))
    result = await run(folder, every_python, "test_a.py", "test_b.py")
    assert [case.outcome for case in result.cases] == ["passed"] * 3, (result.trouble, result.output, result.cases)
    told = [json.loads(line) for line in (tmp_path / "answer").read_text().splitlines()]
    assert [used == given for used, given, _ in told] == ours
    assert [before for *_, before in told] == runs
