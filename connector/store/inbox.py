"""News: stored before it is acknowledged, told twice and kept once, matched when its message appears."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Executable,
    Select,
    Subquery,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from connector.model.address import as_known
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.store.attempts import ATTEMPT
from connector.store.batches import amend, of_ids, of_rows, put, unindexed
from connector.store.db import new_id
from connector.store.outbox import MESSAGE
from connector.store.tables import InboxNews

INBOX: Any = InboxNews.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
_OPEN = (State.ATTEMPTING, State.ACCEPTED, State.SENT, State.UNKNOWN)
"""States of a message that left, or is leaving, and of which a last word may still come."""


def keep(connection: Connection, account: str, provider: str, news: Sequence[News], now: datetime) -> int:
    """Stores news, in one statement; what was told before is a no-op by its key. Gives how much was new.

    News that counts again is kept as often as it is told, for the order in which it came decides.
    """
    rows = [
        {
            "id": (news_id := new_id()),
            "account": account,
            "provider": provider,
            "kind": item.kind,
            "key": f"{item.key}-{news_id}" if item.counts_again else item.key,
            "received_at": now,
            "at": item.at,
            "state": item.state,
            "word": item.word,
            "failure": _told(item.failure),
            "message_ref": item.message_id,
            "reference": item.reference,
            "provider_id": item.provider_id,
            "provider_batch": item.provider_batch,
            "phone": as_known(item.phone) if item.phone else item.phone,
            "text": item.text,
            "opted_out": item.opted_out,
            "raw": dict(item.raw),
            "standing": "new",
            "tries": 0,
        }
        for item in news
    ]
    return len(put(connection, INBOX, rows, unless=["account", "kind", "key"], returning=["id"]))


def _told(failure: Failure | None) -> dict[str, Any] | None:
    if failure is None:
        return None
    return {
        "code": failure.code,
        "reason": failure.reason,
        "fault": failure.fault,
        "retry": failure.retry,
        "opted_out": failure.opted_out,
    }


def failure_of(row: Any) -> Failure | None:
    """The failure a piece of news carries."""
    told = row.failure
    if told is None:
        return None
    return Failure(told["code"], told["reason"], Fault(told["fault"]), Retry(told["retry"]), told["opted_out"])


def work(connection: Connection, now: datetime, limit: int) -> Sequence[Any]:
    """News not yet settled, oldest first, locked; parked news only when it is due again."""
    query = select(INBOX).where(_is_due(now)).order_by(INBOX.c.received_at, INBOX.c.id).limit(limit)
    return connection.execute(query.with_for_update(skip_locked=True)).all()


def due(connection: Connection, now: datetime, limit: int) -> Sequence[str]:
    """Ids of up to `limit` pieces of the news that `work` gives, and of those that somebody is at work on."""
    return connection.execute(select(INBOX.c.id).where(_is_due(now)).limit(limit)).scalars().all()


def _is_due(now: datetime) -> Any:
    return or_(INBOX.c.standing == "new", and_(INBOX.c.standing == "parked", INBOX.c.not_before <= now))


def with_waiting_statuses(connection: Connection, messages: Sequence[str]) -> set[str]:
    """Those of the messages to whose number their account told a status, since they were made, that waits for its
    message: it may be theirs."""
    return set(of_ids(connection, _with_waiting_statuses, MESSAGE, messages).scalars())


def _with_waiting_statuses(named: Subquery) -> Executable:
    to_its_number = and_(INBOX.c.phone == MESSAGE.c.to_number, unindexed(INBOX.c.account) == MESSAGE.c.account)
    waits = and_(INBOX.c.standing.in_(("new", "parked")), unindexed(INBOX.c.kind) == NewsKind.STATUS)
    return (
        select(MESSAGE.c.id)
        .join(INBOX, to_its_number)
        .where(MESSAGE.c.id.in_(select(named.c.id)), waits, INBOX.c.received_at >= MESSAGE.c.created_at)
    )


def match(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    """The message each piece of news is about: news id to message id.

    By our own id given back; by the provider's id; by the provider's batch and number; by our reference and number.
    """
    found: dict[str, tuple[int, str]] = {}
    for row in of_ids(connection, _ways, INBOX, ids):
        if row.news not in found or row.way < found[row.news][0]:
            found[row.news] = (row.way, row.message)
    return {news: message for news, (_, message) in found.items()}


def _ways(named: Subquery) -> Executable:
    chosen = select(INBOX).where(INBOX.c.id.in_(select(named.c.id))).subquery("news")
    same_account = MESSAGE.c.account == chosen.c.account
    ways = (
        (1, and_(MESSAGE.c.id == chosen.c.message_ref, same_account)),
        (2, and_(same_account, MESSAGE.c.provider_id == chosen.c.provider_id)),
        (
            3,
            and_(
                same_account,
                MESSAGE.c.provider_batch == chosen.c.provider_batch,
                MESSAGE.c.to_number == chosen.c.phone,
            ),
        ),
        (4, and_(MESSAGE.c.attempt_id == chosen.c.reference, MESSAGE.c.to_number == chosen.c.phone, same_account)),
    )
    queries: list[Select[Any]] = [
        select(chosen.c.id.label("news"), MESSAGE.c.id.label("message"), func.abs(order).label("way")).select_from(
            chosen.join(MESSAGE, way)
        )
        for order, way in ways
    ]
    return union_all(*queries)


def look_again(connection: Connection, learned: Iterable[tuple[str, str]], now: datetime) -> None:
    """Makes parked news due that names a message by an id just learned: (account, the provider's id)."""
    ids = sorted(set(learned))
    if not ids or connection.execute(select(INBOX.c.id).where(INBOX.c.standing == "parked").limit(1)).first() is None:
        return
    named = [{"account": account, "provider_id": theirs} for account, theirs in ids]
    of_rows(connection, _made_due, INBOX, ("account", "provider_id"), named, now=now)


def _made_due(named: Subquery) -> Executable:
    learned = tuple_(INBOX.c.account, INBOX.c.provider_id).in_(select(named.c.account, named.c.provider_id))
    return (
        update(INBOX)
        .where(learned, unindexed(INBOX.c.standing) == "parked")
        .values(not_before=bindparam("now", type_=INBOX.c.not_before.type))
    )


def latest_to(connection: Connection, account: str, phones: Sequence[str], since: datetime) -> dict[str, str]:
    """The newest message an account sent to each number since then: what a reply without an id most likely answers."""
    query = (
        select(MESSAGE.c.to_number, func.max(MESSAGE.c.id))
        .where(
            unindexed(MESSAGE.c.account) == account,
            MESSAGE.c.to_number.in_(list(phones)),
            MESSAGE.c.created_at >= since,
            MESSAGE.c.attempt_id.is_not(None),
        )
        .group_by(MESSAGE.c.to_number)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def open_to(
    connection: Connection, account: str, phones: Sequence[str], since: datetime, channels: Collection[str]
) -> dict[str, list[Any]]:
    """Messages an account sent to each number by these channels since then, or is just sending, of which no last word
    is known: rows of `id`, `state`, `provider_id`, `channel` and when their attempt `began`."""
    columns = MESSAGE.c["to_number", "id", "state", "provider_id", "channel"]
    began = select(ATTEMPT.c.started_at).where(ATTEMPT.c.id == MESSAGE.c.attempt_id).scalar_subquery()
    query = select(*columns, began.label("began")).where(
        unindexed(MESSAGE.c.account) == account,
        MESSAGE.c.to_number.in_(list(phones)),
        MESSAGE.c.created_at >= since,
        MESSAGE.c.channel.in_(sorted(channels)),
        unindexed(MESSAGE.c.state).in_(_OPEN),
    )
    found: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(row.to_number, []).append(row)
    return found


def last_statuses(connection: Connection, messages: Collection[str]) -> dict[str, datetime]:
    """When the last status came that was matched with each of these messages."""
    query = (
        select(INBOX.c.message_id, func.max(INBOX.c.received_at))
        .where(
            INBOX.c.message_id.in_(list(messages)),
            INBOX.c.kind == NewsKind.STATUS,
            unindexed(INBOX.c.standing) == "matched",
            INBOX.c.state.is_not(None),
        )
        .group_by(INBOX.c.message_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def unidentified(connection: Connection, account: str, limit: int) -> dict[str, str]:
    """Provider's ids, each to our reference, in parked news that names no message of ours otherwise."""
    query = (
        select(INBOX.c.provider_id, INBOX.c.reference)
        .where(
            unindexed(INBOX.c.account) == account,
            INBOX.c.standing == "parked",
            INBOX.c.reference.is_not(None),
            INBOX.c.provider_id.is_not(None),
            INBOX.c.phone.is_(None),
        )
        .distinct()
        .limit(limit)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def settle(connection: Connection, settled: Sequence[tuple[str, str | None]], now: datetime) -> None:
    """Marks news as dealt with, each with the message it was about (None: about none we know, and it needs none)."""
    amend(
        connection,
        INBOX,
        [
            {"id": news_id, "message_id": message_id, "settled_at": now, "standing": "matched"}
            for news_id, message_id in settled
        ],
    )


def park(connection: Connection, parked: Sequence[tuple[str, int, datetime | None]]) -> None:
    """Leaves news until its message appears: (id, tries so far, when to look again; None: shown as unmatched)."""
    amend(
        connection,
        INBOX,
        [
            {"id": news_id, "tries": tries, "not_before": again, "standing": "parked" if again else "unmatched"}
            for news_id, tries, again in parked
        ],
    )


def count_waiting(connection: Connection) -> int:
    """How much news is still to be worked through, parked news too."""
    waits = INBOX.c.standing.in_(("new", "parked"))
    return connection.execute(select(func.count()).select_from(INBOX).where(waits)).scalar_one()


def standing(connection: Connection) -> dict[tuple[str, str], int]:
    """How much news there is by kind and standing."""
    query = select(INBOX.c.kind, INBOX.c.standing, func.count()).group_by(INBOX.c.kind, INBOX.c.standing)
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}
