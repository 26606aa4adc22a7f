"""What happened to one message besides its own events: the requests that carried it and the news of it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from connector.store.attempts import ATTEMPT
from connector.store.inbox import INBOX
from connector.store.outbox import EVENT


def attempts_of(connection: Connection, message_id: str) -> Sequence[Any]:
    """The send requests that carried a message, oldest first."""
    named = select(EVENT.c.attempt_id).where(EVENT.c.message_id == message_id, EVENT.c.attempt_id.is_not(None))
    return connection.execute(select(ATTEMPT).where(ATTEMPT.c.id.in_(named)).order_by(ATTEMPT.c.started_at)).all()


def news_of(connection: Connection, message_id: str) -> Sequence[Any]:
    """The news that was matched with a message, in the order in which it came."""
    return connection.execute(
        select(INBOX).where(INBOX.c.message_id == message_id).order_by(INBOX.c.received_at, INBOX.c.id)
    ).all()
