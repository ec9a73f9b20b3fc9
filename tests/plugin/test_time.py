"""Schedules, triggers and a clock that stands still, in sessions of a plain pytest over the real Prefect."""

import os
import re
from pathlib import Path

import pytest

from tests.plugin.driving import SERVER, Plain, pytest_alone, write
from tests.pythons import MISSING, newest_and_thoroughly_the_rest, prefect_pythons

pytestmark = pytest.mark.slow

PROJECT = """
#- pytest.ini
[pytest]
prefect_lens_hermetic = true
#- flows.py
import datetime
from prefect import flow, runtime, task
from prefect.events import emit_event

@task(retries=1)
def stumbles(seen=[]):
    seen.append(1)
    if len(seen) % 2: raise ValueError("at first")

@flow(retries=1)
def daily(region: str = "eu", *, size: int = 1, seen=[]):
    stumbles()
    seen.append(1)
    if len(seen) % 2: raise ValueError("at first")
    start = runtime.flow_run.scheduled_start_time
    return region, size, start.isoformat()[:16], datetime.datetime.now(datetime.timezone.utc).isoformat()[:16]

@task(retries=1, retry_delay_seconds=600)
def patient(seen=[]):
    seen.append(1)
    if len(seen) % 2: raise ValueError("not yet")

@flow(retries=1, retry_delay_seconds=600)
def waits(seen=[]):
    patient()
    seen.append(1)
    if len(seen) % 2: raise ValueError("not yet")

@flow
async def asynchronous(order: int = 0): return order, str(runtime.deployment.id)

@flow
def daily_of(order: str): return order

@flow
def sells(number):
    for n in range(number):
        emit_event("order.paid", {"prefect.resource.id": "shop.1"}, payload={"order": n})
#- test_time.py
import asyncio
from datetime import datetime, timedelta, timezone
import pytest
from prefect.client.orchestration import get_client
from prefect.events import DeploymentCompoundTrigger, DeploymentEventTrigger, DeploymentMetricTrigger
from prefect.events import DeploymentSequenceTrigger, Event, EventTrigger
from pytest_prefect_lens import deploy as deploying, frozen_clock as frozen, run_flow
from flows import asynchronous, daily, daily_of, patient, sells, waits

START = datetime(2031, 5, 1, 12, tzinfo=timezone.utc)

def test_a_schedule(deploy):
    deployed = deploy(daily, cron="0 6 * * *", timezone="UTC", parameters={"region": "us"})
    one, two = deployed.run_scheduled(2, after=START)
    assert one.result[:3] == ("us", 1, "2031-05-02T06:00") and two.result[2] == "2031-05-03T06:00"
    assert one.retries == 1 and one.task_runs["stumbles"]
    (next_one,) = deployed.run_scheduled(after=START + timedelta(days=2))
    assert next_one.result[2] == "2031-05-04T06:00"
    assert deployed.run(size=7).result[:2] == ("us", 7)

def test_an_asynchronous_flow_and_an_interval(deploy):
    deployed = deploy(asynchronous, interval=60)
    results = [run.result for run in deployed.run_scheduled(3)]
    assert results == [(0, str(deployed.id))] * 3 or results == [[0, str(deployed.id)]] * 3

def test_an_event(deploy):
    trigger = DeploymentEventTrigger(
        expect={"order.paid"},
        match={"prefect.resource.id": "shop.*"},
        parameters={"order": {"__prefect_kind": "json", "value": {
            "__prefect_kind": "jinja", "template": "{{ event.payload.order }}"}}},
    )
    every_second = DeploymentEventTrigger(expect={"order.paid"}, threshold=2, within=timedelta(minutes=1))
    deployed = deploy(asynchronous, triggers=[trigger])
    seldom = deploy(asynchronous, name="seldom", triggers=[every_second])
    events = run_flow(sells, 4).events
    assert [run.result[0] for event in events for run in deployed.on(event)] == [0, 1, 2, 3]
    assert len([run for event in events for run in seldom.on(event)]) == 1, "once in a minute"
    assert seldom.on(happened("order.paid", 5)) == [] and len(seldom.on(happened("order.paid", 5.5))) == 1

def test_what_comes_after(deploy):
    deployed = deploy(asynchronous, triggers=[DeploymentEventTrigger(after={"order.made"}, expect={"order.paid"})])
    (paid,) = [event for event in run_flow(sells, 1).events if event.event == "order.paid"]
    assert deployed.on(paid) == []
    assert deployed.on(paid.model_copy(update={"event": "order.made"})) == []
    assert len(deployed.on(paid)) == 1 and deployed.on(paid) == []

def happened(name, minutes=0, shop="shop.1"):
    occurred = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    return Event(event=name, resource={"prefect.resource.id": shop}, occurred=occurred)

def test_something_that_does_not_happen(deploy):
    every_ten_minutes = DeploymentEventTrigger(
        posture="Proactive", expect={"order.paid"}, within=timedelta(minutes=10), threshold=1)
    deployed = deploy(asynchronous, triggers=[every_ten_minutes])
    assert deployed.pass_time(60 * 9) == []
    assert len(deployed.pass_time(60 * 2)) == 1
    assert deployed.on(happened("order.paid", 15)) == [] and deployed.pass_time(60 * 5) == []
    assert len(deployed.pass_time(timedelta(minutes=30))) == 3

def test_something_that_does_not_follow(deploy):
    unpaid = DeploymentEventTrigger(posture="Proactive", after={"order.made"}, expect={"order.paid"},
        for_each={"prefect.resource.id"}, within=timedelta(minutes=10), parameters={
            "order": "{{ event.resource.id }}"})
    deployed = deploy(daily_of, triggers=[unpaid])
    assert deployed.pass_time(timedelta(days=1)) == []
    for shop in ("shop.1", "shop.2"):
        assert deployed.on(happened("order.made", 60 * 24 + 1, shop)) == []
    assert deployed.on(happened("order.paid", 60 * 24 + 2, "shop.1")) == []
    assert [run.result for run in deployed.pass_time(timedelta(hours=1))] == ["shop.2"]

def both(kind, **more):
    return kind(triggers=[EventTrigger(expect={"order.made"}), EventTrigger(expect={"order.paid"})],
        within=timedelta(hours=1), **more)

def test_several_things_that_happen(deploy):
    deployed = deploy(asynchronous, triggers=[both(DeploymentCompoundTrigger, require="all")])
    assert deployed.on(happened("order.paid")) == []
    assert len(deployed.on(happened("order.made", 30))) == 1
    assert deployed.on(happened("order.paid", 60)) == []
    assert deployed.on(happened("order.made", 180)) == [], "the first is too long ago"
    either = deploy(asynchronous, name="either", triggers=[both(DeploymentCompoundTrigger, require="any")])
    assert len(either.on(happened("order.paid"))) == 1

def test_several_things_one_after_the_other(deploy):
    deployed = deploy(asynchronous, triggers=[both(DeploymentSequenceTrigger)])
    assert deployed.on(happened("order.paid")) == [] and deployed.on(happened("order.made", 1)) == []
    assert len(deployed.on(happened("order.paid", 2))) == 1
    assert deployed.on(happened("order.paid", 3)) == []

def test_triggers_that_are_switched_off_or_of_another_kind():
    off = DeploymentEventTrigger(expect={"order.paid"}, enabled=False)
    with deploying(asynchronous, triggers=[off]) as deployed:
        assert deployed.on(happened("order.paid")) == []
    with pytest.raises(ValueError, match="Prefect's triggers, as DeploymentEventTrigger; not 'order.paid'"):
        with deploying(daily, triggers=["order.paid"]): pass
    metric = DeploymentMetricTrigger(metric={"name": "successes", "operator": "<", "threshold": 0.5})
    with pytest.raises(ValueError, match="evaluated by Prefect Cloud alone"):
        with deploying(daily, triggers=[metric]): pass

def test_it_is_gone():
    with deploying(daily): pass
    with get_client(sync_client=True) as client:
        assert client.read_deployments() == []

@pytest.mark.parametrize("year", [2020, 2040])
def test_a_clock_that_stands_still(year, frozen_clock, deploy):
    pytest.importorskip("{library}")
    clock = frozen_clock(f"{year}-01-01T06:00:00Z")
    result = run_flow(daily)
    assert result.result[3] == f"{year}-01-01T06:00"
    assert result.retries == 1
    clock.shift(3600)
    clock.shift(timedelta(hours=1))
    assert deploy(daily, cron="0 12 * * *", timezone="UTC").run_scheduled()[0].result[2:] == (
        f"{year}-01-01T12:00", f"{year}-01-01T08:00")
    clock.move_to(f"{year}-02-01")
    assert asyncio.run(asynchronous())[0] == 0
    assert datetime.now(timezone.utc).isoformat() == f"{year}-02-01T00:00:00+00:00"

@pytest.mark.prefect(retry_delays=False)
@pytest.mark.parametrize("year", [2020, 2040])
def test_delays_under_a_clock_that_stands_still(year, frozen_clock):
    pytest.importorskip("{library}")
    frozen_clock(f"{year}-01-01T06:00:00Z")
    result = run_flow(waits)
    assert (result.retries, result.task_runs[patient][0].retries) == (1, 1)
"""
NAMES = re.findall(r"^def (test_\w+)", PROJECT, re.MULTILINE)
LIBRARIES = ("time_machine", "freezegun")


@pytest.fixture(
    scope="module", params=newest_and_thoroughly_the_rest(), ids=lambda p: Path(p).parts[-3] if p else "none"
)
def session(request, tmp_path_factory) -> Plain:
    if request.param is None:
        pytest.skip(MISSING)
    project = write(tmp_path_factory.mktemp("time") / "project", PROJECT.replace("{library}", LIBRARIES[0]))
    return run(request.param, project)


def run(python: str, project, *args: str) -> Plain:
    beside = os.environ.get("PREFECT_LENS_TEST_BESIDE", "") if python == prefect_pythons()[0] else ""
    path = os.pathsep.join(filter(None, (str(SERVER), beside)))
    return pytest_alone(project, "--tb=short", "-p", "no:randomly", *args, python=python, PYTHONPATH=path)


@pytest.mark.parametrize("name", NAMES)
def test_inside(session, name):
    told = [word for test, word in session.outcomes.items() if test.partition("[")[0] == name]
    assert set(told) == {"passed"} or (not told and "could not import" in session.output), session.output[-30_000:]


def test_the_other_library_does_as_well(tmp_path):
    if not os.environ.get("PREFECT_LENS_TEST_BESIDE"):
        pytest.skip("PREFECT_LENS_TEST_BESIDE names no folder with other people's packages")
    project = write(tmp_path / "project", PROJECT.replace("{library}", LIBRARIES[1]))
    (project.folder / "conftest.py").write_text(
        "import pytest_prefect_lens.clock as clock\n"
        "find = clock.find_spec\n"
        "clock.find_spec = lambda name: None if name == 'time_machine' else find(name)\n"
    )
    ended = run(prefect_pythons()[0], project, "-k", "still")
    assert set(ended.outcomes.values()) == {"passed"}, ended.output
