"""What may be forgotten: messages that ended long ago, with their events, news, writes and attempts; news of nobody."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, exists, or_, select

from connector.model.capability import LastWord
from connector.model.states import FINAL, State
from connector.store.attempts import ATTEMPT
from connector.store.inbox import INBOX
from connector.store.last_words import at_last_word
from connector.store.outbox import EVENT, MESSAGE
from connector.store.writes import WRITE


def drop_old(connection: Connection, before: datetime, limit: int, *, last_words: Collection[LastWord] = ()) -> int:
    """Drops up to `limit` messages that ended before then and owe the CRM nothing, with all that hangs on them.

    The last round of a record is dropped like any other: a record still read as queued after all that time begins anew.
    So is one that another daemon had claimed before us, and that was never read again.
    """
    unwritten = or_(WRITE.c.standing != "done", WRITE.c.set_aside.is_not(None))
    owing = exists().where(WRITE.c.message_id == MESSAGE.c.id, unwritten)
    at_an_end = or_(MESSAGE.c.state.in_(list(FINAL)), MESSAGE.c.state == State.SENT, at_last_word(last_words))
    ended = or_(at_an_end, _another_s())
    old = list(
        connection.execute(
            select(MESSAGE.c.id).where(ended, MESSAGE.c.state_at < before, ~owing).limit(limit)
        ).scalars()
    )
    if not old:
        return 0
    for table, column in ((EVENT, EVENT.c.message_id), (WRITE, WRITE.c.message_id), (INBOX, INBOX.c.message_id)):
        connection.execute(delete(table).where(column.in_(old)))
    connection.execute(delete(MESSAGE).where(MESSAGE.c.id.in_(old)))
    connection.execute(
        delete(ATTEMPT).where(ATTEMPT.c.started_at < before, ~exists().where(MESSAGE.c.attempt_id == ATTEMPT.c.id))
    )
    return len(old)


def drop_old_news(connection: Connection, before: datetime, limit: int) -> int:
    """Drops up to `limit` pieces of news heard before then that are about no message we have, and are dealt with."""
    of_nobody = and_(INBOX.c.standing.in_(("matched", "unmatched")), INBOX.c.message_id.is_(None))
    old = select(INBOX.c.id).where(of_nobody, INBOX.c.received_at < before).limit(limit)
    return connection.execute(delete(INBOX).where(INBOX.c.id.in_(old))).rowcount


def _another_s() -> Any:
    return and_(MESSAGE.c.state == State.QUEUED, MESSAGE.c.claim_token.is_(None))
