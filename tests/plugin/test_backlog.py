"""What the API is told beside what it is asked waits until nobody waits, or somebody looks."""

import asyncio

import pytest
from pytest_prefect_lens.backlog import Backlog

RUN = "/flow_runs/0189e1a4-6a57-7b0c-9f0e-2f5c1b1f6a3d"


class Messages:
    """As Prefect keeps them for one of its services."""

    def __init__(self):
        self._queue = asyncio.Queue()

    async def get(self):
        return await self._queue.get()


class Service:
    """Notes the messages that get to it; `backlog` is before it."""

    def __init__(self, backlog):
        self.noted = []
        self.messages = Messages()
        self._get = backlog.around_get(Messages.get)

    async def run(self):
        while True:
            self.noted.append(await self._get(self.messages))

    async def send(self, message):
        self.messages._queue.put_nowait(message)
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
def play():
    """Play a scene with a backlog and a service behind it."""

    def play(scene):
        async def main():
            backlog = Backlog()
            service = Service(backlog)
            running = asyncio.ensure_future(service.run())
            await scene(backlog, service)
            running.cancel()

        asyncio.run(main())

    return play


def test_a_message_waits_while_a_flow_run_is_answered_and_passes_when_nothing_is_asked(play):
    async def scene(backlog, service):
        async with backlog.around("http", "POST", f"{RUN}/set_state"):
            await service.send("running")
            assert service.noted == []
        assert service.noted == []
        await backlog._gate.wait()
        await service.send("completed")
        assert service.noted == ["running", "completed"]

    play(scene)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/task_runs/filter"),
        ("GET", f"/task_runs/{RUN[11:]}"),
        ("POST", "/flow_runs/filter"),
        ("POST", "/flow_runs/history"),
        ("POST", "/flows/count"),
        ("GET", f"{RUN}/graph-v2"),
        ("POST", "/events/filter"),
    ],
)
def test_who_asks_what_depends_on_messages_finds_them_worked_off(play, method, path):
    async def scene(backlog, service):
        async with backlog.around("http", "POST", "/flow_runs/"):
            await service.send("first")
            await service.send("second")
            async with backlog.around("http", method, path):
                assert service.noted == ["first", "second"]

    play(scene)


def test_a_search_for_flow_runs_works_off_what_it_depends_on_by_the_task_runs_that_it_names(play):
    asked = '{"flow_runs": {"parent_task_run_id": {"any_": []}}, "task_runs": %s}'

    async def scene(backlog, service):
        async with backlog.around("http", "POST", "/flow_runs/"):
            await service.send("running")
            async with backlog.around("http", "POST", "/flow_runs/filter", (asked % "null").encode()):
                assert service.noted == []
            async with backlog.around("http", "POST", "/flow_runs/filter", (asked % '{"id": {}}').encode()):
                assert service.noted == ["running"]

    play(scene)


@pytest.mark.parametrize("path", ["/flows/", RUN, "/admin/storage", "/logs/", "/v2/concurrency_limits/increment"])
def test_what_a_flow_run_asks_itself_works_nothing_off(play, path):
    async def scene(backlog, service):
        async with backlog.around("http", "POST", path):
            await service.send("running")
            assert service.noted == []

    play(scene)


def test_one_that_listens_hears_at_once_also_while_a_flow_run_is_answered(play):
    async def scene(backlog, service):
        async with backlog.around("websocket", "", "/events/out"), backlog.around("http", "POST", "/flow_runs/"):
            await service.send("running")
            assert service.noted == ["running"]
        async with backlog.around("websocket", "", "/events/in"), backlog.around("http", "POST", "/flow_runs/"):
            await service.send("completed")
            assert service.noted == ["running"]

    play(scene)


def test_an_automation_hears_at_once_until_the_database_is_clean(play):
    async def scene(backlog, service):
        async with backlog.around("http", "POST", "/automations/"):
            pass
        async with backlog.around("http", "POST", "/flow_runs/"):
            await service.send("running")
            assert service.noted == ["running"]
        backlog.begin_anew()
        async with backlog.around("http", "POST", "/flow_runs/"):
            await service.send("completed")
            assert service.noted == ["running"]

    play(scene)


def test_so_many_messages_that_some_could_be_lost_do_not_wait(play):
    async def scene(backlog, service):
        async with backlog.around("http", "POST", "/flow_runs/"):
            for number in range(1500):
                service.messages._queue.put_nowait(number)
            await service.send(1500)
            assert 400 < len(service.noted) < 600

    play(scene)
