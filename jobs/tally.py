"""What the jobs have done since it was last told, for one line in the log now and then."""

import threading
from collections import Counter
from dataclasses import fields, is_dataclass


class Tally:
    """Counts by job and what it counts, such as ``dispatch_accepted``; accounts alike are one. Thread-safe."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(self, job: str, result: object) -> None:
        """What one run of a job gave: a number, or a dataclass of numbers."""
        kind = job.split(maxsplit=1)[0]
        if is_dataclass(result) and not isinstance(result, type):
            counted = {f"{kind}_{field.name}": getattr(result, field.name) for field in fields(result)}
        else:
            counted = {kind: result}
        with self._lock:
            self._counts.update({name: each for name, each in counted.items() if type(each) is int})

    def take(self) -> dict[str, int]:
        """All that is not nought, by name; and begins anew."""
        with self._lock:
            told, self._counts = self._counts, Counter()
        return {name: count for name, count in sorted(told.items()) if count}
