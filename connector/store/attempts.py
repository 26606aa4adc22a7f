"""Attempts: one row a send request, committed before it leaves, and how it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Subquery, and_, exists, func, select, update

from connector.model.states import State
from connector.store import pauses
from connector.store.batches import amend, of_ids, put
from connector.store.outbox import MESSAGE
from connector.store.tables import Attempt

ATTEMPT: Any = Attempt.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How a send request ended: answered, refused, throttled, never_left, may_have_left, crashed."""

    attempt_id: str
    outcome: str
    ended_at: datetime
    provider_batch: str | None = None
    error: str | None = None
    evidence: dict[str, Any] | None = None
    poll_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AttemptStart:
    """A send request about to leave. `reference` is ours and becomes the attempt's id."""

    reference: str
    run: str
    account: str
    provider: str
    size: int
    body_hash: str


def begin(connection: Connection, starts: Sequence[AttemptStart], now: datetime) -> None:
    """Commits that requests are about to leave; nothing may be sent before this is durable."""
    put(
        connection,
        ATTEMPT,
        [
            {
                "id": start.reference,
                "run": start.run,
                "account": start.account,
                "provider": start.provider,
                "size": start.size,
                "body_hash": start.body_hash,
                "started_at": now,
                "poll_at": now,  # a crash may leave it so, with messages that news has moved on meanwhile
                "polls": 0,
            }
            for start in starts
        ],
    )


def is_paused(connection: Connection, attempt_id: str) -> bool:
    """Whether any of an attempt's messages waits for a pause to end."""
    held = exists().where(MESSAGE.c.attempt_id == attempt_id, pauses.waits(MESSAGE))
    return bool(connection.execute(select(held)).scalar())


def end(connection: Connection, ends: Sequence[AttemptEnd]) -> None:
    """Notes how requests ended and when to ask first what became of each."""
    amend(
        connection,
        ATTEMPT,
        [
            {
                "id": how.attempt_id,
                "outcome": how.outcome,
                "ended_at": how.ended_at,
                "provider_batch": how.provider_batch,
                "error": how.error,
                "evidence": how.evidence,
                "poll_at": how.poll_at,
            }
            for how in ends
        ],
    )


def interrupted(connection: Connection) -> Sequence[Any]:
    """Messages whose attempt was committed by a process that is gone and whose end nobody noted.

    To be asked at a start, under the lease, before this process attempts anything itself.
    """
    return connection.execute(
        select(MESSAGE.c.id, MESSAGE.c.attempt_id, MESSAGE.c.account).where(MESSAGE.c.state == State.ATTEMPTING)
    ).all()


def unended(connection: Connection, run: str, account: str) -> Sequence[Any]:
    """Messages of an account that this run is attempting: their ``id`` and ``attempt_id``.

    To be asked when nothing of the account is under way: then their end is lost.
    """
    mine = and_(ATTEMPT.c.id == MESSAGE.c.attempt_id, ATTEMPT.c.run == run)
    attempting = and_(MESSAGE.c.state == State.ATTEMPTING, MESSAGE.c.account == account)
    return connection.execute(select(MESSAGE.c.id, MESSAGE.c.attempt_id).join(ATTEMPT, mine).where(attempting)).all()


def end_interrupted(connection: Connection, attempt_ids: Sequence[str], now: datetime) -> None:
    """Notes that attempts were cut off by the end of their process; they may be looked up from now on."""
    amend(
        connection,
        ATTEMPT,
        [{"id": attempt_id, "outcome": "crashed", "ended_at": now, "poll_at": now} for attempt_id in attempt_ids],
    )


def begun(connection: Connection, messages: Sequence[str]) -> dict[str, datetime]:
    """Message id to when its attempt began, for those of the messages that have one."""
    if not messages:
        return {}
    return {row.id: row.started_at for row in of_ids(connection, _begun, MESSAGE, messages)}


def _begun(named: Subquery) -> Executable:
    mine = MESSAGE.c.id.in_(select(named.c.id))
    return select(MESSAGE.c.id, ATTEMPT.c.started_at).join(ATTEMPT, ATTEMPT.c.id == MESSAGE.c.attempt_id).where(mine)


def count(connection: Connection) -> int:
    """How many send requests there have been."""
    return connection.execute(select(func.count()).select_from(ATTEMPT)).scalar_one()


def learn_batches(connection: Connection, told: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """News named a batch of ours together with the provider's id of it: (account, our reference, their id).

    What was unknown can then be asked for, and is, at once.
    """
    for account, reference, provider_batch in dict.fromkeys(told):
        known = ATTEMPT.c.provider_batch.is_(None)
        mine = and_(ATTEMPT.c.id == reference, ATTEMPT.c.account == account, known)
        learned = connection.execute(update(ATTEMPT).where(mine).values(provider_batch=provider_batch, poll_at=now))
        if learned.rowcount:
            connection.execute(
                update(MESSAGE)
                .where(MESSAGE.c.attempt_id == reference, MESSAGE.c.provider_batch.is_(None))
                .values(provider_batch=provider_batch)
            )
