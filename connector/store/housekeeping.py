"""What may be forgotten: messages that ended long ago, with their events, news, writes and attempts."""

from datetime import datetime

from sqlalchemy import Connection, delete, exists, or_, select

from connector.model.states import FINAL, State
from connector.store.attempts import ATTEMPT
from connector.store.inbox import INBOX
from connector.store.outbox import EVENT, MESSAGE
from connector.store.writes import WRITE


def drop_old(connection: Connection, before: datetime, limit: int) -> int:
    """Drops up to `limit` messages that ended before then and owe the CRM nothing, with all that hangs on them.

    The last round of a record is dropped like any other: a record still read as queued after all that time begins anew.
    """
    unwritten = or_(WRITE.c.standing != "done", WRITE.c.set_aside.is_not(None))
    owing = exists().where(WRITE.c.message_id == MESSAGE.c.id, unwritten)
    ended = or_(MESSAGE.c.state.in_(list(FINAL)), MESSAGE.c.state == State.SENT)
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
