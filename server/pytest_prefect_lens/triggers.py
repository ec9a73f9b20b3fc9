"""Whether an event fires a trigger, and with which parameters, asked of the code that Prefect's server runs."""

from __future__ import annotations

from datetime import datetime, timezone
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID


class Trigger:
    """A reactive trigger on events, and the events that count towards it so far."""

    def __init__(self, trigger: Any) -> None:
        """Take a trigger as `flow.serve` does.

        Raises:
            ValueError: it is none that an event fires.
        """
        if getattr(trigger, "type", None) != "event" or trigger.posture.value != "Reactive":
            raise ValueError(f"{trigger!r} is no reactive trigger on events; others wait for time to pass.")
        self._parameters: dict[str, Any] | None = trigger.parameters
        kind = _server("schemas.automations").EventTrigger
        written = trigger.model_dump(exclude={"id"})
        self._trigger: Any = kind.model_validate({name: written[name] for name in kind.model_fields if name in written})
        self._since: dict[Any, list[datetime]] = {}
        self._armed: set[Any] = set()

    def fires(self, event: Any, deployment_id: UUID) -> dict[str, Any] | None:
        """Return the parameters of the run that an event starts; None where it starts none."""
        received = _server("schemas.events").ReceivedEvent.model_validate(event.model_dump())
        trigger = self._trigger
        if not trigger.covers_resources(received.resource, received.related):
            return None
        key = trigger.bucketing_key(received)
        if trigger.starts_after(received.event):
            self._armed.add(key)
            return None
        if not trigger.expects(received.event) or (trigger.after and key not in self._armed):
            return None
        since = [
            one for one in self._since.get(key, []) if received.occurred - one <= trigger.within or not trigger.within
        ]
        self._since[key] = [*since, received.occurred]
        if not trigger.meets_threshold(len(self._since[key])):
            return None
        del self._since[key]
        self._armed.discard(key)
        return self._rendered(received, deployment_id)

    def _rendered(self, event: Any, deployment_id: UUID) -> dict[str, Any]:
        schemas = _server("schemas.automations")
        action = _server("actions").RunDeployment(deployment_id=deployment_id, parameters=self._parameters)
        now = datetime.now(timezone.utc)
        about: dict[str, Any] = {"triggered": now, "triggering_labels": {}, "triggering_event": event}
        triggered = schemas.TriggeredAction(
            automation=schemas.Automation(name="test", trigger=self._trigger, actions=[action]),
            firing=schemas.Firing(trigger=self._trigger, trigger_states={schemas.TriggerState.Triggered}, **about),
            action=action,
            **about,
        )
        return import_module("prefect.utilities.asyncutils").run_coro_as_sync(action.render_parameters(triggered))


def _server(module: str) -> Any:
    return import_module(f"prefect.server.events.{module}")
