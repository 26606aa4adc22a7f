"""The one door for state."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from connector.model.errors import StoreError
from connector.model.failures import Failure
from connector.model.messages import Channel
from connector.model.states import State, may_move
from connector.store import claims, outbox
from connector.store.db import Database
from connector.store.outbox import EVENT, MESSAGE, Move
from tests.conftest import START, Clock
from tests.store.making import events, messages, rows, statements


def test_a_state_that_is_none_is_refused_by_the_database(database: Database, clock: Clock) -> None:
    """No statement, ours or anybody's, can write a state that is not one of the trade's words."""
    [message_id] = messages(database, clock(), 1)
    with pytest.raises(StoreError) as refused, database.begin() as connection:
        connection.execute(update(MESSAGE).where(MESSAGE.c.id == message_id).values(state="lost"))
    assert isinstance(refused.value.__cause__, IntegrityError)
    assert "ck_message_state" in str(refused.value)
    assert rows(database)[0].state == "queued"


def test_every_move_the_table_forbids_is_a_recorded_no_op(database: Database, clock: Clock) -> None:
    """From each state, each state: what the table allows happens, all else leaves an event row and nothing more."""
    asked: dict[str, tuple[State, State]] = {}
    for current in State:
        asked |= {at: (current, to) for at, to in zip(messages(database, clock(), 13, current), State, strict=True)}
    before = {row.id: row for row in rows(database)}
    with database.begin() as connection:
        wanted = [Move(at, to, "status", word="raw") for at, (_, to) in asked.items()]
        moved = outbox.move(connection, wanted, clock.go_on(minutes=1))
    allowed = {at for at, (current, to) in asked.items() if may_move(current, to)}
    assert {step.row.id for step in moved} == allowed
    last = {row.message_id: (row.from_state, row.to_state, row.moved) for row in rows(database, EVENT)}
    for row in rows(database):
        current, to = asked[row.id]
        assert last[row.id] == (current, to, row.id in allowed)
        assert row.state == to if row.id in allowed else row == before[row.id]


def test_a_repeated_status_is_recorded_and_changes_nothing(database: Database, clock: Clock) -> None:
    """The same status told twice leaves two event rows, the second one marked as no move."""
    [message_id] = messages(database, clock(), 1, State.DELIVERED)
    with database.begin() as connection:
        assert outbox.move(connection, [Move(message_id, State.DELIVERED, "status")], clock()) == []
    assert events(database, message_id)[-2:] == [("accepted", "delivered", True), ("delivered", "delivered", False)]


def test_a_stale_status_never_overwrites(database: Database, clock: Clock) -> None:
    """``sent`` arriving after ``delivered`` leaves the message, its time and its reason as they were."""
    [message_id] = messages(database, clock(), 1, State.DELIVERED)
    [before] = rows(database)
    with database.begin() as connection:
        late = Move(message_id, State.SENT, "status", Failure("X", "late"), provider_id="other", word="SENT")
        outbox.move(connection, [late], clock.go_on(hours=1))
    assert rows(database) == [before]
    assert rows(database, EVENT)[-1].word == "SENT"


def test_moves_of_one_message_in_one_call_follow_each_other(database: Database, clock: Clock) -> None:
    """Accepted, sent and delivered told at once end at delivered, with an event row each and what each one taught."""
    [message_id] = messages(database, clock(), 1, State.ATTEMPTING, attempt_id="T1", account="nrs-main")
    happened = clock.go_on(minutes=5)
    told = [
        Move(message_id, State.ACCEPTED, "status", provider_id="p1", provider_batch="b1"),
        Move(message_id, State.SENT, "status"),
        Move(message_id, State.ACCEPTED, "status", provider_id="p2"),
        Move(message_id, State.DELIVERED, "status", happened_at=happened, word="DELIVRD"),
    ]
    with database.begin() as connection:
        moved = outbox.move(connection, told, clock.go_on(minutes=1))
    assert [(step.from_state, step.move.to) for step in moved] == [
        ("attempting", "accepted"),
        ("accepted", "sent"),
        ("sent", "delivered"),
    ]
    assert {step.row.state for step in moved} == {"attempting"}
    [row] = rows(database)
    assert (row.state, row.state_at, row.provider_id, row.provider_batch) == ("delivered", happened, "p1", "b1")
    assert (row.attempt_id, row.account, row.tries) == ("T1", "nrs-main", 1)
    assert [moved for _, _, moved in events(database, message_id)[-4:]] == [True, True, False, True]


def test_what_a_move_does_not_name_stays(database: Database, clock: Clock) -> None:
    """Account, attempt and provider's ids outlive moves that say nothing of them; a failure goes with its state."""
    [message_id] = messages(database, clock(), 1, State.ATTEMPTING, attempt_id="T1", account="nrs-main")
    with database.begin() as connection:
        doubt = Move(message_id, State.UNKNOWN, "send", Failure("READ_TIMEOUT", "no answer came"))
        outbox.move(connection, [doubt], clock())
    [row] = rows(database)
    assert (row.attempt_id, row.account, row.failure_code) == ("T1", "nrs-main", "READ_TIMEOUT")
    with database.begin() as connection:
        outbox.move(connection, [Move(message_id, State.DELIVERED, "status")], clock())
    [row] = rows(database)
    assert (row.attempt_id, row.failure_code, row.failure_reason) == ("T1", None, None)


def test_an_attempt_counts_as_a_try(database: Database, clock: Clock) -> None:
    """Each move to attempting is one try more, and no other move is."""
    [message_id] = messages(database, clock(), 1, State.ATTEMPTING)
    with database.begin() as connection:
        outbox.move(connection, [Move(message_id, State.CLAIMED, "never left", not_before=clock())], clock())
    [row] = rows(database)
    assert (row.tries, row.not_before) == (1, clock())
    with database.begin() as connection:
        outbox.move(connection, [Move(message_id, State.ATTEMPTING, "send")], clock())
    assert (rows(database)[0].tries, rows(database)[0].not_before) == (2, None)


def test_an_unknown_message_is_passed_over(database: Database, clock: Clock) -> None:
    """A move of a message the store never had is no error, leaves no row, and keeps nothing else from moving."""
    [message_id] = messages(database, clock(), 1)
    with database.begin() as connection:
        moved = outbox.move(connection, [Move("nobody", State.HELD, "x"), Move(message_id, State.HELD, "x")], clock())
    assert [step.row.id for step in moved] == [message_id]
    assert {row.message_id for row in rows(database, EVENT)} == {message_id}


def test_the_last_final_word_wins_only_where_the_guide_says_so(database: Database, clock: Clock) -> None:
    """With the adapter's declared property a final word replaces a final word; without it nothing does."""
    plain, bulk = messages(database, clock(), 2, State.DELIVERED)
    with database.begin() as connection:
        outbox.move(
            connection,
            [
                Move(plain, State.UNDELIVERED, "status"),
                Move(bulk, State.UNDELIVERED, "status", last_word_wins=True),
                Move(bulk, State.SENT, "status", last_word_wins=True),
            ],
            clock(),
        )
    assert {row.id: row.state for row in rows(database)} == {plain: "delivered", bulk: "undelivered"}


def test_a_thousand_moves_are_three_statements(database: Database, clock: Clock) -> None:
    """A thousand messages move, and leave their events, in as many statements as one does."""
    ids = messages(database, clock(), 1000)
    with statements(database) as asked, database.begin() as connection:
        moved = outbox.move(connection, [Move(at, State.CLAIMED, "claim") for at in ids], clock())
    assert len(moved) == 1000
    assert len(asked) == 3
    with statements(database) as asked, database.begin() as connection:
        outbox.move(connection, [Move(at, State.QUEUED, "stale") for at in ids], clock())
    assert len(asked) <= 3
    assert len(rows(database, EVENT)) == 3000


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(list(State)), st.booleans()), max_size=12))
def test_a_batch_of_moves_ends_where_single_moves_end(database: Database, asked: list[tuple[int, State, bool]]) -> None:
    """Any moves in one call leave the states and events that the same moves leave one call at a time."""
    together = messages(database, START, 3)
    apart = messages(database, START, 3)
    with database.begin() as connection:
        outbox.move(connection, [Move(together[n], to, "x", last_word_wins=wins) for n, to, wins in asked], START)
        for n, to, wins in asked:
            outbox.move(connection, [Move(apart[n], to, "x", last_word_wins=wins)], START)
    states = {row.id: row.state for row in rows(database)}
    assert [states[at] for at in together] == [states[at] for at in apart]
    assert [events(database, at) for at in together] == [events(database, at) for at in apart]


def test_ids_learned_from_news_are_kept_beside_what_is_known(database: Database, clock: Clock) -> None:
    """News that names the provider's id teaches it in one statement, and touches neither batch nor state."""
    first, second, third = messages(database, clock(), 3, State.ACCEPTED, provider_batch="b1")
    with statements(database) as asked, database.begin() as connection:
        outbox.learn_ids(connection, [(first, "p1"), (second, "p2"), (second, "p2")])
    assert len(asked) == 1
    known = {row.id: (row.provider_id, row.provider_batch, row.state) for row in rows(database)}
    assert known == {
        first: ("p1", "b1", "accepted"),
        second: ("p2", "b1", "accepted"),
        third: (None, "b1", "accepted"),
    }


def test_the_counts_name_every_state_and_add_up(database: Database, clock: Clock) -> None:
    """Counts by state, by account and channel and by run are the messages that are there, zero included."""
    messages(database, clock(), 2, State.DELIVERED, account="nrs-main")
    messages(database, clock(), 1, State.UNKNOWN, account="smsclouds-mx")
    messages(database, clock(), 1)
    with database.read() as connection:
        counts = outbox.counts(connection)
        assert set(counts) == set(State)
        assert {state: n for state, n in counts.items() if n} == {"delivered": 2, "unknown": 1, "queued": 1}
        assert outbox.counts(connection, run="another") == dict.fromkeys(State, 0)
        assert outbox.counts_by_account(connection)["smsclouds-mx", Channel.SMS] == {"unknown": 1}
        assert outbox.waiting(connection) == 1


def test_the_history_of_a_message_is_found_by_any_of_its_ids(database: Database, clock: Clock) -> None:
    """Our id, the provider's and the record's lead to the same message and all that happened to it, in order."""
    [message_id] = messages(database, clock(), 1, State.ACCEPTED, provider_id="p1")
    record_id = rows(database)[0].record_id
    with database.read() as connection:
        for name in (message_id, "p1", record_id):
            row, happened, _ = outbox.history(connection, name)
            assert row is not None
            assert row.id == message_id
            assert [event.to_state for event in happened] == ["queued", "claimed", "attempting", "accepted"]
        assert outbox.history(connection, "nobody") == (None, (), ())


def test_two_writers_of_the_same_rows_wait_for_each_other(url: str, clock: Clock) -> None:
    """Batches that touch the same messages in opposite orders both commit: neither locks the other out."""
    database = Database(url)
    ids = messages(database, clock(), 400)

    def confirm(order: list[str]) -> None:
        for _ in range(12):
            with database.begin() as connection:
                claims.confirm(connection, order, clock(), clock())

    def hold(order: list[str]) -> None:
        for _ in range(12):
            with database.begin() as connection:
                outbox.move(connection, [Move(at, State.QUEUED, "stale") for at in order], clock())

    with ThreadPoolExecutor(3) as threads:
        jobs = [threads.submit(confirm, ids), threads.submit(confirm, ids[::-1]), threads.submit(hold, ids[::-1])]
        assert [job.result(timeout=30) for job in jobs] == [None, None, None]
    database.close()
