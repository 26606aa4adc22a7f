"""Typed sends: what a person sent by `connector call`, one row each, committed before the request leaves."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Connection, Index, Text, cast, delete, func, or_, select
from sqlmodel import Field, SQLModel

from connector.store.batches import amend, put
from connector.store.columns import json, one_of, when

OUTCOMES = ("asked", "answered", "refused", "may_have_left", "never_left")
IN_DOUBT = ("asked", "may_have_left")
"""Outcomes that leave open whether anything was sent; `asked` alone means that the command never noted how it ended."""
SENT_NOTHING = ("refused", "never_left")


class TypedSend(SQLModel, table=True):
    """One send by hand. `who` is the user of the operating system, `money` in millionths of the caps' currency.

    `recipients` are numbers in E.164 or addresses, whole, as messages have them.
    """

    __tablename__ = "typed_send"
    __table_args__ = (
        CheckConstraint(one_of("outcome", OUTCOMES), name="ck_typed_send_outcome"),
        Index("ix_typed_send_batch", "account", "provider_batch"),
    )

    id: str = Field(primary_key=True)
    account: str
    provider: str
    operation: str
    at: datetime = when(nullable=False, index=True)
    who: str | None
    recipients: list[str] = json("[]")
    size: int
    parts: int
    money: int = Field(sa_column=Column(BigInteger, nullable=False))
    outcome: str
    ended_at: datetime | None = when()
    provider_batch: str | None
    error: str | None = Field(sa_column=Column(Text))


TYPED_SEND: Any = TypedSend.__table__  # type: ignore[attr-defined]  # SQLModel sets it on table models


@dataclass(frozen=True, slots=True)
class TypedSendStart:
    """A send by hand that is about to leave."""

    id: str
    account: str
    provider: str
    operation: str
    who: str | None
    recipients: Sequence[str]
    parts: int
    money: int


@dataclass(frozen=True, slots=True)
class TypedSends:
    """How many typed sends of an account ended one way, to how many recipients; `newest` is the id of the last one."""

    account: str
    outcome: str
    number: int
    recipients: int
    newest: str


def begin(connection: Connection, start: TypedSendStart, now: datetime) -> None:
    """Commits that a request is about to leave; nothing may be sent before this is durable."""
    row = {**asdict(start), "recipients": list(start.recipients), "size": len(start.recipients)}
    put(connection, TYPED_SEND, [{**row, "at": now, "outcome": "asked"}])


def end(
    connection: Connection,
    typed_send_id: str,
    outcome: str,
    now: datetime,
    *,
    provider_batch: str | None = None,
    error: str | None = None,
) -> None:
    """Notes how the request ended."""
    ended = {"outcome": outcome, "ended_at": now, "provider_batch": provider_batch, "error": error}
    amend(connection, TYPED_SEND, [{"id": typed_send_id, **ended}])


def found(connection: Connection, typed_send_id: str) -> Any | None:
    """The row of our id, or else the newest of the provider's id of its batch."""
    mine = or_(TYPED_SEND.c.id == typed_send_id, TYPED_SEND.c.provider_batch == typed_send_id)
    return connection.execute(select(TYPED_SEND).where(mine).order_by(TYPED_SEND.c.id.desc()).limit(1)).first()


def newest(connection: Connection, limit: int, *, to: str | None = None) -> Sequence[Any]:
    """The last ones, the newest first; with `to`, those that had this number (E.164) or address among others."""
    query = select(TYPED_SEND).order_by(TYPED_SEND.c.id.desc()).limit(limit)
    if to is not None:
        query = query.where(cast(TYPED_SEND.c.recipients, Text).contains(f'"{to}"', autoescape=True))
    return connection.execute(query).all()


def by_outcome(connection: Connection) -> list[TypedSends]:
    """How many there are, by account and outcome."""
    by = (TYPED_SEND.c.account, TYPED_SEND.c.outcome)
    counted = select(*by, func.count(), func.sum(TYPED_SEND.c.size), func.max(TYPED_SEND.c.id)).group_by(*by)
    return [
        TypedSends(row[0], row[1], row[2], int(row[3]), row[4]) for row in connection.execute(counted.order_by(*by))
    ]


def known_batches(connection: Connection, account: str, batches: Collection[str]) -> set[str]:
    """Those of the provider's ids of batches that are typed sends of an account."""
    mine = TYPED_SEND.c.account == account, TYPED_SEND.c.provider_batch.in_(list(batches))
    return set(connection.execute(select(TYPED_SEND.c.provider_batch).where(*mine)).scalars())


def drop_old(connection: Connection, before: datetime) -> int:
    """Drops those that were sent before then."""
    return connection.execute(delete(TYPED_SEND).where(TYPED_SEND.c.at < before)).rowcount
