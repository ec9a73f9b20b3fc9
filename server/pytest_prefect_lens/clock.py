"""A clock that stands still, for the code under test and for Prefect's engine in this process alike.

Prefect's API and the processes of a `ProcessPoolTaskRunner` keep their own time.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator


class Clock:
    """What stands in for the time."""

    def __init__(self, move_to: Any, shift: Any) -> None:
        self._move_to = move_to
        self._shift = shift

    def move_to(self, moment: datetime | str) -> None:
        """Make it another time."""
        self._move_to(_moment(moment))

    def shift(self, by: timedelta | float) -> None:
        """Let time pass: a number is of seconds."""
        self._shift(by if isinstance(by, timedelta) else timedelta(seconds=by))


@contextmanager
def frozen_clock(moment: datetime | str, *, ticks: bool = False) -> Generator[Clock]:
    """Have it be a certain time, which does not go on by itself.

    Made with time-machine, or with freezegun; one of them must be installed.

    Args:
        moment: The time; a text is ISO 8601. One without a zone is in UTC.
        ticks: Whether time goes on from there all the same.

    Raises:
        ModuleNotFoundError: neither of the two is installed.
    """
    if find_spec("time_machine") is not None:
        machine: Any = import_module("time_machine")
        with machine.travel(_moment(moment), tick=ticks) as traveller:
            yield Clock(traveller.move_to, traveller.shift)
    elif find_spec("freezegun") is not None:
        freezegun: Any = import_module("freezegun")
        # An event loop measures how long to wait: its own time goes on, or nothing would.
        with freezegun.freeze_time(_moment(moment), tick=ticks, real_asyncio=True) as frozen:
            yield Clock(frozen.move_to, frozen.tick)
    else:
        raise ModuleNotFoundError("frozen_clock() needs time-machine or freezegun. Run: pip install time-machine")


def _moment(moment: datetime | str) -> datetime:
    found = datetime.fromisoformat(moment.replace("Z", "+00:00")) if isinstance(moment, str) else moment
    return found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)
