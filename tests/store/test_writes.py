"""What the CRM is owed: in order, settled row by row, and never the older value last."""

from datetime import timedelta
from typing import Any

import pytest

from connector.model.errors import StoreError
from connector.model.failures import Failure
from connector.model.records import RecordWrite, WriteCause
from connector.store import writes
from connector.store.db import Database
from connector.store.writes import WRITE, Owed, Settled
from tests.conftest import Clock
from tests.store.making import OBJECT, ORG, rows, statements

SOON = timedelta(seconds=30)


def owe(database: Database, clock: Clock, *written: RecordWrite, **changes: Any) -> list[int]:
    """Ids of new writes."""
    before = {row.id for row in rows(database, WRITE)}
    with database.begin() as connection:
        writes.owe(connection, ORG, [Owed(write, "sms-outbox", "m1") for write in written], clock())
    return [row.id for row in rows(database, WRITE) if row.id not in before]


def settle(database: Database, clock: Clock, *settled: Settled) -> None:
    """Notes how writes ended."""
    with database.begin() as connection:
        writes.settle(connection, settled, clock())


def due(database: Database, clock: Clock, org: str = ORG, limit: int = 10) -> list[int]:
    """Ids of the writes whose time has come."""
    with database.read() as connection:
        return [row.id for row in writes.due(connection, org, clock(), limit)]


def update(record_id: str, **fields: Any) -> RecordWrite:
    """A status for a record."""
    return RecordWrite(OBJECT, fields or {"Status__c": "Sent"}, record_id=record_id)


def activity(key: str) -> RecordWrite:
    """An activity by its external id."""
    return RecordWrite("Task", {"Subject": "SMS"}, key_field="SMS__c", key=key, cause=WriteCause.ACTIVITY)


def test_a_write_is_kept_as_it_was_owed(database: Database, clock: Clock) -> None:
    """Object, record or key, fields in JSON's own types, times as the CRM reads them, and where it comes from."""
    owe(database, clock, update("a1", Text="ñ", Count=3, None_=None, Flag=True, At=clock()), activity("m-1"))
    first, second = rows(database, WRITE)
    assert (first.org, first.object, first.record_id, first.key_field, first.key) == (ORG, OBJECT, "a1", None, None)
    assert first.fields == {"Text": "ñ", "Count": 3, "None_": None, "Flag": True, "At": "2026-03-02T09:00:00.000+00:00"}
    assert (first.cause, first.mapping, first.message_id) == ("status", "sms-outbox", "m1")
    assert (first.standing, first.tries, first.created_at) == ("due", 0, clock())
    assert (second.record_id, second.key_field, second.key, second.cause) == (None, "SMS__c", "m-1", "activity")


def test_writes_are_due_in_the_order_they_were_owed(database: Database, clock: Clock) -> None:
    """Oldest first, for this org, no more than asked for."""
    ids = owe(database, clock, *[update(f"a{n}") for n in (3, 1, 2)])
    assert due(database, clock) == ids == sorted(ids)
    assert due(database, clock, limit=2) == ids[:2]
    assert due(database, clock, org="00D000000000002EAA") == []


def test_a_settled_write_is_due_no_more(database: Database, clock: Clock) -> None:
    """Done and parked rows stay with their time, tries and reason; the others stay due."""
    done, parked, left = owe(database, clock, update("a1"), update("a2"), update("a3"))
    refused = Failure("STRING_TOO_LONG", "Error__c holds 255 characters")
    settle(database, clock, Settled(done, "done", 1), Settled(parked, "parked", 2, refused))
    assert due(database, clock) == [left]
    [row] = [row for row in rows(database, WRITE) if row.id == parked]
    assert (row.tries, row.error_code, row.error, row.settled_at) == (2, "STRING_TOO_LONG", refused.reason, clock())
    with database.read() as connection:
        assert writes.standing(connection) == {("status", "done"): 1, ("status", "parked"): 1, ("status", "due"): 1}


def test_a_write_put_off_comes_back_when_its_time_has_come(database: Database, clock: Clock) -> None:
    """A passing fault leaves the row due, later."""
    [late] = owe(database, clock, update("a1"))
    settle(database, clock, Settled(late, "due", 1, Failure("UNABLE_TO_LOCK_ROW", "locked"), clock() + SOON))
    assert due(database, clock) == []
    clock.go_on(seconds=30)
    assert due(database, clock) == [late]
    assert rows(database, WRITE)[0].settled_at is None


@pytest.mark.parametrize("make", [update, activity])
def test_no_newer_write_overtakes_one_put_off(database: Database, clock: Clock, make: Any) -> None:
    """Delivered waits behind a Sent that met a lock, else the record would say Sent for ever; other records go on."""
    [sent] = owe(database, clock, make("x1"))
    settle(database, clock, Settled(sent, "due", 1, None, clock() + SOON))
    delivered, other = owe(database, clock, make("x1"), make("x2"))
    assert due(database, clock) == [other]
    settle(database, clock, Settled(other, "done", 1))
    clock.go_on(seconds=30)
    assert due(database, clock) == [sent, delivered]


def test_a_write_parked_for_a_person_holds_up_no_other(database: Database, clock: Clock) -> None:
    """The next status of the record is written although the last one was refused for its own fault."""
    [sent] = owe(database, clock, update("a1"))
    settle(database, clock, Settled(sent, "parked", 1))
    [delivered] = owe(database, clock, update("a1"))
    assert due(database, clock) == [delivered]


def test_parked_writes_are_shown_and_tried_again_when_asked(database: Database, clock: Clock) -> None:
    """Newest first; those named, or all, become due at once, and nothing else does."""
    first, second, done = owe(database, clock, update("a1"), update("a2"), update("a3"))
    settle(database, clock, *[Settled(at, "parked", 5) for at in (first, second)], Settled(done, "done", 1))
    with database.read() as connection:
        assert [row.id for row in writes.parked(connection, 10)] == [second, first]
        assert [row.id for row in writes.parked(connection, 1)] == [second]
    with database.begin() as connection:
        assert writes.retry(connection, [second, done]) == 1
    assert due(database, clock) == [second]
    with database.begin() as connection:
        assert writes.retry(connection, None) == 1
    assert due(database, clock) == [first, second]


@pytest.mark.parametrize(("column", "check"), [("standing", "ck_write_standing"), ("cause", "ck_write_cause")])
def test_a_word_that_is_none_is_refused(database: Database, clock: Clock, column: str, check: str) -> None:
    """The database itself refuses a standing or a cause nobody would look at."""
    owe(database, clock, update("a1"))
    with pytest.raises(StoreError, match=check), database.begin() as connection:
        connection.execute(WRITE.update().values(**{column: "lost"}))


def test_a_thousand_writes_are_one_statement(database: Database, clock: Clock) -> None:
    """Owing, finding and settling a thousand are one statement each."""
    with statements(database) as asked, database.begin() as connection:
        writes.owe(connection, ORG, [Owed(update(f"a{n}")) for n in range(1000)], clock())
        found = writes.due(connection, ORG, clock(), 1000)
        writes.settle(connection, [Settled(row.id, "done", 1) for row in found], clock())
    assert len(asked) == 3
    assert {row.standing for row in rows(database, WRITE)} == {"done"}


def test_nothing_owed_is_nothing(database: Database, clock: Clock) -> None:
    """Owing and settling nothing asks the database nothing."""
    with statements(database) as asked, database.begin() as connection:
        writes.owe(connection, ORG, [], clock())
        writes.settle(connection, [], clock())
    assert asked == []
