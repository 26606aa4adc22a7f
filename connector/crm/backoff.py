"""Trying again what may be tried again, a bounded number of times, with growing and jittered waits."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from connector.model.errors import MayHaveLeft, NeverLeft, Passing

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits `first` seconds, then twice that, up to `most`; each wait is cut by a random share ("full jitter").

    For idempotent requests alone: what may have left is asked again too.
    """

    tries: int = 4
    first: float = 0.5
    most: float = 8.0
    sleep: Callable[[float], None] = time.sleep
    share: Callable[[], float] = random.random

    def insist(self, ask: Callable[[], Answer]) -> Answer:
        """Asks until an answer comes, at most `tries` times.

        Raises:
            Passing, NeverLeft, MayHaveLeft: the last try's own trouble.
        """
        for attempt in range(self.tries - 1):
            try:
                return ask()
            except (Passing, NeverLeft, MayHaveLeft):
                self.sleep(self.share() * min(self.most, self.first * 2**attempt))
        return ask()
