"""The phone index: a number or an e-mail address to the records that hold it, for no query on free text finds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from connector.model.address import is_address
from connector.model.messages import PhoneMatch
from connector.store.batches import put, unindexed
from connector.store.tables import PhoneEntry

PHONE: Any = PhoneEntry.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


@dataclass(frozen=True, slots=True)
class Seen:
    """One field of one record as a sweep saw it; `number` is its number in E.164 or its address as `read_address` gives
    it, None when neither can be read there."""

    object: str
    record_id: str
    field: str
    number: str | None
    opted_out: bool


def see(connection: Connection, org: str, seen: Sequence[Seen], now: datetime) -> None:
    """Takes over what a sweep saw, replacing what was known of the same fields."""
    rows = {
        (item.object, item.record_id, item.field): {
            "org": org,
            "object": item.object,
            "record_id": item.record_id,
            "field": item.field,
            "e164": item.number,
            "opted_out": item.opted_out,
            "seen_at": now,
        }
        for item in seen
    }
    key = ["org", "object", "record_id", "field"]
    put(connection, PHONE, list(rows.values()), unless=key, replace=["e164", "opted_out", "seen_at"])


def forget(connection: Connection, org: str, object_name: str, record_ids: Sequence[str]) -> None:
    """Drops deleted records from the index."""
    connection.execute(
        delete(PHONE).where(PHONE.c.org == org, PHONE.c.object == object_name, PHONE.c.record_id.in_(list(record_ids)))
    )


def holders(connection: Connection, org: str, numbers: Sequence[str]) -> dict[str, list[PhoneMatch]]:
    """The records that hold each number or address."""
    query = select(PHONE).where(unindexed(PHONE.c.org) == org, PHONE.c.e164.in_(list(numbers)))
    found: dict[str, list[PhoneMatch]] = {}
    for row in connection.execute(query.order_by(PHONE.c.object, PHONE.c.record_id)):
        match = PhoneMatch(row.object, row.record_id, row.field, row.opted_out, by_address=is_address(row.e164))
        found.setdefault(row.e164, []).append(match)
    return found


def size(connection: Connection) -> int:
    """How many fields are in the index."""
    return connection.execute(select(func.count()).select_from(PHONE)).scalar_one()
