"""When a trigger fires, and with which parameters, decided by the code that Prefect's server runs.

That code keeps what it has seen in the server's database; here a memory stands in for it, and the time is that of the
events and what a test lets pass.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime, timedelta
    from uuid import UUID

_evaluating = threading.Lock()


class Trigger:
    """A trigger of a deployment, and what it has seen so far."""

    def __init__(self, trigger: Any, now: datetime) -> None:
        """Take a trigger as `flow.serve` does, and begin to watch.

        Raises:
            ValueError: it is none that Prefect's own server evaluates.
        """
        schemas = _server("schemas.automations")
        self._action: Any = _server("actions").RunDeployment(
            deployment_id=uuid4(), parameters=getattr(trigger, "parameters", None)
        )
        self._automation: Any = schemas.Automation(name="test", trigger=_model(trigger), actions=[self._action])
        self._watched: list[Any] = [
            one for one in self._automation.trigger.all_triggers() if one.type == "event" and trigger.enabled
        ]
        self._memory = _Memory(now)
        self._watch()

    def hear(self, event: Any) -> list[dict[str, Any]]:
        """Return the parameters of each run that an event starts, and of those that were due before it."""
        received = _server("schemas.events").ReceivedEvent.model_validate(event.model_dump())
        due = self._pass_to(received.occurred)
        return [*due, *self._fired(self._hear(received))]

    def pass_time(self, by: timedelta) -> list[dict[str, Any]]:
        """Return the parameters of each run that starts as nothing happens for a while."""
        return self._pass_to(self._memory.now + by)

    # --- in between -------------------------------------------------------------------------------------

    async def _hear(self, event: Any) -> None:
        """As the server's `reactive_evaluation` does, for the triggers of this automation."""
        for trigger in self._watched:
            if not trigger.covers_resources(event.resource, event.related):
                continue
            key = trigger.bucketing_key(event)
            bucket = self._memory.buckets.get((trigger.id, key))
            if bucket is None and trigger.after and trigger.starts_after(event.event):
                # An event that is also expected counts from the next one on.
                count = -1 if trigger.expects(event.event) else 0
                bucket = await self._begin(trigger, key, event.occurred, count, event)
            elif bucket is None and not trigger.after and trigger.expects(event.event):
                bucket = await self._begin(trigger, key, event.occurred, 0, event)
            if bucket is not None and trigger.expects(event.event):
                await _server("triggers").evaluate(None, trigger, bucket, event.occurred, triggering_event=event)

    async def _begin(self, trigger: Any, key: tuple[str, ...], start: datetime, count: int, event: Any) -> _Bucket:
        return await self._memory.start_new_bucket(
            None, trigger, key, start=start, end=start + trigger.within, count=count, last_event=event
        )

    def _pass_to(self, moment: datetime) -> list[dict[str, Any]]:
        """Let time pass, and stop wherever the server would look whether what was expected has happened."""
        found: list[dict[str, Any]] = []
        proactive = [trigger for trigger in self._watched if trigger.posture.value == "Proactive"]
        while True:
            ends = [
                (bucket.end, trigger, bucket)
                for trigger in proactive
                for (of, _), bucket in self._memory.buckets.items()
                if of == trigger.id and bucket.end <= moment
            ]
            if not ends:
                break
            self._memory.now, trigger, bucket = min(ends, key=lambda one: one[0])
            evaluated = _server("triggers").evaluate(None, trigger, bucket, self._memory.now, triggering_event=None)
            found += self._fired(evaluated)
            self._watch()
        self._memory.now = max(self._memory.now, moment)
        return found

    def _watch(self) -> None:
        """Have what each proactive trigger for nothing in particular expects begin now, as the server does."""
        for trigger in self._watched:
            if trigger.posture.value == "Proactive" and not trigger.for_each:
                self._memory.ensure(trigger)

    def _fired(self, evaluated: Any) -> list[dict[str, Any]]:
        with _evaluating, self._memory.in_place():
            _run(evaluated)
        firings, self._memory.acted = self._memory.acted, []
        return [self._rendered(firing) for firing in firings]

    def _rendered(self, firing: Any) -> dict[str, Any]:
        triggered = _server("schemas.automations").TriggeredAction(
            automation=self._automation,
            firing=firing,
            triggered=firing.triggered,
            triggering_labels=firing.triggering_labels,
            triggering_event=firing.triggering_event,
            action=self._action,
        )
        return _run(self._action.render_parameters(triggered))


@dataclass
class _Bucket:
    """How often what is expected has happened in a stretch of time."""

    trigger_id: UUID
    bucketing_key: tuple[str, ...]
    start: datetime
    end: datetime
    count: int
    last_event: Any = None
    last_operation: str | None = None


@dataclass
class _ChildFiring:
    child_firing: Any


@dataclass
class _Memory:
    """What stands in for the server's database; its functions are called as Prefect's own of the same names."""

    now: datetime
    buckets: dict[tuple[UUID, tuple[str, ...]], _Bucket] = field(
        default_factory=dict["tuple[UUID, tuple[str, ...]]", _Bucket]
    )
    firings: dict[UUID, dict[UUID, Any]] = field(default_factory=dict["UUID", "dict[UUID, Any]"])
    """By composite trigger and by child: the last time that each fired."""
    acted: list[Any] = field(default_factory=list[Any])
    """The firings that have a run started."""

    def ensure(self, trigger: Any) -> None:
        if (trigger.id, ()) not in self.buckets:
            self.buckets[trigger.id, ()] = _Bucket(trigger.id, (), self.now, self.now + trigger.within, 0)

    @contextmanager
    def in_place(self) -> Generator[None]:
        """Let Prefect's code find this in the place of its database."""
        module = _server("triggers")
        original: dict[str, Any] = {name: getattr(module, name) for name in _STORED if hasattr(module, name)}
        fire: Any = module.fire

        async def at_its_time(session: Any, firing: Any) -> None:
            await fire(session, firing.model_copy(update={"triggered": self.now}))

        for name in original:
            setattr(module, name, getattr(self, name))
        module.fire = at_its_time
        try:
            yield
        finally:
            module.fire = fire
            for name, function in original.items():
                setattr(module, name, function)

    async def start_new_bucket(
        self,
        session: Any,
        trigger: Any,
        bucketing_key: tuple[str, ...],
        *,
        start: datetime,
        end: datetime,
        count: int,
        **more: Any,
    ) -> _Bucket:
        del session
        bucket = _Bucket(trigger.id, tuple(bucketing_key), start, end, count, more.get("last_event"))
        self.buckets[bucket.trigger_id, bucket.bucketing_key] = bucket
        return bucket

    async def increment_bucket(self, session: Any, bucket: _Bucket, count: int, last_event: Any) -> _Bucket:
        del session
        bucket.count += count
        bucket.last_event = last_event or bucket.last_event
        return bucket

    async def remove_bucket(self, session: Any, bucket: _Bucket) -> None:
        del session
        self.buckets.pop((bucket.trigger_id, bucket.bucketing_key), None)

    async def acquire_composite_trigger_lock(self, session: Any, trigger: Any) -> None:
        """Nobody else evaluates it."""

    async def upsert_child_firing(self, session: Any, firing: Any) -> None:
        del session
        known = self.firings.setdefault(firing.trigger.parent.id, {})
        known.pop(firing.trigger.id, None)
        known[firing.trigger.id] = firing

    async def get_child_firings(self, session: Any, trigger: Any) -> list[_ChildFiring]:
        del session
        return [_ChildFiring(firing) for firing in self.firings.get(trigger.id, {}).values()]

    async def clear_old_child_firings(self, session: Any, trigger: Any, fired_before: datetime) -> None:
        old = [one.id for one in self.firings.get(trigger.id, {}).values() if one.triggered < fired_before]
        await self.clear_child_firings(session, trigger, old)

    async def clear_child_firings(self, session: Any, trigger: Any, firing_ids: list[UUID]) -> set[UUID]:
        del session
        known = self.firings.get(trigger.id, {})
        gone = {child: one.id for child, one in known.items() if one.id in firing_ids}
        for child in gone:
            del known[child]
        return set(gone.values())

    async def act(self, firing: Any) -> None:
        self.acted.append(firing)


_STORED = (
    "start_new_bucket",
    "increment_bucket",
    "remove_bucket",
    "acquire_composite_trigger_lock",
    "upsert_child_firing",
    "get_child_firings",
    "clear_old_child_firings",
    "clear_child_firings",
    "act",
)


def _model(trigger: Any) -> Any:
    """Return the server's own model of a trigger, and of those that it is made of."""
    kinds = {"event": "EventTrigger", "compound": "CompoundTrigger", "sequence": "SequenceTrigger"}
    what: Any = getattr(trigger, "type", None)
    if what == "metric":
        raise ValueError("A trigger on a metric is evaluated by Prefect Cloud alone, and so never fires here.")
    if what not in kinds:
        raise ValueError(f"deploy() takes Prefect's triggers, as DeploymentEventTrigger; not {trigger!r}.")
    kind: Any = getattr(_server("schemas.automations"), kinds[what])
    written = trigger.model_dump(exclude={"id"})
    if what != "event":
        written["triggers"] = [_model(one) for one in trigger.triggers]
    return kind.model_validate({name: written[name] for name in kind.model_fields if name in written})


def _run(coroutine: Any) -> Any:
    return import_module("prefect.utilities.asyncutils").run_coro_as_sync(coroutine)


def _server(module: str) -> Any:
    return import_module(f"prefect.server.events.{module}")
