"""Deployments in the test's own API, whose schedules and triggers start runs at once, in the process of the test."""

# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUnknownParameterType=false, reportUnknownArgumentType=false
# Prefect is not there where the server's code is checked; with it installed, as users have it, all of this is known.

from __future__ import annotations

import os
from contextlib import contextmanager
from datetime import datetime, timedelta
from datetime import timezone as zones
from importlib import import_module
from typing import TYPE_CHECKING, Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import construct_schedule
from prefect.states import Pending, Scheduled

from pytest_prefect_lens.given import check_flow
from pytest_prefect_lens.running import run_flow_run
from pytest_prefect_lens.triggers import Trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from uuid import UUID

    from prefect import Flow
    from prefect.client.schemas.objects import FlowRun
    from prefect.events import DeploymentCompoundTrigger, DeploymentEventTrigger, DeploymentSequenceTrigger, Event

    from pytest_prefect_lens.result import FlowResult

_client: Callable[..., Any] = get_client
_RUN = "PREFECT__FLOW_RUN_ID"


@contextmanager
def deploy(
    flow: Flow[..., Any],
    *,
    name: str = "test",
    parameters: Mapping[str, Any] | None = None,
    cron: str | None = None,
    interval: float | timedelta | None = None,
    rrule: str | None = None,
    timezone: str | None = None,
    triggers: Iterable[DeploymentEventTrigger | DeploymentCompoundTrigger | DeploymentSequenceTrigger] = (),
) -> Generator[Deployed]:
    """Have a deployment of a flow in the API that is in use, and nobody who would run it by himself.

    Args:
        flow: The flow.
        name: The deployment's name.
        parameters: The deployment's own parameters.
        cron: A schedule; at most one of this and the next two.
        interval: A schedule, in seconds.
        rrule: A schedule.
        timezone: The schedule's zone: `Europe/Berlin`.
        triggers: What events start a run, or their absence, as for `flow.serve(triggers=[…])`.

    Raises:
        httpx.HTTPError: the API does not answer.
        TypeError: that is no flow.
        ValueError: a trigger is on a metric, which Prefect Cloud alone evaluates, or the schedule is none.
    """
    __tracebackhide__ = True
    check_flow(flow, "deploy")
    now = datetime.now(zones.utc)
    kept = [Trigger(trigger, now) for trigger in triggers]
    planned = cron is not None or interval is not None or rrule is not None
    schedule = construct_schedule(cron=cron, interval=interval, rrule=rrule, timezone=timezone) if planned else None
    with _client(sync_client=True) as client:
        deployment_id = client.create_deployment(
            client.create_flow(flow),
            name,
            parameters=dict(parameters or {}),
            schedules=[] if schedule is None else [DeploymentScheduleCreate(schedule=schedule)],
        )
    try:
        yield Deployed(flow, deployment_id, schedule, kept)
    finally:
        with _client(sync_client=True) as client:
            client.delete_deployment(deployment_id)


class Deployed:
    """A deployment whose runs begin when the test says so, and run in the test's process."""

    def __init__(self, flow: Flow[..., Any], deployment_id: UUID, schedule: Any, triggers: list[Trigger]) -> None:
        self.flow = flow
        self.id = deployment_id
        """Prefect's id of the deployment."""
        self._schedule = schedule
        self._triggers = triggers

    def run(self, **parameters: Any) -> FlowResult[Any]:
        """Run it as if somebody had asked for that, with these parameters beside the deployment's own."""
        with _client(sync_client=True) as client:
            run = client.create_flow_run_from_deployment(self.id, parameters=parameters, state=Scheduled())
        return self._run(run)

    def run_scheduled(self, times: int = 1, *, after: datetime | None = None) -> list[FlowResult[Any]]:
        """Run it at the next times of its schedule, without waiting for them.

        The times are worked out by the code of Prefect's server; `prefect.runtime.flow_run.scheduled_start_time` tells
        a run of its own.

        Args:
            times: How many of them.
            after: From when on to look at the schedule; now by default.

        Raises:
            ValueError: the deployment has no schedule.
        """
        __tracebackhide__ = True
        if self._schedule is None:
            raise ValueError(f"the deployment of {self.flow.name!r} has no schedule: deploy(flow, cron=…)")
        start = (after or datetime.now(zones.utc)).astimezone(zones.utc)
        kind: Any = getattr(import_module("prefect.server.schemas.schedules"), type(self._schedule).__name__)
        dates = kind.model_validate(self._schedule.model_dump()).get_dates(times, start)
        planned = import_module("prefect.utilities.asyncutils").run_coro_as_sync(dates)
        with _client(sync_client=True) as client:
            runs = [
                client.create_flow_run_from_deployment(self.id, state=Scheduled(scheduled_time=time))
                for time in planned
            ]
        return [self._run(run) for run in runs]

    def on(self, event: Event) -> list[FlowResult[Any]]:
        """Tell its triggers of an event, and run it for each that fires.

        Whether one fires, and with which parameters, is decided by Prefect's own code for its server.

        Args:
            event: One that a flow has sent, out of `FlowResult.events`, or one made by hand.
        """
        done: list[FlowResult[Any]] = []
        for trigger in self._triggers:
            done += [self.run(**parameters) for parameters in trigger.hear(event)]
        return done

    def pass_time(self, by: timedelta | float) -> list[FlowResult[Any]]:
        """Let time pass in which nothing happens, and run it each time that one of its triggers fires for that.

        A proactive trigger waits for something that does not happen, as of the deployment or the event that it follows.
        Nothing waits for real.

        Args:
            by: How long; a number is of seconds.
        """
        done: list[FlowResult[Any]] = []
        for trigger in self._triggers:
            passed = trigger.pass_time(by if isinstance(by, timedelta) else timedelta(seconds=by))
            done += [self.run(**parameters) for parameters in passed]
        return done

    def _run(self, run: FlowRun) -> FlowResult[Any]:
        with _client(sync_client=True) as client:
            # Whoever takes up a run whose time is to come would wait for it.
            client.set_flow_run_state(run.id, Pending(), force=True)
            ready = client.read_flow_run(run.id)
        with _as_a_worker(ready.id):
            return run_flow_run(self.flow, ready)


@contextmanager
def _as_a_worker(run_id: UUID) -> Generator[None]:
    """Say in the environment which run it is, where `prefect.runtime` looks for its deployment."""
    before = os.environ.get(_RUN)
    os.environ[_RUN] = str(run_id)
    try:
        yield
    finally:
        if before is None:
            del os.environ[_RUN]
        else:
            os.environ[_RUN] = before
