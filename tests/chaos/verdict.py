"""How a run ended, in numbers."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.chaos.audit import Audit, Books
from tests.chaos.plan import Plan


@dataclass(slots=True)
class Verdict:
    """How a run ended."""

    plan: Plan
    store: str
    audit: Audit
    books: Books
    seconds: float
    kills: int
    ended_by_itself: Counter[int]
    cut_off: int
    blows: Counter[str]
    faults: Counter[str]
    received: dict[str, int]
    news: dict[str, int]
    owing: dict[str, int]
    drained: bool

    def passed(self) -> bool:
        """Zeros everywhere, as many kills as were planned, nothing owed, and a stop that ended well."""
        return self.audit.clean() and self.kills >= self.plan.kills and not self.owing and self.drained

    def as_json(self) -> dict[str, Any]:
        """All of it, for a program."""
        return {
            "store": self.store,
            "passed": self.passed(),
            "seed": self.plan.seed,
            "messages": self.plan.messages,
            **self.audit.counts(),
            "examples": self.audit.examples(),
            "by_status": self.books.by_status,
            "unknown_by_faults": self.books.unknown_by_faults,
            "unknown_by_kills": self.books.unknown_by_kills,
            "kills": self.kills,
            "starts_that_failed": sum(self.ended_by_itself.values()),
            "cut_off_by_kills": self.cut_off,
            "blows": dict(self.blows),
            "faults": dict(self.faults),
            "received": self.received,
            "news": self.news,
            "owing": self.owing,
            "drained": self.drained,
            "seconds": round(self.seconds, 1),
        }
