"""What the pretend providers share: faults, ledger, time, pushes and chance."""

import struct
import time
from dataclasses import dataclass, field
from hashlib import blake2b

from connector.sandbox.faults import Faults
from connector.sandbox.ledger import Ledger
from connector.sandbox.providers.pushing import Pushes
from connector.sandbox.providers.timetable import Timetable

_FOUR_WORDS = struct.Struct("<4I")


@dataclass
class World:
    """One pretend world. `speed` 1.0 lets a message live for tenths of a second and a guide's minute last a second;
    2.0 is twice as fast."""

    faults: Faults
    ledger: Ledger
    seed: int
    speed: float = 1.0
    timetable: Timetable = field(default_factory=Timetable)
    pushes: Pushes = field(default_factory=Pushes)

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def chances(self, key: str) -> tuple[float, float, float, float]:
        """Four independent numbers in [0, 1) that depend on the seed and `key` alone."""
        digest = blake2b(f"{self.seed}/{key}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
        one, two, three, four = _FOUR_WORDS.unpack(digest)
        return one / 2**32, two / 2**32, three / 2**32, four / 2**32

    def close(self) -> None:
        """End the threads."""
        self.timetable.close()
        self.pushes.close()
