"""What the store knows of messages whose parts have ids of their own, for who takes them up after a restart."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from connector.model.messages import NewsKind
from connector.model.states import State
from connector.store.inbox import INBOX
from connector.store.outbox import MESSAGE

_OPEN = (State.ATTEMPTING, State.ACCEPTED, State.SENT, State.UNKNOWN)


def open_wholes(connection: Connection, account: str, joint: str) -> list[str]:
    """The ids of an account's messages of which a last word may still come, where `joint` stands in them."""
    named = select(MESSAGE.c.provider_id).where(
        MESSAGE.c.account == account, MESSAGE.c.state.in_(_OPEN), MESSAGE.c.provider_id.contains(joint, autoescape=True)
    )
    return list(connection.execute(named).scalars())


def delivered_parts(connection: Connection, account: str, wholes: Sequence[str]) -> list[str]:
    """The parts of these messages that are told to be delivered, by their own ids."""
    told = [
        connection.execute(
            select(INBOX.c.raw).where(
                INBOX.c.account == account, INBOX.c.provider_id == whole, INBOX.c.kind == NewsKind.STATUS
            )
        ).scalars()
        for whole in wholes
    ]
    return [raw["part"] for news in told for raw in news if raw.get("delivered")]
