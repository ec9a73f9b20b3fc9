"""What a run makes of what a worker says, and of how it goes. The workers here are scripts of messages."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prefect_lens.engine.queue import RunQueue
from prefect_lens.engine.run import CaseFinished, CaseStarted, RunRequest, run_tests
from prefect_lens.engine.workers import ChannelBrokenError, Exit
from prefect_lens.model import Ending, EnvironmentKind, Interpreter
from pytest_prefect_lens import wire
from pytest_prefect_lens.wire import Broken, CaseRecord, Collected, Ended, Finished, Frame, Hello, Started, TestId

HELLO = Hello(wire.VERSION, 1, "3.12.1", "9.0.0", "3.8.8")
A, B = (TestId("/projects/space/tests/test_a.py", (name,)) for name in ("test_a", "test_b"))
PASSED = Finished(CaseRecord(A, "passed", 0.1))


class Script:
    """Workers that say what they were given; `...` in it waits for the interrupt, or for ever."""

    def __init__(self, *messages, end=None, heeds=True):
        self.script, self.end, self.heeds = messages, end, heeds
        self.opened = self.killed = 0
        self.interrupted = asyncio.Event()
        self.unserved = asyncio.Event()
        self.home = Path("/nowhere")
        self.why_cold = ""

    @asynccontextmanager
    async def open(self, _):
        self.opened += 1
        self.interrupted.clear()
        try:
            yield self
        finally:
            await self.kill()

    async def messages(self):
        for message in self.script:
            await asyncio.sleep(0)
            if message is ...:
                await (self.interrupted.wait() if self.heeds else asyncio.Event().wait())
            elif isinstance(message, Exception):
                raise message
            else:
                yield message

    async def interrupt(self):
        self.interrupted.set()

    async def kill(self):
        self.killed += 1

    async def api_gone(self):
        await self.unserved.wait()

    async def exited(self):
        if self.end is None:
            await asyncio.Event().wait()
        return self.end

    def output(self):
        return "its last words"


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    monkeypatch.setattr("prefect_lens.engine.run.GRACE", 0.05)
    monkeypatch.setattr("prefect_lens.engine.run.look_before", lambda _: None)


REQUEST = RunRequest(Path("/projects/space"), ".", Interpreter("/x/bin/python", "test", EnvironmentKind.PIP))


async def result_of(*messages, end=Exit(0), cancel=None):  # noqa: B008
    script = Script(*messages, end=end)
    events = []
    result = await run_tests(REQUEST, script, events.append, cancel)
    assert script.killed >= 1
    return result, events


async def test_a_run_that_goes_well():
    frame = Frame("/projects/space/flows/a.py", 3, "a")
    record = wire.RunRecord(
        id="1",
        kind="flow",
        name="a",
        run_name="a-b",
        run_name_set=False,
        path=frame.path,
        line=1,
        qualname="a",
        parent=None,
        called_at=frame,
        attempt=1,
        max_attempts=1,
        states=(),
    )
    case = CaseRecord(A, "passed", 0.1, runs=(record,))
    result, events = await result_of(HELLO, Collected((A,)), Started(A), Finished(case), Ended(0))
    assert result.ending is Ending.COMPLETE
    assert result.versions == ("3.12.1", "9.0.0", "3.8.8")
    (told,) = result.cases
    assert (told.test.path, told.runs[0].path, told.runs[0].called_at.path) == (
        "tests/test_a.py",
        "flows/a.py",
        "flows/a.py",
    )
    assert events[-2:] == [CaseStarted(told.test), CaseFinished(told)]
    assert result.output == "its last words"


DEATHS = {
    "killed": (Exit(None, 9), "PL907", "The test process was killed by SIGKILL while tests/test_a.py::test_b ran."),
    "exited": (
        Exit(3),
        "PL907",
        "The test process ended by itself with exit status 3 while tests/test_a.py::test_b ran.",
    ),
    "alive": (None, "PL908", "The connection to the test process broke while tests/test_a.py::test_b ran."),
}


@pytest.mark.parametrize(("end", "code", "what"), DEATHS.values(), ids=DEATHS)
async def test_a_worker_that_goes_before_its_time_never_leaves_an_old_green(end, code, what):
    result, events = await result_of(HELLO, Collected((A, B)), Started(A), PASSED, Started(B), end=end)
    assert result.ending is Ending.BROKEN
    assert [(trouble.code, trouble.what) for trouble in result.trouble] == [(code, what)]
    assert [case.outcome for case in result.cases] == ["passed", "error"]
    assert isinstance(events[-1], CaseFinished)
    assert events[-1].case.outcome == "error"


async def test_nonsense_on_the_channel_is_told_as_such():
    result, _ = await result_of(HELLO, ChannelBrokenError("not a message: b'x'"))
    assert [(trouble.code, trouble.detail) for trouble in result.trouble] == [("PL908", "not a message: b'x'")]


async def test_a_plugin_of_another_version_is_not_listened_to():
    result, _ = await result_of(Hello(99, 1, "3.12", "9", "3"), Collected((A,)), PASSED, Ended(0))
    assert [trouble.code for trouble in result.trouble] == ["PL909"]
    assert result.cases == ()
    assert result.trouble[0].cure.endswith("-m pip install --upgrade prefect-lens")


async def test_an_api_that_ends_is_told_and_its_worker_not_waited_for():
    script = Script(HELLO, Collected((A, B)), PASSED, Started(B, 1), ..., heeds=False)

    def end_the_api(event):
        if event == CaseStarted(test=TestId("tests/test_a.py", ("test_b",))):
            script.unserved.set()

    result = await asyncio.wait_for(run_tests(REQUEST, script, end_the_api), 5)
    assert result.ending is Ending.BROKEN
    assert [(one.code, one.what) for one in result.trouble] == [
        ("PL906", "Prefect's server ended in the middle of the run.")
    ]
    assert [case.outcome for case in result.cases] == ["passed", "error"]
    assert script.killed >= 1


async def test_an_api_that_ends_with_its_worker_is_no_news():
    script = Script(HELLO, Collected((A,)), Started(A, 1), PASSED, Ended(0), end=Exit(0))
    script.unserved.set()
    assert (await run_tests(REQUEST, script, lambda _: None)).ending is Ending.COMPLETE


async def test_a_broken_machine_is_told_and_what_follows_is_not_believed():
    result, _ = await result_of(HELLO, Broken("PL906", "no server", "why", ("fastapi<1",)), PASSED, Ended(0))
    assert [(trouble.code, trouble.what, trouble.detail) for trouble in result.trouble] == [
        ("PL906", "no server", "why")
    ]
    assert result.cases == ()


EXITS = {0: None, 1: None, 5: None, 2: "PL910", 3: "PL910", 4: "PL910"}


@pytest.mark.parametrize(("status", "code"), EXITS.items())
async def test_what_pytests_exit_status_means(status, code):
    result, _ = await result_of(HELLO, Ended(status))
    assert [trouble.code for trouble in result.trouble] == ([code] if code else [])


async def test_a_status_that_a_plugin_made_up_does_not_spoil_results():
    result, _ = await result_of(HELLO, Collected((A,)), Started(A), PASSED, Ended(42))
    assert result.ending is Ending.COMPLETE


async def test_what_did_not_come_to_run_is_left_out_like_what_options_deselected():
    result, _ = await result_of(HELLO, Collected((A, B)), Started(A), PASSED, Ended(1, "--maxfail", (B,)))
    assert [test.names for test in result.deselected] == [("test_b",)]


@pytest.mark.parametrize("heeds", [True, False])
async def test_cancelling_keeps_what_had_finished_and_believes_nothing_later(heeds):
    cancel = asyncio.Event()
    script = Script(
        HELLO,
        Collected((A, B)),
        Started(A),
        PASSED,
        Started(B),
        ...,
        Finished(CaseRecord(B, "failed", 0.1)),
        Ended(2),
        heeds=heeds,
    )

    def hear(event):
        if event == CaseStarted(TestId("tests/test_a.py", ("test_b",))):
            cancel.set()

    result = await run_tests(REQUEST, script, hear, cancel)
    assert result.ending is Ending.CANCELLED
    assert [case.outcome for case in result.cases] == ["passed"]
    assert result.trouble == ()
    assert script.killed >= 1


async def test_cancelling_the_task_kills_at_once():
    script = Script(HELLO, ...)
    task = asyncio.ensure_future(run_tests(REQUEST, script, lambda _: None))
    await until(lambda: script.opened)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert script.killed >= 1


async def until(holds):
    """Let the others go on until something holds; it is a few turns of the loop away, or never comes."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came")


def request(name: str) -> RunRequest:
    return RunRequest(REQUEST.folder, ".", REQUEST.interpreter, (TestId(name, ()),))


async def test_one_run_at_a_time_and_the_same_selection_waits_once():
    script = Script(HELLO, ..., Ended(0), end=Exit(0))
    queue, heard = RunQueue(script), []
    first = queue.submit(request("a"), lambda event: heard.append(("first", event)))
    second = queue.submit(request("b"), lambda event: heard.append(("second", event)))
    third = queue.submit(request("b"), lambda event: heard.append(("third", event)))
    assert second is third
    await until(lambda: script.opened)
    again = queue.submit(request("a"), lambda _: None)
    assert again is not first, "the code may have changed since the first began"
    again.cancel()
    assert script.opened == 1
    script.interrupted.set()
    assert (await first.result()).ending is Ending.COMPLETE
    await until(lambda: script.opened == 2)
    script.interrupted.set()
    assert await second.result() == await third.result()
    assert {who for who, _ in heard} == {"first", "second", "third"}
    assert (await again.result()).ending is Ending.CANCELLED
    await queue.close()
    assert script.opened == 2


async def test_a_queue_that_is_closed_ends_everything():
    script = Script(HELLO, ...)
    queue = RunQueue(script)
    runs = [queue.submit(request(name), lambda _: None) for name in "abc"]
    await until(lambda: script.opened)
    await queue.close()
    assert [(await run.result()).ending for run in runs] == [Ending.CANCELLED] * 3
    assert script.opened == 1
    assert script.killed >= 1
