"""Lookups: one row an account and recipient, asked for by the gate, settled by the verb, kept for the next message."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Subquery, and_, delete, exists, func, or_, select, update

from connector.model.lookups import LookedUp
from connector.model.scopes import Scope
from connector.model.states import State
from connector.store import outbox
from connector.store.batches import amend, of_ids, of_rows, put
from connector.store.db import new_id
from connector.store.lookup_tables import Lookup, MessageLookup
from connector.store.outbox import MESSAGE
from connector.store.pauses import PAUSE

LOOKUP: Any = Lookup.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models
MESSAGE_LOOKUP: Any = MessageLookup.__table__  # type: ignore[attr-defined]

Target = tuple[str, str]
"""(account, recipient)."""


@dataclass(frozen=True, slots=True)
class LookupEnd:
    """Where a lookup stands after it was asked for; `known_at` is None where nothing new is known."""

    id: str
    target: str
    standing: str
    tries: int
    lost: int
    not_before: datetime | None = None
    under_way: str | None = None
    settled_at: datetime | None = None
    error: str | None = None
    told: LookedUp | None = None


def found(connection: Connection, targets: Collection[Target]) -> dict[Target, Any]:
    """The rows of these accounts and recipients, as many as there are."""
    named = [{"account": account, "target": target} for account, target in targets]
    rows = of_rows(connection, _of_targets, LOOKUP, ("account", "target"), named)
    return {(row.account, row.target): row for row in rows}


def _of_targets(named: Subquery) -> Executable:
    same = and_(LOOKUP.c.account == named.c.account, LOOKUP.c.target == named.c.target)
    return select(LOOKUP).select_from(named.join(LOOKUP, same))


def known(row: Any) -> LookedUp:
    """What a row's result tells."""
    return LookedUp(**row.result)


def ask_for(connection: Connection, targets: Collection[Target], now: datetime) -> None:
    """Makes lookups due, anew where they have been asked for before; what is known stays known meanwhile."""
    anew = {"standing": "due", "requested_at": now, "not_before": None, "tries": 0, "lost": 0}
    anew |= {"under_way": None, "settled_at": None, "error": None, "room_at": None}
    rows = [{"id": new_id(), "account": account, "target": target, **anew} for account, target in targets]
    put(connection, LOOKUP, rows, unless=["account", "target"], replace=list(anew))


def wait(connection: Connection, messages: Sequence[tuple[str, Target, datetime]]) -> None:
    """Leaves messages claimed until their lookup is there, or until a moment each."""
    rows = [
        {"message_id": message_id, "account": account, "target": target, "waits": True}
        for message_id, (account, target), _ in messages
    ]
    put(connection, MESSAGE_LOOKUP, rows, unless=["message_id"], replace=["account", "target", "waits"])
    by_moment: dict[datetime, list[str]] = {}
    for message_id, _, until in messages:
        by_moment.setdefault(until, []).append(message_id)
    for until, ids in by_moment.items():
        outbox.put_off(connection, ids, until)


def wake(connection: Connection, account: str, targets: Collection[str]) -> None:
    """Lets the messages that wait for these lookups be looked at again."""
    named = [{"account": account, "target": target} for target in targets]
    waiting = list(of_rows(connection, _waiting, LOOKUP, ("account", "target"), named).scalars())
    if waiting:
        amend(connection, MESSAGE_LOOKUP, [{"message_id": each, "waits": False} for each in waiting], key="message_id")
        of_ids(connection, _put_on, MESSAGE, waiting)


def _waiting(named: Subquery) -> Executable:
    same = and_(MESSAGE_LOOKUP.c.account == named.c.account, MESSAGE_LOOKUP.c.target == named.c.target)
    rows = select(MESSAGE_LOOKUP.c.message_id).select_from(named.join(MESSAGE_LOOKUP, same))
    return rows.where(MESSAGE_LOOKUP.c.waits.is_(True))


def _put_on(named: Subquery) -> Executable:
    mine = MESSAGE.c.id.in_(select(named.c.id))
    return update(MESSAGE).where(mine, MESSAGE.c.state == State.CLAIMED).values(not_before=None)


def tell(connection: Connection, messages: Sequence[tuple[str, Target]], now: datetime) -> None:
    """Notes that the records of these messages are told of their lookup, which is done once a message."""
    rows = [
        {"message_id": message_id, "account": account, "target": target, "waits": False, "told_at": now}
        for message_id, (account, target) in messages
    ]
    put(connection, MESSAGE_LOOKUP, rows, unless=["message_id"], replace=["account", "target", "waits", "told_at"])


def told(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the messages whose records have been told."""
    return set(of_ids(connection, _told, MESSAGE, ids).scalars())


def _told(named: Subquery) -> Executable:
    mine = MESSAGE_LOOKUP.c.message_id.in_(select(named.c.id))
    return select(MESSAGE_LOOKUP.c.message_id).where(mine, MESSAGE_LOOKUP.c.told_at.is_not(None))


def due(connection: Connection, account: str, standing: str, now: datetime, limit: int) -> Sequence[Any]:
    """An account's lookups of a standing whose time has come, those first that were asked for first; none while the
    account is paused."""
    query = select(LOOKUP).where(LOOKUP.c.account == account, LOOKUP.c.standing == standing, _in_time(now))
    return connection.execute(query.order_by(LOOKUP.c.requested_at, LOOKUP.c.id).limit(limit)).all()


def begin(connection: Connection, ids: Sequence[str]) -> None:
    """Commits that the questions are about to leave."""
    amend(connection, LOOKUP, [{"id": each, "standing": "asking", "room_at": None} for each in ids])


def put_off(connection: Connection, account: str, rows: Sequence[tuple[Any, datetime, str]]) -> None:
    """Leaves lookups due until there is room under a cap, for a reason; the messages that wait for them are looked at
    again, and their wait for the answer begins when there is room."""
    changes = [
        {"id": row.id, "requested_at": at, "not_before": at, "room_at": at, "error": why} for row, at, why in rows
    ]
    amend(connection, LOOKUP, changes)
    wake(connection, account, [row.target for row, _, _ in rows])


def in_line(connection: Connection, accounts: Collection[str], now: datetime) -> dict[str, int]:
    """By account, of these: how many lookups wait for a cap that has no room yet."""
    waits = and_(LOOKUP.c.account.in_(list(accounts)), LOOKUP.c.standing == "due", LOOKUP.c.room_at > now)
    rows = connection.execute(select(LOOKUP.c.account, func.count()).where(waits).group_by(LOOKUP.c.account))
    return {row[0]: row[1] for row in rows}


def end(connection: Connection, account: str, ends: Sequence[LookupEnd], now: datetime) -> None:
    """Notes how questions ended, and wakes the messages that waited for those that are settled."""
    changes = []
    for how in ends:
        row = {name: value for name, value in asdict(how).items() if name not in ("target", "told")}
        changes.append(row)
    amend(connection, LOOKUP, changes)
    learned = [{"id": how.id, "result": asdict(how.told), "known_at": now} for how in ends if how.told is not None]
    amend(connection, LOOKUP, learned)
    wake(connection, account, [how.target for how in ends if how.settled_at is not None])


def hasten(connection: Connection, account: str, ids: Collection[str], now: datetime) -> None:
    """Makes lookups under way due, by the provider's ids of them: it has told that they go on."""
    if ids:
        mine = and_(LOOKUP.c.account == account, LOOKUP.c.standing == "under_way", LOOKUP.c.under_way.in_(list(ids)))
        connection.execute(update(LOOKUP).where(mine).values(not_before=now))


def owed(connection: Connection, accounts: Sequence[str], until: datetime) -> int:
    """How many lookups these accounts can be asked for, or about, by `until`."""
    open_ones = and_(LOOKUP.c.standing.in_(("due", "asking", "under_way")), _in_time(until))
    return connection.execute(select(func.count()).where(LOOKUP.c.account.in_(list(accounts)), open_ones)).scalar_one()


def _in_time(moment: datetime) -> Any:
    of_account = and_(PAUSE.c.scope == Scope.ACCOUNT, PAUSE.c.name == LOOKUP.c.account)
    paused = exists().where(or_(PAUSE.c.scope == Scope.EVERYTHING, of_account))
    return and_(or_(LOOKUP.c.not_before.is_(None), LOOKUP.c.not_before <= moment), ~paused)


def drop_old(connection: Connection, before: datetime) -> int:
    """Drops lookups that were settled before then, and what is noted of messages that are gone."""
    dropped = connection.execute(delete(LOOKUP).where(LOOKUP.c.settled_at < before)).rowcount
    gone = ~exists().where(MESSAGE.c.id == MESSAGE_LOOKUP.c.message_id)
    return dropped + connection.execute(delete(MESSAGE_LOOKUP).where(gone)).rowcount
