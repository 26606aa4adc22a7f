"""Messages that a provider holds until their date: which they are, and by which id of the provider's."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, func, or_, select, update
from sqlmodel import Field, SQLModel

from connector.model.states import State
from connector.store import pauses
from connector.store.attempts import ATTEMPT
from connector.store.batches import put
from connector.store.columns import when
from connector.store.outbox import MESSAGE, SENT

HANDED_OVER = (State.ACCEPTED, State.UNKNOWN)
"""States of a message that a provider holds: its word for it, or its answer lost."""


class ScheduledMessage(SQLModel, table=True):
    """One message given to a provider before it was due. `schedule_id` is the provider's, kept before it is used."""

    __tablename__ = "scheduled"

    message_id: str = Field(primary_key=True)
    account: str = Field(index=True)
    due_at: datetime = when(nullable=False)
    schedule_id: str | None


SCHEDULED: Any = ScheduledMessage.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


def hand_over(connection: Connection, account: str, due: Iterable[tuple[str, datetime]]) -> None:
    """Commits, with their attempts, that messages (our id, their date) are about to be given to an account."""
    rows = [{"message_id": one, "account": account, "due_at": at, "schedule_id": None} for one, at in due]
    put(connection, SCHEDULED, rows, unless=["message_id"], replace=["account", "due_at", "schedule_id"])


def early(
    connection: Connection,
    account: str,
    channels: Sequence[str],
    due: tuple[datetime, datetime],
    now: datetime,
    claimed_until: datetime,
    limit: int,
) -> Sequence[Any]:
    """Claimed messages of an account that are due in that time, the soonest first, locked; columns as `outbox.ready`.

    Those that wait with us for a reason of theirs (`not_before`), and what is paused, are left.
    """
    query = (
        select(*SENT)
        .where(
            MESSAGE.c.state == State.CLAIMED,
            MESSAGE.c.account == account,
            MESSAGE.c.claim_expires >= claimed_until,
            MESSAGE.c.channel.in_(channels),
            MESSAGE.c.send_at.between(*due),
            or_(MESSAGE.c.not_before.is_(None), MESSAGE.c.not_before <= now),
            ~pauses.waits(MESSAGE),
        )
        .order_by(MESSAGE.c.send_at, MESSAGE.c.rank)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return connection.execute(query).all()


def count(connection: Connection, account: str) -> int:
    """How many messages an account's provider may hold."""
    return connection.execute(select(func.count()).where(SCHEDULED.c.account == account)).scalar_one()


def held(connection: Connection, account: str) -> Sequence[Any]:
    """The messages that an account's provider holds, the soonest first.

    Besides what sending asks: ``state``, ``object``, ``record_id``, ``org``, ``attempt_id``, ``provider_id``,
    ``provider_batch``, ``started_at`` of the attempt, ``due_at``, ``schedule_id`` and whether it is ``paused``.
    """
    more = MESSAGE.c["state", "object", "record_id", "org", "attempt_id", "provider_id", "provider_batch"]
    query = (
        select(*SENT, *more, SCHEDULED.c.due_at, SCHEDULED.c.schedule_id, ATTEMPT.c.started_at)
        .add_columns(pauses.waits(MESSAGE).label("paused"))
        .join(MESSAGE, MESSAGE.c.id == SCHEDULED.c.message_id)
        .join(ATTEMPT, ATTEMPT.c.id == MESSAGE.c.attempt_id)
        .where(SCHEDULED.c.account == account, MESSAGE.c.account == account, MESSAGE.c.state.in_(HANDED_OVER))
        .order_by(SCHEDULED.c.due_at, SCHEDULED.c.message_id)
    )
    return connection.execute(query).all()


def keep_id(connection: Connection, message_id: str, schedule_id: str) -> None:
    """Keeps by which id the provider holds a message, before it is asked to cancel it."""
    connection.execute(update(SCHEDULED).where(SCHEDULED.c.message_id == message_id).values(schedule_id=schedule_id))


def let_go(connection: Connection, message_ids: Sequence[str]) -> None:
    """The provider holds these messages no more, or can no longer give them back."""
    connection.execute(delete(SCHEDULED).where(SCHEDULED.c.message_id.in_(message_ids)))


def forget(connection: Connection, account: str, before: datetime) -> None:
    """Drops what has gone on: messages of another state or account, and those that were due before then."""
    still = exists().where(
        MESSAGE.c.id == SCHEDULED.c.message_id,
        MESSAGE.c.account == account,
        MESSAGE.c.state.in_((*HANDED_OVER, State.ATTEMPTING)),
    )
    mine = SCHEDULED.c.account == account
    connection.execute(delete(SCHEDULED).where(and_(mine, or_(SCHEDULED.c.due_at < before, ~still))))
