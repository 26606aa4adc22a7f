"""What is wrong right now and needs a person: shown by health, doctor and the demo, and logged once."""

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

log = structlog.get_logger()


class Alarms:
    """Subjects in trouble, each with a sentence and since when. Thread-safe."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._standing: dict[str, tuple[datetime, str]] = {}
        self._lock = threading.Lock()

    def sound(self, subject: str, sentence: str) -> None:
        """Something is wrong with `subject`; said again, it is the same alarm."""
        with self._lock:
            since, known = self._standing.get(subject, (self._clock(), ""))
            self._standing[subject] = (since, sentence)
        if known != sentence:
            log.error("alarm", subject=subject, reason=sentence)

    def settle(self, subject: str) -> None:
        """Nothing is wrong with `subject` any more."""
        with self._lock:
            gone = self._standing.pop(subject, None)
        if gone:
            log.info("alarm_over", subject=subject)

    def standing(self) -> dict[str, tuple[datetime, str]]:
        """All alarms: subject to (since, sentence)."""
        with self._lock:
            return dict(self._standing)
