"""What was spent of the caps, counted from committed attempts: a request that certainly sent nothing spent nothing.

Senders of one store take turns by the lease's row, which `connector.store.lease.check` locks until their commit: two of
them cannot both see the last of a cap as free. A person's command has no lease, and takes turns by
`connector.store.lease.take_turns`, which locks the same row. Typed sends and lookups have no attempt; what certainly
cost nothing of theirs is given back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from sqlalchemy import Connection, case, delete, func, or_, select, update

from connector.model.caps import MILLIONTHS, Spent, Unit
from connector.model.states import State
from connector.store.attempts import ATTEMPT
from connector.store.batches import incoming, put
from connector.store.outbox import MESSAGE
from connector.store.tables import Spending

SPENDING: Any = Spending.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models

_AMOUNTS = (SPENDING.c.messages, SPENDING.c.parts, SPENDING.c.money, SPENDING.c.lookups)

CAP_REACHED = "CAP_REACHED"
"""The failure code of messages that are held for a cap."""

_SENT_NOTHING = ("never_left", "throttled", "refused")
"""Outcomes of attempts that prove that no message of theirs went out."""


@dataclass(frozen=True, slots=True)
class Spender:
    """Under whose caps something was spent."""

    account: str
    mapping: str
    campaign: str | None = None


def cost(row: Any, price_a_part: float) -> Spent:
    """What sending a message costs; a message whose parts nobody can count (WhatsApp) is one part."""
    parts = max(1, row.parts)
    return Spent(1, parts, money(parts, price_a_part))


def money(parts: int, price_a_part: float) -> int:
    """What parts cost, or lookups by the price of one, in millionths, each rounded up."""
    return parts * ceil(round(price_a_part * MILLIONTHS, 3))


def spend(connection: Connection, spent: Iterable[tuple[str, Spender, Spent]], now: datetime) -> None:
    """Writes down what attempts, or others by their ids, are about to spend, in the transaction that commits them."""
    sums: dict[tuple[str, Spender], Spent] = {}
    for attempt_id, spender, amount in spent:
        sums[attempt_id, spender] = sums.get((attempt_id, spender), Spent()) + amount
    rows = [
        {
            "at": now,
            "attempt_id": attempt_id,
            "account": spender.account,
            "mapping": spender.mapping,
            "campaign": spender.campaign,
            "messages": amount.messages,
            "parts": amount.parts,
            "money": amount.money,
            "lookups": amount.lookups,
        }
        for (attempt_id, spender), amount in sums.items()
    ]
    put(connection, SPENDING, rows)


def give_back(connection: Connection, spent_as: str, at: datetime, amount: Spent) -> None:
    """Takes back what was written down under an id at a moment, as far as it certainly was not spent."""
    mine = SPENDING.c.at == at, SPENDING.c.attempt_id == spent_as  # it is found by its moment, which has an index
    less = {each.name: each - amount.of(Unit(each.name)) for each in _AMOUNTS}
    connection.execute(update(SPENDING).where(*mine).values(less))


def forget(connection: Connection, before: datetime) -> None:
    """Drops what was spent before then, which must lie a day back at least."""
    connection.execute(delete(SPENDING).where(SPENDING.c.at < before))


def _counted() -> Any:
    known = SPENDING.outerjoin(ATTEMPT, ATTEMPT.c.id == SPENDING.c.attempt_id)
    return known, or_(ATTEMPT.c.outcome.is_(None), ATTEMPT.c.outcome.not_in(_SENT_NOTHING))


def _sums(*columns: Any) -> list[Any]:
    return [func.coalesce(func.sum(column), 0) for column in columns]


def spent_since(connection: Connection, hour: datetime, day: datetime) -> list[tuple[Spender, Spent, Spent]]:
    """By account and mapping: what was spent after `hour` and after `day` (the earlier of the two)."""
    joined, counts = _counted()
    lately = [case((SPENDING.c.at > hour, amount), else_=0) for amount in _AMOUNTS]
    rows = connection.execute(
        select(SPENDING.c.account, SPENDING.c.mapping, *_sums(*lately), *_sums(*_AMOUNTS))
        .select_from(joined)
        .where(SPENDING.c.at > day, counts)
        .group_by(SPENDING.c.account, SPENDING.c.mapping)
    )
    return [(Spender(row[0], row[1]), _spent(row[2:6]), _spent(row[6:10])) for row in rows]


def spent_by_campaigns(connection: Connection, campaigns: Sequence[str]) -> list[tuple[Spender, Spent]]:
    """By account, mapping and campaign: all that these campaigns have spent, as far back as the store remembers."""
    joined, counts = _counted()
    named = incoming(connection, SPENDING, ["campaign"], [{"campaign": name} for name in campaigns])
    rows = connection.execute(
        select(SPENDING.c.account, SPENDING.c.mapping, SPENDING.c.campaign, *_sums(*_AMOUNTS))
        .select_from(joined)
        .where(SPENDING.c.campaign.in_(select(named.c.campaign)), counts)
        .group_by(SPENDING.c.account, SPENDING.c.mapping, SPENDING.c.campaign)
    )
    return [(Spender(row[0], row[1], row[2]), _spent(row[3:7])) for row in rows]


def timeline(connection: Connection, since: datetime) -> list[tuple[datetime, Spender, Spent]]:
    """What was spent after `since`, moment by moment."""
    joined, counts = _counted()
    rows = connection.execute(
        select(SPENDING.c.at, SPENDING.c.account, SPENDING.c.mapping, *_sums(*_AMOUNTS))
        .select_from(joined)
        .where(SPENDING.c.at > since, counts)
        .group_by(SPENDING.c.at, SPENDING.c.account, SPENDING.c.mapping)
    )
    return [(row[0], Spender(row[1], row[2]), _spent(row[3:7])) for row in rows]


def in_line(connection: Connection, now: datetime) -> list[tuple[Spender, int, int]]:
    """By account and mapping: how many messages, of how many parts, are held for a cap whose time is still to come."""
    parts = case((MESSAGE.c.parts > 1, MESSAGE.c.parts), else_=1)
    rows = connection.execute(
        select(MESSAGE.c.account, MESSAGE.c.mapping, func.count(), *_sums(parts))
        .where(MESSAGE.c.state == State.HELD, MESSAGE.c.failure_code == CAP_REACHED, MESSAGE.c.not_before > now)
        .group_by(MESSAGE.c.account, MESSAGE.c.mapping)
    )
    return [(Spender(row[0], row[1]), int(row[2]), int(row[3])) for row in rows]


def _spent(amounts: Sequence[Any]) -> Spent:
    return Spent(*(int(amount) for amount in amounts))
