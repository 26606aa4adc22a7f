"""Parts of replies in the inbox, which wait there until all of their reply are told, or for long enough."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Subquery, and_, bindparam, func, select, tuple_, update

from connector.model.messages import NewsKind
from connector.store.batches import of_rows, unindexed
from connector.store.inbox import INBOX

Wholes = Collection[tuple[str, str]]
"""Replies in parts, each by its account and the id that names the whole."""
_WHOLE = (INBOX.c.account, INBOX.c.provider_id)
_WAITING = and_(INBOX.c.kind == NewsKind.PART, unindexed(INBOX.c.standing).in_(("new", "parked")))


def told(connection: Connection, wholes: Wholes) -> Sequence[Any]:
    """What waits of each: rows of `account`, `provider_id`, how many `places` are told, by how many `parts`, `word` of
    one of them, and when the `newest` came."""
    return of_rows(connection, _told, INBOX, ("account", "provider_id"), _named(wholes)).all()


def _told(named: Subquery) -> Executable:
    return (
        select(
            *_WHOLE,
            func.count(INBOX.c.word.distinct()).label("places"),
            func.count().label("parts"),
            func.max(INBOX.c.word).label("word"),
            func.max(INBOX.c.received_at).label("newest"),
        )
        .where(tuple_(*_WHOLE).in_(select(named.c.account, named.c.provider_id)), _WAITING)
        .group_by(*_WHOLE)
    )


def waiting(connection: Connection, wholes: Wholes) -> Sequence[Any]:
    """The parts that wait of these, oldest first, locked; those that somebody else has at hand are left out."""
    return of_rows(connection, _waiting, INBOX, ("account", "provider_id"), _named(wholes)).all()


def _waiting(named: Subquery) -> Executable:
    of_these = tuple_(*_WHOLE).in_(select(named.c.account, named.c.provider_id))
    query = select(INBOX).where(of_these, _WAITING).order_by(INBOX.c.received_at, INBOX.c.id)
    return query.with_for_update(skip_locked=True)


def let_come_again(connection: Connection, account: str, keys: Sequence[str], before: datetime) -> None:
    """Takes their keys from parts that went into a reply before that time: who tells them now says them anew."""
    named = [{"account": account, "key": key} for key in keys]
    of_rows(connection, _of_another_time, INBOX, ("account", "key"), named, before=before)


def _of_another_time(named: Subquery) -> Executable:
    of_these = tuple_(INBOX.c.account, INBOX.c.key).in_(select(named.c.account, named.c.key))
    joined_before = INBOX.c.settled_at < bindparam("before", type_=INBOX.c.settled_at.type)
    return (
        update(INBOX)
        .where(of_these, INBOX.c.kind == NewsKind.PART, joined_before)
        .values(key=INBOX.c.key + "-" + INBOX.c.id)
    )


def _named(wholes: Wholes) -> list[dict[str, str]]:
    return [{"account": account, "provider_id": whole} for account, whole in sorted(wholes)]
