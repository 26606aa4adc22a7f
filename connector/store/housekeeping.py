"""What may be forgotten: messages that ended long ago, with their events, news, writes and attempts; news of nobody."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, or_, select

from connector.model.capability import LastWord
from connector.model.records import WriteCause
from connector.model.states import FINAL, State
from connector.store.attempts import ATTEMPT
from connector.store.batches import incoming, unindexed
from connector.store.inbox import INBOX
from connector.store.last_words import at_last_word
from connector.store.outbox import EVENT, MESSAGE
from connector.store.writes import WRITE


def old(
    connection: Connection, before: datetime, limit: int, *, last_words: Collection[LastWord] = ()
) -> Sequence[str]:
    """Up to `limit` messages that ended before then and owe the CRM nothing. It goes through all there are."""
    return connection.execute(select(MESSAGE.c.id).where(*_old(before, last_words)).limit(limit)).scalars().all()


def drop(connection: Connection, ids: Sequence[str], before: datetime, *, last_words: Collection[LastWord] = ()) -> int:
    """Drops those of these messages that are still `old`, with all that hangs on them but what a stop has written.

    The last round of a record is dropped like any other: a record still read as queued after all that time begins anew.
    So is one that another daemon had claimed before us, and that was never read again.
    """
    named = incoming(connection, MESSAGE, ["id"], [{"id": each} for each in ids])
    still = select(MESSAGE.c.id).where(MESSAGE.c.id.in_(select(named.c.id)), *_old(before, last_words))
    gone = list(connection.execute(still).scalars())
    for table in (EVENT, INBOX):
        connection.execute(delete(table).where(table.c.message_id.in_(gone)))
    # a start lifts, years later, what a stop has written: it must know that it was us who wrote it
    connection.execute(delete(WRITE).where(WRITE.c.message_id.in_(gone), WRITE.c.cause != WriteCause.OPT_OUT))
    connection.execute(delete(MESSAGE).where(MESSAGE.c.id.in_(gone)))
    return len(gone)


def _old(before: datetime, last_words: Collection[LastWord]) -> tuple[Any, ...]:
    unwritten = or_(WRITE.c.standing != "done", WRITE.c.set_aside.is_not(None))
    owing = exists().where(WRITE.c.message_id == MESSAGE.c.id, unwritten)
    at_an_end = or_(
        unindexed(MESSAGE.c.state).in_(list(FINAL)),
        unindexed(MESSAGE.c.state) == State.SENT,
        at_last_word(last_words),
        _another_s(),
    )
    return at_an_end, MESSAGE.c.state_at < before, ~owing


def old_attempts(connection: Connection, before: datetime, limit: int) -> Sequence[str]:
    """Up to `limit` attempts begun before then that no message knows any more. It goes through all there are."""
    query = select(ATTEMPT.c.id).where(ATTEMPT.c.started_at < before, _of_nobody()).limit(limit)
    return connection.execute(query).scalars().all()


def drop_attempts(connection: Connection, ids: Sequence[str]) -> int:
    """Drops those of these attempts that no message knows."""
    named = incoming(connection, ATTEMPT, ["id"], [{"id": each} for each in ids])
    mine = ATTEMPT.c.id.in_(select(named.c.id))
    return connection.execute(delete(ATTEMPT).where(mine, _of_nobody())).rowcount


def _of_nobody() -> Any:
    return ~exists().where(MESSAGE.c.attempt_id == ATTEMPT.c.id)


def drop_old_news(connection: Connection, before: datetime, limit: int) -> int:
    """Drops up to `limit` pieces of news heard before then that are about no message we have, and are dealt with."""
    of_nobody = and_(unindexed(INBOX.c.standing).in_(("matched", "unmatched")), INBOX.c.message_id.is_(None))
    old = select(INBOX.c.id).where(of_nobody, INBOX.c.received_at < before).limit(limit)
    return connection.execute(delete(INBOX).where(INBOX.c.id.in_(old))).rowcount


def _another_s() -> Any:
    return and_(MESSAGE.c.state == State.QUEUED, MESSAGE.c.claim_token.is_(None))
