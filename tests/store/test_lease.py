"""One active daemon an org, and none that was paused commits an attempt."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from connector.model.errors import LeaseHeld
from connector.store import lease
from connector.store.db import Database
from tests.conftest import Clock

LIFE = timedelta(seconds=30)
NAME = "daemon"


def acquire(database: Database, clock: Clock, holder: str) -> int:
    """The fence of a lease taken in a transaction of its own."""
    with database.begin() as connection:
        return lease.acquire(connection, NAME, holder, clock(), LIFE)


def still_ours(database: Database, clock: Clock, fence: int) -> bool:
    """Whether an attempt could be committed with this fence."""
    try:
        with database.begin() as connection:
            lease.check(connection, NAME, fence, clock())
    except LeaseHeld:
        return False
    return True


def within(database: Database, ask: Callable[[Connection], object]) -> object:
    """What is answered in a transaction of its own."""
    with database.begin() as connection:
        return ask(connection)


def test_a_second_daemon_waits_for_the_first(database: Database, clock: Clock) -> None:
    """While the lease runs another holder is refused, with who has it and until when."""
    acquire(database, clock, "one")
    clock.go_on(seconds=29)
    with pytest.raises(LeaseHeld, match="one works on this store until 09:00:30 UTC"):
        acquire(database, clock, "two")
    with database.read() as connection:
        held = lease.holder(connection, NAME)
    assert held == ("one", clock() + timedelta(seconds=1))


def test_the_holder_may_take_its_own_lease_again(database: Database, clock: Clock) -> None:
    """Taken again by who has it, the lease runs anew under the same number."""
    fence = acquire(database, clock, "one")
    clock.go_on(seconds=29)
    assert acquire(database, clock, "one") == fence
    clock.go_on(seconds=29)
    assert still_ours(database, clock, fence)


def test_a_lease_that_ran_out_is_taken_over_under_a_higher_number(database: Database, clock: Clock) -> None:
    """Each new holder's number is greater than every one before, so that a late one can be told apart."""
    fences = []
    for holder in ("one", "two", "one", "three"):
        fences.append(acquire(database, clock, holder))
        clock.go_on(seconds=30)
    assert fences == sorted(set(fences))


def test_a_holder_that_was_paused_can_commit_no_attempt(database: Database, clock: Clock) -> None:
    """Whether its lease ran out or was taken over, the check refuses, and a renewal does not bring it back."""
    fence = acquire(database, clock, "one")
    assert still_ours(database, clock, fence)
    clock.go_on(seconds=30)
    assert not still_ours(database, clock, fence)
    successor = acquire(database, clock, "two")
    assert within(database, lambda connection: lease.renew(connection, NAME, fence, clock(), LIFE)) is False
    assert not still_ours(database, clock, fence)
    assert still_ours(database, clock, successor)


def test_a_renewed_lease_runs_on(database: Database, clock: Clock) -> None:
    """Renewing in time keeps the number and moves the end."""
    fence = acquire(database, clock, "one")
    for _ in range(4):
        clock.go_on(seconds=20)
        assert within(database, lambda connection: lease.renew(connection, NAME, fence, clock(), LIFE)) is True
    assert still_ours(database, clock, fence)
    with pytest.raises(LeaseHeld):
        acquire(database, clock, "two")


def test_a_lease_given_back_can_be_taken_at_once(database: Database, clock: Clock) -> None:
    """A successor need not wait, gets a higher number, and the one who gave it back commits nothing more."""
    fence = acquire(database, clock, "one")
    within(database, lambda connection: lease.release(connection, NAME, fence, clock()))
    assert not still_ours(database, clock, fence)
    with database.read() as connection:
        assert lease.holder(connection, NAME) is None
    assert acquire(database, clock, "two") > fence


def test_who_lost_the_lease_cannot_give_it_back(database: Database, clock: Clock) -> None:
    """A predecessor that shuts down late leaves its successor's lease alone."""
    fence = acquire(database, clock, "one")
    clock.go_on(seconds=30)
    successor = acquire(database, clock, "two")
    within(database, lambda connection: lease.release(connection, NAME, fence, clock()))
    assert still_ours(database, clock, successor)


def test_a_lease_never_taken_is_nobodys(database: Database, clock: Clock) -> None:
    """Without a lease no attempt is committed, and nothing can be renewed."""
    assert not still_ours(database, clock, 1)
    assert within(database, lambda connection: lease.renew(connection, NAME, 1, clock(), LIFE)) is False


def test_of_many_that_reach_for_it_at_once_one_has_it(url: str, clock: Clock) -> None:
    """Six daemons that start together: exactly one gets the lease, the others are told who has it."""
    database = Database(url)
    start = threading.Barrier(6)

    def reach(holder: int) -> bool:
        start.wait(timeout=10)
        try:
            acquire(database, clock, f"daemon-{holder}")
        except LeaseHeld:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(reach, range(6))) == [False] * 5 + [True]
    database.close()


def test_no_one_takes_over_while_an_attempt_is_being_committed(url: str, clock: Clock) -> None:
    """From the check to the commit the lease's row is locked: a successor comes after the attempt is durable."""
    database = Database(url)
    fence = acquire(database, clock, "one")
    later = Clock(clock() + LIFE)
    with ThreadPoolExecutor(1) as other:
        with database.begin() as connection:
            lease.check(connection, NAME, fence, clock())
            taking_over = other.submit(acquire, database, later, "two")
            with pytest.raises(TimeoutError):
                taking_over.result(timeout=0.15)
        assert taking_over.result(timeout=10) > fence
    database.close()
