"""One active daemon an org: a lease with a fencing number, checked in the very transaction that commits an attempt."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select, update

from connector.model.errors import LeaseHeld
from connector.store.batches import put
from connector.store.tables import Lease

LEASE: Any = Lease.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


def acquire(connection: Connection, name: str, holder: str, now: datetime, lifetime: timedelta) -> int:
    """Takes the lease when it is free, run out, or ours; gives its fencing number, which grows with every holder.

    Raises:
        LeaseHeld: another holder's lease has not run out.
    """
    put(connection, LEASE, [{"name": name, "holder": "", "fence": 0, "expires_at": now}], unless=["name"])
    row = connection.execute(select(LEASE).where(LEASE.c.name == name).with_for_update()).one()
    if row.holder not in ("", holder) and row.expires_at > now:
        raise LeaseHeld(
            f"{row.holder} works on this store until {row.expires_at:%H:%M:%S} UTC at least. "
            "It takes turns by itself: wait, or stop the other one."
        )
    fence: int = row.fence + (row.holder != holder)
    _set(connection, name, holder=holder, fence=fence, expires_at=now + lifetime)
    return fence


def renew(connection: Connection, name: str, fence: int, now: datetime, lifetime: timedelta) -> bool:
    """Holds the lease for longer; false when somebody else has it."""
    done = connection.execute(
        update(LEASE).where(LEASE.c.name == name, LEASE.c.fence == fence).values(expires_at=now + lifetime)
    )
    return done.rowcount == 1


def release(connection: Connection, name: str, fence: int, now: datetime) -> None:
    """Gives the lease back, so that a successor need not wait for it to run out."""
    connection.execute(
        update(LEASE).where(LEASE.c.name == name, LEASE.c.fence == fence).values(holder="", expires_at=now)
    )


def check(connection: Connection, name: str, fence: int, now: datetime) -> None:
    """Makes sure, inside a transaction, that the lease is still ours; its row stays locked until the commit.

    Raises:
        LeaseHeld: it ran out or was taken over; the transaction must not commit an attempt.
    """
    row = connection.execute(select(LEASE).where(LEASE.c.name == name).with_for_update()).first()
    if not _is_ours(row, fence, now):
        raise LeaseHeld("this process was paused for too long and has lost its lease: it may commit no new attempt")


def look(connection: Connection, name: str, fence: int, now: datetime) -> None:
    """Makes sure that the lease is ours at this moment, and leaves its row unlocked: for what no transaction guards.

    Raises:
        LeaseHeld: it ran out or was taken over.
    """
    row = connection.execute(select(LEASE).where(LEASE.c.name == name)).first()
    if not _is_ours(row, fence, now):
        raise LeaseHeld("this process was paused for too long and has lost its lease: it may write no more to the CRM")


def _is_ours(row: Row[Any] | None, fence: int, now: datetime) -> bool:
    return row is not None and row.fence == fence and row.expires_at > now


def take_turns(connection: Connection, name: str, now: datetime) -> None:
    """Locks the lease's row until the commit, whoever holds the lease, and leaves it as it is.

    For who spends of the caps without being the daemon: between here and the commit nobody who goes through `check`
    reads what was spent, so that two of them cannot both see the last of a cap as free. On SQLite a transaction that
    writes is alone by itself.
    """
    put(connection, LEASE, [{"name": name, "holder": "", "fence": 0, "expires_at": now}], unless=["name"])
    connection.execute(select(LEASE.c.name).where(LEASE.c.name == name).with_for_update()).one()


def _set(connection: Connection, name: str, **values: Any) -> None:
    connection.execute(update(LEASE).where(LEASE.c.name == name).values(**values))


def holder(connection: Connection, name: str) -> tuple[str, datetime] | None:
    """Who holds the lease, or held it last, and until when; None when nobody does."""
    row = connection.execute(select(LEASE).where(LEASE.c.name == name)).first()
    return (row.holder, row.expires_at) if row is not None and row.holder else None
