"""Messages of accounts that the settings no longer have: no job sends them, and nobody asks what became of them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, func, or_, select

from connector.model.states import WITH_THE_PROVIDER, State
from connector.store.attempts import ATTEMPT
from connector.store.outbox import MESSAGE


def unsent(connection: Connection, accounts: Collection[str], limit: int) -> Sequence[Any]:
    """Messages that are read and not attempted, of accounts other than these, best rank first: ``id``, ``account``.

    Those whose record another daemon had claimed are left out, for only a fresh read takes them up.
    """
    return connection.execute(
        select(MESSAGE.c.id, MESSAGE.c.account)
        .where(
            MESSAGE.c.state.in_([State.QUEUED, State.CLAIMED]),
            MESSAGE.c.account.not_in(sorted(accounts)),
            MESSAGE.c.claim_token.is_not(None),
        )
        .order_by(MESSAGE.c.rank)
        .limit(limit)
    ).all()


def unheard_of(connection: Connection, accounts: Collection[str], since: datetime) -> dict[str, int]:
    """Messages with a provider or in doubt, by account other than these: as many as went out after `since`, or will."""
    begun = exists().where(ATTEMPT.c.id == MESSAGE.c.attempt_id, ATTEMPT.c.started_at >= since)
    counted = connection.execute(
        select(MESSAGE.c.account, func.count().label("number"))
        .where(
            MESSAGE.c.state.in_([*WITH_THE_PROVIDER, State.UNKNOWN]),
            MESSAGE.c.account.not_in(sorted(accounts)),
            or_(begun, MESSAGE.c.send_at >= since),
        )
        .group_by(MESSAGE.c.account)
        .order_by(MESSAGE.c.account)
    )
    return {row.account: row.number for row in counted}
