"""What a single pass still has to do, and what it leaves undone: how much of what, whose, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

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


def due(parts: Parts, connection: Connection, until: datetime) -> dict[str, int]:
    """What can be worked on by `until`, by kind, but for what waits behind breakers; of last looks for replies, how
    many accounts have any."""
    counts = backlog.due(connection, parts.org, tuple(parts.mappings), tuple(parts.providers), until)
    for account in parts.breakers.those(Standing.OPEN):
        waiting = _of_account(parts, connection, account, until)
        counts |= {kind: counts[kind] - waiting[kind] for kind in _HELD_BACK}
    asked = {name: provider.capability for name, provider in parts.providers.items()}
    looks = [
        backlog.has_last_look(connection, name, parts.last_words(), can.replies_by_batch, until)
        for name, can in asked.items()
        if can.polls_statuses and can.replies_by_batch
    ]
    return {**counts, "last looks": sum(looks)}


def _of_account(parts: Parts, connection: Connection, account: str, until: datetime) -> dict[str, int]:
    counts = backlog.due(connection, parts.org, (), (account,), until)
    return {kind: counts[kind] for kind in _HELD_BACK}


def behind_breakers(parts: Parts, connection: Connection, until: datetime) -> list[LeftUndone]:
    """What waits for accounts that are left alone now, and could be worked on by `until` or when they are not."""
    found = []
    for account in sorted(parts.breakers.those(Standing.OPEN)):
        again = parts.breakers.tried_again_at(account)
        waiting = _of_account(parts, connection, account, max(until, again or until))
        if any(waiting.values()):
            found.append(LeftUndone(_some(waiting), _why(again), account, again))
    return found


def _why(again: datetime | None) -> str:
    if again is None:
        return "nothing is sent through it while its balance is below its `balance_floor`"
    return f"it is left alone after failures in a row, and tried again from {shown(again)} on"


def _some(counts: Mapping[str, int]) -> dict[str, int]:
    return {kind: count for kind, count in counts.items() if count}


def left_undone(
    parts: Parts, connection: Connection, undone: Mapping[str, int], behind: Sequence[LeftUndone], until: datetime
) -> Iterator[LeftUndone]:
    """All that is left where a pass ends: `undone` of what was due by `until`, `behind` the breakers of accounts."""
    if any(undone.values()):
        yield LeftUndone(_some(undone), "nothing came of trying for a while, and the alarms say more")
    yield from behind
    waited_for = {each.account for each in behind}
    others = [account for account in parts.providers if account not in waited_for]
    if put_off := backlog.lookups_put_off(connection, others, until):
        yield LeftUndone({"lookups": put_off}, "their providers take their time, or could not be asked")
