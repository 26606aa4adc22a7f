"""Messages between accounts: those that wait at one and could go by another, and the change from one to the next."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from connector.model.states import State
from connector.store.db import amend, put
from connector.store.outbox import EVENT, MESSAGE


def waiting(connection: Connection, account: str, others: Iterable[str], after: str, limit: int) -> Sequence[Any]:
    """Claimed messages of an account whose route names one of `others` too, a page at a time by id, locked."""
    array = func.json_each if connection.dialect.name == "sqlite" else func.jsonb_array_elements_text
    named = array(MESSAGE.c.accounts).table_valued("value")
    query = (
        select(MESSAGE)
        .where(
            MESSAGE.c.state == State.CLAIMED,
            MESSAGE.c.account == account,
            MESSAGE.c.id > after,
            select(named.c.value).where(named.c.value.in_(sorted(others))).exists(),
        )
        .order_by(MESSAGE.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=MESSAGE)
    )
    return connection.execute(query).all()


def reroute(connection: Connection, ways: Mapping[str, str], cause: str, now: datetime) -> None:
    """Gives claimed messages, locked by the caller, to other accounts: our id to the account's name.

    Their state stays what it is, so this is no move; the row of events tells where each went and by which cause.
    """
    amend(connection, MESSAGE, [{"id": message_id, "account": account} for message_id, account in ways.items()])
    put(
        connection,
        EVENT,
        [
            {
                "message_id": message_id,
                "at": now,
                "from_state": State.CLAIMED,
                "to_state": State.CLAIMED,
                "moved": True,
                "cause": onward(cause, account),
            }
            for message_id, account in ways.items()
        ],
    )


def onward(cause: str, account: str) -> str:
    """The cause of an event that gave a message to another account."""
    return f"{cause}, on to {account}"
