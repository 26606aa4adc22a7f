"""Batches of which news is still wanted: which are to be asked about, when, and which nobody need ask about again."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, exists, or_, select, update

from connector.model.capability import LastWord
from connector.model.messages import Channel, OpenBatch, OpenMessage
from connector.model.states import State
from connector.store.attempts import ATTEMPT
from connector.store.batches import amend, incoming, unindexed
from connector.store.last_words import at_last_word
from connector.store.outbox import MESSAGE

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_MAY_HAVE_REPLIES = (State.SENT, State.DELIVERED, State.UNDELIVERED, State.EXPIRED)
"""States of a message that went out to its recipient, whatever became of it then."""


def _waiting(states: Sequence[State], last_words: Collection[LastWord]) -> Any:
    return and_(unindexed(MESSAGE.c.state).in_(states), ~at_last_word(last_words))


def _still_open(states: Sequence[State], last_words: Collection[LastWord], *, unknown_too: bool) -> Any:
    wanted = _waiting(states, last_words)
    if unknown_too:
        known = or_(ATTEMPT.c.provider_batch.is_not(None), MESSAGE.c.provider_batch.is_not(None))
        wanted = or_(wanted, and_(MESSAGE.c.state == State.UNKNOWN, known))
    return exists().where(MESSAGE.c.attempt_id == ATTEMPT.c.id, wanted)


def due_for_poll(
    connection: Connection,
    account: str,
    states: Sequence[State],
    now: datetime,
    limit: int,
    *,
    last_words: Collection[LastWord] = (),
    unknown_too: bool = False,
) -> list[OpenBatch]:
    """Batches of an account with messages in `states` whose time to be asked about has come, oldest first.

    A message at the last word of its channel is left out.
    With `unknown_too`, also those of unknown outcome whose batch the provider's own id is known of after all.
    """
    rows = connection.execute(
        select(ATTEMPT)
        .where(
            ATTEMPT.c.account == account,
            ATTEMPT.c.poll_at <= now,
            _still_open(states, last_words, unknown_too=unknown_too),
        )
        .order_by(ATTEMPT.c.poll_at, ATTEMPT.c.id)
        .limit(limit)
    ).all()
    return _batches(connection, rows, (*states, State.UNKNOWN) if unknown_too else states, last_words)


def rest(
    connection: Connection,
    account: str,
    states: Sequence[State],
    now: datetime,
    *,
    last_words: Collection[LastWord] = (),
    replies_by_batch: Collection[Channel] = (),
) -> int:
    """Leaves batches alone of which nothing more is wanted, so that they are not looked at again and again.

    Those of a channel in `replies_by_batch` are `due_for_last_look` first, for there may be replies that only who asks
    is told; `leave_alone` ends that.
    """
    over = [_is_over(account, states, last_words, now)]
    if replies_by_batch:
        over.append(~_may_have_replies(replies_by_batch))
    return connection.execute(update(ATTEMPT).where(*over).values(poll_at=_NEVER)).rowcount


def due_for_last_look(
    connection: Connection,
    account: str,
    states: Sequence[State],
    now: datetime,
    limit: int,
    *,
    last_words: Collection[LastWord] = (),
    replies_by_batch: Collection[Channel],
) -> list[OpenBatch]:
    """Batches that `rest` has left so that their replies are asked for once more, with all their messages, oldest
    first."""
    rows = connection.execute(
        select(ATTEMPT)
        .where(_is_over(account, states, last_words, now), _may_have_replies(replies_by_batch))
        .order_by(ATTEMPT.c.poll_at, ATTEMPT.c.id)
        .limit(limit)
    ).all()
    return _batches(connection, rows, tuple(State))


def leave_alone(connection: Connection, references: Sequence[str]) -> None:
    """Notes that these batches have nothing more to tell."""
    polled(connection, [(reference, _NEVER) for reference in references])


def _is_over(account: str, states: Sequence[State], last_words: Collection[LastWord], now: datetime) -> Any:
    """A batch whose time to be asked about has come, with no message in doubt or of which more is to be told."""
    due = and_(ATTEMPT.c.account == account, ATTEMPT.c.poll_at <= now, ATTEMPT.c.ended_at.is_not(None))
    return and_(due, ~_has_message(_waiting((State.ATTEMPTING, State.UNKNOWN, *states), last_words)))


def _may_have_replies(channels: Collection[Channel]) -> Any:
    return _has_message(unindexed(MESSAGE.c.state).in_(_MAY_HAVE_REPLIES), MESSAGE.c.channel.in_(sorted(channels)))


def _has_message(*which: Any) -> Any:
    return exists().where(MESSAGE.c.attempt_id == ATTEMPT.c.id, *which)


def in_doubt(connection: Connection, messages: Sequence[str]) -> dict[str, list[OpenBatch]]:
    """Account to the batches that these messages were last tried in, oldest first, with all their messages of unknown
    outcome."""
    named = incoming(connection, MESSAGE, ["id"], [{"id": each} for each in messages])
    tried = select(MESSAGE.c.attempt_id).where(MESSAGE.c.id.in_(select(named.c.id)))
    rows = connection.execute(select(ATTEMPT).where(ATTEMPT.c.id.in_(tried)).order_by(ATTEMPT.c.id)).all()
    found: dict[str, list[OpenBatch]] = {}
    for row, batch in zip(rows, _batches(connection, rows, (State.UNKNOWN,)), strict=True):
        found.setdefault(row.account, []).append(batch)
    return found


def between(
    connection: Connection, account: str, since: datetime, until: datetime, after: str, limit: int
) -> list[OpenBatch]:
    """Batches of an account sent in [since, until) whatever their messages' state, a page at a time by id."""
    rows = connection.execute(
        select(ATTEMPT)
        .where(
            ATTEMPT.c.account == account,
            ATTEMPT.c.started_at >= since,
            ATTEMPT.c.started_at < until,
            ATTEMPT.c.id > after,
        )
        .order_by(ATTEMPT.c.id)
        .limit(limit)
    ).all()
    return _batches(connection, rows, tuple(State))


def _batches(
    connection: Connection, attempts: Sequence[Any], states: Sequence[State], last_words: Collection[LastWord] = ()
) -> list[OpenBatch]:
    named = incoming(connection, ATTEMPT, ["id"], [{"id": row.id} for row in attempts])
    rows = connection.execute(
        select(
            MESSAGE.c.attempt_id,
            MESSAGE.c.id,
            MESSAGE.c.to_number,
            MESSAGE.c.state,
            MESSAGE.c.provider_id,
            MESSAGE.c.provider_batch,
            MESSAGE.c.channel,
            MESSAGE.c.sender,
            MESSAGE.c.send_at,
        ).where(and_(MESSAGE.c.attempt_id.in_(select(named.c.id)), _waiting(states, last_words)))
    ).all()
    messages: dict[str, list[OpenMessage]] = {}
    batch_ids: dict[str, str] = {}
    due: dict[str, datetime] = {}
    for row in rows:
        messages.setdefault(row.attempt_id, []).append(
            OpenMessage(row.id, row.to_number, State(row.state), row.provider_id, Channel(row.channel), row.sender)
        )
        if row.provider_batch:
            batch_ids[row.attempt_id] = row.provider_batch
        if row.send_at:
            due[row.attempt_id] = max(row.send_at, due.get(row.attempt_id, row.send_at))
    return [
        OpenBatch(
            row.id,
            row.started_at,
            row.provider_batch or batch_ids.get(row.id),
            tuple(messages.get(row.id, ())),
            max(row.started_at, due.get(row.id, row.started_at)),
        )
        for row in attempts
    ]


def polled(connection: Connection, next_polls: Sequence[tuple[str, datetime]]) -> None:
    """Notes when each batch is to be asked about next."""
    amend(connection, ATTEMPT, [{"id": attempt_id, "poll_at": at} for attempt_id, at in next_polls])
