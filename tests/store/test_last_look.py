"""Batches whose replies only who asks is told: looked at once more when their messages have ended, then left alone."""

from datetime import timedelta

from connector.model.messages import Channel
from connector.model.states import State
from connector.store import attempts, open_batches
from connector.store.attempts import AttemptEnd, AttemptStart
from connector.store.db import Database
from tests.conftest import Clock
from tests.store.making import draft, of_record, send_to, statements, take

OPEN = (State.ACCEPTED, State.SENT)
CALLS = frozenset({Channel.VOICE})


def sent(database: Database, clock: Clock, reference: str, *states: State, channel: Channel = Channel.VOICE) -> None:
    """A batch that was answered a minute ago, and is due; a message of it at each state."""
    begun = clock()
    with database.begin() as connection:
        attempts.begin(connection, [AttemptStart(reference, "run-1", "a", "360nrs", len(states), "hash")], begun)
        attempts.end(connection, [AttemptEnd(reference, "answered", begun, f"sending-{reference}", poll_at=begun)])
    for place, state in enumerate(states):
        taken = draft(f"{reference}-{place}", to=f"+3460000000{place}", channel=channel)
        take(database, begun, taken)
        with database.begin() as connection:
            message_id = of_record(database, taken.record_id).id
            send_to(connection, [message_id], state, begun, attempt_id=reference, account="a")
    clock.go_on(minutes=1)


def rested(database: Database, clock: Clock) -> int:
    """How many batches are left alone now."""
    with database.begin() as connection:
        return open_batches.rest(connection, "a", OPEN, clock(), replies_by_batch=CALLS)


def last_looks(database: Database, clock: Clock) -> list[str]:
    """References of the batches that are due for their last look."""
    with database.read() as connection:
        due = open_batches.due_for_last_look(connection, "a", OPEN, clock(), 10, replies_by_batch=CALLS)
        return [batch.reference for batch in due]


def test_what_went_out_is_looked_at_once_more_when_all_of_it_has_ended(database: Database, clock: Clock) -> None:
    """Not while a call is open or in doubt, nor where none went out, nor on a channel that tells by itself."""
    sent(database, clock, "ended", State.DELIVERED, State.UNDELIVERED, State.REJECTED)
    sent(database, clock, "open", State.DELIVERED, State.ACCEPTED)
    sent(database, clock, "in-doubt", State.DELIVERED, State.UNKNOWN)
    sent(database, clock, "refused", State.REJECTED, State.REJECTED)
    sent(database, clock, "sms", State.DELIVERED, channel=Channel.SMS)
    assert rested(database, clock) == 2
    assert last_looks(database, clock) == ["ended"]


def test_a_batch_that_is_left_alone_is_not_found_again(database: Database, clock: Clock) -> None:
    """Nor is one that was put off, until its time has come."""
    sent(database, clock, "T1", State.DELIVERED)
    sent(database, clock, "T2", State.DELIVERED)
    with database.begin() as connection:
        open_batches.leave_alone(connection, ["T1"])
        open_batches.polled(connection, [("T2", clock() + timedelta(hours=1))])
    assert last_looks(database, clock) == []
    clock.go_on(hours=2)
    assert last_looks(database, clock) == ["T2"]


def test_a_last_look_is_told_the_batch_whole(database: Database, clock: Clock) -> None:
    """The adapter gets the provider's id of the batch, and every message whatever became of it, in two statements."""
    sent(database, clock, "T1", State.DELIVERED, State.REJECTED)
    with statements(database) as asked, database.read() as connection:
        [batch] = open_batches.due_for_last_look(connection, "a", OPEN, clock(), 10, replies_by_batch=CALLS)
    assert (batch.provider_batch, batch.channel) == ("sending-T1", Channel.VOICE)
    assert sorted(message.state for message in batch.messages) == [State.DELIVERED, State.REJECTED]
    assert len(asked) == 2
