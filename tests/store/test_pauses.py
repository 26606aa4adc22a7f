"""Pauses, row by row."""

from datetime import timedelta

import pytest

from connector.model.scopes import Scope
from connector.model.states import State
from connector.store import claims, pauses
from connector.store.db import Database
from connector.store.outbox import MESSAGE
from tests.conftest import Clock
from tests.store.making import messages, rows, statements

LONG = timedelta(minutes=15)


def test_a_pause_stands_until_it_is_ended(database: Database, clock: Clock) -> None:
    """It is made once, shown with its reason and time, and ended once; others stand meanwhile."""
    with database.begin() as connection:
        assert pauses.pause(connection, Scope.ACCOUNT, "nrs-main", "they asked", clock())
        assert not pauses.pause(connection, Scope.ACCOUNT, "nrs-main", "again", clock.go_on(seconds=5))
        assert pauses.pause(connection, Scope.EVERYTHING, "", "", clock())
        told = [(row.scope, row.name, row.why) for row in pauses.standing(connection)]
        assert told == [("account", "nrs-main", "they asked"), ("everything", "", "")]
        assert pauses.resume(connection, Scope.EVERYTHING, "")
        assert not pauses.resume(connection, Scope.EVERYTHING, "")
        assert [row.name for row in pauses.standing(connection)] == ["nrs-main"]


def test_a_mapping_is_read_unless_it_or_everything_is_paused(database: Database, clock: Clock) -> None:
    """A pause of another mapping, or of an account of its name, does not count."""
    with database.begin() as connection:
        pauses.pause(connection, Scope.MAPPING, "other", "", clock())
        pauses.pause(connection, Scope.ACCOUNT, "mine", "", clock())
        assert not pauses.mapping_paused(connection, "mine")
        pauses.pause(connection, Scope.MAPPING, "mine", "", clock())
        assert pauses.mapping_paused(connection, "mine")
        pauses.resume(connection, Scope.MAPPING, "mine")
        pauses.pause(connection, Scope.EVERYTHING, "", "", clock())
        assert pauses.mapping_paused(connection, "mine")


def claimed(database: Database, clock: Clock, count: int, account: str, mapping: str) -> list[str]:
    """Messages whose claims hold for long."""
    ids = messages(database, clock(), count, State.CLAIMED, account=account)
    with database.begin() as connection:
        claims.confirm(connection, ids, clock() + LONG, clock())
        connection.execute(MESSAGE.update().where(MESSAGE.c.id.in_(ids)).values(mapping=mapping))
    return ids


@pytest.mark.parametrize(
    ("scope", "name", "those"),
    [
        (Scope.EVERYTHING, "", {"nrs", "both", "bulk"}),
        (Scope.ACCOUNT, "nrs-main", {"nrs", "both"}),
        (Scope.MAPPING, "reminders", {"both", "bulk"}),
    ],
)
def test_what_goes_on_has_its_claims_renewed_first(
    database: Database, clock: Clock, scope: Scope, name: str, those: set[str]
) -> None:
    """The claims of all that waited have lapsed since the pause began, in one statement; no others have."""
    ids = {
        "nrs": claimed(database, clock, 2, "nrs-main", "offers"),
        "both": claimed(database, clock, 2, "nrs-main", "reminders"),
        "bulk": claimed(database, clock, 2, "bulk360-my", "reminders"),
    }
    clock.go_on(seconds=1)
    before = {row.id: row.claim_expires for row in rows(database)}
    with database.begin() as connection:
        pauses.pause(connection, scope, name, "", clock())
        since = clock()
        clock.go_on(seconds=60)
    with statements(database) as asked, database.begin() as connection:
        assert pauses.resume(connection, scope, name)
    assert len(asked) == 2
    waited = {each for group in those for each in ids[group]}
    assert {row.id: row.claim_expires for row in rows(database)} == before | dict.fromkeys(waited, since)


def test_a_claim_that_had_lapsed_before_is_left_as_it_is(database: Database, clock: Clock) -> None:
    """After a pause of hours nothing is to be written for it; and what is not claimed is not touched."""
    claimed(database, clock, 1, "nrs-main", "offers")
    messages(database, clock(), 1)
    before = {row.id: row.claim_expires for row in rows(database)}
    clock.go_on(seconds=2 * LONG.total_seconds())
    with database.begin() as connection:
        pauses.pause(connection, Scope.EVERYTHING, "", "", clock())
        assert pauses.resume(connection, Scope.EVERYTHING, "")
    assert {row.id: row.claim_expires for row in rows(database)} == before
