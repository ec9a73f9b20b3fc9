"""A parent that does not become ready holds no click up for ever."""

import asyncio
import sys
from contextlib import asynccontextmanager

import pytest
from prefect_lens.engine import warm
from prefect_lens.engine.parent import Place
from prefect_lens.engine.request import RunRequest
from prefect_lens.model import EnvironmentKind, Interpreter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every worker is cold")

PYTHON = Interpreter("/x/bin/python", "test", EnvironmentKind.PIP)


async def test_one_that_never_is_ready_is_given_up_and_the_next_click_begins_another(tmp_path, monkeypatch):
    begun, ended = [], []

    @asynccontextmanager
    async def never(place, _environ):
        begun.append(place)
        try:
            await asyncio.Event().wait()
            yield
        finally:
            ended.append(place)

    monkeypatch.setattr(warm, "open_parent", never)
    monkeypatch.setattr(warm, "PATIENCE", 0.01)
    source, place = warm.WarmWorkers(), Place(PYTHON, tmp_path)
    for _ in range(2):
        kept = source._keep(place)
        async with kept.worker(RunRequest(tmp_path, ".", PYTHON)) as found:
            assert found.why.startswith("what was to be warm is not")
        await asyncio.wait((kept._living,))
        assert begun == ended
    assert len(begun) == 2
    await source.close()
