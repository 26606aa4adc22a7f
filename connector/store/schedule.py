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
    """Claimed messages of an account that are due in that time, the soonest first, locked; columns as `sendable.ready`.

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


def held(connection: Connection, account: str, now: datetime) -> Sequence[Any]:
    """The messages that an account's provider holds, and those claimed to be held, before their date; soonest first.

    Besides what sending asks: ``state``, ``account``, ``record_id``, ``attempt_id``, ``provider_id``,
    ``provider_batch``, ``claim_expires``, ``started_at`` of the attempt, ``schedule_id``, ``due_at``, and whether it is
    ``paused``. Those whose claim has lapsed are looked at by who renews it.
    """
    told = SCHEDULED.c.message_id == MESSAGE.c.id
    query = (
        select(*SENT, *MESSAGE.c["state", "account", "record_id", "attempt_id", "provider_id", "provider_batch"])
        .add_columns(MESSAGE.c.claim_expires)
        .add_columns(ATTEMPT.c.started_at, SCHEDULED.c.schedule_id, pauses.waits(MESSAGE).label("paused"))
        .outerjoin(ATTEMPT, ATTEMPT.c.id == MESSAGE.c.attempt_id)
    )
    given = (
        query.add_columns(SCHEDULED.c.due_at)
        .join(SCHEDULED, told)
        .where(SCHEDULED.c.account == account, MESSAGE.c.account == account, MESSAGE.c.state.in_(HANDED_OVER))
    )
    claimed = (
        query.add_columns(MESSAGE.c.send_at.label("due_at"))
        .outerjoin(SCHEDULED, told)
        .where(MESSAGE.c.state == State.CLAIMED, MESSAGE.c.account == account, MESSAGE.c.send_at > now)
        .where(MESSAGE.c.claim_expires > now)
    )
    rows = [*connection.execute(given), *connection.execute(claimed)]
    return sorted(rows, key=lambda row: (row.due_at, row.id))


def stands(connection: Connection, seen: Any) -> bool:
    """Whether a message is where it was seen by `held`: in this state, by this attempt or under this claim; locked."""
    marks = MESSAGE.c["state", "attempt_id", "claim_expires"]
    row = connection.execute(select(*marks).where(MESSAGE.c.id == seen.id).with_for_update()).one()
    return bool(tuple(row) == (seen.state, seen.attempt_id, seen.claim_expires))


def keep_id(connection: Connection, message_id: str, schedule_id: str) -> None:
    """Keeps by which id the provider holds a message, before it is asked to cancel it."""
    connection.execute(update(SCHEDULED).where(SCHEDULED.c.message_id == message_id).values(schedule_id=schedule_id))


def let_go(connection: Connection, message_id: str) -> None:
    """The provider holds the message no more, or can no longer give it back."""
    connection.execute(delete(SCHEDULED).where(SCHEDULED.c.message_id == message_id))


def forget(connection: Connection, account: str, before: datetime) -> None:
    """Drops what has gone on: messages of another state or account, and those that were due before then."""
    still = exists().where(
        MESSAGE.c.id == SCHEDULED.c.message_id,
        MESSAGE.c.account == account,
        MESSAGE.c.state.in_((*HANDED_OVER, State.ATTEMPTING)),
    )
    mine = SCHEDULED.c.account == account
    connection.execute(delete(SCHEDULED).where(and_(mine, or_(SCHEDULED.c.due_at < before, ~still))))
