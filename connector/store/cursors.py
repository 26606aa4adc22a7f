"""Places kept between runs: watermarks, checkpoints, the pinned org and when it was first met."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from connector.model.errors import WrongOrg
from connector.store.batches import put
from connector.store.tables import Cursor

CURSOR: Any = Cursor.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


def get(connection: Connection, name: str) -> dict[str, Any] | None:
    """The value kept under a name, or None."""
    value: dict[str, Any] | None = connection.execute(select(CURSOR.c.value).where(CURSOR.c.name == name)).scalar()
    return value


def keep(connection: Connection, name: str, value: dict[str, Any], now: datetime) -> None:
    """Keeps a value under a name."""
    row = {"name": name, "value": value, "updated_at": now}
    put(connection, CURSOR, [row], unless=["name"], replace=["value", "updated_at"])


def activated_at(connection: Connection, now: datetime) -> datetime:
    """When this store first met its org: now, the first time it is asked."""
    known = get(connection, "activated")
    if known is None:
        keep(connection, "activated", {"at": now.isoformat()}, now)
        return now
    return datetime.fromisoformat(known["at"])


def pin_org(connection: Connection, org: str, now: datetime) -> None:
    """Ties this store to the org it first met.

    Raises:
        WrongOrg: the store belongs to another one; mixing two orgs' records would send to the wrong people.
    """
    pinned = get(connection, "org")
    if pinned is None:
        keep(connection, "org", {"id": org}, now)
    elif pinned["id"] != org:
        raise WrongOrg(
            f"this store belongs to the org {pinned['id']}, and the settings lead to {org}. "
            "Give each org a store of its own ([store] url)."
        )
