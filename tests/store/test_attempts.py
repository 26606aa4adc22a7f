"""Attempts: committed before the request leaves, found again after a crash, asked about when their time has come."""

from datetime import timedelta

from connector.model.messages import Channel, OpenMessage
from connector.model.states import WITH_THE_PROVIDER, State
from connector.store import attempts, open_batches, outbox
from connector.store.attempts import ATTEMPT, AttemptEnd, AttemptStart
from connector.store.db import Database
from connector.store.outbox import Move
from tests.conftest import Clock
from tests.store.making import messages, rows, statements

WANTED = (State.ACCEPTED, State.SENT, State.UNKNOWN)


def sent(database: Database, clock: Clock, reference: str, count: int, state: State, account: str = "a") -> list[str]:
    """Messages that one request carried, at a state."""
    with database.begin() as connection:
        attempts.begin(connection, [AttemptStart(reference, "run-1", account, "360nrs", count, "hash")], clock())
    return messages(database, clock(), count, state, attempt_id=reference, account=account)


def due(database: Database, clock: Clock, account: str = "a", limit: int = 10) -> list[str]:
    """References of the batches to be asked about now."""
    with database.read() as connection:
        return [batch.reference for batch in open_batches.due_for_poll(connection, account, WANTED, clock(), limit)]


def test_an_attempt_is_a_row_with_what_went_out(database: Database, clock: Clock) -> None:
    """Who sent what, when and to whom is committed before it leaves, and how it ended is noted after."""
    sent(database, clock, "T1", 2, State.ATTEMPTING)
    [row] = rows(database, ATTEMPT)
    assert (row.id, row.run, row.account, row.provider, row.size, row.body_hash) == (
        "T1", "run-1", "a", "360nrs", 2, "hash",
    )  # fmt: skip
    assert (row.started_at, row.ended_at, row.outcome, row.polls) == (clock(), None, None, 0)
    ended = clock.go_on(seconds=2)
    with database.begin() as connection:
        attempts.end(connection, [AttemptEnd("T1", "answered", ended, "C9", poll_at=ended + timedelta(minutes=1))])
    [row] = rows(database, ATTEMPT)
    assert (row.outcome, row.ended_at, row.provider_batch) == ("answered", ended, "C9")


def test_what_is_at_its_last_word_is_not_asked_about(database: Database, clock: Clock) -> None:
    """Of a batch whose account tells no more than ``sent`` only the others are; one that is sent as a whole is not."""
    (open_one,) = sent(database, clock, "T1", 1, State.ACCEPTED)
    messages(database, clock(), 1, State.SENT, attempt_id="T1", account="a")
    sent(database, clock, "T2", 1, State.SENT)
    said = {("a", Channel.SMS, State.SENT)}
    with database.read() as connection:
        batches = open_batches.due_for_poll(connection, "a", WITH_THE_PROVIDER, clock(), 10, last_words=said)
    assert [(batch.reference, [each.id for each in batch.messages]) for batch in batches] == [("T1", [open_one])]
    assert due(database, clock) == ["T1", "T2"], "without a last word both are"


def test_a_crash_between_attempt_and_answer_is_found(database: Database, clock: Clock) -> None:
    """After a restart exactly the messages that may have left without an answer are shown, with their attempt."""
    cut_off = sent(database, clock, "T1", 2, State.ATTEMPTING)
    sent(database, clock, "T2", 1, State.ACCEPTED)
    messages(database, clock(), 1, State.CLAIMED)
    with database.read() as connection:
        found = attempts.interrupted(connection)
    assert sorted(row.id for row in found) == sorted(cut_off)
    assert {(row.attempt_id, row.account) for row in found} == {("T1", "a")}
    with database.begin() as connection:
        attempts.end_interrupted(connection, ["T1"], clock())
        outbox.move(connection, [Move(at, State.UNKNOWN, "crash") for at in cut_off], clock())
    assert sorted(due(database, clock)) == ["T1", "T2"]
    assert {row.id: row.outcome for row in rows(database, ATTEMPT)} == {"T1": "crashed", "T2": None}


def test_a_batch_is_asked_about_when_its_time_has_come(database: Database, clock: Clock) -> None:
    """Oldest time first, and one never asked about from its beginning on; not before, and not for another account."""
    for reference in ("T1", "T2", "T3"):
        sent(database, clock, reference, 1, State.ACCEPTED)
    sent(database, clock, "T4", 1, State.ACCEPTED, account="b")
    now = clock()
    with database.begin() as connection:
        open_batches.polled(connection, [("T1", now), ("T2", now - timedelta(minutes=1))])
    assert due(database, clock) == ["T2", "T1", "T3"]
    assert due(database, clock, limit=1) == ["T2"]
    with database.begin() as connection:
        open_batches.polled(connection, [("T3", now + timedelta(minutes=1)), ("T2", now + timedelta(seconds=1))])
    assert due(database, clock) == ["T1"]
    assert due(database, clock, account="b") == ["T4"]


def test_a_batch_whose_messages_have_all_ended_is_not_asked_about(database: Database, clock: Clock) -> None:
    """Only messages of which news is wanted keep a batch open, and only they are named in it."""
    first, second = sent(database, clock, "T1", 2, State.ACCEPTED)
    with database.begin() as connection:
        outbox.move(connection, [Move(first, State.DELIVERED, "status")], clock())
    with database.read() as connection:
        [batch] = open_batches.due_for_poll(connection, "a", WANTED, clock(), 10)
    assert [message.id for message in batch.messages] == [second]
    with database.begin() as connection:
        outbox.move(connection, [Move(second, State.DELIVERED, "status")], clock())
    assert due(database, clock) == []


def test_a_batch_tells_the_adapter_what_it_needs(database: Database, clock: Clock) -> None:
    """Our reference, the time, the provider's id of the batch, even when only a message knows it, and each number."""
    [message_id] = sent(database, clock, "T1", 1, State.ATTEMPTING)
    with database.begin() as connection:
        learned = Move(message_id, State.ACCEPTED, "status", provider_id="p1", provider_batch="C9")
        outbox.move(connection, [learned], clock())
    with database.read() as connection:
        [batch] = open_batches.due_for_poll(connection, "a", WANTED, clock(), 10)
    assert (batch.reference, batch.sent_at, batch.provider_batch) == ("T1", clock(), "C9")
    [row] = rows(database)
    assert batch.messages == (OpenMessage(message_id, row.to_number, State.ACCEPTED, "p1"),)


def test_batches_of_a_window_are_read_a_page_at_a_time(database: Database, clock: Clock) -> None:
    """Every batch begun in [since, until), whatever became of it, once, in order, from page to page."""
    since = clock()
    for number in range(5):
        sent(database, clock, f"T{number}", 1, State.DELIVERED if number % 2 else State.ACCEPTED)
        clock.go_on(minutes=1)
    seen: list[str] = []
    after = ""
    with database.read() as connection:
        while page := open_batches.between(connection, "a", since, clock() - timedelta(minutes=1), after, 2):
            assert len(page) <= 2
            seen += [batch.reference for batch in page]
            after = page[-1].reference
            assert all(len(batch.messages) == 1 for batch in page)
    assert seen == ["T0", "T1", "T2", "T3"]


def test_asking_about_many_batches_is_a_constant_number_of_statements(database: Database, clock: Clock) -> None:
    """A hundred batches are found with their messages in two statements, and put off in one."""
    with database.begin() as connection:
        starts = [AttemptStart(f"T{n:03}", "run-1", "a", "360nrs", 1, "hash") for n in range(100)]
        attempts.begin(connection, starts, clock())
    for row, start in zip(messages(database, clock(), 100, State.ATTEMPTING), starts, strict=True):
        with database.begin() as connection:
            outbox.move(connection, [Move(row, State.ACCEPTED, "x", attempt_id=start.reference, account="a")], clock())
    with statements(database) as asked:
        assert len(due(database, clock, limit=100)) == 100
    assert len(asked) == 2
    with statements(database) as asked, database.begin() as connection:
        open_batches.polled(connection, [(start.reference, clock()) for start in starts])
    assert len(asked) == 1
