"""Claims: our tokens on CRM records, committed before they are written and confirmed by each record's own result."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, or_, select

from connector.model.states import State
from connector.store import pauses
from connector.store.batches import amend, unindexed
from connector.store.outbox import MESSAGE, SENT


def unconfirmed(connection: Connection, org: str, mapping: str, now: datetime, limit: int) -> Sequence[Any]:
    """Queued messages whose claim token is committed and not yet confirmed by the CRM, best rank first."""
    return connection.execute(
        select(*MESSAGE.c["id", "record_id", "claim_token", "fields", "tries", "state", "read_at"])
        .where(
            MESSAGE.c.state == State.QUEUED,
            unindexed(MESSAGE.c.org) == org,
            MESSAGE.c.mapping == mapping,
            MESSAGE.c.claim_token.is_not(None),
            or_(MESSAGE.c.not_before.is_(None), MESSAGE.c.not_before <= now),
        )
        .order_by(MESSAGE.c.rank)
        .limit(limit)
    ).all()


def any_expire(connection: Connection, org: str, mapping: str, before: datetime) -> bool:
    """Whether `lapse` would find anything."""
    return connection.execute(_expiring(org, mapping, before).limit(1)).first() is not None


def lapse(
    connection: Connection, org: str, mapping: str, before: datetime, now: datetime, *, after: int, limit: int
) -> Sequence[Any]:
    """Claimed messages whose claim in the CRM lapses before `before` and must be renewed before they may be sent.

    Best rank first, of those whose rank is greater than `after`. Their claims are lapsed as of `now`, so that nobody
    sends them until they are confirmed anew. The claims of what is paused lapse by themselves, and are renewed when it
    goes on. Besides what sending asks: ``record_id``, ``claim_token``, ``fields``, ``state``, ``account`` and ``rank``.
    What somebody is sending or moving this moment is left as it is. A claim that is lapsed here is expiring until it is
    confirmed, whatever becomes of who meant to renew it.
    """
    query = _expiring(org, mapping, before).where(MESSAGE.c.rank > after).limit(limit)
    rows = connection.execute(query.with_for_update(skip_locked=True)).all()
    amend(connection, MESSAGE, [{"id": row.id, "claim_expires": now} for row in rows])
    return rows


def _expiring(org: str, mapping: str, before: datetime) -> Select[Any]:
    return (
        select(*SENT, *MESSAGE.c["record_id", "claim_token", "fields", "state", "account", "rank"])
        .where(
            MESSAGE.c.state == State.CLAIMED,
            unindexed(MESSAGE.c.org) == org,
            MESSAGE.c.mapping == mapping,
            MESSAGE.c.claim_expires < before,
            ~pauses.waits(MESSAGE),
        )
        .order_by(MESSAGE.c.rank)
    )


def confirm(connection: Connection, ids: Sequence[str], expires: datetime, seen_at: datetime) -> None:
    """Notes that the CRM holds our claim until `expires`: the record has left the queue."""
    amend(
        connection,
        MESSAGE,
        [{"id": message_id, "claim_expires": expires, "left_queue_at": seen_at} for message_id in ids],
    )


def drop(connection: Connection, ids: Sequence[str]) -> None:
    """Another daemon holds these records: only a fresh read that finds them queued may claim them again."""
    amend(connection, MESSAGE, [{"id": message_id, "claim_token": None} for message_id in ids])
