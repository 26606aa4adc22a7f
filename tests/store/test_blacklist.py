"""Calls to providers' blacklists: made until they are taken, those of one number in the order they were owed."""

from datetime import timedelta

from connector.store import blacklist
from connector.store.blacklist import CALL, OwedCall
from connector.store.db import Database
from tests.conftest import Clock
from tests.store.making import rows

ANA, EVA = "+34600000001", "+34600000002"


def owe(database: Database, clock: Clock, *calls: OwedCall) -> None:
    with database.begin() as connection:
        blacklist.owe(connection, calls, clock())


def due(database: Database, clock: Clock, account: str = "nrs-main") -> list[tuple[str, bool]]:
    """(number, whether it is to be blocked), as they come."""
    with database.read() as connection:
        return [(row.number, row.blocked) for row in blacklist.due(connection, account, clock(), 10)]


def test_a_number_s_calls_are_made_one_after_the_other(database: Database, clock: Clock) -> None:
    """A number blocked and freed again ends free: its second call waits for the first, another number's does not."""
    owe(
        database,
        clock,
        OwedCall("nrs-main", ANA, True),
        OwedCall("nrs-main", ANA, False),
        OwedCall("nrs-main", EVA, True),
    )
    assert due(database, clock) == [(ANA, True), (EVA, True)]
    first, *_ = rows(database, CALL)
    with database.begin() as connection:
        blacklist.done(connection, first.id, clock())
    assert due(database, clock) == [(ANA, False), (EVA, True)]


def test_an_account_is_asked_for_its_own_numbers_only(database: Database, clock: Clock) -> None:
    """Two accounts keep two lists."""
    owe(database, clock, OwedCall("nrs-main", ANA, True), OwedCall("nrs-other", ANA, True))
    assert due(database, clock, "nrs-other") == [(ANA, True)]
    with database.read() as connection:
        assert blacklist.owed(connection, ["nrs-main", "nrs-other"], clock()) == 2
        assert blacklist.owed(connection, ["nrs-other"], clock()) == 1


def test_a_call_put_off_comes_again_and_a_parked_one_does_not(database: Database, clock: Clock) -> None:
    """What failed waits for its time with its reason; what the provider refused for good is kept and shown."""
    owe(database, clock, OwedCall("nrs-main", ANA, True), OwedCall("nrs-main", EVA, True))
    ana, eva = rows(database, CALL)
    with database.begin() as connection:
        blacklist.put_off(connection, ana.id, clock() + timedelta(minutes=1), "no answer")
        blacklist.park(connection, eva.id, clock(), "422: not a number")
    assert due(database, clock) == []
    clock.go_on(minutes=1)
    assert due(database, clock) == [(ANA, True)]
    ana, eva = rows(database, CALL)
    assert (ana.standing, ana.tries, ana.error) == ("due", 1, "no answer")
    assert (eva.standing, eva.tries, eva.error, eva.settled_at) == (
        "parked",
        1,
        "422: not a number",
        clock() - timedelta(minutes=1),
    )
