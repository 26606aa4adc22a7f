"""What a single pass still has to do, and what it leaves undone: how much of what, whose, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.cli.times import shown
from connector.store import backlog
from connector.sync.breakers import Standing
from connector.sync.parts import Parts

_HELD_BACK = ("messages", "lookups")
"""What an open breaker keeps from being done."""


@dataclass(frozen=True, slots=True)
class LeftUndone:
    """Some of the work, `counts` by kind. `again_at` is when its account is tried again, where that is known."""

    counts: Mapping[str, int]
    why: str
    account: str | None = None
    again_at: datetime | None = None

    @property
    def sentence(self) -> str:
        """For people."""
        what = ", ".join(f"{count} {kind}" for kind, count in self.counts.items())
        return f"Left to the next pass: {what}{f' of {self.account}' if self.account else ''}; {self.why}."

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        again = self.again_at.isoformat() if self.again_at else None
        return {"account": self.account, **self.counts, "why": self.why, "again_at": again}


@dataclass(frozen=True, slots=True)
class Undone:
    """What there is to do. `due`, by kind, can be done by a moment (of last looks for replies: how many accounts have
    any); `behind` waits for accounts that are left alone; `put_off` lookups come after that moment."""

    due: Mapping[str, int]
    behind: Sequence[LeftUndone]
    put_off: int

    def __bool__(self) -> bool:
        return any(self.due.values()) or bool(self.behind)

    def left(self) -> tuple[LeftUndone, ...]:
        """What is left to the next pass where this one ends."""
        return tuple(self._left())

    def _left(self) -> Iterator[LeftUndone]:
        if any(self.due.values()):
            yield LeftUndone(_some(self.due), "nothing came of trying for a while, and the alarms say more")
        yield from self.behind
        if self.put_off:
            why = "their providers take their time or could not be asked, or a cap leaves no room for them"
            yield LeftUndone({"lookups": self.put_off}, why)


def undone(parts: Parts, until: datetime) -> Undone:
    """What can be worked on by `until`, and what of accounts that are left alone when they no longer are."""
    with parts.database.read() as connection:

        def of_account(account: str, until: datetime) -> dict[str, int]:
            counts = backlog.due(connection, parts.org, (), (account,), until)
            return {kind: counts[kind] for kind in _HELD_BACK}

        due = backlog.due(connection, parts.org, tuple(parts.mappings), tuple(parts.providers), until)
        behind = []
        for account in sorted(parts.breakers.those(Standing.OPEN)):
            due |= {kind: due[kind] - count for kind, count in of_account(account, until).items()}
            again = parts.breakers.tried_again_at(account)
            if waiting := _some(of_account(account, max(until, again or until))):
                behind.append(LeftUndone(waiting, _why(again), account, again))
        due["last looks"] = sum(
            backlog.has_last_look(connection, name, parts.last_words(), provider.capability.replies_by_batch, until)
            for name, provider in parts.providers.items()
            if provider.capability.polls_statuses and provider.capability.replies_by_batch
        )
        others = parts.providers.keys() - {each.account for each in behind}
        return Undone(due, behind, backlog.lookups_put_off(connection, sorted(others), until))


def _why(again: datetime | None) -> str:
    if again is None:
        return "nothing is sent through it while its balance is below its `balance_floor`"
    return f"it is left alone after failures in a row, and tried again from {shown(again)} on"


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {kind: count for kind, count in counts.items() if count}
