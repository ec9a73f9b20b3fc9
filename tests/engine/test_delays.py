"""A project that wants no delay before another attempt has none, in any process that runs its tests."""

import pytest
from prefect_lens.engine.cold import ColdWorkers
from prefect_lens.engine.run import RunRequest, run_tests

from tests.engine.test_worker import outcomes

pytestmark = pytest.mark.slow


async def test_what_failed_is_tried_again_at_once(project, python):
    folder = project("""
        #- test_a.py
        from prefect import flow, task
        turns = []
        @task(retries=1, retry_delay_seconds=3600)
        def parse():
            turns.append("task")
            assert turns.count("task") > 1
        @flow(retries=1, retry_delay_seconds=3600)
        def whole():
            parse()
            turns.append("flow")
            assert turns.count("flow") > 1
        def test_whole():
            whole()
    """)
    request = RunRequest(folder, ".", python, files=("test_a.py",), skip_retry_delays=True)
    result = await run_tests(request, ColdWorkers(), lambda _: None)
    assert outcomes(result) == {"test_whole": "passed"}, result.trouble
    states = [state.name for run in result.cases[0].runs for state in run.states]
    assert states.count("AwaitingRetry") == 2, states
