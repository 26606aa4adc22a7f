"""What may be forgotten, and what may not."""

from datetime import timedelta

from connector.model.messages import News, NewsKind
from connector.model.records import RecordWrite, WriteCause
from connector.model.states import FINAL, State
from connector.store import attempts, claims, consent, housekeeping, inbox, outbox, writes
from connector.store.attempts import ATTEMPT, AttemptStart
from connector.store.db import Database
from connector.store.inbox import INBOX
from connector.store.outbox import EVENT
from connector.store.writes import WRITE, Owed, Settled
from tests.conftest import Clock
from tests.store.making import OBJECT, ORG, messages, rows


def drop(database: Database, clock: Clock, limit: int = 100) -> int:
    """Forgets what ended more than an hour ago."""
    before = clock() - timedelta(hours=1)
    with database.begin() as connection:
        gone = housekeeping.drop(connection, housekeeping.old(connection, before, limit), before)
        housekeeping.drop_attempts(connection, housekeeping.old_attempts(connection, before, limit))
    return gone


def ended(database: Database, clock: Clock, reference: str) -> str:
    """The id of a delivered message with all that hangs on one: an attempt, events, news and a write, each settled."""
    with database.begin() as connection:
        attempts.begin(connection, [AttemptStart(reference, "r", "a", "360nrs", 1, "h")], clock())
    [message_id] = messages(database, clock(), 1, State.DELIVERED, attempt_id=reference, account="a")
    with database.begin() as connection:
        inbox.keep(connection, "a", "360nrs", [News(NewsKind.STATUS, reference)], clock())
        inbox.settle(connection, [(news.id, message_id) for news in inbox.work(connection, clock(), 9)], clock())
        writes.owe(connection, ORG, [Owed(RecordWrite(OBJECT, {}, reference), None, message_id)], clock())
        due = writes.due(connection, ORG, clock(), 9)
        writes.settle(connection, [Settled(row.id, "done", 1) for row in due], clock())
    return message_id


def test_what_ended_long_ago_is_forgotten_with_all_that_hangs_on_it(database: Database, clock: Clock) -> None:
    """Message, events, writes, news and attempt go together, not a moment too early; newer ones of each stay."""
    ended(database, clock, "T1")
    clock.go_on(hours=1)
    kept = ended(database, clock, "T2")
    assert drop(database, clock) == 0
    clock.go_on(seconds=1)
    assert drop(database, clock) == 1
    assert [row.id for row in rows(database)] == [kept]
    assert [{row.message_id for row in rows(database, table)} for table in (EVENT, WRITE, INBOX)] == [{kept}] * 3
    assert [row.id for row in rows(database, ATTEMPT)] == ["T2"]


def test_what_is_no_longer_old_when_it_is_dropped_stays(database: Database, clock: Clock) -> None:
    """A write that a person makes due again between the look and the drop keeps its message."""
    message_id = ended(database, clock, "T1")
    clock.go_on(days=1)
    with database.begin() as connection:
        ids = housekeeping.old(connection, clock(), 100)
        connection.execute(WRITE.update().values(standing="due"))
        assert (ids, housekeeping.drop(connection, ids, clock())) == ([message_id], 0)
        assert housekeeping.drop_attempts(connection, ["T1"]) == 0


def test_what_has_not_ended_is_never_forgotten(database: Database, clock: Clock) -> None:
    """Open, held and unknown messages stay however old they are; ended ones and sent ones go."""
    for state in State:
        messages(database, clock(), 1, state)
    clock.go_on(days=365)
    assert drop(database, clock) == len(FINAL) + 1
    assert {row.state for row in rows(database)} == set(State) - FINAL - {State.SENT}


def test_what_the_crm_is_still_owed_is_never_forgotten(database: Database, clock: Clock) -> None:
    """A message with a write due or parked stays until the CRM was told."""
    due, parked, done = messages(database, clock(), 3, State.DELIVERED)
    with database.begin() as connection:
        owed = [Owed(RecordWrite(OBJECT, {}, at), None, at) for at in (due, parked, done)]
        writes.owe(connection, ORG, owed, clock())
    numbers = {row.message_id: row.id for row in rows(database, WRITE)}
    with database.begin() as connection:
        ends = [Settled(numbers[parked], "parked", 1), Settled(numbers[done], "done", 1)]
        writes.settle(connection, ends, clock())
    clock.go_on(days=365)
    assert drop(database, clock) == 1
    assert {row.id for row in rows(database)} == {due, parked}


def test_what_a_stop_has_written_outlives_the_message_it_answered(database: Database, clock: Clock) -> None:
    """A start asks, however late, which records it was that the stop was written to."""
    [message_id] = messages(database, clock(), 1, State.DELIVERED)
    with database.begin() as connection:
        told = RecordWrite("Contact", {"SMS_Opt_Out__c": True}, "003A", cause=WriteCause.OPT_OUT)
        of_message = [Owed(told, None, message_id), Owed(RecordWrite(OBJECT, {}, message_id), None, message_id)]
        writes.owe(connection, ORG, of_message, clock())
        due = writes.due(connection, ORG, clock(), 9)
        writes.settle(connection, [Settled(row.id, "done", 1) for row in due], clock())
    clock.go_on(days=365)
    assert drop(database, clock) == 1
    assert [row.cause for row in rows(database, WRITE)] == [WriteCause.OPT_OUT]
    with database.read() as connection:
        assert set(consent.write_backs(connection, ORG, ["003A"])) == {("003A", "SMS_Opt_Out__c")}


def test_a_record_that_another_daemon_had_claimed_is_forgotten_in_the_end(database: Database, clock: Clock) -> None:
    """It waits for nothing of ours: it does not fill the outbox meanwhile, and does not stay for ever."""
    mine, theirs = messages(database, clock(), 2)
    with database.begin() as connection:
        claims.drop(connection, [theirs])
        assert outbox.waiting(connection) == 1
    clock.go_on(days=365)
    assert drop(database, clock) == 1
    assert [row.id for row in rows(database)] == [mine]


def test_old_news_of_nobody_is_forgotten(database: Database, clock: Clock) -> None:
    """What was heard of no message of ours, and dealt with or given up, goes in time; what still waits stays."""
    with database.begin() as connection:
        told = [News(NewsKind.STATUS, key) for key in ("given up", "dealt with", "waits")]
        inbox.keep(connection, "a", "360nrs", told, clock())
        by_key = {row.key: row.id for row in inbox.work(connection, clock(), 9)}
        inbox.park(connection, [(by_key["given up"], 8, None), (by_key["waits"], 1, clock())])
        inbox.settle(connection, [(by_key["dealt with"], None)], clock())
        assert housekeeping.drop_old_news(connection, clock(), 9) == 0, "not a moment too early"
    clock.go_on(days=365)
    with database.begin() as connection:
        assert housekeeping.drop_old_news(connection, clock(), 9) == 2
    assert [row.key for row in rows(database, INBOX)] == ["waits"]


def test_no_more_is_forgotten_at_once_than_asked_for(database: Database, clock: Clock) -> None:
    """A long backlog is forgotten in short transactions."""
    messages(database, clock(), 5, State.DELIVERED)
    clock.go_on(days=365)
    assert [drop(database, clock, limit=2) for _ in range(4)] == [2, 2, 1, 0]
