"""Fields that the CRM no longer takes from us: what is written to them is set aside until they are back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete

from connector.store import cursors
from connector.store.cursors import CURSOR

_NAME = "fields set aside"


@dataclass(frozen=True, slots=True)
class LostField:
    """A field of an object that went missing or that we may not write any more.

    `mappings` name whose writes want it; `creates` says that some of them make records; `failure` is the CRM's own
    code and sentence; `checked_at` is when the CRM was last asked whether it is back.
    """

    object: str
    field: str
    mappings: tuple[str, ...]
    creates: bool
    code: str
    reason: str
    checked_at: datetime

    @property
    def place(self) -> tuple[str, str]:
        """Object and field in one spelling, for the CRM minds no case."""
        return self.object.lower(), self.field.lower()


Lost = Mapping[tuple[str, str], LostField]


def known(connection: Connection) -> dict[tuple[str, str], LostField]:
    """All that is set aside, by object and field in lower case."""
    rows = (cursors.get(connection, _NAME) or {}).get("fields", ())
    lost = [_read(row) for row in rows]
    return {each.place: each for each in lost}


def keep(connection: Connection, lost: Iterable[LostField], now: datetime) -> None:
    """Remembers these fields, and no others, as set aside."""
    cursors.keep(connection, _NAME, {"fields": [_written(each) for each in lost]}, now)


def forget(connection: Connection) -> None:
    """Takes every field for writeable again: the next write tries, and learns what is still lost."""
    connection.execute(delete(CURSOR).where(CURSOR.c.name == _NAME))


def _written(lost: LostField) -> dict[str, Any]:
    return {
        "object": lost.object,
        "field": lost.field,
        "mappings": list(lost.mappings),
        "creates": lost.creates,
        "code": lost.code,
        "reason": lost.reason,
        "checked_at": lost.checked_at.isoformat(),
    }


def _read(row: Mapping[str, Any]) -> LostField:
    return LostField(
        row["object"],
        row["field"],
        tuple(row["mappings"]),
        row["creates"],
        row["code"],
        row["reason"],
        datetime.fromisoformat(row["checked_at"]),
    )
