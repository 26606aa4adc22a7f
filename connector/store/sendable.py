"""Which claimed messages may be attempted: asked to choose among them, and again in the moment that commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Subquery, bindparam, or_, select

from connector.model.states import State
from connector.store import pauses
from connector.store.batches import of_ids, unindexed
from connector.store.outbox import MESSAGE, SENT


def ready(
    connection: Connection,
    account: str,
    now: datetime,
    claimed_until: datetime,
    limit: int,
    *,
    least_tried: bool = False,
) -> Sequence[Any]:
    """Claimed messages of an account that may be attempted now, best rank first; with `least_tried`, those that have
    been tried least come before.

    Their claim must hold at least until `claimed_until`, so that no other daemon can take the record meanwhile. What is
    paused is left where it is.
    """
    asked = {"account": account, "now": now, "claimed_until": claimed_until, "most": limit}
    return connection.execute(_LEAST_TRIED if least_tried else _READY, asked).all()


def still_ready(
    connection: Connection, account: str, now: datetime, claimed_until: datetime, rows: Sequence[Any]
) -> list[Any]:
    """Those of `ready`'s rows that it would give again, as they are, locked against other attempts.

    What a message says changes only while it is queued or held, and the moves there and back leave their mark in
    `_MARKS`; so those are compared, and not all that was read.
    """
    asked = {"account": account, "now": now, "claimed_until": claimed_until}
    found = of_ids(connection, _ready_of, MESSAGE, [row.id for row in rows], **asked).all()
    marks = {row.id: tuple(row) for row in found}
    return [row for row in rows if marks.get(row.id) == tuple([row._mapping[name] for name in _MARKS])]


def _ready_of(named: Subquery) -> Executable:
    return (
        select(*(MESSAGE.c[name] for name in _MARKS))
        .where(
            MESSAGE.c.id.in_(select(named.c.id)),
            unindexed(MESSAGE.c.state) == State.CLAIMED,
            unindexed(MESSAGE.c.account) == bindparam("account"),
            *_due(),
        )
        .with_for_update(skip_locked=True)
    )


def _due() -> tuple[Any, ...]:
    """The conditions that a claimed message may be attempted at the moment `now`."""
    now = bindparam("now", type_=MESSAGE.c.send_at.type)
    return (
        MESSAGE.c.claim_expires >= bindparam("claimed_until", type_=MESSAGE.c.claim_expires.type),
        or_(MESSAGE.c.not_before.is_(None), MESSAGE.c.not_before <= now),
        or_(MESSAGE.c.send_at.is_(None), MESSAGE.c.send_at <= now),
        ~pauses.waits(MESSAGE),
    )


_MARKS = ("id", "state_at", "read_at", "send_at", "tries", "failure_code")
"""What tells whether a message is as it was read."""

_MAY_GO = select(*SENT).where(MESSAGE.c.state == State.CLAIMED, MESSAGE.c.account == bindparam("account"), *_due())
_READY = _MAY_GO.order_by(MESSAGE.c.rank).limit(bindparam("most"))
_LEAST_TRIED = _MAY_GO.order_by(MESSAGE.c.tries, MESSAGE.c.rank).limit(bindparam("most"))
"""Made once: making them anew took longer than running them."""
