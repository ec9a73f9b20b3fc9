"""Warm workers to run files of a project with, and what tests look at afterwards."""

import asyncio

from prefect_lens.engine.cold import ColdWorkers
from prefect_lens.engine.run import RunRequest, run_tests
from prefect_lens.engine.warm import WarmWorkers


class Engine:
    """Warm workers, with what they say to the log."""

    def __init__(self, source: WarmWorkers, caplog) -> None:
        self.source = source
        self.log = caplog

    async def ready(self, folder, python, project="."):
        """Wait until a spare is there; what the log says of a failure comes out."""
        self.source.prepare(python, folder, project)
        (kept,) = [kept for place, kept in self.source._warm.items() if place.root == folder / project]
        await asyncio.wait((kept._spare, kept._living), return_when=asyncio.FIRST_COMPLETED)
        assert kept._spare.done(), self.log.text
        return kept

    async def run(self, folder, python, *files, how="warm", **more):
        """Run files, and see to it that they ran warm."""
        request = RunRequest(folder, ".", python, more.pop("tests", ()), files, more.pop("pytest_args", ()))
        events = more.pop("events", [])
        if how == "warm":
            await self.ready(folder, python)
            pids = set(spares(self))
        result = await run_tests(request, self.source if how != "cold" else ColdWorkers(), events.append, **more)
        if how == "warm":
            assert set(spares(self)) != pids, "it did not use what was ready"
        return result


def spares(engine):
    """The homes of the workers that wait or run."""
    for kept in engine.source._warm.values():
        if kept._spare.done() and not kept._spare.cancelled():
            yield kept._spare.result()[1].home
