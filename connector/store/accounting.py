"""How many messages stand where, and whether their events tell the same."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from connector.model.capability import LastWord
from connector.model.states import WITH_THE_PROVIDER, State
from connector.store.attempts import ATTEMPT
from connector.store.db import Database
from connector.store.last_words import at_last_word
from connector.store.outbox import EVENT, MESSAGE


@dataclass(frozen=True, slots=True)
class Standing:
    """`number` messages of one run, mapping, CRM object, account (empty: none was reached) and channel in one state."""

    run: str
    mapping: str
    object: str
    account: str
    channel: str
    state: State
    number: int


@dataclass(frozen=True, slots=True)
class Repeats:
    """`number` second sends of messages of one run, mapping, CRM object and account."""

    run: str
    mapping: str
    object: str
    account: str
    number: int


@dataclass(frozen=True, slots=True)
class Silence:
    """`number` messages of an account, sent long ago, without a last word; the `oldest` was sent at `since`."""

    account: str
    number: int
    oldest: str
    since: datetime


_OF_A_MESSAGE = (MESSAGE.c.run, MESSAGE.c.mapping, MESSAGE.c.object, MESSAGE.c.account)


@contextmanager
def snapshot(database: Database) -> Iterator[Connection]:
    """A transaction whose statements all see the same moment, so that a daemon at work unbalances no books.

    Raises:
        StoreError: the database cannot be read.
    """
    with database.read() as connection:
        if not database.sqlite:  # whose read transactions are snapshots as they are
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def standings(connection: Connection) -> list[Standing]:
    """All messages by run, mapping, object, account, channel and state."""
    columns = (*_OF_A_MESSAGE, MESSAGE.c.channel, MESSAGE.c.state)
    query = select(*columns, func.count()).group_by(*columns).order_by(*columns)
    return [
        Standing(run, mapping, object_name, account or "", channel, State(state), number)
        for run, mapping, object_name, account, channel, state, number in connection.execute(query)
    ]


def repeats(connection: Connection, cause: str) -> list[Repeats]:
    """How often messages were moved by `cause`, which sent them a second time, by run, mapping, object and account."""
    query = (
        select(*_OF_A_MESSAGE, func.count())
        .join(EVENT, EVENT.c.message_id == MESSAGE.c.id)
        .where(EVENT.c.moved, EVENT.c.cause == cause)
        .group_by(*_OF_A_MESSAGE)
    )
    return [
        Repeats(run, mapping, object_name, account or "", number)
        for run, mapping, object_name, account, number in connection.execute(query)
    ]


def silences(connection: Connection, before: datetime, last_words: Collection[LastWord]) -> list[Silence]:
    """By account, the messages that went out before then of which a last word is still missing."""
    went_out = and_(ATTEMPT.c.started_at < before, or_(MESSAGE.c.send_at.is_(None), MESSAGE.c.send_at < before))
    silent = (
        select(MESSAGE.c.account, MESSAGE.c.id, ATTEMPT.c.started_at)
        .join(ATTEMPT, ATTEMPT.c.id == MESSAGE.c.attempt_id)
        .where(MESSAGE.c.state.in_(WITH_THE_PROVIDER), ~at_last_word(last_words), went_out)
        .subquery()
    )
    ranked = select(
        silent,
        func.count().over(partition_by=silent.c.account).label("number"),
        func.row_number()
        .over(partition_by=silent.c.account, order_by=(silent.c.started_at, silent.c.id))
        .label("place"),
    ).subquery()
    first = select(ranked).where(ranked.c.place == 1).order_by(ranked.c.account)
    return [Silence(row.account, row.number, row.id, row.started_at) for row in connection.execute(first)]


def strayed(connection: Connection, limit: int) -> list[str]:
    """Messages whose state is not the one their last event moved them to; there should be none."""
    last = (
        select(EVENT.c.message_id, func.max(EVENT.c.id).label("id"))
        .where(EVENT.c.moved)
        .group_by(EVENT.c.message_id)
        .subquery()
    )
    query = (
        select(MESSAGE.c.id)
        .outerjoin(last, last.c.message_id == MESSAGE.c.id)
        .outerjoin(EVENT, EVENT.c.id == last.c.id)
        .where(func.coalesce(EVENT.c.to_state, "") != MESSAGE.c.state)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())
