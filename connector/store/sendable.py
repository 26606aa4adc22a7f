"""Which claimed messages may be attempted: asked to choose among them, and again in the moment that commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Subquery, bindparam, or_, select

from connector.model.states import State
from connector.store import pauses
from connector.store.batches import of_ids, unindexed
from connector.store.outbox import MESSAGE, SENT


def ready(connection: Connection, account: str, now: datetime, claimed_until: datetime, limit: int) -> Sequence[Any]:
    """Claimed messages of an account that may be attempted now, best rank first.

    Their claim must hold at least until `claimed_until`, so that no other daemon can take the record meanwhile. What is
    paused is left where it is.
    """
    query = (
        select(*SENT)
        .where(MESSAGE.c.state == State.CLAIMED, MESSAGE.c.account == account, *_due(now, claimed_until))
        .order_by(MESSAGE.c.rank)
        .limit(limit)
    )
    return connection.execute(query).all()


def still_ready(
    connection: Connection, account: str, now: datetime, claimed_until: datetime, ids: Sequence[str]
) -> dict[str, Any]:
    """Those of these messages that `ready` would give, by our id, locked against other attempts."""
    found = of_ids(connection, _ready_of, MESSAGE, ids, account=account, now=now, claimed_until=claimed_until)
    return {row.id: row for row in found}


def _ready_of(named: Subquery) -> Executable:
    now = bindparam("now", type_=MESSAGE.c.send_at.type)
    return (
        select(*SENT)
        .where(
            MESSAGE.c.id.in_(select(named.c.id)),
            unindexed(MESSAGE.c.state) == State.CLAIMED,
            MESSAGE.c.account == bindparam("account"),
            *_due(now, bindparam("claimed_until", type_=MESSAGE.c.claim_expires.type)),
        )
        .with_for_update(skip_locked=True)
    )


def _due(now: Any, claimed_until: Any) -> tuple[Any, ...]:
    """The conditions that a claimed message may be attempted at that moment."""
    return (
        MESSAGE.c.claim_expires >= claimed_until,
        or_(MESSAGE.c.not_before.is_(None), MESSAGE.c.not_before <= now),
        or_(MESSAGE.c.send_at.is_(None), MESSAGE.c.send_at <= now),
        ~pauses.waits(MESSAGE),
    )
