"""What lies in a window of time, counted and read a page at a time: for backfills."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, select

from connector.model.records import WriteCause
from connector.model.states import State
from connector.store.attempts import ATTEMPT
from connector.store.batches import incoming
from connector.store.outbox import EVENT, MESSAGE
from connector.store.writes import WRITE


@dataclass(frozen=True, slots=True)
class Reached:
    """Which messages: of one mapping, read in [since, until), that reached one of `states`.

    `accounts` None: whatever their account, even none.
    """

    org: str
    mapping: str
    states: tuple[State, ...]
    since: datetime
    until: datetime
    accounts: tuple[str, ...] | None = None


def count_batches(
    connection: Connection, account: str, since: datetime, until: datetime, after: str
) -> tuple[int, int]:
    """How many batches with messages an account sent in [since, until), and their messages, after the id `after`."""
    query = (
        select(func.count(ATTEMPT.c.id.distinct()), func.count(MESSAGE.c.id))
        .join(MESSAGE, MESSAGE.c.attempt_id == ATTEMPT.c.id)
        .where(
            ATTEMPT.c.account == account,
            ATTEMPT.c.started_at >= since,
            ATTEMPT.c.started_at < until,
            ATTEMPT.c.id > after,
        )
    )
    batches, messages = connection.execute(query).one()
    return batches, messages


def count_reached(connection: Connection, which: Reached, after: str) -> int:
    """How many such messages there are after the id `after`."""
    return connection.execute(select(func.count()).where(*_conditions(which, after))).scalar_one()


def reached(connection: Connection, which: Reached, after: str, limit: int) -> Sequence[Any]:
    """Such messages after the id `after`, by id."""
    return connection.execute(
        select(MESSAGE).where(*_conditions(which, after)).order_by(MESSAGE.c.id).limit(limit)
    ).all()


def last_moves(connection: Connection, ids: Sequence[str], states: Sequence[State]) -> dict[str, Any]:
    """The event by which each message last reached one of `states`."""
    named = incoming(connection, MESSAGE, ["id"], [{"id": message_id} for message_id in ids])
    query = (
        select(EVENT)
        .where(EVENT.c.message_id.in_(select(named.c.id)), EVENT.c.moved, EVENT.c.to_state.in_(states))
        .order_by(EVENT.c.id)
    )
    return {row.message_id: row for row in connection.execute(query)}


def owing_activity(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the messages whose activity is already owed to the CRM, due or parked."""
    named = incoming(connection, MESSAGE, ["id"], [{"id": message_id} for message_id in ids])
    query = select(WRITE.c.message_id).where(
        WRITE.c.message_id.in_(select(named.c.id)), WRITE.c.cause == WriteCause.ACTIVITY, WRITE.c.standing != "done"
    )
    return set(connection.execute(query).scalars())


def _conditions(which: Reached, after: str) -> list[Any]:
    moved = exists().where(EVENT.c.message_id == MESSAGE.c.id, EVENT.c.moved, EVENT.c.to_state.in_(which.states))
    conditions = [
        MESSAGE.c.org == which.org,
        MESSAGE.c.mapping == which.mapping,
        MESSAGE.c.created_at >= which.since,
        MESSAGE.c.created_at < which.until,
        MESSAGE.c.id > after,
        moved,
    ]
    return conditions if which.accounts is None else [*conditions, MESSAGE.c.account.in_(which.accounts)]
