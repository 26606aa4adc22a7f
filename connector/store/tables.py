"""The tables. Rows are built only in `connector.store`, for table models do not validate; `state` has a CHECK."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from connector.model.consent import ConsentSource
from connector.model.records import WriteCause
from connector.model.scopes import Scope
from connector.model.states import State
from connector.store.columns import Json, Serial, json, one_of, when


class OutboxMessage(SQLModel, table=True):
    """One message: a record read as queued, in one round. (org, object, record_id, round) is what it is."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("org", "object", "record_id", "round", name="uq_message_record_round"),
        CheckConstraint(one_of("state", State), name="ck_message_state"),
        Index("ix_message_work", "state", "account", "rank", "not_before"),
        Index("ix_message_provider_id", "account", "provider_id"),
        Index("ix_message_provider_batch", "account", "provider_batch", "to_number"),
        Index("ix_message_to", "to_number", "created_at"),
    )

    id: str = Field(primary_key=True)
    org: str
    object: str
    record_id: str
    round: int
    mapping: str
    run: str = Field(index=True)
    state: str
    state_at: datetime = when(nullable=False)
    to_number: str
    country: str
    pieces: list[str] = json("[]")
    values: list[str] = json("[]")
    channel: str
    sender: str | None
    campaign: str | None
    kind: str | None
    accounts: list[str] = json("[]")
    account: str | None
    encoding: str | None
    parts: int
    send_at: datetime | None = when()
    expires_at: datetime | None = when()
    content: dict[str, Any] = json("{}")
    fields: dict[str, Any] = json("{}")
    rank: int = Field(sa_column=Column(Serial, nullable=False))
    read_at: datetime = when(nullable=False)
    claim_token: str | None
    claim_expires: datetime | None = when()
    left_queue_at: datetime | None = when()
    not_before: datetime | None = when()
    tries: int = 0
    attempt_id: str | None = Field(index=True)
    provider_id: str | None
    provider_batch: str | None
    failure_code: str | None
    failure_reason: str | None = Field(sa_column=Column(Text))
    created_at: datetime = when(nullable=False)


class MessageEvent(SQLModel, table=True):
    """One change of a message's state, or one that was asked for and was a no-op (`moved` false)."""

    __tablename__ = "message_event"

    id: int | None = Field(sa_column=Column(Serial, primary_key=True, autoincrement=True), default=None)
    message_id: str = Field(index=True)
    at: datetime = when(nullable=False)
    happened_at: datetime | None = when()
    from_state: str
    to_state: str
    moved: bool
    cause: str
    attempt_id: str | None
    word: str | None
    code: str | None
    reason: str | None = Field(sa_column=Column(Text))


class Attempt(SQLModel, table=True):
    """One send request, committed before it leaves. `id` is our reference, carried along wherever a field takes it."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_open", "account", "poll_at"),)

    id: str = Field(primary_key=True)
    run: str
    account: str
    provider: str
    size: int
    body_hash: str
    started_at: datetime = when(nullable=False)
    ended_at: datetime | None = when()
    outcome: str | None
    provider_batch: str | None
    error: str | None = Field(sa_column=Column(Text))
    evidence: dict[str, Any] | None = Field(sa_column=Column(Json, nullable=True), default=None)
    poll_at: datetime | None = when()
    polls: int = 0


class InboxNews(SQLModel, table=True):
    """One piece of news as it was told, stored before it is acknowledged; the key makes a second telling a no-op."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("account", "kind", "key", name="uq_inbox_news"),
        CheckConstraint(one_of("standing", ("new", "matched", "parked", "unmatched")), name="ck_inbox_standing"),
        Index("ix_inbox_work", "standing", "received_at"),
        Index("ix_inbox_match", "account", "provider_id"),
        Index("ix_inbox_phone", "phone", "standing"),
    )

    id: str = Field(primary_key=True)
    account: str
    provider: str
    kind: str
    key: str
    received_at: datetime = when(nullable=False)
    at: datetime | None = when()
    state: str | None
    word: str
    failure: dict[str, Any] | None = Field(sa_column=Column(Json, nullable=True), default=None)
    message_ref: str | None
    reference: str | None
    provider_id: str | None
    provider_batch: str | None
    phone: str | None
    text: str | None = Field(sa_column=Column(Text))
    opted_out: bool
    raw: dict[str, Any] = json("{}")
    standing: str
    message_id: str | None = Field(index=True)
    tries: int = 0
    not_before: datetime | None = when()
    settled_at: datetime | None = when()


class CrmWrite(SQLModel, table=True):
    """One thing owed to a CRM record. Writes of one record are sent in the order of their ids.

    `set_aside` names those of `fields` that are not written because the CRM no longer takes them; when it is set, they
    are all that is left to write. `lock_parent` is the record whose lock kept the last try out.
    """

    __tablename__ = "crm_write"
    __table_args__ = (
        CheckConstraint(one_of("standing", ("due", "done", "parked")), name="ck_write_standing"),
        CheckConstraint(one_of("cause", WriteCause), name="ck_write_cause"),
        Index("ix_write_work", "standing", "not_before", "id"),
        Index("ix_write_record", "org", "object", "record_id"),
    )

    id: int | None = Field(sa_column=Column(Serial, primary_key=True, autoincrement=True), default=None)
    org: str
    object: str
    record_id: str | None
    key_field: str | None
    key: str | None
    fields: dict[str, Any] = json("{}")
    cause: str
    mapping: str | None
    message_id: str | None = Field(index=True)
    standing: str
    tries: int = 0
    not_before: datetime | None = when()
    created_at: datetime = when(nullable=False)
    settled_at: datetime | None = when()
    error_code: str | None
    error: str | None = Field(sa_column=Column(Text))
    set_aside: list[str] | None = Field(sa_column=Column(Json, nullable=True), default=None)
    lock_parent: str | None


class PhoneEntry(SQLModel, table=True):
    """The phone index: which CRM record holds a number, or an e-mail address, which stands in `e164` too."""

    __tablename__ = "phone"

    org: str = Field(primary_key=True)
    object: str = Field(primary_key=True)
    record_id: str = Field(primary_key=True)
    field: str = Field(primary_key=True)
    e164: str | None = Field(index=True)
    opted_out: bool
    seen_at: datetime = when(nullable=False)


class Consent(SQLModel, table=True):
    """One word of one voice on a number: the ledger of consent, to which rows are only ever added.

    A voice is whose word it is: the recipient, a provider's account, a person, or one field of one CRM record. The
    newest row of each voice counts; of the recipient's words it is the one said last, for an older one that is heard
    later is not added. A stop of theirs that is said again stands beside the first, with its own time. Any voice that
    says stop stops the scope: ``*``, ``sender:…`` or ``kind:…``.
    """

    __tablename__ = "consent"
    __table_args__ = (
        CheckConstraint(one_of("source", ConsentSource), name="ck_consent_source"),
        Index("ix_consent_number", "org", "number", "scope", "voice", "id"),
        Index("ix_consent_voice", "org", "voice", "id"),
    )

    id: int | None = Field(sa_column=Column(Serial, primary_key=True, autoincrement=True), default=None)
    org: str
    number: str
    scope: str
    voice: str
    stopped: bool
    source: str
    evidence: dict[str, Any] = json("{}")
    at: datetime = when(nullable=False)


class BlacklistCall(SQLModel, table=True):
    """One number to be put on a provider's own blacklist, or taken off it; those of one number go in order of id."""

    __tablename__ = "blacklist_call"
    __table_args__ = (
        CheckConstraint(one_of("standing", ("due", "done", "parked")), name="ck_blacklist_standing"),
        Index("ix_blacklist_work", "standing", "account", "number", "id"),
    )

    id: int | None = Field(sa_column=Column(Serial, primary_key=True, autoincrement=True), default=None)
    account: str
    number: str
    blocked: bool
    standing: str
    tries: int = 0
    not_before: datetime | None = when()
    created_at: datetime = when(nullable=False)
    settled_at: datetime | None = when()
    error: str | None = Field(sa_column=Column(Text))


class Cursor(SQLModel, table=True):
    """A place kept between runs: a watermark, a backfill's checkpoint, the org's pinned id."""

    __tablename__ = "cursor"

    name: str = Field(primary_key=True)
    value: dict[str, Any] = json("{}")
    updated_at: datetime = when(nullable=False)


class Spending(SQLModel, table=True):
    """What one attempt spent of the caps, by mapping and campaign; or one typed send, or lookups asked for together,
    which are of no mapping and stand under ids of their own. `money` is in millionths."""

    __tablename__ = "spending"
    __table_args__ = (Index("ix_spending_campaign", "campaign", "at"),)

    id: int | None = Field(sa_column=Column(Serial, primary_key=True, autoincrement=True), default=None)
    at: datetime = when(nullable=False, index=True)
    attempt_id: str
    account: str
    mapping: str
    campaign: str | None
    messages: int
    parts: int
    money: int = Field(sa_column=Column(BigInteger, nullable=False))
    lookups: int = Field(sa_column=Column(Integer, nullable=False, server_default="0"))


class Pause(SQLModel, table=True):
    """What a person has told to wait: an account, a mapping, or everything (whose name is empty)."""

    __tablename__ = "pause"
    __table_args__ = (CheckConstraint(one_of("scope", Scope), name="ck_pause_scope"),)

    scope: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    why: str = Field(sa_column=Column(Text, nullable=False))
    since: datetime = when(nullable=False)


class Lease(SQLModel, table=True):
    """Who works on an org. `fence` grows with every holder, so that one who was paused can be told apart."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True)
    holder: str
    fence: int
    expires_at: datetime = when(nullable=False)
