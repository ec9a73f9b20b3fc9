"""Whose turn it is to ask the index: somebody who waits for an answer goes before whoever works ahead."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Self


class Turns:
    """A lock that a thread may take several times. Who comes first has it first, the patient ones last of all."""

    def __init__(self, lock: _Lock | None = None) -> None:
        """Begin with nobody asking; with `lock`, let that be the patient ones' way to it."""
        self._lock = lock or _Lock()
        self.is_patient = lock is not None

    def patiently(self) -> Turns:
        """Return the same lock for those who are patient."""
        return Turns(self._lock)

    def __enter__(self) -> Self:
        with self.asking():
            self._lock.take(patiently=self.is_patient)
        return self

    def __exit__(self, *_error: object) -> None:
        self._lock.give()

    @contextmanager
    def asking(self) -> Generator[None]:
        """Keep the patient ones waiting, also while this thread lets others have a turn between two of its own."""
        self._lock.wanted(0 if self.is_patient else 1)
        try:
            yield
        finally:
            self._lock.wanted(0 if self.is_patient else -1)

    @property
    def is_wanted(self) -> bool:
        """Whether anybody asks who is not patient."""
        return self._lock.asking > 0

    @property
    def is_waited_for(self) -> bool:
        """Whether another thread waits that would have its turn before this one had another."""
        return self._lock.asking > 0 if self.is_patient else bool(self._lock.queue)

    def step_aside(self) -> None:
        """Wait while somebody who is not patient asks, without asking anything."""
        self._lock.wait()


class _Lock:
    def __init__(self) -> None:
        self._news = threading.Condition(threading.Lock())
        self._owner: int | None = None
        self._depth = 0
        self.asking = 0
        self.queue: deque[object] = deque()
        """Who waits and is not patient, from the one who has waited longest on."""

    def wanted(self, by: int) -> None:
        """Take that so many more or fewer want it, and are not patient."""
        with self._news:
            self.asking += by
            if by < 0 and not self.asking:
                self._news.notify_all()

    def wait(self) -> None:
        with self._news:
            self._news.wait_for(lambda: not self.asking)

    def take(self, *, patiently: bool) -> None:
        me = threading.get_ident()
        with self._news:
            if self._owner != me:
                if patiently:
                    self._news.wait_for(lambda: self._owner is None and not self.asking)
                else:
                    ticket = object()
                    self.queue.append(ticket)
                    self._news.wait_for(lambda: self._owner is None and self.queue[0] is ticket)
                    self.queue.popleft()
                self._owner = me
            self._depth += 1

    def give(self) -> None:
        with self._news:
            self._depth -= 1
            if not self._depth:
                self._owner = None
                self._news.notify_all()
