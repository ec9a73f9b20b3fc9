"""Has the tests of files followed, a stretch at a time: in a large product one test may take seconds."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from prefect_lens.index.known import without_collector
from prefect_lens.index.memory import Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prefect_lens.index.known import Known
    from prefect_lens.index.turns import Turns


def never() -> bool:
    """Leave off at no time."""
    return False


def behind(path: str, known: Callable[[], Known | None], turns: Turns, enough: Callable[[], bool] = never) -> bool:
    """Have the tests followed that may come to what a file defines; return whether all of them are. See `follow`."""
    with turns:
        waiting = now.waiting(path) if (now := known()) is not None else None
    if not waiting:
        return waiting is not None
    with without_collector(), turns.asking():
        is_done = follow(waiting, known, turns, enough)  # in order: neighbours share what they import
        with turns:
            if (now := known()) is not None:
                now.tidy()
    return is_done


def follow(
    paths: Iterable[str], known: Callable[[], Known | None], turns: Turns, enough: Callable[[], bool] = never
) -> bool:
    """Have the tests of some files followed; return whether all of them are.

    Args:
        paths: files of tests.
        known: gives what is known of the files, while it is this thread's turn; None where it is not worth a search.
        turns: whoever waits for a turn has it between two calls.
        enough: whether to leave off; asked between two calls. What has been found is kept.
    """

    def pause() -> bool:
        return turns.is_waited_for or enough()

    for path in paths:
        is_followed = False
        while not is_followed:
            if enough():
                return False
            with turns:
                if (now := known()) is None:
                    return False
                with suppress(Interrupted):
                    now.reached(path, pause)
                    is_followed = True
    return True
