"""Messages that are held until a moment, and what is held for a person to look at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, func, select

from connector.model.records import WriteCause
from connector.model.states import State
from connector.store.batches import incoming, unindexed
from connector.store.outbox import MESSAGE
from connector.store.writes import WRITE


def due(connection: Connection, org: str, mapping: str, now: datetime, after: int, limit: int) -> Sequence[Any]:
    """Held messages whose moment has come and whose record was told that they are held, in order of rank.

    Gives ``id``, ``record_id``, ``claim_token`` and ``rank`` of those whose rank is greater than `after`.
    """
    told = ~exists().where(
        WRITE.c.message_id == MESSAGE.c.id, WRITE.c.cause == WriteCause.STATUS, WRITE.c.standing != "done"
    )
    return connection.execute(
        select(MESSAGE.c.id, MESSAGE.c.record_id, MESSAGE.c.claim_token, MESSAGE.c.rank)
        .where(
            _waited(now), unindexed(MESSAGE.c.org) == org, MESSAGE.c.mapping == mapping, MESSAGE.c.rank > after, told
        )
        .order_by(MESSAGE.c.rank)
        .limit(limit)
    ).all()


def still_due(connection: Connection, ids: Sequence[str], now: datetime) -> dict[str, str | None]:
    """Those of the messages that are still held and whose moment has come, locked, each with its claim token."""
    named = incoming(connection, MESSAGE, ["id"], [{"id": message_id} for message_id in ids])
    query = (
        select(MESSAGE.c.id, MESSAGE.c.claim_token)
        .where(MESSAGE.c.id.in_(select(named.c.id)), _waited(now))
        .order_by(MESSAGE.c.id)
        .with_for_update()
    )
    return {row.id: row.claim_token for row in connection.execute(query)}


def by_reason(connection: Connection) -> Sequence[Any]:
    """What is held, by the code of its reason: ``code``, ``number`` and ``next``, the first moment one may go out."""
    return connection.execute(
        select(
            MESSAGE.c.failure_code.label("code"),
            func.count().label("number"),
            func.min(MESSAGE.c.not_before).label("next"),
        )
        .where(MESSAGE.c.state == State.HELD)
        .group_by(MESSAGE.c.failure_code)
        .order_by(MESSAGE.c.failure_code)
    ).all()


def _waited(now: datetime) -> Any:
    return and_(MESSAGE.c.state == State.HELD, MESSAGE.c.not_before <= now)
