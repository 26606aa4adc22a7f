"""Typed sends in the store: committed as asked, ended once, found again; and whose turn it is to spend."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from connector.model.caps import Spent
from connector.model.errors import StoreError
from connector.store import caps, lease, typed_sends
from connector.store.caps import SPENDING, Spender
from connector.store.db import Database, new_id
from connector.store.lease import LEASE
from connector.store.typed_sends import TYPED_SEND, TypedSends, TypedSendStart
from tests.conftest import Clock
from tests.store.making import rows

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def asked(database: Database, clock: Clock, account: str = "a", *to: str) -> str:
    """The id of a send by hand that is about to leave."""
    start = TypedSendStart(new_id(), account, "nrs360", "sms.send", "ana", to or ("+34600000001",), 1, 50_000)
    with database.begin() as connection:
        typed_sends.begin(connection, start, clock())
    return start.id


def end(database: Database, clock: Clock, typed_send_id: str, outcome: str, batch: str | None = None) -> None:
    """Notes how one ended."""
    with database.begin() as connection:
        typed_sends.end(connection, typed_send_id, outcome, clock(), provider_batch=batch)


def test_it_is_asked_until_its_end_is_noted(database: Database, clock: Clock) -> None:
    """Without an end it says that nobody noted one; with it, what the provider called it and when it ended."""
    first = asked(database, clock, "a", "+34600000001", "ana@example.com")
    (row,) = rows(database, TYPED_SEND)
    assert (row.outcome, row.ended_at, row.size, row.recipients) == (
        "asked",
        None,
        2,
        ["+34600000001", "ana@example.com"],
    )
    clock.go_on(seconds=3)
    end(database, clock, first, "answered", "4711")
    (row,) = rows(database, TYPED_SEND)
    assert (row.outcome, row.ended_at, row.provider_batch) == ("answered", clock(), "4711")
    assert row.at == clock() - timedelta(seconds=3)


def test_an_outcome_that_is_none_is_refused_by_the_database(database: Database, clock: Clock) -> None:
    """No other word gets in, whoever writes it."""
    first = asked(database, clock)
    with pytest.raises((StoreError, IntegrityError)):
        end(database, clock, first, "lost")


def test_it_is_found_by_our_id_and_by_the_providers(database: Database, clock: Clock) -> None:
    """Of several under one id of the provider's, the newest; a batch is known for its own account alone."""
    first, second = asked(database, clock), asked(database, clock)
    for each in (first, second):
        end(database, clock, each, "answered", "4711")
    with database.read() as connection:
        assert [typed_sends.found(connection, each).id for each in (first, "4711")] == [first, second]
        assert typed_sends.found(connection, "nothing") is None
        assert typed_sends.known_batches(connection, "a", ["4711", "4712"]) == {"4711"}
        assert typed_sends.known_batches(connection, "b", ["4711"]) == set()
        assert [row.id for row in typed_sends.newest(connection, 1)] == [second]


def test_they_are_found_by_a_recipient(database: Database, clock: Clock) -> None:
    """By the whole number or address, among however many others, and not by a part of one."""
    asked(database, clock, "a", "+34600000001", "a_a@example.com")
    with database.read() as connection:
        for to, number in (("+34600000001", 1), ("a_a@example.com", 1), ("+3460000000", 0), ("axa@example.com", 0)):
            assert len(typed_sends.newest(connection, 9, to=to)) == number


def test_they_are_counted_by_account_and_outcome(database: Database, clock: Clock) -> None:
    """With how many recipients they had, and the last one's id."""
    one, two = asked(database, clock, "a", "+34600000001", "+34600000002"), asked(database, clock)
    other = asked(database, clock, "b")
    for each in (one, two):
        end(database, clock, each, "answered")
    with database.read() as connection:
        counted = typed_sends.by_outcome(connection)
    assert counted == [TypedSends("a", "answered", 2, 3, two), TypedSends("b", "asked", 1, 1, other)]


def test_old_ones_are_dropped_and_newer_ones_stay(database: Database, clock: Clock) -> None:
    """By when they were sent."""
    asked(database, clock)
    clock.go_on(hours=2)
    newer = asked(database, clock)
    with database.begin() as connection:
        assert typed_sends.drop_old(connection, clock() - HOUR) == 1
    assert [row.id for row in rows(database, TYPED_SEND)] == [newer]


def test_what_is_given_back_is_no_longer_spent(database: Database, clock: Clock) -> None:
    """Of one id and moment, and only as much as is said; what others spent at that moment stays."""
    spender, amount = Spender("a", ""), Spent(2, 3, 40, 5)
    with database.begin() as connection:
        caps.spend(connection, [("T1", spender, amount), ("T2", spender, Spent(1, 1, 1, 1))], clock())
        caps.give_back(connection, "T1", clock(), Spent(lookups=2, money=10))
        ((_, in_hour, in_day),) = caps.spent_since(connection, clock() - HOUR, clock() - DAY)
        assert in_hour == in_day == Spent(3, 4, 31, 4)
        caps.give_back(connection, "T1", clock(), Spent(2, 3, 30, 3))
        ((_, in_hour, _),) = caps.spent_since(connection, clock() - HOUR, clock() - DAY)
    assert in_hour == Spent(1, 1, 1, 1)
    assert len(rows(database, SPENDING)) == 2


def test_who_takes_turns_leaves_the_lease_as_it_is(database: Database, clock: Clock) -> None:
    """Held by a daemon it stays that daemon's, number and all; of nobody it stays nobody's, and can be taken."""
    with database.begin() as connection:
        lease.take_turns(connection, "daemon", clock())
        assert lease.holder(connection, "daemon") is None
        fence = lease.acquire(connection, "daemon", "one", clock(), HOUR)
    with database.read() as connection:
        before = connection.execute(select(LEASE)).all()
    with database.begin() as connection:
        lease.take_turns(connection, "daemon", clock())
        lease.check(connection, "daemon", fence, clock())
        assert connection.execute(select(LEASE)).all() == before
