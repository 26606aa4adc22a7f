"""What the store's tests are made of: records as read, messages at a state, and a count of statements."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, event, select

from connector.model.failures import Failure
from connector.model.messages import Channel, Draft, Refusal
from connector.model.states import State
from connector.store import intake, outbox
from connector.store.db import Database
from connector.store.intake import Reading, TakenIn
from connector.store.outbox import EVENT, MESSAGE, Move

ORG = "00D000000000001EAA"
OBJECT = "SMS_Message__c"

WAY_TO: dict[State, tuple[State, ...]] = {
    State.QUEUED: (),
    State.CLAIMED: (State.CLAIMED,),
    State.ATTEMPTING: (State.CLAIMED, State.ATTEMPTING),
    State.ACCEPTED: (State.CLAIMED, State.ATTEMPTING, State.ACCEPTED),
    State.SENT: (State.CLAIMED, State.ATTEMPTING, State.ACCEPTED, State.SENT),
    State.DELIVERED: (State.CLAIMED, State.ATTEMPTING, State.ACCEPTED, State.DELIVERED),
    State.UNDELIVERED: (State.CLAIMED, State.ATTEMPTING, State.ACCEPTED, State.UNDELIVERED),
    State.EXPIRED: (State.EXPIRED,),
    State.REJECTED: (State.REJECTED,),
    State.FAILED: (State.CLAIMED, State.FAILED),
    State.UNKNOWN: (State.CLAIMED, State.ATTEMPTING, State.UNKNOWN),
    State.HELD: (State.HELD,),
    State.CANCELLED: (State.CANCELLED,),
}
"""One way of allowed moves from queued to every state."""


def draft(record_id: str, **changes: Any) -> Draft:
    """A message to be, as a mapping makes it."""
    said: dict[str, Any] = {
        "object": OBJECT,
        "record_id": record_id,
        "to": "+34600000001",
        "country": "ES",
        "pieces": ("Hola ", "."),
        "values": ("Ana",),
        "channel": Channel.SMS,
        "accounts": ("nrs-main", "smsclouds-mx"),
        "fields": {"Contact__c": "003000000000001AAA"},
    }
    return Draft(**said | changes)


def refusal(record_id: str) -> Refusal:
    """A record of which no message can be made."""
    return Refusal(OBJECT, record_id, Failure("UNREADABLE_PHONE", "the phone field holds no number"))


def reading(at: datetime, **changes: Any) -> Reading:
    """A page read at a time, its claims good for ten minutes."""
    said: dict[str, Any] = {
        "org": ORG,
        "mapping": "sms-outbox",
        "run": "run-1",
        "read_at": at,
        "claim_expires": at + timedelta(minutes=10),
        "last_words": frozenset(),
    }
    return Reading(**said | changes)


def take(database: Database, at: datetime, *items: Draft | Refusal, **changes: Any) -> TakenIn:
    """One page read and taken in at the same moment, in a transaction of its own."""
    with database.begin() as connection:
        return intake.take_in(connection, reading(at, **changes), items, at)


def rows(database: Database, table: Any = MESSAGE) -> Sequence[Any]:
    """Everything in a table, by its id."""
    with database.read() as connection:
        return connection.execute(select(table).order_by(table.c.id)).all()


def of_record(database: Database, record_id: str) -> Any:
    """The newest message of a record."""
    return max((row for row in rows(database) if row.record_id == record_id), key=lambda row: row.round)


def events(database: Database, message_id: str) -> list[tuple[str, str, bool]]:
    """(from, to, whether it took place) of a message, in the order written."""
    return [(row.from_state, row.to_state, row.moved) for row in rows(database, EVENT) if row.message_id == message_id]


def send_to(connection: Connection, ids: Sequence[str], state: State, at: datetime, **changes: Any) -> None:
    """Moves queued messages to a state by allowed moves."""
    steps = [Move(message_id, step, "test", **changes) for message_id in ids for step in WAY_TO[state]]
    assert len(outbox.move(connection, steps, at)) == len(steps)


def messages(database: Database, at: datetime, count: int, state: State = State.QUEUED, **changes: Any) -> list[str]:
    """Ids of new messages at a state, in the order of their records."""
    before = {row.id for row in rows(database)}
    items = [draft(f"a0{len(before) + place:013d}AAA", to=f"+346{len(before) + place:08d}") for place in range(count)]
    take(database, at, *items)
    ids = [row.id for row in sorted(rows(database), key=lambda row: row.record_id) if row.id not in before]
    with database.begin() as connection:
        send_to(connection, ids, state, at, **changes)
    return ids


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """The statements that the database is asked while this is open."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
