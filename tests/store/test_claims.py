"""Claims: found until confirmed, dropped when another daemon has the record; and what may be attempted now."""

from datetime import timedelta
from typing import Any

import pytest

from connector.model.states import State
from connector.store import claims, outbox, sendable
from connector.store.db import Database
from connector.store.outbox import MESSAGE, Move
from tests.conftest import Clock
from tests.store.making import ORG, draft, messages, of_record, rows, statements, take

LONG = timedelta(hours=1)


def claimed(database: Database, clock: Clock, count: int, **changes: Any) -> list[str]:
    """Messages whose claim holds for an hour."""
    ids = messages(database, clock(), count, State.CLAIMED, **{"account": "nrs-main"} | changes)
    with database.begin() as connection:
        claims.confirm(connection, ids, clock() + LONG, clock())
    return ids


def ready(database: Database, clock: Clock, claimed_for: timedelta = timedelta(), limit: int = 10) -> list[str]:
    """Ids of what the account may attempt now."""
    with database.begin() as connection:
        return [row.id for row in sendable.ready(connection, "nrs-main", clock(), clock() + claimed_for, limit)]


def unconfirmed(database: Database, clock: Clock, org: str = ORG, mapping: str = "sms-outbox") -> list[str]:
    """Ids of what still has to be claimed in the CRM."""
    with database.read() as connection:
        return [row.id for row in claims.unconfirmed(connection, org, mapping, clock(), 10)]


def lapsed(database: Database, clock: Clock, limit: int = 10, after: int = 0) -> list[str]:
    """Ids of what is taken away from who sends, to have its claim renewed."""
    with database.begin() as connection:
        before = clock() + LONG + timedelta(seconds=1)
        return [
            row.id for row in claims.lapse(connection, ORG, "sms-outbox", before, clock(), after=after, limit=limit)
        ]


def any_expire(database: Database, clock: Clock, within: timedelta) -> bool:
    """Whether a claim lapses within that time."""
    with database.read() as connection:
        return claims.any_expire(connection, ORG, "sms-outbox", clock() + within)


def test_a_token_committed_and_not_confirmed_is_found(database: Database, clock: Clock) -> None:
    """A restart finds what it must claim, of its org and mapping only, until the message has moved on."""
    first, second = messages(database, clock(), 2)
    assert unconfirmed(database, clock) == [first, second]
    assert unconfirmed(database, clock, org="00D000000000002EAA") == []
    assert unconfirmed(database, clock, mapping="another") == []
    with database.begin() as connection:
        claims.confirm(connection, [first], clock() + LONG, clock())
        outbox.move(connection, [Move(first, State.CLAIMED, "claim")], clock())
    assert unconfirmed(database, clock) == [second]


def test_a_claim_put_off_is_found_when_its_time_has_come(database: Database, clock: Clock) -> None:
    """A claim that met a passing fault is not tried again before then."""
    [message_id] = messages(database, clock(), 1)
    with database.begin() as connection:
        outbox.put_off(connection, [message_id], clock() + LONG)
    assert unconfirmed(database, clock) == []
    clock.go_on(hours=1)
    assert unconfirmed(database, clock) == [message_id]


def test_a_confirmed_claim_has_left_the_queue(database: Database, clock: Clock) -> None:
    """What the CRM answered is kept: until when the claim holds, and since when queued is a person's word."""
    [message_id] = messages(database, clock(), 1)
    with database.begin() as connection:
        claims.confirm(connection, [message_id], clock() + LONG, clock())
    [row] = rows(database)
    assert (row.claim_expires, row.left_queue_at, row.state) == (clock() + LONG, clock(), "queued")


def test_a_dropped_claim_is_not_found_again(database: Database, clock: Clock) -> None:
    """A record that another daemon holds is left alone until a fresh read finds it queued."""
    [message_id] = messages(database, clock(), 1)
    with database.begin() as connection:
        claims.drop(connection, [message_id])
    assert unconfirmed(database, clock) == []


def test_claims_that_lapse_soon_are_found_for_renewal(database: Database, clock: Clock) -> None:
    """A claimed message whose claim ends before the given time must be renewed; one that holds longer need not."""
    [soon, later] = claimed(database, clock, 2)
    with database.begin() as connection:
        claims.confirm(connection, [later], clock() + 2 * LONG, clock())
    assert not any_expire(database, clock, LONG)
    assert any_expire(database, clock, LONG + timedelta(seconds=1))
    assert lapsed(database, clock) == [soon]
    assert not any_expire(database, clock, timedelta())


def test_what_is_to_be_renewed_may_not_be_attempted_until_it_is(database: Database, clock: Clock) -> None:
    """Its claim has lapsed by our own word, best rank first; it is found again for renewal until that is confirmed."""
    ids = claimed(database, clock, 3)
    with database.begin() as connection:
        read = sendable.ready(connection, "nrs-main", clock(), clock() + LONG, 10)
    assert lapsed(database, clock, limit=2) == ids[:2]
    clock.go_on(seconds=1)
    assert ready(database, clock) == ids[2:]
    with database.begin() as connection:
        assert [row.id for row in sendable.still_ready(connection, "nrs-main", clock(), clock(), read)] == ids[2:]
    first = next(row.rank for row in rows(database) if row.id == ids[0])
    assert lapsed(database, clock, limit=1, after=first) == ids[1:2]
    assert lapsed(database, clock, limit=2) == ids[:2]
    with database.begin() as connection:
        claims.confirm(connection, ids[:2], clock() + LONG, clock())
    assert ready(database, clock) == ids


def test_what_left_meanwhile_is_not_taken_away(database: Database, clock: Clock) -> None:
    """A message that is under way keeps its claim as it was."""
    ids = claimed(database, clock, 2)
    with database.begin() as connection:
        outbox.move(connection, [Move(ids[0], State.ATTEMPTING, "dispatch")], clock())
    assert lapsed(database, clock) == ids[1:]
    assert {row.id: row.claim_expires for row in rows(database)} == {ids[0]: clock() + LONG, ids[1]: clock()}


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_what_somebody_is_sending_is_not_waited_for(url: str, clock: Clock) -> None:
    """On PostgreSQL the rows that a sender has locked are left to it, and the others are taken away from it."""
    database = Database(url)
    ids = claimed(database, clock, 3)
    with database.begin() as connection:
        read = sendable.ready(connection, "nrs-main", clock(), clock(), 10)
        sendable.still_ready(connection, "nrs-main", clock(), clock(), read[:1])
        assert lapsed(database, clock) == ids[1:]
    assert ready(database, clock, timedelta(seconds=1)) == ids[:1]
    database.close()


def test_only_what_may_be_attempted_now_is_ready(database: Database, clock: Clock) -> None:
    """Claimed, of this account, its time come and not put off: best rank first, no more than asked for."""
    ids = claimed(database, clock, 5)
    claimed(database, clock, 1, account="smsclouds-mx")
    messages(database, clock(), 1)
    with database.begin() as connection:
        outbox.put_off(connection, [ids[0]], clock() + timedelta(seconds=1))
        connection.execute(
            MESSAGE.update().where(MESSAGE.c.id == ids[1]).values(send_at=clock() + timedelta(seconds=1))
        )
    assert ready(database, clock) == ids[2:]
    assert ready(database, clock, limit=2) == ids[2:4]
    clock.go_on(seconds=1)
    assert ready(database, clock) == ids


def test_a_claim_about_to_lapse_is_not_ready(database: Database, clock: Clock) -> None:
    """A message whose claim would end before its request could is not attempted: another daemon may take the record."""
    ids = claimed(database, clock, 1)
    assert ready(database, clock, LONG) == ids
    assert ready(database, clock, LONG + timedelta(microseconds=1)) == []


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_rows_that_another_transaction_holds_are_passed_over(url: str, clock: Clock) -> None:
    """Two senders of one account share its messages: on PostgreSQL the second takes what the first has not locked."""
    database = Database(url)
    ids = claimed(database, clock, 4)
    with database.begin() as first:
        read = sendable.ready(first, "nrs-main", clock(), clock(), 10)
        mine = sendable.still_ready(first, "nrs-main", clock(), clock(), read[:2])
        with database.begin() as second:
            theirs = sendable.still_ready(second, "nrs-main", clock(), clock(), read)
    assert (mine, theirs) == (read[:2], read[2:])
    assert [row.id for row in read] == ids
    database.close()


def test_what_may_no_longer_be_attempted_is_not_still_ready(database: Database, clock: Clock) -> None:
    """Moved on, given to another account, put off, scheduled or about to lapse since it was read: it is left out."""
    ids = claimed(database, clock, 6)
    later, soonest = clock() + timedelta(seconds=1), clock() + timedelta(microseconds=1)
    changes = ({"state": State.CANCELLED}, {"account": "smsclouds-mx"}, {"not_before": later}, {"send_at": later})
    with database.begin() as connection:
        read = sendable.ready(connection, "nrs-main", clock(), soonest, 10)
        for each, change in zip(ids, (*changes, {"claim_expires": clock()}), strict=False):
            connection.execute(MESSAGE.update().where(MESSAGE.c.id == each).values(**change))
    with database.begin() as connection:
        found = sendable.still_ready(connection, "nrs-main", clock(), soonest, read)
    assert [row.id for row in found] == ids[5:]


def test_what_was_held_and_read_again_meanwhile_is_not_still_ready(database: Database, clock: Clock) -> None:
    """A text that was mended on its record between the choice and the commit goes out as it is now, not as it was."""
    mended, same = claimed(database, clock, 2)
    with database.begin() as connection:
        read = sendable.ready(connection, "nrs-main", clock(), clock(), 10)
    clock.go_on(seconds=0.001)
    for state in (State.HELD, State.QUEUED, State.CLAIMED):
        with database.begin() as connection:
            outbox.move(connection, [Move(mended, state, "a person")], clock())
    with database.begin() as connection:
        found = sendable.still_ready(connection, "nrs-main", clock(), clock(), read)
    assert [row.id for row in found] == [same]


def test_a_ready_row_is_the_message_the_adapter_gets(database: Database, clock: Clock) -> None:
    """Number, text in pieces and values, sender, campaign and times arrive as the mapping made them."""
    until = clock() + LONG
    item = draft("a01000000000001AAA", sender="ACME", campaign="March", send_at=clock(), expires_at=until)
    take(database, clock(), item)
    message_id = of_record(database, item.record_id).id
    with database.begin() as connection:
        outbox.move(connection, [Move(message_id, State.CLAIMED, "claim")], clock())
        [row] = sendable.ready(connection, "nrs-main", clock(), clock(), 1)
        message = outbox.as_message(row)
    assert (message.id, message.to, message.text, message.channel) == (message_id, item.to, "Hola Ana.", "sms")
    assert (message.sender, message.campaign, message.send_at, message.expires_at) == ("ACME", "March", clock(), until)


def test_a_thousand_claims_lapse_in_one_statement(database: Database, clock: Clock) -> None:
    """They are chosen in one, and written in one."""
    claimed(database, clock, 1000)
    with statements(database) as asked:
        assert len(lapsed(database, clock, limit=2000)) == 1000
    assert len(asked) == 2


def test_a_thousand_claims_are_one_statement(database: Database, clock: Clock) -> None:
    """Confirming, dropping, putting off and leaving the queue are one statement each for however many."""
    ids = messages(database, clock(), 1000)
    later = clock() + LONG
    with statements(database) as asked, database.begin() as connection:
        claims.confirm(connection, ids, later, clock())
        claims.drop(connection, ids)
        outbox.put_off(connection, ids, later)
        outbox.left_queue(connection, ids, later)
    assert len(asked) == 4
    noted = {(row.claim_expires, row.claim_token, row.not_before, row.left_queue_at) for row in rows(database)}
    assert noted == {(later, None, later, later)}
