"""Messages between accounts: those that wait at one and could go by another, and the change from one to the next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select

from connector.model.states import State
from connector.store.batches import amend, put
from connector.store.outbox import EVENT, MESSAGE


@dataclass(frozen=True, slots=True)
class Page:
    """Where a look through waiting messages goes on: behind the id `after`, at most `size` of them."""

    after: str = ""
    size: int = 1000


def waiting(connection: Connection, account: str, others: Iterable[str], now: datetime, page: Page) -> Sequence[Any]:
    """Claimed messages of an account that are due and whose route names one of `others` too, by id, locked."""
    array = func.json_each if connection.dialect.name == "sqlite" else func.jsonb_array_elements_text
    named = array(MESSAGE.c.accounts).table_valued("value")
    query = (
        select(MESSAGE)
        .where(
            MESSAGE.c.state == State.CLAIMED,
            MESSAGE.c.account == account,
            MESSAGE.c.id > page.after,
            or_(MESSAGE.c.not_before.is_(None), MESSAGE.c.not_before <= now),
            or_(MESSAGE.c.send_at.is_(None), MESSAGE.c.send_at <= now),
            select(named.c.value).where(named.c.value.in_(sorted(others))).exists(),
        )
        .order_by(MESSAGE.c.id)
        .limit(page.size)
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
