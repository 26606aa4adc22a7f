"""The tables of lookups: what is asked of providers about recipients, and which messages wait for it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from connector.store.columns import Json, one_of, when

STANDINGS = ("due", "asking", "under_way", "known", "failed")


class Lookup(SQLModel, table=True):
    """What one account is asked, or has told, of one recipient; however many messages wait, there is one row.

    `asking` is committed before the question leaves, `under_way` is the provider's id of one it has begun. `result`
    and `known_at` stay while it is asked anew. `lost` counts questions whose answers were lost and may have cost.
    `room_at` is when a cap that keeps it from being asked has room again, as far as can be foretold.
    """

    __tablename__ = "lookup"
    __table_args__ = (
        UniqueConstraint("account", "target", name="uq_lookup_target"),
        CheckConstraint(one_of("standing", STANDINGS), name="ck_lookup_standing"),
        Index("ix_lookup_work", "account", "standing", "requested_at"),
        Index("ix_lookup_settled", "settled_at"),
    )

    id: str = Field(primary_key=True)
    account: str
    target: str
    standing: str
    requested_at: datetime = when(nullable=False)
    not_before: datetime | None = when()
    tries: int = 0
    lost: int = 0
    under_way: str | None
    settled_at: datetime | None = when()
    error: str | None = Field(sa_column=Column(Text))
    room_at: datetime | None = when()
    result: dict[str, Any] | None = Field(sa_column=Column(Json, nullable=True), default=None)
    known_at: datetime | None = when()


class MessageLookup(SQLModel, table=True):
    """A message that waits for a lookup, or whose record was told of one."""

    __tablename__ = "message_lookup"
    __table_args__ = (Index("ix_message_lookup_target", "account", "target"),)

    message_id: str = Field(primary_key=True)
    account: str
    target: str
    waits: bool
    told_at: datetime | None = when()
