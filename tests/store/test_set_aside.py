"""Fields that the CRM takes no more: remembered, what waits for them kept, listed and made due when they are back."""

from datetime import timedelta
from typing import Any

from connector.model.records import RecordWrite
from connector.model.states import State
from connector.store import housekeeping, lost_fields, writes
from connector.store.db import Database
from connector.store.lost_fields import LostField
from connector.store.outbox import MESSAGE
from connector.store.writes import WRITE, Owed, Settled
from tests.conftest import Clock
from tests.store.making import OBJECT, ORG, messages, rows


def owe(database: Database, clock: Clock, fields: dict[str, Any], message_id: str | None = None) -> int:
    """The id of a new write of one record."""
    with database.begin() as connection:
        write = RecordWrite(OBJECT, fields, record_id="a00000000000001AAA")
        writes.owe(connection, ORG, [Owed(write, "sms-outbox", message_id)], clock())
    return int(rows(database, WRITE)[-1].id)


def settle(database: Database, clock: Clock, *settled: Settled) -> None:
    """Notes how writes ended."""
    with database.begin() as connection:
        writes.settle(connection, settled, clock())


def due(database: Database, clock: Clock) -> list[int]:
    """Ids of the writes whose time has come."""
    with database.read() as connection:
        return [row.id for row in writes.due(connection, ORG, clock(), 10)]


def test_lost_fields_are_remembered_until_they_are_forgotten(database: Database, clock: Clock) -> None:
    """All that was known is read back by object and field whatever their case; what is kept later replaces it."""
    lost = LostField(OBJECT, "Gone__c", ("sms-outbox",), False, "INVALID_FIELD", "No such column.", clock())
    with database.begin() as connection:
        assert lost_fields.known(connection) == {}
        lost_fields.keep(connection, [lost], clock())
        assert lost_fields.known(connection) == {(OBJECT.lower(), "gone__c"): lost}
        lost_fields.forget(connection)
        assert lost_fields.known(connection) == {}


def test_what_is_set_aside_is_listed_and_comes_back_with_its_field(database: Database, clock: Clock) -> None:
    """A write that is done but for a field counts as unwritten, and is due again for its object alone."""
    partly, wholly, done = (owe(database, clock, {"Status__c": "Sent", "Gone__c": n}) for n in range(3))
    settle(
        database,
        clock,
        Settled(partly, "done", 1, set_aside=("Gone__c",)),
        Settled(wholly, "parked", 1, set_aside=("Status__c", "Gone__c")),
        Settled(done, "done", 1),
    )
    with database.begin() as connection:
        assert [row.id for row in writes.parked(connection, 10)] == [wholly, partly]
        assert writes.count_parked(connection) == 2
        assert writes.bring_back(connection, ORG, "Contact") == 0
        assert writes.bring_back(connection, ORG, OBJECT.upper()) == 2
    assert due(database, clock) == [partly, wholly]
    assert [row.set_aside for row in rows(database, WRITE)] == [["Gone__c"], ["Status__c", "Gone__c"], None]


def test_a_field_set_aside_overwrites_nothing(database: Database, clock: Clock) -> None:
    """What a later write could not tell does not count as told: the older value may still be written."""
    older = owe(database, clock, {"Status__c": "Sent", "Gone__c": 1})
    later = owe(database, clock, {"Status__c": "Delivered", "Gone__c": 2})
    settle(database, clock, Settled(later, "done", 1, set_aside=("Gone__c",)))
    with database.read() as connection:
        assert writes.overwritten(connection, [older, later]) == {older: {"Status__c"}}


def test_a_message_that_waits_for_a_field_is_not_dropped(database: Database, clock: Clock) -> None:
    """Housekeeping keeps an ended message while something of it is set aside."""
    (kept,) = messages(database, clock(), 1, State.DELIVERED)
    waiting = owe(database, clock, {"Gone__c": 1}, kept)
    settle(database, clock, Settled(waiting, "done", 1, set_aside=("Gone__c",)))
    long_ago = clock() + timedelta(days=1)
    with database.begin() as connection:
        assert housekeeping.old(connection, long_ago, 10) == []
    settle(database, clock, Settled(waiting, "done", 2))
    with database.begin() as connection:
        assert housekeeping.old(connection, long_ago, 10) == [kept]
        assert housekeeping.drop(connection, [kept], long_ago) == 1
    assert rows(database, MESSAGE) == []
