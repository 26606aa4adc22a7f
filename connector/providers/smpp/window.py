"""The window: requests that wait for the SMSC's answer, of which there are only so many at once (SMPP 3.4, 2.9)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from connector.providers.smpp.pdus import LAST_NUMBER


@dataclass(slots=True)
class Awaited:
    """A request under way. `status` stays None while it has no answer; `joins` marks a part of several."""

    number: int
    joins: bool
    status: int | None = None
    id: str = ""
    ended: threading.Event = field(default_factory=threading.Event)


class WindowFull(Exception):
    """No place in the window became free in time."""


class Window:
    """Numbers requests, and gives answers to whom they are for. Safe among threads."""

    def __init__(self, size: int) -> None:
        self._places = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._awaited: dict[int, Awaited] = {}
        self._last = 0

    def number(self) -> int:
        """The next sequence number."""
        with self._lock:
            self._last = self._last % LAST_NUMBER + 1
            return self._last

    @contextmanager
    def place(self, seconds: float, *, joins: bool = False) -> Iterator[Awaited]:
        """A place for one request, until its answer came or nobody waits for it any more.

        Raises:
            WindowFull: none became free within so many seconds.
        """
        if not self._places.acquire(timeout=max(0.0, seconds)):
            raise WindowFull
        awaited = Awaited(self.number(), joins)
        with self._lock:
            self._awaited[awaited.number] = awaited
        try:
            yield awaited
        finally:
            with self._lock:
                self._awaited.pop(awaited.number, None)
            self._places.release()

    def answered(self, number: int, status: int, message_id: str) -> Awaited | None:
        """Notes an answer; None where nobody waits for it."""
        with self._lock:
            awaited = self._awaited.pop(number, None)
        if awaited is not None:
            awaited.status, awaited.id = status, message_id
        return awaited

    def lost(self) -> None:
        """No answer comes any more to what is under way."""
        with self._lock:
            awaited = list(self._awaited.values())
            self._awaited.clear()
        for each in awaited:
            each.ended.set()
