"""What we owe the CRM: rows that settle one by one, each by its own record's result."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, tuple_, update

from connector.model.failures import Failure
from connector.model.records import RecordWrite
from connector.store.db import amend, put
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
    """How a write row ended for now: ``done``, ``parked``, or still ``due`` at `not_before`."""

    write_id: int
    standing: str
    tries: int
    failure: Failure | None = None
    not_before: datetime | None = None


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
            WRITE.c.org == org,
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
    later = WRITE.alias("later")
    same = and_(
        later.c.org == WRITE.c.org,
        later.c.object == WRITE.c.object,
        or_(later.c.record_id == WRITE.c.record_id, later.c.key == WRITE.c.key),
    )
    query = (
        select(WRITE.c.id, later.c.fields)
        .join(later, and_(same, later.c.id > WRITE.c.id, later.c.standing == "done"))
        .where(WRITE.c.id.in_(list(write_ids)))
    )
    found: dict[int, set[str]] = {}
    for write_id, fields in connection.execute(query):
        found.setdefault(write_id, set()).update(fields)
    return found


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
            }
            for item in settled
        ],
    )


def standing(connection: Connection) -> dict[tuple[str, str], int]:
    """How many writes there are by cause and standing."""
    query = select(WRITE.c.cause, WRITE.c.standing, func.count()).group_by(WRITE.c.cause, WRITE.c.standing)
    return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def parked(connection: Connection, limit: int) -> Sequence[Any]:
    """Writes the CRM refused for their own fault, newest first: a person must look."""
    query = select(WRITE).where(WRITE.c.standing == "parked").order_by(WRITE.c.id.desc()).limit(limit)
    return connection.execute(query).all()


def retry(connection: Connection, write_ids: Sequence[int] | None) -> int:
    """Makes parked writes due again: those named, or all. Gives how many."""
    statement = (
        update(WRITE).where(WRITE.c.standing == "parked").values(standing="due", not_before=None, settled_at=None)
    )
    if write_ids is not None:
        statement = statement.where(WRITE.c.id.in_(list(write_ids)))
    return connection.execute(statement).rowcount
