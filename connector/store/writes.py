"""What we owe the CRM: rows that settle one by one, each by its own record's result."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Executable, Subquery, and_, func, or_, select, tuple_, union_all, update

from connector.model.failures import Failure
from connector.model.records import RecordWrite
from connector.store import lost_fields
from connector.store.batches import amend, of_ids, put, unindexed
from connector.store.tables import CrmWrite

WRITE: Any = CrmWrite.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


@dataclass(frozen=True, slots=True)
class Owed:
    """A write with where it comes from."""

    write: RecordWrite
    mapping: str | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """How a write row ended for now: ``done``, ``parked``, or still ``due`` at `not_before`.

    `set_aside` names the fields left unwritten because the CRM no longer takes them; `lock_parent` is the record whose
    lock kept it out.
    """

    write_id: int
    standing: str
    tries: int
    failure: Failure | None = None
    not_before: datetime | None = None
    set_aside: tuple[str, ...] | None = None
    lock_parent: str | None = None


def owe(connection: Connection, org: str, owed: Sequence[Owed], now: datetime) -> None:
    """Commits what the CRM is to be told, in the same transaction as what it is told of."""
    put(
        connection,
        WRITE,
        [
            {
                "org": org,
                "object": item.write.object,
                "record_id": item.write.record_id,
                "key_field": item.write.key_field,
                "key": item.write.key,
                "fields": {name: _plain(value) for name, value in item.write.fields.items()},
                "cause": item.write.cause,
                "mapping": item.mapping,
                "message_id": item.message_id,
                "standing": "due",
                "tries": 0,
                "created_at": now,
            }
            for item in owed
        ],
    )


def _plain(value: Any) -> Any:
    """Times travel as ISO 8601 to the millisecond, which is as fine as a CRM keeps them."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds") if isinstance(value, datetime) else value


def due(connection: Connection, org: str, now: datetime, limit: int) -> Sequence[Any]:
    """Writes whose time has come, oldest first.

    None of a record that has a write put off: it would go first, and the older value would come last and stay.
    """
    late = WRITE.alias("late")
    put_off = select(*_record(late)).where(late.c.standing == "due", late.c.org == org, late.c.not_before > now)
    query = (
        select(WRITE)
        .where(
            WRITE.c.standing == "due",
            unindexed(WRITE.c.org) == org,
            or_(WRITE.c.not_before.is_(None), WRITE.c.not_before <= now),
            tuple_(*_record(WRITE)).not_in(put_off),
        )
        .order_by(WRITE.c.id)
        .limit(limit)
    )
    return connection.execute(query).all()


def _record(table: Any) -> tuple[Any, Any]:
    return table.c.object, func.coalesce(table.c.record_id, table.c.key, "")


def overwritten(connection: Connection, write_ids: Sequence[int]) -> dict[int, set[str]]:
    """Fields of these writes, by id, that a later write of the same record has meanwhile set: they are told no more."""
    if not write_ids:
        return {}
    found: dict[int, set[str]] = {}
    for row in of_ids(connection, _written_later, WRITE, write_ids):
        found.setdefault(row.id, set()).update(set(row.fields) - set(row.set_aside or ()))
    return found


def _written_later(named: Subquery) -> Executable:
    later = WRITE.alias("later")
    same_record = and_(later.c.org == WRITE.c.org, later.c.record_id == WRITE.c.record_id)
    # a record known by key belongs to one message, and an index finds that message's writes
    same_key = and_(later.c.message_id == WRITE.c.message_id, later.c.key == WRITE.c.key)
    after = and_(later.c.id > WRITE.c.id, later.c.object == WRITE.c.object, unindexed(later.c.standing) == "done")
    pairs = union_all(
        *(
            select(WRITE.c.id.label("id"), later.c.id.label("later_id"))
            .join(later, and_(after, same))
            .where(WRITE.c.id.in_(select(named.c.id)))
            for same in (same_record, same_key)
        )
    ).subquery()
    return select(pairs.c.id, later.c.fields, later.c.set_aside).join(later, later.c.id == pairs.c.later_id)


def settle(connection: Connection, settled: Sequence[Settled], now: datetime) -> None:
    """Notes how writes ended, in one statement."""
    amend(
        connection,
        WRITE,
        [
            {
                "id": item.write_id,
                "standing": item.standing,
                "tries": item.tries,
                "not_before": item.not_before,
                "settled_at": None if item.standing == "due" else now,
                "error_code": item.failure.code if item.failure else None,
                "error": item.failure.reason if item.failure else None,
                "set_aside": item.set_aside,
                "lock_parent": item.lock_parent,
            }
            for item in settled
        ],
    )


def count_due(connection: Connection) -> int:
    """How many writes the CRM is still owed."""
    return connection.execute(select(func.count()).select_from(WRITE).where(WRITE.c.standing == "due")).scalar_one()


def standing(connection: Connection) -> dict[tuple[str, str], int]:
    """How many writes there are by cause and standing."""
    query = select(WRITE.c.cause, WRITE.c.standing, func.count()).group_by(WRITE.c.cause, WRITE.c.standing)
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


_UNWRITTEN = or_(WRITE.c.standing == "parked", and_(WRITE.c.standing == "done", WRITE.c.set_aside.is_not(None)))
"""What the CRM refused in whole, or in part because it no longer takes a field."""


def parked(connection: Connection, limit: int) -> Sequence[Any]:
    """Writes the CRM refused for their own fault, in whole or in some fields, newest first: a person must look."""
    return connection.execute(select(WRITE).where(_UNWRITTEN).order_by(WRITE.c.id.desc()).limit(limit)).all()


def count_parked(connection: Connection) -> int:
    """How many writes `parked` has to show."""
    return connection.execute(select(func.count()).select_from(WRITE).where(_UNWRITTEN)).scalar_one()


def retry(connection: Connection, write_ids: Sequence[int] | None) -> int:
    """Makes parked writes due again: those named, or all. Fields set aside are tried anew. Gives how many."""
    statement = update(WRITE).where(_UNWRITTEN).values(standing="due", not_before=None, settled_at=None)
    if write_ids is not None:
        statement = statement.where(WRITE.c.id.in_(list(write_ids)))
    lost_fields.forget(connection)
    return connection.execute(statement).rowcount


def bring_back(connection: Connection, org: str, object_name: str) -> int:
    """Makes due what was set aside of an object that has a field back. Gives how many writes."""
    statement = update(WRITE).where(_UNWRITTEN, WRITE.c.set_aside.is_not(None), WRITE.c.org == org)
    statement = statement.where(func.lower(WRITE.c.object) == object_name.lower())
    return connection.execute(statement.values(standing="due", not_before=None, settled_at=None)).rowcount
