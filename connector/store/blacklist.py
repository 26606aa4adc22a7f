"""What providers' own blacklists are still to be told: rows that settle one by one, those of a number in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Executable, Subquery, bindparam, exists, func, or_, select, update

from connector.store.batches import of_rows, put
from connector.store.tables import BlacklistCall

CALL: Any = BlacklistCall.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


@dataclass(frozen=True, slots=True)
class OwedCall:
    """A number to be put on an account's blacklist (`blocked`), or taken off it."""

    account: str
    number: str
    blocked: bool


def owe(connection: Connection, calls: Sequence[OwedCall], now: datetime) -> None:
    """Commits what blacklists are to be told, in the same transaction as the word that it follows from."""
    put(
        connection,
        CALL,
        [
            {
                "account": call.account,
                "number": call.number,
                "blocked": call.blocked,
                "standing": "due",
                "tries": 0,
                "created_at": now,
            }
            for call in calls
        ],
    )


def due(connection: Connection, account: str, now: datetime, limit: int) -> Sequence[Any]:
    """An account's calls whose time has come, oldest first; of a number only the first, for the last word must stay."""
    before = CALL.alias("before")
    earlier = exists().where(
        before.c.standing == "due",
        before.c.account == CALL.c.account,
        before.c.number == CALL.c.number,
        before.c.id < CALL.c.id,
    )
    in_time = or_(CALL.c.not_before.is_(None), CALL.c.not_before <= now)
    query = select(CALL).where(CALL.c.standing == "due", CALL.c.account == account, in_time, ~earlier)
    return connection.execute(query.order_by(CALL.c.id).limit(limit)).all()


def newest(connection: Connection, account: str, numbers: Sequence[str]) -> dict[str, Any]:
    """Number to the last call that an account's blacklist was, or is still to be, told of it. One statement."""
    if not numbers:
        return {}
    rows = of_rows(
        connection, _newest_calls, CALL, ("number",), [{"number": each} for each in numbers], account=account
    )
    return {row.number: row for row in rows}


def _newest_calls(named: Subquery) -> Executable:
    # by each standing there is, for that is what the index begins with
    of_these = CALL.c.standing.in_(("due", "done", "parked")) & (CALL.c.account == bindparam("account"))
    last = (
        select(func.max(CALL.c.id)).where(of_these, CALL.c.number.in_(select(named.c.number))).group_by(CALL.c.number)
    )
    return select(CALL).where(CALL.c.id.in_(last))


def done(connection: Connection, call_id: int, now: datetime) -> None:
    """The provider took it."""
    _change(connection, call_id, standing="done", settled_at=now, error=None)


def put_off(connection: Connection, call_id: int, until: datetime, error: str) -> None:
    """It is tried again from `until` on."""
    _change(connection, call_id, not_before=until, error=error)


def park(connection: Connection, call_id: int, now: datetime, error: str) -> None:
    """The provider refused it for good: a person must look."""
    _change(connection, call_id, standing="parked", settled_at=now, error=error)


def _change(connection: Connection, call_id: int, **values: Any) -> None:
    connection.execute(update(CALL).where(CALL.c.id == call_id).values(tries=CALL.c.tries + 1, **values))


def owed(connection: Connection, accounts: Sequence[str], until: datetime) -> int:
    """How many calls these accounts can be asked for by `until`."""
    in_time = or_(CALL.c.not_before.is_(None), CALL.c.not_before <= until)
    query = select(func.count()).where(CALL.c.standing == "due", CALL.c.account.in_(list(accounts)), in_time)
    return connection.execute(query).scalar_one()
